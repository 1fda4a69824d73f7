import type { RecoveryResult } from '../results.ts';
import { afterDoubts, LARGER_WINDOWS, SHORTER_WINDOWS, undecidedText, WINDOWS_TOO_LONG } from '../words/doubts.ts';
import { between, ms } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** After a phase the objectives did not hold again in time. */
export type RecoveryFinding = { kind: 'recovery'; severity: 'fail' | 'invalid' } & Omit<
  RecoveryResult,
  'ok' | 'decided'
>;

export const recovery: Kind<RecoveryFinding> = {
  kind: 'recovery',
  brief: 'did not recover in time',
  testCase: 'own',
  needsAllShards: true,
  sentence({ severity, after, withinMs, stayMs, recoveredMs, watchedMs, doubts }) {
    const required = `required within ${ms(withinMs)}, for ${ms(stayMs)}`;
    const what = recoveredMs
      ? `After ${after} the objectives held again after ${between(recoveredMs)}; ${required}.`
      : severity === 'fail'
        ? `The target did not recover from ${after} in the ${ms(watchedMs)} that were watched; ${required}.`
        : doubts?.length
          ? `Whether the target recovered from ${after} in the ${ms(watchedMs)} that were watched cannot be told; ${required}.`
          : `The ${ms(watchedMs)} that were watched after ${after} were too short to see the target recover; ${required}.`;
    if (doubts?.length) return `${what} ${undecidedText(doubts)}`;
    return severity === 'invalid' && recoveredMs ? `${what} ${WINDOWS_TOO_LONG}` : what;
  },
  nextStep: ({ severity, doubts, recoveredMs }) =>
    severity === 'fail'
      ? 'Look at what the target still has to do after it: queues, connections, caches that are cold.'
      : doubts?.length
        ? afterDoubts(doubts, LARGER_WINDOWS)
        : recoveredMs
          ? SHORTER_WINDOWS
          : 'Make the run longer: it was over before the limit.',
};
