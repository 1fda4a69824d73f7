import { Trend } from './histogram.ts';
import type { MetricType } from './metrics.ts';

/** What a series gathered, as it travels: in an interval of a slice, or over the whole run. */
export type Packed =
  | { t: 'trend'; h: string; sum: number }
  | { t: 'rate'; passes: number; total: number }
  | { t: 'counter'; sum: number }
  | { t: 'gauge'; last: number; min: number; max: number; sum: number; n: number };

/**
 * One metric with one set of tags. `add` is the hot path: no allocation, no I/O.
 * For a rate, 1 counts as true and 0 as false (k6: any non-zero value is true).
 */
export interface Series {
  readonly type: MetricType;
  /** Samples added; for a counter the number of additions is not kept: 1 once it has been touched. */
  readonly count: number;
  add(value: number): void;
  merge(other: Series): void;
  reset(): void;
  pack(): Packed;
}

export class TrendSeries implements Series {
  readonly type = 'trend';
  readonly trend: Trend;
  constructor(trend = new Trend()) {
    this.trend = trend;
  }
  get count(): number {
    return this.trend.count;
  }
  add(value: number): void {
    this.trend.add(value);
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
  add(value: number): void {
    this.count += 1;
    if (value !== 0) this.passes += 1;
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
  get count(): number {
    return this.#touched ? 1 : 0;
  }
  add(value: number): void {
    this.sum += value;
    this.#touched = true;
  }
  merge(other: CounterSeries): void {
    this.sum += other.sum;
    this.#touched ||= other.#touched;
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
  add(value: number): void {
    this.last = value;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    this.sum += value;
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

export function newSeries(type: MetricType): AnySeries {
  switch (type) {
    case 'trend':
      return new TrendSeries();
    case 'rate':
      return new RateSeries();
    case 'counter':
      return new CounterSeries();
    case 'gauge':
      return new GaugeSeries();
  }
}

/** The reverse of `pack()`. Throws when a histogram does not decode. */
export function unpack(packed: Packed): AnySeries {
  const series = newSeries(packed.t);
  switch (packed.t) {
    case 'trend':
      return new TrendSeries(Trend.decode(packed.h, packed.sum));
    case 'rate':
      return Object.assign(series, { passes: packed.passes, count: packed.total });
    case 'counter':
      series.add(packed.sum);
      return series;
    case 'gauge': {
      const { last, min, max, sum, n } = packed;
      return Object.assign(series, { last, min, max, sum, count: n });
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
