/**
 * A set of whole numbers ≥ 0 that mostly come in order, such as a device's change counters: kept as ranges, so that a
 * million numbers without a gap take as much room as two.
 */
export class Counters {
  /** Start and end (both included) of each range, ascending: `[1, 500, 502, 900]`. */
  readonly #ranges: number[];

  /** @param ranges as {@link pack} gives them */
  constructor(ranges: number[] = []) {
    this.#ranges = [...ranges];
  }

  /** False when it was there before. */
  add(n: number): boolean {
    const ranges = this.#ranges;
    const last = ranges.length - 1;
    if (last > 0 && n === ranges[last]! + 1) {
      ranges[last] = n;
      return true;
    }
    if (last < 0 || n > ranges[last]!) {
      ranges.push(n, n);
      return true;
    }
    return this.#insert(n);
  }

  has(n: number): boolean {
    const place = this.#find(n);
    return place < this.#ranges.length && this.#ranges[place]! <= n;
  }

  get size(): number {
    let size = 0;
    for (let i = 0; i < this.#ranges.length; i += 2) size += this.#ranges[i + 1]! - this.#ranges[i]! + 1;
    return size;
  }

  /** Those of this set that are not in `other`, as a set. */
  without(other: Counters): Counters {
    const left: number[] = [];
    for (let i = 0; i < this.#ranges.length; i += 2) {
      let from = this.#ranges[i]!;
      const to = this.#ranges[i + 1]!;
      for (let place = other.#find(from); place < other.#ranges.length && other.#ranges[place]! <= to; place += 2) {
        if (other.#ranges[place]! > from) left.push(from, other.#ranges[place]! - 1);
        from = other.#ranges[place + 1]! + 1;
      }
      if (from <= to) left.push(from, to);
    }
    return new Counters(left);
  }

  /** Those up to and with `last`, as a set. */
  upTo(last: number): Counters {
    return this.without(new Counters([last + 1, Number.POSITIVE_INFINITY]));
  }

  /** Those of both. */
  with(other: Counters): Counters {
    const union = new Counters(this.#ranges);
    for (const n of other.without(this)) union.add(n);
    return union;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.#ranges.length; i += 2) {
      for (let n = this.#ranges[i]!; n <= this.#ranges[i + 1]!; n++) yield n;
    }
  }

  /** The ranges, for a report; the constructor takes them back. */
  pack(): number[] {
    return [...this.#ranges];
  }

  /** Place of the start of the first range that ends at or after `n`; the length when there is none. */
  #find(n: number): number {
    let low = 0;
    let high = this.#ranges.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranges[2 * middle + 1]! < n) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }

  #insert(n: number): boolean {
    const ranges = this.#ranges;
    const place = this.#find(n);
    if (ranges[place]! <= n) return false;
    const touchesNext = ranges[place] === n + 1;
    const touchesBefore = place > 0 && ranges[place - 1] === n - 1;
    if (touchesNext && touchesBefore) ranges.splice(place - 1, 2);
    else if (touchesNext) ranges[place] = n;
    else if (touchesBefore) ranges[place - 1] = n;
    else ranges.splice(place, 0, n, n);
    return true;
  }
}
