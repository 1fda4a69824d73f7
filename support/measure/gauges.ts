import { seriesKey } from './metrics.ts';
import type { Interval } from './recorder.ts';
import type { Packed } from './series.ts';
import type { TimeAxis } from './time-axis.ts';

type PackedGauge = Packed & { t: 'gauge' };

/** Of several readings of the same thing the highest in each interval: shards all ask one target. */
export function highest(readings: Interval[][]): Interval[] {
  const intervals = new Map<number, Interval>();
  for (const { index, series } of readings.flat()) {
    const known = intervals.get(index) ?? { index, series: {} };
    intervals.set(index, known);
    for (const [metric, packed] of Object.entries(series)) {
      if (packed.t !== 'gauge') continue;
      const other = gaugeOf(known.series[metric]) ?? packed;
      const higher = packed.last > other.last ? packed : other;
      known.series[metric] = { ...higher, max: Math.max(packed.max, other.max) };
    }
  }
  return [...intervals.values()];
}

function gaugeOf(packed: Packed | undefined): PackedGauge | undefined {
  return packed?.t === 'gauge' ? packed : undefined;
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

  /** As intervals that merge with those of the slices: the last value in each, and the least and the most, as an interval may be long. */
  intervals(axis: TimeAxis): Interval[] {
    const intervals = new Map<number, Interval>();
    for (const { atMs, values } of this.#samples) {
      const index = axis.indexAt(atMs);
      const interval = intervals.get(index) ?? { index, series: {} };
      intervals.set(index, interval);
      for (const [metric, value] of Object.entries(values)) {
        const key = seriesKey(metric, axis.phases.length > 0 ? { phase: axis.phaseOf(index) } : {});
        const { min, max, sum, n } = gaugeOf(interval.series[key]) ?? { min: value, max: value, sum: 0, n: 0 };
        interval.series[key] = {
          t: 'gauge',
          last: value,
          min: Math.min(min, value),
          max: Math.max(max, value),
          sum: sum + value,
          n: n + 1,
        };
      }
    }
    return [...intervals.values()];
  }
}
