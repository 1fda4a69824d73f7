import { parseDuration } from '../input/duration.ts';
import { asksForMore, parseExpression, parseSelector } from '../judge/expression.ts';
import { lengthOf } from '../judge/summary.ts';
import { type Judged, judgeThreshold, phasesAsked, type ThresholdSpec } from '../judge/thresholds.ts';
import { measuredBy } from '../judge/validity.ts';
import type { ThresholdResult } from '../judge/verdict.ts';
import { isWindowed, judgeWindowed } from '../judge/windowed.ts';
import type { Course } from '../judge/windows.ts';
import { listed } from '../judge/words/names.ts';
import { builtinMetrics, isOfBrowser, type MetricDefinition, metricOf, type Wanted } from '../measure/metrics.ts';
import type { Interval } from '../measure/recorder.ts';
import { type SliceId, sliceName } from '../measure/slice.ts';
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

/** What tells of iterations that are under way. */
const BEGUN_AND_ENDED = ['iteration_lateness', 'iteration_failed'];

interface Asked {
  source: string;
  spec: ThresholdSpec;
  /** Ms since the start from which on it may end the run; undefined for one that does not. */
  abortsFromMs: number | undefined;
  /** Of one in windows, until when all had told when it was looked at last. */
  lookedMs: number;
}

/** Follows thresholds while a run lasts, and those that end it when they are missed. On one machine alone: a shard sees its own part only. */
export class LiveThresholds {
  readonly #timeline: Timeline;
  readonly #axis: TimeAxis;
  readonly #store = new MetricStore();
  readonly #asked: Asked[];
  readonly #metrics: Set<string>;
  /** Of each slice the interval that it told of last. */
  readonly #newest = new Map<string, number>();
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
      this.#isKnown(source) ? specs.map((spec) => ({ source, spec, abortsFromMs: abortsFrom(spec), lookedMs: 0 })) : [],
    );
    this.#metrics = new Set([...BEGUN_AND_ENDED, ...this.#asked.map(({ source }) => parseSelector(source)!.metric)]);
  }

  /** A metric of a scenario that takes no part is declared by nobody. */
  #isKnown(source: string): boolean {
    return Object.hasOwn(this.#store.definitions, parseSelector(source)!.metric);
  }

  add(id: SliceId, { index, series }: Interval): void {
    if (this.#asked.length === 0) return;
    const name = sliceName(id);
    this.#newest.set(name, Math.max(index, this.#newest.get(name) ?? index));
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
      if (isWindowed(spec) || this.#sumOf(source, spec)) return [];
      const { outcome, result } = this.#judged(source, spec, (tags) => this.#lengthOf(tags, elapsedMs));
      return outcome === 'missed' && !mayStillCome(spec, result) ? [result] : [];
    });
    return this.#missing;
  }

  get #scenarios() {
    const { scenarios } = this.#timeline;
    return scenarios.map(({ name, plan }) => ({ name, startMs: plan.startTimeMs, endMs: durationOf(plan) }));
  }

  #lengthOf(tags: Wanted, elapsedMs: number): number {
    // Nothing in no time would be no number, and missed.
    const durationMs = Math.max(1, elapsedMs);
    return lengthOf({ phases: this.#timeline.phases, scenarios: this.#scenarios, durationMs }, tags);
  }

  #judged(source: string, spec: ThresholdSpec, lengthOf: (tags: Wanted) => number): Judged {
    const { phases } = this.#timeline;
    return judgeThreshold(source, spec, { store: this.#store, phases, lengthOf, isUnderWay: true });
  }

  /** Of what more is asked for than it adds up to: that number, or so much a second; undefined for any other figure. */
  #sumOf(source: string, spec: ThresholdSpec): 'number' | 'a-second' | undefined {
    const { metric } = parseSelector(source)!;
    const { aggregation } = parseExpression(expressionOf(spec))!;
    if (!asksForMore(expressionOf(spec))) return undefined;
    if (aggregation.method === 'count') return 'number';
    return this.#store.definitions[metric]!.type === 'counter' ? 'a-second' : undefined;
  }

  /** As long as all slices have told of, in ms since the start; one that is silent for longer is over. */
  #toldMs(): number {
    const newest = [...this.#newest.values()];
    const last = Math.max(...newest);
    return newest.length > 0 ? this.#axis.endOf(Math.min(...newest.filter((index) => index >= last - 1))) : 0;
  }

  /** A rate of what is to come is that of the time of which all have told, since any of it was to begin. */
  #isTooSlow(source: string, spec: ThresholdSpec, toldMs: number): boolean {
    const { metric, tags } = parseSelector(source)!;
    const { phases, scenarios } = this.#timeline;
    const kind = isOfBrowser(metric) ? 'journey' : 'load';
    const own = scenarios.filter((one) => one.kind === kind);
    const beginsMs = Math.min(...(own.length > 0 ? own : scenarios).map(({ plan }) => plan.startTimeMs));
    const lengthOf = (wanted: Wanted) => {
      const isOfAll = [wanted.scenario, wanted.journey, wanted.phase].every((tag) => tag === undefined);
      return this.#lengthOf(wanted, toldMs) - (isOfAll ? beginsMs : 0);
    };
    const phase = phasesAsked(tags, parseExpression(expressionOf(spec))!.of, phases);
    const hasBegun = lengthOf(phase ? { ...tags, phase } : tags) > 1;
    return hasBegun && this.#judged(source, spec, lengthOf).outcome === 'missed';
  }

  #isMissed(asked: Asked, elapsedMs: number): boolean {
    const { source, spec } = asked;
    const toldMs = Math.min(this.#toldMs(), elapsedMs);
    if (!isWindowed(spec)) {
      const sum = this.#sumOf(source, spec);
      // A number may still come.
      if (sum !== undefined) return sum === 'a-second' && this.#isTooSlow(source, spec, toldMs);
      const { outcome, result } = this.#judged(source, spec, (tags) => this.#lengthOf(tags, elapsedMs));
      return outcome === 'missed' && !mayStillCome(spec, result);
    }
    const { durationMs } = this.#timeline;
    // What is under way, or not told of by all, would be a window with a part of its samples.
    const closedMs = this.#axis.startOf(this.#axis.indexAt(toldMs));
    // Each look goes through all windows: after a day that would be a good part of a core, second by second.
    if (closedMs <= asked.lookedMs) return false;
    asked.lookedMs = closedMs;
    const scenarios = this.#scenarios;
    const measured = measuredBy(this.#store);
    const latestMs = closedMs - parseDuration(spec.every)!;
    const toBegin = new Set(scenarios.flatMap(({ name, startMs }) => (startMs > latestMs + 1e-6 ? name : [])));
    const course: Course = {
      ...{ store: this.#store, axis: this.#axis, durationMs, suspects: [], scenarios, isUnderWay: true },
      // Whose first window is still to end may be the one that measures it: nothing is missed before that begins.
      measures: (metric, tags, scenario) => measured(metric, tags, scenario) || toBegin.has(scenario),
    };
    const { count, windows } = judgeWindowed(source, spec, course).result;
    const missed = windows!.missed.filter(({ endMs }) => endMs <= closedMs + 1e-6).length;
    // Those to come may all hold.
    return missed > (1 - (spec.share ?? 1)) * count + 1e-9;
  }
}

/** Of a shard, which thresholds ask for an end of the run that does not come; undefined where none does. */
export function abortsLeftOut({ shards, thresholds }: Pick<Timeline, 'shards' | 'thresholds'>): string | undefined {
  if (shards === 1) return undefined;
  const asking = Object.entries(thresholds).flatMap(([source, specs]) =>
    specs.filter((spec) => abortsFrom(spec) !== undefined).map((spec) => `${expressionOf(spec)} of ${source}`),
  );
  if (asking.length === 0) return undefined;
  return `abortOnFail is left out of ${listed(asking)}: a shard sees a part of the run alone, and goes on to its end.`;
}

/** Of a number that is asked for exactly, or of any but one, as long as it grows towards that. */
function mayStillCome(spec: ThresholdSpec, { observed, limit }: ThresholdResult): boolean {
  const { aggregation, operator } = parseExpression(expressionOf(spec))!;
  return aggregation.method === 'count' && /^[=!]/.test(operator) && observed! <= limit!;
}

function expressionOf(spec: ThresholdSpec): string {
  return typeof spec === 'string' ? spec : spec.threshold;
}

function abortsFrom(spec: ThresholdSpec): number | undefined {
  if (typeof spec === 'string' || !spec.abortOnFail) return undefined;
  return parseDuration(spec.delayAbortEval ?? '0s')!;
}
