import { parseDuration } from '../duration.ts';
import { parseSelector } from '../judge/expression.ts';
import { lengthOf } from '../judge/summary.ts';
import { judgeThreshold, type ThresholdSpec } from '../judge/thresholds.ts';
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

type Aborting = Exclude<ThresholdSpec, string>;

/** Follows the thresholds that end a run when they are missed. On one machine alone: a shard sees its own part only. */
export class LiveThresholds {
  readonly #timeline: Timeline;
  readonly #axis: TimeAxis;
  readonly #store = new MetricStore();
  readonly #asked: { source: string; spec: Aborting; afterMs: number }[];
  readonly #metrics: Set<string>;

  /** @param declared metrics of the scenarios' own */
  constructor(timeline: Timeline, declared: Record<string, MetricDefinition>) {
    this.#timeline = timeline;
    this.#axis = new TimeAxis(timeline.phases, timeline.intervalMs);
    this.#store.define(builtinMetrics);
    this.#store.define(declared);
    const all = timeline.shards > 1 ? [] : Object.entries(timeline.thresholds);
    this.#asked = all.flatMap(([source, specs]) =>
      specs.flatMap((spec) =>
        typeof spec !== 'string' && spec.abortOnFail && this.#isKnown(source)
          ? [{ source, spec, afterMs: parseDuration(spec.delayAbortEval ?? '0s')! }]
          : [],
      ),
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
    const found = this.#asked.find((one) => elapsedMs >= one.afterMs && this.#isMissed(one, elapsedMs));
    return found && { metric: found.source, expression: found.spec.threshold, atMs: elapsedMs };
  }

  #isMissed({ source, spec }: { source: string; spec: Aborting }, elapsedMs: number): boolean {
    const { phases, scenarios, durationMs } = this.#timeline;
    // What is under way would be a window with a part of its samples.
    const closedMs = this.#axis.startOf(this.#axis.indexAt(elapsedMs));
    const spans = scenarios.map(({ name, plan }) => ({ name, startMs: plan.startTimeMs, endMs: durationOf(plan) }));
    const run = { phases, scenarios: spans, durationMs: Math.max(1, elapsedMs) };
    if (!isWindowed(spec)) {
      const measured = { store: this.#store, phases, lengthOf: (tags: Wanted) => lengthOf(run, tags) };
      return judgeThreshold(source, spec, measured).outcome === 'missed';
    }
    const course = (until: number): Course => ({
      store: this.#store,
      axis: this.#axis,
      durationMs: until,
      suspects: [],
      measures: () => true,
    });
    const { everyMs, missed: all } = judgeWindowed(source, spec, course(closedMs)).result.windows!;
    // What has begun of the next window stands in the last one until then.
    const missed = all.filter(({ startMs, endMs }) => endMs - startMs <= everyMs + 1e-6).length;
    if (missed === 0) return false;
    // Those to come may all hold.
    const { count } = judgeWindowed(source, spec, course(durationMs)).result;
    return missed > (1 - (spec.share ?? 1)) * count + 1e-9;
  }
}
