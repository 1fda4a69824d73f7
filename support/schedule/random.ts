/** A stream of random numbers that its seed and labels determine. */
export interface Random {
  /** The next number in [0, 1). */
  (): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  /** One of `items`, each as likely as the others; throws when there are none. */
  pick<T>(items: readonly T[]): T;
  /** One of the keys, as likely as its weight; throws unless every weight is a number ≥ 0 and one is greater. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** An exponentially distributed number ≥ 0 with this mean: the gap between events that know nothing of each other. */
  exponential(mean: number): number;
}

/**
 * The random stream of `seed` and `labels` (a scenario's name, a VU's id …). The same ones always give the same stream;
 * different ones give streams that have nothing to do with each other.
 */
export function random(seed: number | string, ...labels: (number | string)[]): Random {
  const next = sfc32(hash128(JSON.stringify([seed, ...labels])));
  // Methods of its own would make each stream three times as large, and there may be one for each of 100,000 VUs.
  return Object.setPrototypeOf(next, words);
}

/** The methods of all streams. */
const words = Object.assign(Object.create(Function.prototype), {
  int(this: Random, min: number, max: number): number {
    return min + Math.floor(this() * (max - min + 1));
  },
  pick<T>(this: Random, items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('random.pick: the list is empty; it needs at least one item');
    return items[Math.floor(this() * items.length)] as T;
  },
  weighted<K extends string>(this: Random, weights: Readonly<Record<K, number>>): K {
    return weighted(weights, this());
  },
  exponential(this: Random, mean: number): number {
    return -Math.log1p(-this()) * mean;
  },
} satisfies Omit<Random, never>);

function weighted<K extends string>(weights: Readonly<Record<K, number>>, share: number): K {
  let total = 0;
  let last: K | undefined;
  for (const key in weights) {
    const weight = weights[key];
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`random.weighted: the weight of "${key}" is ${weight}; it must be a number of 0 or more`);
    }
    total += weight;
    if (weight > 0) last = key;
  }
  if (last === undefined) throw new RangeError('random.weighted: no weight is greater than 0; at least one must be');
  let rest = share * total;
  for (const key in weights) {
    rest -= weights[key];
    if (rest < 0) return key;
  }
  return last; // only when rounding ate the end of the last share
}

/** 128 bits of `text`: four FNV-1a lanes with different offsets and primes, each mixed to the end like MurmurHash3. */
function hash128(text: string): [number, number, number, number] {
  const lanes: [number, number, number, number] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35];
  const primes = [0x01000193, 0x2c1b3c6d, 0x297a2d39, 0x1b873593] as const;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    for (let lane = 0; lane < 4; lane++) {
      const mixed = Math.imul(lanes[lane]! ^ code, primes[lane]!);
      lanes[lane] = mixed ^ (mixed >>> 15);
    }
  }
  return lanes.map((lane) => {
    let h = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  }) as [number, number, number, number];
}

/** Chris Doty-Humphrey's sfc32 (PractRand): 128 bits of state, fast, passes the known test suites. */
function sfc32([seedA, seedB, seedC, seedD]: [number, number, number, number]): () => number {
  let a = seedA | 0;
  let b = seedB | 0;
  let c = seedC | 0;
  let counter = seedD | 0;
  const next = (): number => {
    const result = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return (result >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) next(); // until every bit of the seed has reached every bit of the state
  return next;
}
