import { kindOf } from './findings/index.ts';
import { type Causes, CUTS, type Effects } from './findings/kind.ts';
import type { Finding } from './verdict.ts';

/**
 * The findings without those that only follow from another. A run that was cut short leaves thresholds and oracles without
 * samples and arrivals that never started; one that never began has measured nothing; a scenario that never succeeded leaves
 * nothing to measure or check.
 */
export function causes(findings: Finding[], scenarios: Effects[] = []): Finding[] {
  const there = new Set<string>(findings.map(({ kind }) => kind));
  const rest = findings.filter((one) => !kindOf(one).followsFrom?.some((kind) => there.has(kind)));
  const left = causesAmong(rest, scenarios);
  return rest.filter((one) => !kindOf(one).isEffect?.(one, left));
}

function causesAmong(findings: Finding[], scenarios: Effects[]): Causes {
  const named = (of: (one: Finding) => string | string[]) => new Set(findings.flatMap(of));
  const limited = named((one) => (one.kind === 'rate-limited' && one.severity === 'fail' ? one.scenarios : []));
  const failing = named((one) => (isFailing(one) && one.severity === 'fail' ? one.scenarios : []));
  const never = named((one) => (isTotal(one) && one.severity === 'fail' ? one.scenarios : []));
  return {
    isCut: findings.some(({ kind }) => kind !== 'aborted' && (CUTS as readonly string[]).includes(kind)),
    ended: named((one) => (one.kind === 'crashed' ? one.scenario : [])),
    limited,
    broken: scenarios.filter(({ name }) => limited.has(name) || failing.has(name)),
    never: scenarios.filter(({ name }) => never.has(name)),
  };
}

function isFailing(finding: Finding): finding is Extract<Finding, { kind: 'no-success' | 'failed-share' }> {
  return finding.kind === 'no-success' || finding.kind === 'failed-share';
}

/** Nothing of the whole scenario succeeded. */
function isTotal(finding: Finding): finding is Extract<Finding, { kind: 'no-success' }> {
  return finding.kind === 'no-success' && finding.what === 'scenario';
}
