import { driftStat } from '../expression.ts';
import type { DriftResult } from '../results.ts';
import { afterDoubts, undecidedText } from '../words/doubts.ts';
import { figure, perSecond, ratio } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A figure grew, or fell, over a steady phase, or nobody can tell whether it did. */
export type DriftFinding = { kind: 'drift'; severity: 'fail' | 'invalid' } & Omit<DriftResult, 'ok' | 'decided'>;

export const drift: Kind<DriftFinding> = {
  kind: 'drift',
  brief: 'drifted',
  testCase: 'own',
  needsAllShards: true,
  sentence({ severity, metric, expression, phase, unit, base, perHour, doubts }) {
    const stat = driftStat(expression);
    const what = `${stat} of ${metric}`;
    if (!perHour) return `Whether ${what} drifts in ${phase} could not be told. ${undecidedText(doubts ?? [])}`;
    const { low, estimate, high } = perHour;
    const between = `between ${ratio(low)} and ${ratio(high)}`;
    if (severity === 'invalid' && !doubts) {
      return `Whether ${what} drifts in ${phase} could not be told: its change an hour is ${between}; asked was ${expression}.`;
    }
    const size = unit === 'ratio' ? '' : ` of ${figure(base, unit)}${perSecond(stat, unit)}`;
    const told = `${what} changed by ${ratio(estimate)}${size} an hour in ${phase} (${between}); required ${expression}.`;
    return doubts ? `${told} ${undecidedText(doubts)}` : told;
  },
  nextStep: ({ severity, metric, perHour, doubts }) =>
    severity === 'fail'
      ? 'Look at what the target keeps: caches without a bound, listeners, connections that are not given back, tables that grow.'
      : afterDoubts(
          doubts,
          perHour
            ? 'Make the phase longer: the noise of a figure hides a slope that is small.'
            : metric.startsWith('target_')
              ? 'Look at whether the target publishes it at /metrics, and whether the phase is long enough.'
              : 'Make the phase longer, or the load larger.',
        ),
};
