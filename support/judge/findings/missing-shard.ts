import { listed } from '../words/names.ts';
import type { Kind } from './kind.ts';

/** Shards of which nothing came to be merged; see `joinParts`. */
export interface MissingShard {
  kind: 'missing-shard';
  severity: 'invalid';
  shards: number[];
  of: number;
}

export const missingShard: Kind<MissingShard> = {
  kind: 'missing-shard',
  sentence({ shards, of }) {
    const which = `Shard${shards.length === 1 ? '' : 's'} ${listed(shards)} of ${of} ${shards.length === 1 ? 'is' : 'are'}`;
    return `${which} missing; required: all ${of}, since a part of the load was missing.`;
  },
  nextStep: 'Look at their jobs, and whether their blobs were collected.',
};
