import { TREND_MAX, Trend } from './histogram.ts';
import type { Contains, MetricType } from './metrics.ts';

/** What a series gathered, as it travels: in an interval of a slice, or over the whole run. */
export type Packed =
  | { t: 'trend'; h: string; sum: number }
  | { t: 'rate'; passes: number; total: number }
  | { t: 'counter'; sum: number }
  | { t: 'gauge'; last: number; min: number; max: number; sum: number; n: number };

/** Hears what was wrong with a value: `NaN is no number`. It is not added, or as the sentence says. */
export type Refusal = (what: string) => void;

const thrown: Refusal = (what) => {
  throw new RangeError(what);
};

/** Counters and gauges hold what a double tells apart to the last integer. */
const MAX = Number.MAX_SAFE_INTEGER;

/** What rounds to no thousandth is a clock's noise, not a number below 0. */
const NOISE = 0.0005;

/** The number to add in place of one that a series does not hold; undefined for what is none. */
function heldOf(value: unknown, min: number, max: number, refuse: Refusal): number | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    refuse(`${called(value)} is no number`);
    return undefined;
  }
  if (value >= min && value <= max) return value;
  if (value > min) {
    refuse(`a number above ${max} is counted as ${max}`);
    return max;
  }
  if (min !== 0) {
    refuse(`a number below ${min} is counted as ${min}`);
    return min;
  }
  if (value > -NOISE) return 0;
  refuse('a number below 0 is out of range');
  return undefined;
}

/** What it is, never what it says: that may be of any length, and a secret. */
function called(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return `${value}`;
  if (value instanceof Promise) return 'a Promise';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What a value says of yes or no, as k6 has it: any number but 0 is true. Undefined for what is neither a boolean nor a number. */
export function truthOf(value: unknown, refuse: Refusal): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value !== 0;
  refuse(`${called(value)} is neither true nor false`);
  return undefined;
}

/** One metric with one set of tags. `add` is the hot path: no allocation, no I/O. */
export interface Series {
  readonly type: MetricType;
  /** Samples added; for a counter the number of additions is not kept: 1 once it has been touched. */
  readonly count: number;
  /** What is no number of the metric's range is not added, but told to the series' {@link Refusal}; what is too large is added as the most. */
  add(value: number): void;
  merge(other: Series): void;
  reset(): void;
  pack(): Packed;
}

export class TrendSeries implements Series {
  readonly type = 'trend';
  readonly trend: Trend;
  readonly #refuse: Refusal;
  constructor(trend = new Trend(), refuse = thrown) {
    this.trend = trend;
    this.#refuse = refuse;
  }
  get count(): number {
    return this.trend.count;
  }
  add(value: number): void {
    if (typeof value === 'number' && value >= 0 && value <= TREND_MAX) {
      this.trend.add(value);
      return;
    }
    const held = heldOf(value, 0, TREND_MAX, this.#refuse);
    if (held !== undefined) this.trend.add(held);
  }
  merge(other: TrendSeries): void {
    this.trend.merge(other.trend);
  }
  reset(): void {
    this.trend.reset();
  }
  pack(): Packed {
    return { t: 'trend', h: this.trend.encode(), sum: this.trend.sum };
  }
}

export class RateSeries implements Series {
  readonly type = 'rate';
  passes = 0;
  count = 0;
  readonly #refuse: Refusal;
  constructor(refuse = thrown) {
    this.#refuse = refuse;
  }
  add(value: number | boolean): void {
    const truth = truthOf(value, this.#refuse);
    if (truth === undefined) return;
    this.count += 1;
    if (truth) this.passes += 1;
  }
  merge(other: RateSeries): void {
    this.count += other.count;
    this.passes += other.passes;
  }
  reset(): void {
    this.count = 0;
    this.passes = 0;
  }
  pack(): Packed {
    return { t: 'rate', passes: this.passes, total: this.count };
  }
}

export class CounterSeries implements Series {
  readonly type = 'counter';
  sum = 0;
  #touched = false;
  readonly #refuse: Refusal;
  constructor(refuse = thrown) {
    this.#refuse = refuse;
  }
  get count(): number {
    return this.#touched ? 1 : 0;
  }
  add(value: number): void {
    const held = heldOf(value, 0, MAX, this.#refuse);
    if (held === undefined) return;
    this.sum += held;
    this.#touched = true;
  }
  merge(other: CounterSeries): void {
    this.sum += other.sum;
    this.#touched ||= other.#touched;
  }
  /** A counter that has come to this. */
  static at(sum: number): CounterSeries {
    const counter = new CounterSeries();
    counter.sum = sum;
    counter.#touched = true;
    return counter;
  }
  reset(): void {
    this.sum = 0;
    this.#touched = false;
  }
  pack(): Packed {
    return { t: 'counter', sum: this.sum };
  }
}

export class GaugeSeries implements Series {
  readonly type = 'gauge';
  last = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;
  count = 0;
  readonly #refuse: Refusal;
  readonly #least: number;
  /** @param contains only bytes are never below 0 */
  constructor(contains: Contains = 'default', refuse = thrown) {
    this.#least = contains === 'data' ? 0 : -MAX;
    this.#refuse = refuse;
  }
  add(value: number): void {
    const held = heldOf(value, this.#least, MAX, this.#refuse);
    if (held === undefined) return;
    this.last = held;
    this.min = Math.min(this.min, held);
    this.max = Math.max(this.max, held);
    this.sum += held;
    this.count += 1;
  }
  /** The other one is taken for the later one. */
  merge(other: GaugeSeries): void {
    if (other.count === 0) return;
    this.last = other.last;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.sum += other.sum;
    this.count += other.count;
  }
  reset(): void {
    this.last = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.sum = 0;
    this.count = 0;
  }
  pack(): Packed {
    return { t: 'gauge', last: this.last, min: this.min, max: this.max, sum: this.sum, n: this.count };
  }
}

export type AnySeries = TrendSeries | RateSeries | CounterSeries | GaugeSeries;

/** @param refuse default: throws a RangeError */
export function newSeries(type: MetricType, contains: Contains = 'default', refuse: Refusal = thrown): AnySeries {
  switch (type) {
    case 'trend':
      return new TrendSeries(new Trend(), refuse);
    case 'rate':
      return new RateSeries(refuse);
    case 'counter':
      return new CounterSeries(refuse);
    case 'gauge':
      return new GaugeSeries(contains, refuse);
  }
}

/** The reverse of `pack()`. Throws when a histogram does not decode. */
export function unpack(packed: Packed): AnySeries {
  switch (packed.t) {
    case 'trend':
      return new TrendSeries(Trend.decode(packed.h, packed.sum));
    case 'rate':
      return Object.assign(new RateSeries(), { passes: packed.passes, count: packed.total });
    case 'counter':
      return CounterSeries.at(packed.sum);
    case 'gauge': {
      const { last, min, max, sum, n } = packed;
      return Object.assign(new GaugeSeries(), { last, min, max, sum, count: n });
    }
  }
}

/** Adds to `into` what was packed: `mergeInto(into, unpack(packed))` in less time. */
export function mergePacked(into: AnySeries, packed: Packed): void {
  if (packed.t === 'trend' && into.type === 'trend') into.trend.mergeEncoded(packed.h, packed.sum);
  else mergeInto(into, unpack(packed));
}

/** Adds `other` to `into`. Throws when their types differ: a metric has one type in all slices. */
export function mergeInto(into: AnySeries, other: AnySeries): void {
  if (into.type !== other.type) throw new Error(`a ${other.type} cannot be merged into a ${into.type}`);
  (into as Series).merge(other as Series);
}
