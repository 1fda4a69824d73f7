import { seriesKey } from './metrics.ts';
import type { Interval } from './recorder.ts';
import type { TimeAxis } from './time-axis.ts';

/** Of several readings of the same thing the highest in each interval: shards all ask one target. */
export function highest(readings: Interval[][]): Interval[] {
  const intervals = new Map<number, Interval>();
  for (const { index, series } of readings.flat()) {
    const known = intervals.get(index) ?? { index, series: {} };
    intervals.set(index, known);
    for (const [metric, packed] of Object.entries(series)) {
      const other = known.series[metric];
      const isHigher = packed.t === 'gauge' && (other?.t !== 'gauge' || packed.last > other.last);
      if (isHigher) known.series[metric] = packed;
    }
  }
  return [...intervals.values()];
}

/** Gauges that are read beside the load, such as the target's memory, in the order of time. */
export class GaugeLog {
  readonly #samples: { atMs: number; values: Record<string, number> }[] = [];

  /** @param atMs since the run's start */
  note(atMs: number, values: Record<string, number>): void {
    this.#samples.push({ atMs, values });
  }

  /** The last value of a gauge; null before any. */
  latest(metric: string): number | null {
    return this.#samples.findLast(({ values }) => metric in values)?.values[metric] ?? null;
  }

  /** As intervals that merge with those of the slices: the last value in each. */
  intervals(axis: TimeAxis): Interval[] {
    const intervals = new Map<number, Interval>();
    for (const { atMs, values } of this.#samples) {
      const index = axis.indexAt(atMs);
      const interval = intervals.get(index) ?? { index, series: {} };
      intervals.set(index, interval);
      for (const [metric, value] of Object.entries(values)) {
        interval.series[seriesKey(metric, axis.phases.length > 0 ? { phase: axis.phaseOf(index) } : {})] = {
          t: 'gauge',
          last: value,
          min: value,
          max: value,
          sum: value,
          n: 1,
        };
      }
    }
    return [...intervals.values()];
  }
}
