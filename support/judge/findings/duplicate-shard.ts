import type { Kind } from './kind.ts';

/** Of merged shards one is there twice; see `joinParts`. */
export interface DuplicateShard {
  kind: 'duplicate-shard';
  severity: 'invalid';
  shard: number;
  of: number;
}

export const duplicateShard: Kind<DuplicateShard> = {
  kind: 'duplicate-shard',
  sentence: ({ shard, of }) => `Shard ${shard} of ${of} is there more than once; required: each of them once.`,
  nextStep: 'Merge the blobs of one attempt only.',
};
