import { random } from './random.ts';

/**
 * Which operation each iteration is, by weight. Iteration n is the same operation however many slices share the load,
 * so it is a hash of n and not the next number of a stream.
 */
export class Mix {
  readonly names: readonly string[];
  readonly #ends: number[];
  readonly #seed: number;

  /**
   * @param weights by operation; those of weight 0 never come up
   * @throws when none is above 0
   */
  constructor(weights: Record<string, number>, seed: string, scenario: string) {
    const entries = Object.entries(weights).filter(([, weight]) => weight > 0);
    if (entries.length === 0) throw new Error(`${scenario} has no operation with a weight above 0`);
    const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
    let end = 0;
    this.names = entries.map(([name]) => name);
    this.#ends = entries.map(([, weight]) => (end += weight / total));
    this.#seed = random(seed, scenario, 'mix')() * 2 ** 32;
  }

  /** Place in {@link names} of what iteration `index` does. */
  operationOf(index: number): number {
    const last = this.#ends.length - 1;
    if (last === 0) return 0;
    const share = hash(this.#seed, index) / 2 ** 32;
    for (let place = 0; place < last; place++) if (share < this.#ends[place]!) return place;
    return last;
  }
}

/** MurmurHash3's finalizer over a Weyl step: uniform over 32 bits. */
function hash(seed: number, index: number): number {
  let h = (seed + Math.imul(index + 1, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
