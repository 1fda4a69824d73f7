import { Trend } from './histogram.ts';
import { type MetricDefinition, parseSeriesKey, seriesKey, type Tags } from './metrics.ts';
import type { Interval } from './recorder.ts';
import {
  type AnySeries,
  CounterSeries,
  GaugeSeries,
  mergeInto,
  newSeries,
  RateSeries,
  TrendSeries,
  unpack,
} from './series.ts';

/** Everything that a run measured, merged over its slices and intervals: never averaged. */
export class MetricStore {
  readonly definitions: Record<string, MetricDefinition> = {};
  readonly #series = new Map<string, { metric: string; tags: Tags; total: AnySeries }>();
  /** Gauges of several slices add up at one instant, and only then are followed over time: key → interval → sum. */
  readonly #gauges = new Map<string, Map<number, number>>();

  define(definitions: Record<string, MetricDefinition>): void {
    Object.assign(this.definitions, definitions);
  }

  /** Adds one interval of one slice. Throws when a histogram does not decode. */
  add({ index, series }: Interval): void {
    for (const [key, packed] of Object.entries(series)) {
      if (packed.t === 'gauge') {
        const sums = this.#gauges.get(key) ?? new Map<number, number>();
        this.#gauges.set(key, sums.set(index, (sums.get(index) ?? 0) + packed.last));
        continue;
      }
      const part = unpack(packed);
      const known = this.#series.get(key);
      if (known) mergeInto(known.total, part);
      else this.#series.set(key, { ...parseSeriesKey(key), total: part });
    }
  }

  /** All series of a metric that carry these tags, as one; undefined when there is none. */
  select(metric: string, tags: Tags = {}): AnySeries | undefined {
    let merged: AnySeries | undefined;
    for (const series of this.#all()) {
      if (series.metric !== metric || !carries(series.tags, tags)) continue;
      merged ??= newSeries(series.total.type);
      mergeInto(merged, series.total);
    }
    return merged;
  }

  trend(metric: string, tags: Tags = {}): Trend {
    const found = this.select(metric, tags);
    return found instanceof TrendSeries ? found.trend : new Trend();
  }

  /** Sum of a counter; 0 when nothing was added. */
  sum(metric: string, tags: Tags = {}): number {
    const found = this.select(metric, tags);
    return found instanceof CounterSeries ? found.sum : 0;
  }

  rate(metric: string, tags: Tags = {}): RateSeries {
    const found = this.select(metric, tags);
    return found instanceof RateSeries ? found : new RateSeries();
  }

  /** What to list of a run: each metric as a whole, by each of the tags a reader asks for first, and every series. */
  keys(): string[] {
    const keys = new Set<string>();
    for (const { metric, tags } of this.#all()) {
      keys.add(metric);
      for (const tag of ['scenario', 'journey', 'window', 'check']) {
        if (tags[tag] !== undefined) keys.add(seriesKey(metric, { [tag]: tags[tag] }));
      }
      keys.add(seriesKey(metric, tags));
    }
    return [...keys].sort();
  }

  *#all(): Generator<{ metric: string; tags: Tags; total: AnySeries }> {
    yield* this.#series.values();
    for (const [key, sums] of this.#gauges) {
      const total = new GaugeSeries();
      for (const [, value] of [...sums].sort(([a], [b]) => a - b)) total.add(value);
      yield { ...parseSeriesKey(key), total };
    }
  }
}

function carries(tags: Tags, wanted: Tags): boolean {
  return Object.entries(wanted).every(([name, value]) => tags[name] === value);
}
