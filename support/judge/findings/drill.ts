import type { DrillResult } from '../results.ts';
import { afterDoubts, SHORTER_WINDOWS, undecidedText, WINDOWS_TOO_LONG } from '../words/doubts.ts';
import { between, counted, ms, ratio } from '../words/figures.ts';
import { listed } from '../words/names.ts';
import type { Kind } from './kind.ts';

/** After a drill the target was not as it was expected to be, or nobody can tell. */
export type DrillFinding = { kind: 'drill'; severity: 'fail' | 'invalid' } & Omit<DrillResult, 'ok' | 'decided'>;

export const drill: Kind<DrillFinding> = {
  kind: 'drill',
  brief: 'was not well in time after a drill',
  testCase: 'own',
  needsAllShards: true,
  sentence({ severity, name, recoveredMs, stayMs, watchedMs, outageMs, requests, expect, missed = [], doubts }) {
    const parts: string[] = [];
    if (expect.recoveryMs !== undefined && (severity === 'invalid' || missed.includes('recovery'))) {
      const found = recoveredMs
        ? `the objectives held again after ${between(recoveredMs)}`
        : `the objectives did not hold again for ${ms(stayMs)} in the ${ms(watchedMs)} that were watched`;
      parts.push(`${found}, required in less than ${ms(expect.recoveryMs)}`);
    }
    if (expect.outageMs !== undefined && (severity === 'invalid' || missed.includes('outage'))) {
      const found = outageMs
        ? `they were missed for ${between(outageMs)}`
        : 'nobody knows for how long they were missed';
      parts.push(`${found}, allowed less than ${ms(expect.outageMs)}`);
    }
    if (expect.failed !== undefined && (severity === 'invalid' || missed.includes('failed'))) {
      const share = requests.of > 0 ? ratio(requests.failed / requests.of) : 'nobody knows which share';
      parts.push(`${share} of ${counted(requests.of, 'iteration')} failed, allowed less than ${ratio(expect.failed)}`);
    }
    const what = `After the drill ${name} ${listed(parts)}.`;
    if (severity === 'fail') return what;
    if (doubts && doubts.length > 0) return `${what} ${undecidedText(doubts)}`;
    return `${what} ${isWithinWindow({ recoveredMs, outageMs, expect }) ? WINDOWS_TOO_LONG : 'Too little of it was seen to tell.'}`;
  },
  nextStep: ({ severity, doubts, recoveredMs, outageMs, expect }) =>
    severity === 'fail'
      ? 'Look at what the target did then: restarts, connections that were not made anew, caches that were cold, queues.'
      : afterDoubts(
          doubts,
          isWithinWindow({ recoveredMs, outageMs, expect }) && !doubts?.length
            ? SHORTER_WINDOWS
            : 'Look at whether there is enough time after it, and enough work in its windows.',
        ),
};

/** Whether what was asked for may have been, in a part of the windows that missed. */
function isWithinWindow({ recoveredMs, outageMs, expect }: Pick<DrillResult, 'recoveredMs' | 'outageMs' | 'expect'>) {
  const isLong = expect.outageMs !== undefined && !!outageMs && outageMs[0] >= expect.outageMs;
  return isBetween(recoveredMs, expect.recoveryMs) || isLong;
}

function isBetween(bounds: DrillResult['recoveredMs'], limit: number | undefined): boolean {
  return !!bounds && limit !== undefined && bounds[0] < limit && bounds[1] > limit;
}
