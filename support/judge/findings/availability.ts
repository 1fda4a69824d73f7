import type { AvailabilityResult } from '../results.ts';
import { afterDoubts, LARGER_WINDOWS, LONGER_RUN, undecidedText } from '../words/doubts.ts';
import { clock, count, counted, heldShare, ms, ratio } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** The target was not there, or not as it should be, for too much of the time or of the work. */
export type AvailabilityFinding = { kind: 'availability'; severity: 'fail' | 'invalid' } & Omit<
  AvailabilityResult,
  'ok' | 'decided'
>;

export const availability: Kind<AvailabilityFinding> = {
  kind: 'availability',
  brief: 'was not available for long enough',
  testCase: 'own',
  needsAllShards: true,
  sentence({ everyMs, windows, requests, withoutDrills, downtime, doubts }) {
    const parts = [
      windows &&
        (numberOf(windows) === 0
          ? `no window of ${ms(everyMs)} came to its end; required ${ratio(windows.required)}`
          : `${heldShare(windows)} of ${counted(numberOf(windows), 'window')} of ${ms(everyMs)} met the objectives; required ${ratio(windows.required)}`),
      requests &&
        (requests.succeeded + requests.failed === 0
          ? `no iteration came to its end; required ${ratio(requests.required)}`
          : `${ratio(requests.share)} of ${counted(requests.succeeded + requests.failed, 'iteration')} succeeded; required ${ratio(requests.required)}`),
    ].filter((part) => part !== undefined);
    const [first] = downtime;
    const down = first
      ? ` Down ${counted(downtime.length, 'time')}, first ${clock(first.startMs)} to ${clock(first.endMs)}.`
      : '';
    const what = `Availability${withoutDrills ? ' outside of drills' : ''}: ${parts.join(', and ')}.${down}`;
    return doubts && doubts.length > 0 ? `${what} ${undecidedText(doubts)}` : what;
  },
  nextStep: ({ severity, windows, downtime, doubts }) =>
    windows && numberOf(windows) === 0
      ? LONGER_RUN
      : severity === 'fail'
        ? `Look at the target at those times${downtime.length > 1 ? `, ${count(downtime.length)} in all` : ''}: restarts, its log, its health.`
        : afterDoubts(doubts, LARGER_WINDOWS),
};

function numberOf({ held, missed, unknown }: NonNullable<AvailabilityResult['windows']>): number {
  return held + missed + unknown;
}
