import { apart } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** The machines of the run did not begin together. */
export interface ShardSpread {
  kind: 'shard-spread';
  severity: 'invalid';
  spreadMs: number;
  allowedMs: number;
  first: number;
  last: number;
}

export const shardSpread: Kind<ShardSpread> = {
  kind: 'shard-spread',
  sentence({ spreadMs, allowedMs, first, last }) {
    const [observed, allowed] = apart(spreadMs, allowedMs, 'ms');
    return `Shard ${last} started ${observed} after shard ${first}; allowed ${allowed}.`;
  },
  nextStep: 'Give all shards the same LOAD_START_AT, or a LOAD_RENDEZVOUS, and their clocks NTP.',
};
