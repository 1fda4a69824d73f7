import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** A shard that differs from the others in what all shards of a run have in common; see `joinParts`. */
export interface ForeignShard {
  kind: 'foreign-shard';
  severity: 'invalid';
  shard: number;
  of: number;
  what: string;
  found: string;
  expected: string;
}

export const foreignShard: Kind<ForeignShard> = {
  kind: 'foreign-shard',
  sentence({ shard, of, what, found, expected }) {
    return (
      `Shard ${shard} of ${of} is not of the same run as the others: its ${what} is ${quoted(found)}; ` +
      `required: ${quoted(expected)}. It was left out.`
    );
  },
  nextStep: 'Collect the blobs of one run only, all from the same commit with the same settings.',
};
