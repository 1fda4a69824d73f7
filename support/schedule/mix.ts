import { random } from './random.ts';

/** Iterations of which each operation has its share, but for one more or less: fair draws would need thousands for that. */
const BLOCK = 100;

/**
 * Which operation each iteration is, by weight, in an order that nobody can guess. Iteration n is the same operation however
 * many slices share the load, so it follows from n and not from the next number of a stream.
 */
export class Mix {
  readonly names: readonly string[];
  readonly #ends: number[];
  readonly #seed: number;
  readonly #orderSeed: number;
  /** Of the block that was asked for last: the place in the mix of each of its iterations. */
  readonly #places = new Uint8Array(BLOCK);
  #block = -1;

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
    const draw = random(seed, scenario, 'mix');
    this.#seed = draw() * 2 ** 32;
    this.#orderSeed = draw() * 2 ** 32;
  }

  /** Place in {@link names} of what iteration `index` does. */
  operationOf(index: number): number {
    const last = this.#ends.length - 1;
    if (last === 0) return 0;
    const block = Math.floor(index / BLOCK);
    if (block !== this.#block) this.#shuffle(block);
    const share = (this.#places[index % BLOCK]! + hash(this.#seed, index) / 2 ** 32) / BLOCK;
    for (let place = 0; place < last; place++) if (share < this.#ends[place]!) return place;
    return last;
  }

  /** Fisher and Yates’ shuffle. */
  #shuffle(block: number): void {
    this.#block = block;
    const places = this.#places;
    for (let i = 0; i < BLOCK; i++) {
      const j = Math.floor((hash(this.#orderSeed, block * BLOCK + i) / 2 ** 32) * (i + 1));
      places[i] = places[j]!;
      places[j] = i;
    }
  }
}

/** MurmurHash3's finalizer over a Weyl step: uniform over 32 bits. */
function hash(seed: number, index: number): number {
  let h = (seed + Math.imul(index + 1, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
