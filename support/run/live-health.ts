import { signalsOf } from '../judge/health.ts';
import type { HealthSignal } from '../judge/verdict.ts';
import type { HealthLimits } from '../measure/health.ts';
import { Trend } from '../measure/histogram.ts';
import { builtinMetrics, groupOf, metricOf } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { TrendSeries, unpack } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import type { ProgressScenario } from './progress.ts';

const MACHINE_CPU = 'machine_cpu_percent';

/** The generator's health while a run lasts, by what its slices stream: the same signals as in the verdict, as far as they go. */
export class LiveHealth {
  readonly #store = new MetricStore();
  readonly #facts: Omit<Parameters<typeof signalsOf>[0], 'store' | 'errors'>;
  readonly #told = new Set<string>();
  /** Machine CPU of the newest interval. */
  #cpu = new Trend();
  #interval = -1;

  constructor(scenarios: ProgressScenario[], phases: readonly Phase[], limits: HealthLimits) {
    this.#store.define(builtinMetrics);
    const end = { startLateMs: 0, durationMs: 0, interrupted: 0, cpuSeconds: 0 };
    this.#facts = {
      limits,
      phases,
      named: [],
      scenarios: scenarios.map(({ name, maxVUs }) => ({ name, maxVUs, isOpen: true })),
      slices: scenarios.flatMap(({ name, slices }) =>
        Array.from({ length: slices }, (_, index) => ({ scenario: name, slice: { index }, end })),
      ),
    };
  }

  add({ index, series }: Interval): void {
    const own = Object.entries(series).filter(([key]) => groupOf(metricOf(key)) === 'generator');
    this.#store.add({ index, series: Object.fromEntries(own) });
    if (index < this.#interval) return;
    if (index > this.#interval) this.#cpu = new Trend();
    this.#interval = index;
    for (const [key, packed] of own) {
      if (metricOf(key) !== MACHINE_CPU) continue;
      const reading = unpack(packed);
      if (reading instanceof TrendSeries) this.#cpu.merge(reading.trend);
    }
  }

  /** Of the machine, mean of what its slices read in the newest interval; null before any. */
  machineCpuPercent(): number | null {
    return this.#cpu.count > 0 ? this.#cpu.avg : null;
  }

  /** Signals that are beyond their limits for the first time. */
  news(): HealthSignal[] {
    return signalsOf({ ...this.#facts, store: this.#store, errors: {} }).filter((signal) => {
      const name = [signal.signal, signal.scenario, signal.phase].join();
      if (signal.ok || this.#told.has(name)) return false;
      this.#told.add(name);
      return true;
    });
  }
}
