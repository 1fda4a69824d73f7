import { parseSeriesKey } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import { parseExpression } from './expression.ts';
import { kindOf } from './findings/index.ts';
import type { RegressionFinding } from './findings/regression.ts';
import { decisiveStart, signalFindings } from './health.ts';
import { type Claim, doubtsOf, measuredBy, quantityOf, suspects } from './validity.ts';
import type { Finding, Health } from './verdict.ts';

/** What a run was found to be before it was compared with its baseline. */
export interface Found<F extends Finding> {
  findings: F[];
  health: Health;
  phases: readonly Phase[];
  store: MetricStore;
}

/** Whether a run has anything to compare with others. */
export function isComparable(findings: Finding[]): boolean {
  return !findings.some((finding) => kindOf(finding).leavesNoFigures);
}

/**
 * A critical regression that the generator may have caused is undecided, by the rule of `validity.ts`.
 * @param compared what `againstBaseline` found
 * @returns `kept` of the run's findings, and what comes to them: warnings of signals that have decided something now are there anew
 */
export function withRegressions<F extends Finding>(
  compared: Finding[],
  { findings, health, phases, store }: Found<F>,
): { kept: F[]; added: Finding[] } {
  const all = suspects(health.signals, findings, phases);
  const measures = measuredBy(store);
  const decided = compared.map((finding): Finding => {
    if (finding.kind !== 'regression') return finding;
    const doubts = doubtsOf(claimOf(finding, store), all, measures);
    if (doubts.length === 0) return finding;
    return { ...finding, severity: finding.severity === 'fail' ? 'invalid' : finding.severity, doubts };
  });
  const doubts = decided.flatMap((one) => (one.kind === 'regression' && one.severity === 'invalid' ? one.doubts! : []));
  const decisive: Finding[] = [...signalFindings(health, doubts), ...findings.map((one) => decisiveStart(one, doubts))];
  // What was no more than a warning stays that, unless it is what a regression is doubted for: as a step of a capacity that was not sent.
  const isDoubted = (one: Finding) =>
    doubts.some(({ by }) => by === (one.kind === 'saturated' ? one.signal : one.kind));
  const promoted = decisive.filter(
    (one) =>
      one.severity === 'invalid' &&
      isDoubted(one) &&
      findings.some((known) => known.severity === 'warning' && isSame(known, one)),
  );
  const kept = findings.filter((one) => !promoted.some((other) => one.severity === 'warning' && isSame(one, other)));
  return { kept, added: [...promoted, ...decided] };
}

/** What was required of a figure for it to be no regression: neither worse than is allowed nor than chance may make it. */
function claimOf(regression: RegressionFinding, { definitions }: MetricStore): Claim {
  const { aspect, metric: source, stat, observed, baseline, limit, noise } = regression;
  const { metric, tags } = parseSeriesKey(source);
  const beyond = Math.max(limit, noise);
  const operator = aspect === 'throughput' ? '>=' : '<=';
  const told = quantityOf(definitions[metric]!, parseExpression(`${stat}${operator}0`)!);
  // Of what succeeds the failures are kept.
  const quantity = aspect === 'errors' && told === 'success' ? 'failure' : told;
  const limits = {
    'response-time': baseline * (1 + beyond),
    errors: Math.max(limit, baseline + noise),
    throughput: baseline * (1 - beyond),
  };
  const phases = tags.phase === undefined ? undefined : [tags.phase];
  return { metric, tags, quantity, operator, observed, limit: limits[aspect], phases };
}

/** Of a signal, or of a late start, the same. */
function isSame(a: Finding, b: Finding): boolean {
  if (a.kind === 'saturated' && b.kind === 'saturated') return a.signal === b.signal && a.detail === b.detail;
  if (a.kind === 'late-start' && b.kind === 'late-start') return a.scenario === b.scenario && a.slice === b.slice;
  return a.kind === 'lateness' && b.kind === 'lateness';
}
