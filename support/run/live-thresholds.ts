import { parseDuration } from '../input/duration.ts';
import { asksForMore, parseSelector } from '../judge/expression.ts';
import { lengthOf } from '../judge/summary.ts';
import { type Judged, judgeThreshold, type ThresholdSpec } from '../judge/thresholds.ts';
import { measuredBy } from '../judge/validity.ts';
import type { ThresholdResult } from '../judge/verdict.ts';
import { isWindowed, judgeWindowed } from '../judge/windowed.ts';
import type { Course } from '../judge/windows.ts';
import { builtinMetrics, type MetricDefinition, metricOf, type Wanted } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { durationOf } from '../schedule/plan.ts';
import type { Timeline } from '../schedule/timeline.ts';

/** The threshold for which a run was ended. */
export interface Abort {
  metric: string;
  expression: string;
  atMs: number;
}

/** Whether a threshold is missed so far is asked again after so long: it merges all that was measured. */
const ASK_EVERY_MS = 5_000;

interface Asked {
  source: string;
  spec: ThresholdSpec;
  /** Ms since the start from which on it may end the run; undefined for one that does not. */
  abortsFromMs: number | undefined;
}

/** Follows thresholds while a run lasts, and those that end it when they are missed. On one machine alone: a shard sees its own part only. */
export class LiveThresholds {
  readonly #timeline: Timeline;
  readonly #axis: TimeAxis;
  readonly #store = new MetricStore();
  readonly #asked: Asked[];
  readonly #metrics: Set<string>;
  #missing: ThresholdResult[] = [];
  #askedAtMs = Number.NEGATIVE_INFINITY;

  /** @param declared metrics of the scenarios' own */
  constructor(timeline: Timeline, declared: Record<string, MetricDefinition>) {
    this.#timeline = timeline;
    this.#axis = new TimeAxis(timeline.phases, timeline.intervalMs);
    this.#store.define(builtinMetrics);
    this.#store.define(declared);
    const all = timeline.shards > 1 ? [] : Object.entries(timeline.thresholds);
    this.#asked = all.flatMap(([source, specs]) =>
      this.#isKnown(source) ? specs.map((spec) => ({ source, spec, abortsFromMs: abortsFrom(spec) })) : [],
    );
    this.#metrics = new Set(this.#asked.map(({ source }) => parseSelector(source)!.metric));
  }

  /** A metric of a scenario that takes no part is declared by nobody. */
  #isKnown(source: string): boolean {
    return Object.hasOwn(this.#store.definitions, parseSelector(source)!.metric);
  }

  add({ index, series }: Interval): void {
    if (this.#asked.length === 0) return;
    const own = Object.entries(series).filter(([key]) => this.#metrics.has(metricOf(key)));
    this.#store.add({ index, series: Object.fromEntries(own) });
  }

  /** The first that is missed by what there is; undefined while there is none. */
  missed(elapsedMs: number): Abort | undefined {
    const found = this.#asked.find(
      (one) => one.abortsFromMs !== undefined && elapsedMs >= one.abortsFromMs && this.#isMissed(one, elapsedMs),
    );
    return found && { metric: found.source, expression: expressionOf(found.spec), atMs: elapsedMs };
  }

  /**
   * Those that are missed by what there is, whatever the generator's part in that; at most some seconds old. That of more than a
   * number is not one of them: it may still come.
   */
  missing(elapsedMs: number): readonly ThresholdResult[] {
    if (elapsedMs - this.#askedAtMs < ASK_EVERY_MS) return this.#missing;
    this.#askedAtMs = elapsedMs;
    this.#missing = this.#asked.flatMap(({ source, spec }) => {
      if (isWindowed(spec)) return [];
      const { outcome, result } = this.#judged(source, spec, elapsedMs);
      const isSum = this.#store.definitions[parseSelector(source)!.metric]!.type === 'counter';
      const mayCome = (isSum || result.unit === 'count') && asksForMore(result.expression);
      return outcome === 'missed' && !mayCome ? [result] : [];
    });
    return this.#missing;
  }

  get #scenarios() {
    const { scenarios } = this.#timeline;
    return scenarios.map(({ name, plan }) => ({ name, startMs: plan.startTimeMs, endMs: durationOf(plan) }));
  }

  #judged(source: string, spec: ThresholdSpec, elapsedMs: number): Judged {
    const { phases } = this.#timeline;
    const run = { phases, scenarios: this.#scenarios, durationMs: Math.max(1, elapsedMs) };
    return judgeThreshold(source, spec, {
      ...{ store: this.#store, phases, lengthOf: (tags: Wanted) => lengthOf(run, tags) },
    });
  }

  #isMissed({ source, spec }: Asked, elapsedMs: number): boolean {
    if (!isWindowed(spec)) return this.#judged(source, spec, elapsedMs).outcome === 'missed';
    const { durationMs } = this.#timeline;
    // What is under way would be a window with a part of its samples.
    const closedMs = this.#axis.startOf(this.#axis.indexAt(elapsedMs));
    const scenarios = this.#scenarios;
    const measured = measuredBy(this.#store);
    const latestMs = closedMs - parseDuration(spec.every)!;
    const toBegin = new Set(scenarios.flatMap(({ name, startMs }) => (startMs > latestMs + 1e-6 ? name : [])));
    const course: Course = {
      ...{ store: this.#store, axis: this.#axis, durationMs, suspects: [], scenarios },
      // Whose first window is still to end may be the one that measures it: nothing is missed before that begins.
      measures: (metric, tags, scenario) => measured(metric, tags, scenario) || toBegin.has(scenario),
    };
    const { count, windows } = judgeWindowed(source, spec, course).result;
    const missed = windows!.missed.filter(({ endMs }) => endMs <= closedMs + 1e-6).length;
    // Those to come may all hold.
    return missed > (1 - (spec.share ?? 1)) * count + 1e-9;
  }
}

function expressionOf(spec: ThresholdSpec): string {
  return typeof spec === 'string' ? spec : spec.threshold;
}

function abortsFrom(spec: ThresholdSpec): number | undefined {
  if (typeof spec === 'string' || !spec.abortOnFail) return undefined;
  return parseDuration(spec.delayAbortEval ?? '0s')!;
}
