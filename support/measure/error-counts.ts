/** So many names are told apart: more of them are messages, not kinds of failure. */
const MAX_NAMES = 100;
const MAX_LENGTH = 1_000;
const OTHER = 'other';

/** What health reads by name: that the generator itself ran out of something. There are as many as the system has such codes. */
const isGenerator = (name: string) => name.startsWith('generator: ');

/** Failures by name; those of names beyond a bound are counted as `other`. */
export class ErrorCounts {
  readonly byName: Record<string, number> = {};
  #names = 0;

  add(name: string, count: number): void {
    const short = `${name}`.slice(0, MAX_LENGTH);
    const known = Object.hasOwn(this.byName, short) || this.#names < MAX_NAMES || isGenerator(short);
    const bucket = known ? short : OTHER;
    if (!Object.hasOwn(this.byName, bucket)) this.#define(bucket);
    this.byName[bucket]! += count;
  }

  /** Defined, not assigned: an object has names of its own, such as `constructor`, and `__proto__` would become none at all. */
  #define(name: string): void {
    Object.defineProperty(this.byName, name, { value: 0, writable: true, enumerable: true, configurable: true });
    this.#names += 1;
  }
}

/** Of many slices: the most frequent names, the first in the alphabet among equals, in whatever order the slices came. */
export function sumOfErrors(all: Iterable<Record<string, number>>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const errors of all) {
    for (const [name, count] of Object.entries(errors)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const others = counts.get(OTHER) ?? 0;
  counts.delete(OTHER);
  const byCount = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const kept = byCount.filter(([name], place) => place < MAX_NAMES || isGenerator(name));
  const folded = byCount.filter(([name], place) => place >= MAX_NAMES && !isGenerator(name));
  const other = folded.reduce((sum, [, count]) => sum + count, others);
  return Object.fromEntries(other > 0 ? [...kept, [OTHER, other]] : kept);
}
