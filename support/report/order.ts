import { isCertain } from '../judge/judge.ts';
import type { Finding, Severity } from '../judge/verdict.ts';
import { asksForMore } from './words.ts';

/** The order of a verdict: correctness, then what was missed, then what makes it invalid (causes before effects). */
const ORDER: Finding['kind'][] = [
  'oracle',
  'target-down',
  'target-unreached',
  'rate-limited',
  'foreign-shard',
  'duplicate-shard',
  'missing-shard',
  'interrupted',
  'crashed',
  'missing-slice',
  'nothing-measured',
  'saturated',
  'lateness',
  'shard-spread',
  'late-start',
  'no-success',
  'failed-share',
  'hung',
  'oracle-unknown',
  'no-data',
  'unfinished',
  'threshold',
  'dropped',
  'regression',
  'cut-off',
  'tag-folded',
  'unverified',
  'left-out',
  'baseline-thin',
  'baseline-unreadable',
];

function rank(finding: Finding): number {
  const severity = finding.severity as Severity;
  if (severity === 'warning') return 3;
  if (isCertain(finding)) return 0;
  return severity === 'fail' ? 1 : 2;
}

/** How far over its limit, as a factor; 1 for what has no limit. */
function excess(finding: Finding): number {
  if (finding.kind !== 'threshold') return 1;
  const { observed, limit } = finding;
  const [high, low] = asksForMore(finding.expression) ? [limit, observed] : [observed, limit];
  return low > 0 ? high / low : Number.POSITIVE_INFINITY;
}

/**
 * Findings in the order of the verdict: oracle and target-down, thresholds (the furthest over first) and drops that are decided,
 * what makes it invalid, warnings. Equals stay in their order. A new array.
 */
export function worstFirst<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) ||
      // Two infinite excesses are equal, not NaN.
      (excess(a) === excess(b) ? 0 : excess(b) - excess(a)),
  );
}
