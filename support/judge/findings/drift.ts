import { driftStat } from '../expression.ts';
import type { DriftResult } from '../results.ts';
import { afterDoubts, undecidedText } from '../words/doubts.ts';
import { figure, ms, perSecond, ratio } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A figure grew, or fell, over a steady phase, or nobody can tell whether it did. */
export type DriftFinding = { kind: 'drift'; severity: 'fail' | 'invalid' } & Omit<DriftResult, 'ok' | 'decided'>;

export const drift: Kind<DriftFinding> = {
  kind: 'drift',
  brief: 'drifted',
  testCase: 'own',
  needsAllShards: true,
  sentence(finding) {
    const { restarts = 0 } = finding;
    if (restarts === 0) return whatDrifts(finding);
    const often = restarts === 1 ? 'once' : `${restarts} times`;
    return `${whatDrifts(finding)} The target was restarted ${often} meanwhile: the longest time without that was looked at.`;
  },
  nextStep: ({ severity, metric, perHour, restarts, fell, doubts }) =>
    severity === 'fail'
      ? 'Look at what the target keeps: caches without a bound, listeners, connections that are not given back, tables that grow.'
      : afterDoubts(
          doubts,
          fell && !doubts
            ? 'Make the phase longer: what is given back again and again, as by a garbage collector, is no leak. Or was the target restarted then?'
            : restarts
              ? 'Look at why the target was restarted. If that was a drill, ask for the drift of a phase without one.'
              : perHour
                ? 'Make the phase longer: the noise of a figure hides a slope that is small.'
                : metric.startsWith('target_')
                  ? 'Look at whether the target publishes it at /metrics, and whether the phase is long enough.'
                  : 'Make the phase longer, or the load larger.',
        ),
};

/** What was seen of a figure, and what was asked of it. */
function whatDrifts(finding: DriftFinding): string {
  const { severity, metric, expression, phase, unit, base, perHour, fell, doubts } = finding;
  const stat = driftStat(expression);
  const what = `${stat} of ${metric}`;
  if (!perHour) return `Whether ${what} drifts in ${phase} could not be told. ${undecidedText(doubts ?? [])}`;
  const { estimate } = perHour;
  const bounds = boundsOf(perHour);
  if (severity === 'invalid' && !doubts && !fell) {
    return `Whether ${what} drifts in ${phase} could not be told: its change an hour ${bounds ? `is ${bounds}` : 'may be anything'}; asked was ${expression}.`;
  }
  const size = unit === 'ratio' ? '' : ` of ${figure(base, unit)}${perSecond(stat, unit)}`;
  const told = `${what} changed by ${ratio(estimate)}${size} an hour in ${phase} (${bounds ?? 'it may be anything'}); required ${expression}.`;
  if (doubts) return `${told} ${undecidedText(doubts)}`;
  return fell ? `${told} Undecided: ${ms(fell.atMs)} into the run it fell by ${ratio(fell.share)} at once.` : told;
}

/** A side of which nothing is known has none. */
function boundsOf({ low, high }: NonNullable<DriftResult['perHour']>): string | undefined {
  if (low === null) return high === null ? undefined : `at most ${ratio(high)}`;
  return high === null ? `at least ${ratio(low)}` : `between ${ratio(low)} and ${ratio(high)}`;
}
