import { ErrorCounts } from '../measure/error-counts.ts';
import { Trend } from '../measure/histogram.ts';
import { type MetricDefinition, metricOf } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { type TrendSeries, unpack } from '../measure/series.ts';
import type { TimeAxis } from '../measure/time-axis.ts';
import type { LiveScenario } from '../report/live.ts';

/** Browser sessions and steps are few: their figures are taken over this many intervals. */
const JOURNEY_INTERVALS = 10;

/** A slice that is this many intervals behind the others is taken for dead. */
const DEAD_AFTER_INTERVALS = 2;

/** What slices of one scenario measured in one interval, as far as the live display shows it. */
interface Moment {
  slices: number;
  iterations: number;
  vus: number;
  times: Trend;
  lateness: Trend;
}

interface ScenarioProgress {
  name: string;
  kind: 'load' | 'journey';
  slices: number;
  maxVUs: number;
  iterations: number;
  failed: number;
  dropped: number;
  /** The metric that tells what is waited for. */
  time: string;
  /** By interval; what comes late to one that is shown belongs to it. */
  moments: Map<number, Moment>;
}

export interface ProgressScenario {
  name: string;
  kind: 'load' | 'journey';
  /** How many of its slices report here. */
  slices: number;
  maxVUs: number;
}

/** Follows a run by the intervals that its slices stream, for the live display. */
export class Progress {
  readonly #scenarios: Map<string, ScenarioProgress>;
  readonly #axis: TimeAxis;
  readonly #waitedFor: ReadonlySet<string>;
  readonly #errors = new ErrorCounts();

  /** @param metrics those that the scenarios declare */
  constructor(scenarios: ProgressScenario[], axis: TimeAxis, metrics: Readonly<Record<string, MetricDefinition>> = {}) {
    this.#axis = axis;
    this.#waitedFor = new Set(Object.keys(metrics).filter((metric) => metrics[metric]!.waitedFor));
    this.#scenarios = new Map(
      scenarios.map((one) => {
        const time = one.kind === 'journey' ? 'browser_step_duration' : 'iteration_response_time';
        return [one.name, { ...one, iterations: 0, failed: 0, dropped: 0, time, moments: new Map() }];
      }),
    );
  }

  add(scenarioName: string, { index, series, errors = {} }: Interval): void {
    const scenario = this.#scenarios.get(scenarioName);
    if (!scenario) return;
    for (const [name, count] of Object.entries(errors)) this.#errors.add(name, count);
    let moment = scenario.moments.get(index);
    if (!moment) {
      moment = { slices: 0, iterations: 0, vus: 0, times: new Trend(), lateness: new Trend() };
      scenario.moments.set(index, moment);
      for (const old of scenario.moments.keys()) if (old < index - JOURNEY_INTERVALS) scenario.moments.delete(old);
    }
    // What comes late to an interval has no gauges: those were read at its end.
    if (Object.values(series).some(({ t }) => t === 'gauge')) moment.slices += 1;
    scenario.time =
      Object.keys(series)
        .map(metricOf)
        .find((metric) => this.#waitedFor.has(metric)) ?? scenario.time;
    for (const [key, packed] of Object.entries(series)) {
      const metric = metricOf(key);
      if (packed.t === 'counter' && metric === 'iterations') {
        moment.iterations += packed.sum;
        scenario.iterations += packed.sum;
      }
      if (packed.t === 'counter' && metric === 'dropped_iterations') scenario.dropped += packed.sum;
      if (packed.t === 'rate' && metric === 'iteration_failed') scenario.failed += packed.passes;
      if (packed.t === 'gauge' && metric === 'vus') moment.vus += packed.last;
      if (metric === scenario.time) moment.times.merge((unpack(packed) as TrendSeries).trend);
      if (metric === 'generator_lateness') moment.lateness.merge((unpack(packed) as TrendSeries).trend);
    }
  }

  /** Failures of the run so far by name. */
  get errors(): Readonly<Record<string, number>> {
    return this.#errors.byName;
  }

  scenarios(): LiveScenario[] {
    return [...this.#scenarios.values()].map((scenario) => {
      const { name, kind, maxVUs, iterations, failed, dropped } = scenario;
      const moment = this.#latest(scenario);
      const shown = kind === 'journey' ? [...scenario.moments.values()] : moment ? [moment] : [];
      const times = new Trend();
      for (const { times: some } of shown) times.merge(some);
      const ended = shown.reduce((sum, { iterations: some }) => sum + some, 0);
      return {
        name,
        kind,
        ratePerSecond: (1_000 * ended) / (Math.max(1, shown.length) * this.#axis.intervalMs),
        p95Ms: times.count > 0 ? times.percentile(95) : null,
        iterations,
        failed,
        dropped,
        activeVUs: moment?.vus ?? 0,
        maxVUs,
      };
    });
  }

  /** 99th percentile of the generator's lateness over all scenarios' latest interval, ms; null before anything was measured. */
  latenessP99Ms(): number | null {
    return this.#together(99, ({ lateness }) => lateness);
  }

  /** 95th percentile of the response time over all loads' latest interval, ms; null before anything was measured. */
  p95Ms(): number | null {
    return this.#together(95, ({ times }, kind) => (kind === 'load' ? times : undefined));
  }

  #together(percent: number, of: (moment: Moment, kind: ScenarioProgress['kind']) => Trend | undefined): number | null {
    const all = new Trend();
    for (const scenario of this.#scenarios.values()) {
      const moment = this.#latest(scenario);
      const some = moment && of(moment, scenario.kind);
      if (some) all.merge(some);
    }
    return all.count > 0 ? all.percentile(percent) : null;
  }

  /** The newest interval that all slices have delivered; a slice that died no longer does. */
  #latest({ moments, slices }: ScenarioProgress): Moment | undefined {
    const newest = [...moments.entries()].sort(([a], [b]) => b - a).map(([, moment]) => moment);
    const recent = newest.slice(0, DEAD_AFTER_INTERVALS + 1);
    return recent.find((moment) => moment.slices >= slices) ?? newest[1] ?? newest[0];
  }
}
