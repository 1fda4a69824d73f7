/** For tests: what a run measured, in a few words. */
import { builtinMetrics, type MetricDefinition, parseSeriesKey } from '../measure/metrics.ts';
import { newSeries, type Packed } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';

/**
 * A store of one interval.
 * @param measured what was added, by series key: `{ 'http_req_duration{op:push}': [12, 15] }`
 */
export function storeOf(
  measured: Record<string, number[]>,
  declared: Record<string, MetricDefinition> = {},
): MetricStore {
  return storeOver(1, () => measured, declared);
}

/**
 * A store of so many intervals.
 * @param measuredIn what was added in one, by series key
 */
export function storeOver(
  intervals: number,
  measuredIn: (index: number) => Record<string, number[]>,
  declared: Record<string, MetricDefinition> = {},
): MetricStore {
  const store = new MetricStore();
  store.define(builtinMetrics);
  store.define(declared);
  for (let index = 0; index < intervals; index++) {
    const packed: Record<string, Packed> = {};
    for (const [key, values] of Object.entries(measuredIn(index))) {
      if (values.length === 0) continue;
      const series = newSeries(store.definitions[parseSeriesKey(key).metric]!.type);
      for (const value of values) series.add(value);
      packed[key] = series.pack();
    }
    store.add({ index, series: packed });
  }
  return store;
}

/** The same sample so many times. */
export function times(count: number, value: number): number[] {
  return new Array<number>(count).fill(value);
}

/** Of a run of 10 s: a calm of no length, and load. */
export const calmAndLoad: Phase[] = [
  { name: 'calm', startMs: 0, endMs: 0, load: 0 },
  { name: 'load', startMs: 0, endMs: 10_000, load: 1 },
];

/** A load of which nothing is known but its name. */
export function loadOf(name: string, maxVUs = 50) {
  return { name, kind: 'load' as const, maxVUs, isOpen: true, maxFailed: 0.5, oracles: [], startMs: 0, endMs: 10_000 };
}

/** What a slice says of failures when it had none. */
export const nothingFailed = { errors: {}, errorsByOperation: {}, failures: [] };
