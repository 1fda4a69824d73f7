import { isCertain, kindOf, rankOf } from './findings/index.ts';
import type { Finding, Severity } from './verdict.ts';

/** What cannot wait, certain failures, other failures, what is undecided, warnings. */
function weight(finding: Finding): number {
  const severity = finding.severity as Severity;
  if (severity === 'warning') return 3;
  if (kindOf(finding).isFirst) return -1;
  if (isCertain(finding)) return 0;
  return severity === 'fail' ? 1 : 2;
}

/** How far over its limit, as a factor; 1 for what has no limit. */
function excess(finding: Finding): number {
  return kindOf(finding).excess?.(finding) ?? 1;
}

/**
 * Findings in the order of the verdict: a target that was left broken, oracle and target-down, thresholds (the furthest over first) and drops that are decided,
 * what makes it invalid, warnings. Equals stay in their order. A new array.
 */
export function worstFirst<F extends Finding>(findings: readonly F[]): F[] {
  return [...findings].sort(
    (a, b) =>
      weight(a) - weight(b) ||
      rankOf(a) - rankOf(b) ||
      // Two infinite excesses are equal, not NaN.
      (excess(a) === excess(b) ? 0 : excess(b) - excess(a)),
  );
}
