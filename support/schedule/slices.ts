/** Into how many slices a scenario is divided, and which of them are whose. */
import type { ScenarioKind } from '../profile/schema.ts';
import { type Plan, vusOf } from './plan.ts';

/** Of a scenario, what decides where it runs. */
interface Divided {
  name: string;
  kind: ScenarioKind;
  plan: Plan;
  slices: number;
}

/** At least as many as wanted and as many for every shard, as far as each slice then has a VU: without one it could do nothing. */
export function slicesFor(vus: number, wanted: number, shards: number): number {
  return vus < shards ? vus : shards * Math.min(Math.ceil(wanted / shards), Math.floor(vus / shards));
}

/**
 * The slices of a scenario that run on one of the machines. VUs are dealt to the shards like cards, and each scenario goes on
 * where the one before it has ended, so that no shard has more than one journey's session, or one load's VU, above another.
 * @param shard counts from 1
 */
export function slicesOfShard(
  { scenarios, shards }: { scenarios: readonly Divided[]; shards: number },
  scenario: string,
  shard: number,
): number[] {
  const { kind, slices } = scenarios.find(({ name }) => name === scenario)!;
  const before = scenarios.slice(
    0,
    scenarios.findIndex(({ name }) => name === scenario),
  );
  const dealt = before.filter((one) => one.kind === kind).reduce((sum, { plan }) => sum + vusOf(plan), 0);
  const first = (((shard - 1 - dealt) % shards) + shards) % shards;
  return Array.from({ length: Math.max(0, Math.ceil((slices - first) / shards)) }, (_, n) => first + n * shards);
}

/** With more shards than this some would have no load; without loads, nothing to do at all. */
export function mostShards({ scenarios }: { scenarios: readonly Divided[] }): number {
  const loads = scenarios.filter(({ kind }) => kind === 'load');
  return Math.max(...(loads.length > 0 ? loads : scenarios).map(({ plan }) => vusOf(plan)));
}
