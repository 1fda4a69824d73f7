import { hash } from 'node:crypto';

/**
 * Random numbers in [0, 1) for a fault (Mulberry32). Its name is part of the seed: two faults of one share must not always
 * strike together.
 */
export function randomNumbers(seed: number, fault: string): () => number {
  let state = hash('sha1', `${seed} ${fault}`, 'buffer').readInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
