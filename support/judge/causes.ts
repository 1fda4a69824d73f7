import type { Finding } from './verdict.ts';

/**
 * The findings without those that only follow from another. A run that was cut short leaves thresholds and oracles without
 * samples and arrivals that never started; one that never began has measured nothing.
 */
export function causes(findings: Finding[]): Finding[] {
  const has = (...kinds: Finding['kind'][]) => findings.some(({ kind }) => kinds.includes(kind));
  const isCut = has('target-down', 'interrupted', 'crashed', 'missing-slice', 'missing-shard', 'foreign-shard');
  const effects: Finding['kind'][] = [];
  if (isCut) effects.push('nothing-measured');
  if (isCut || has('nothing-measured')) effects.push('no-data', 'oracle-unknown');
  if (has('target-down', 'interrupted')) effects.push('dropped');
  return findings.filter(({ kind }) => !effects.includes(kind));
}
