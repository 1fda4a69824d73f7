import { isOfBrowser, parseSeriesKey } from '../../measure/metrics.ts';
import type { Doubt } from '../doubt.ts';
import { isTooLittle, parseExpression, statName } from '../expression.ts';
import { afterDoubts, GENERATOR_FIRST, undecidedText } from '../words/doubts.ts';
import { apart, counted, figure, perSecond } from '../words/figures.ts';
import { inPhase } from '../words/names.ts';
import type { AgainstLimit, Kind } from './kind.ts';

/** A figure on the wrong side of its limit. */
export interface ThresholdFinding extends AgainstLimit {
  kind: 'threshold';
  /** `invalid`: missed, but not decided. */
  severity: 'fail' | 'invalid';
  /** The same figure in the phase that it is compared with. */
  reference?: { phase: string; value: number };
  /** What may have made the figure what it is; with severity `invalid`. */
  doubts?: Doubt[];
}

export const threshold: Kind<ThresholdFinding> = {
  kind: 'threshold',
  testCase: 'own',
  needsAllShards: true,
  /** Less was done than asked: no wonder where a part of the run is missing. */
  isEffect: ({ doubts = [], ...finding }, { isCut }) =>
    (finding.unit === 'count' || statName(finding.expression) === 'count') &&
    isTooLittle(finding) &&
    (isCut || doubts.some(({ by }) => by === 'aborted')),
  excess(finding) {
    const { observed, limit } = finding;
    const [high, low] = isTooLittle(finding) ? [limit, observed] : [observed, limit];
    return low > 0 ? high / low : Number.POSITIVE_INFINITY;
  },
  sentence({ metric, expression, unit, reference, count, doubts, ...figures }) {
    const [observed, limit] = apart(figures.observed, figures.limit, unit);
    const { operator, value } = parseExpression(expression)!;
    const stat = statName(expression);
    const each = perSecond(stat, unit);
    const beside = reference ? ` (${value} × ${figure(reference.value, unit)}${each}${inPhase(reference.phase)})` : '';
    // What a counter has added up is no number of samples, nor is how often a gauge was told.
    const isSum = each !== '' || stat === 'count' || stat === 'value';
    const over = isSum ? '' : ` over ${counted(count, 'sample')}`;
    const what = `${stat} of ${metric} was ${observed}${each}${over}; required ${operator} ${limit}${each}${beside}.`;
    return doubts ? `${what} ${undecidedText(doubts)}` : what;
  },
  nextStep(finding) {
    const { severity, metric, unit, reference, doubts } = finding;
    if (severity === 'invalid') return afterDoubts(doubts, GENERATOR_FIRST);
    const { metric: name } = parseSeriesKey(metric);
    // A share of what failed is no time, of sessions neither.
    if (unit === 'ratio') return 'Look at the errors by name.';
    if (name === 'browser_web_vital_cls')
      return 'Look at what moves on the page once it is shown: what comes late, and has no room kept.';
    if (reference && isOfBrowser(name)) return 'The load made the difference: look at which step or page slowed most.';
    if (isOfBrowser(name)) return 'Look at the times in the browser, step by step.';
    if (name === 'iteration_response_time')
      return 'Compare iteration_duration: when only the response time is over, work waited for a free VU.';
    if (isTooLittle(finding)) return 'Less was done than asked: look at errors and drops.';
    if (unit === 'ms') return 'Look at the target at that time: CPU, slow queries, its log.';
    return 'Look at what the target did more than it should: its log, its /metrics.';
  },
};
