import { type Failure, FailureExamples } from './failures.ts';
import type { MetricDefinition, MetricType, Tags } from './metrics.ts';
import { builtinMetrics, safeTag, seriesKey } from './metrics.ts';
import { type AnySeries, mergeInto, newSeries, type Packed } from './series.ts';

/** What one slice measured between two instants; intervals of all slices share their boundaries. */
export interface Interval {
  /** Counts intervals from the run's start. */
  index: number;
  series: Record<string, Packed>;
}

/** More series than this in one slice is a tag with unbounded values (an id, a URL), not a measurement. */
const MAX_SERIES = 1_000;
const MAX_ERROR_NAMES = 100;

/** Metrics that are followed over time also where there is no room for all: rates, response times and what a person feels. */
const followed =
  /^(iteration|dropped_|vus|checks|http_reqs|http_req_failed|generator_lateness|browser_(web_vital_(lcp|inp|ttfb)|step_duration|remote_change_to_paint))/;

/** An interval without those series of which only the whole run will be told. */
export function followedOnly({ index, series }: Interval): Interval {
  return { index, series: Object.fromEntries(Object.entries(series).filter(([key]) => followed.test(key))) };
}

/** Collects what one slice measures. Adding is synchronous and allocation-free; packing happens once an interval. */
export class Recorder {
  readonly definitions: Readonly<Record<string, MetricDefinition>>;
  /** Failures by name over the whole run; names beyond a bound are counted as `other`. */
  readonly errors: Record<string, number> = {};
  /** The same of those that are known to be of one operation. */
  readonly errorsByOperation: Record<string, Record<string, number>> = {};
  /** Of failures by name the first, in full. */
  readonly examples = new FailureExamples();
  readonly #scenario: string;
  readonly #kind: 'load' | 'journey';
  readonly #live = new Map<string, AnySeries>();
  /** The same series again, found without building a key. */
  readonly #untagged = new Map<string, AnySeries>();
  readonly #checks = new Map<string, AnySeries>();
  readonly #samplers: (() => void)[] = [];
  readonly #underWay: (() => void)[] = [];
  readonly #totals = new Map<string, AnySeries>();

  /**
   * Every series carries the tag `scenario`; `browser_*` metrics of a journey carry `journey` in its place.
   * @param declared metrics of the scenario's own, beside the built-in ones
   */
  constructor(scenario: string, kind: 'load' | 'journey', declared: Record<string, MetricDefinition> = {}) {
    this.#scenario = scenario;
    this.#kind = kind;
    this.definitions = { ...builtinMetrics, ...declared };
  }

  trend(metric: string, tags: Tags = {}): AnySeries & { type: 'trend' } {
    return this.#series(metric, 'trend', tags) as AnySeries & { type: 'trend' };
  }
  rate(metric: string, tags: Tags = {}): AnySeries & { type: 'rate' } {
    return this.#series(metric, 'rate', tags) as AnySeries & { type: 'rate' };
  }
  counter(metric: string, tags: Tags = {}): AnySeries & { type: 'counter' } {
    return this.#series(metric, 'counter', tags) as AnySeries & { type: 'counter' };
  }
  gauge(metric: string, tags: Tags = {}): AnySeries & { type: 'gauge' } {
    return this.#series(metric, 'gauge', tags) as AnySeries & { type: 'gauge' };
  }

  /** Adds one value. Throws when the metric was never declared. Code that adds often with tags keeps the series itself. */
  add(metric: string, value: number, tags?: Tags): void {
    if (tags) {
      this.#series(metric, undefined, tags).add(value);
      return;
    }
    let series = this.#untagged.get(metric);
    if (!series) {
      series = this.#series(metric, undefined, {});
      this.#untagged.set(metric, series);
    }
    series.add(value);
  }

  /** k6's check: counts into `checks`, tagged with its name; a failed one also among the errors. */
  check(name: string, passed: boolean, operation?: string): void {
    let series = this.#checks.get(name);
    if (!series) {
      series = this.#series('checks', 'rate', { check: name });
      this.#checks.set(name, series);
    }
    series.add(passed ? 1 : 0);
    if (!passed) this.error(`check: ${name}`, operation);
  }

  /** Counts a failure under a name that groups its like: `HTTP 500`, `ECONNRESET`, `check: status is 200`. */
  error(name: string, operation?: string): void {
    count(this.errors, name);
    if (operation === undefined) return;
    this.errorsByOperation[operation] ??= {};
    count(this.errorsByOperation[operation], name);
  }

  /** The same with what there is to read of it, which is kept for the first of its name. */
  failure(failure: Omit<Failure, 'scenario'>): void {
    this.error(failure.name, failure.operation);
    this.examples.add({ scenario: this.#scenario, ...failure });
  }

  /** Runs before each packing: the place to read gauges. */
  onPack(sampler: () => void): void {
    this.#samplers.push(sampler);
  }

  /** Runs once when iterations were cut off at the end: the place to record, as {@link unfinished}, what has no answer yet. */
  onCutOff(record: () => void): void {
    this.#underWay.push(record);
  }

  /** Measuring ends, and there is work that did not. */
  cutOff(): void {
    for (const record of this.#underWay.splice(0)) record();
  }

  /** What was added since the last packing; series without samples are left out. */
  pack(): Record<string, Packed> {
    for (const sample of this.#samplers) sample();
    const packed: Record<string, Packed> = {};
    for (const [key, series] of this.#live) {
      if (series.count === 0) continue;
      packed[key] = series.pack();
      this.#addUp(key, series);
      series.reset();
    }
    return packed;
  }

  /** Everything that was packed so far, as one; without gauges, which only count at their instant. */
  totals(): Record<string, Packed> {
    return Object.fromEntries([...this.#totals].map(([key, series]) => [key, series.pack()]));
  }

  #addUp(key: string, series: AnySeries): void {
    if (series.type === 'gauge') return;
    const total = this.#totals.get(key) ?? newSeries(series.type);
    mergeInto(total, series);
    this.#totals.set(key, total);
  }

  #series(metric: string, type: MetricType | undefined, tags: Tags): AnySeries {
    const definition = this.definitions[metric];
    if (!definition) {
      throw new Error(`metric "${metric}" is not declared: name it in the scenario's metrics: { ${metric}: … }`);
    }
    if (type && definition.type !== type) throw new Error(`metric "${metric}" is a ${definition.type}, not a ${type}`);
    const own = this.#kind === 'journey' && metric.startsWith('browser_') ? 'journey' : 'scenario';
    const clean: Record<string, string> = { [own]: this.#scenario };
    for (const [name, value] of Object.entries(tags)) clean[name] = safeTag(value);
    const key = seriesKey(metric, clean);
    let found = this.#live.get(key);
    if (!found) {
      if (this.#live.size >= MAX_SERIES) {
        throw new Error(
          `metric "${metric}" would be series number ${MAX_SERIES + 1}: a tag takes unbounded values (${key})`,
        );
      }
      found = newSeries(definition.type);
      this.#live.set(key, found);
    }
    return found;
  }
}

function count(errors: Record<string, number>, name: string): void {
  const known = name in errors || Object.keys(errors).length < MAX_ERROR_NAMES;
  const bucket = known ? name : 'other';
  errors[bucket] = (errors[bucket] ?? 0) + 1;
}
