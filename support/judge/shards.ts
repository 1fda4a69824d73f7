import type { Finding } from './verdict.ts';

/** What a shard says of itself; it travels in its blob, beside the profile. */
export interface Part {
  /** Counts from 1. */
  shard: number;
  of: number;
  runId: string;
  target: { name: string; url: string };
  /** The scenarios that take part, on whichever shard. */
  scenarios: string[];
  /** What all shards of a run have in common, by the word under which a person knows it. */
  common: Record<string, string>;
}

/**
 * Tells which of the given parts are the shards of one run: those that agree with most of the others, each once. A verdict over
 * anything less, or anything else, would be one over a load that nobody planned.
 * @returns those to be merged, and what is wrong with the rest
 */
export function joinParts<P extends Part>(parts: P[]): { joined: P[]; missing: number[]; findings: Finding[] } {
  const groups = new Map<string, P[]>();
  for (const part of parts) {
    const group = JSON.stringify(part.common);
    groups.set(group, [...(groups.get(group) ?? []), part]);
  }
  const own = [...groups.values()].reduce((most, one) => (one.length > most.length ? one : most));
  const { of, common } = own[0]!;
  const findings: Finding[] = [];
  for (const { shard, of: total, common: other } of parts.filter((one) => !own.includes(one))) {
    const what = Object.keys(common).find((name) => other[name] !== common[name])!;
    const differs = { what, found: other[what] ?? 'unknown', expected: common[what]! };
    findings.push({ kind: 'foreign-shard', severity: 'invalid', shard, of: total, ...differs });
  }
  const joined = new Map<number, P>();
  for (const part of own) {
    if (joined.has(part.shard)) findings.push({ kind: 'duplicate-shard', severity: 'invalid', shard: part.shard, of });
    else joined.set(part.shard, part);
  }
  const there = new Set([
    ...joined.keys(),
    ...findings.flatMap((one) => (one.kind === 'foreign-shard' ? one.shard : [])),
  ]);
  const missing = Array.from({ length: of }, (_, i) => i + 1).filter((shard) => !joined.has(shard));
  // A foreign shard stands in the place of one that it has taken.
  const gone = missing.filter((shard) => !there.has(shard));
  if (gone.length > 0) findings.push({ kind: 'missing-shard', severity: 'invalid', shards: gone, of });
  return { joined: [...joined.values()], missing, findings };
}
