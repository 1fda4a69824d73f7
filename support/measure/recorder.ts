import { ErrorCounts } from './error-counts.ts';
import { aboutMetric, type Failure, FailureExamples, textOf, thrown } from './failures.ts';
import type { MetricDefinition, MetricType, Tags } from './metrics.ts';
import { builtinMetrics, isOfBrowser, metricOf, parseSeriesKey, seriesKey } from './metrics.ts';
import { OneOfMany } from './one-of-many.ts';
import { ownOf } from './own.ts';
import { type Course, IntervalSeries, type RecordedSeries } from './recorded-series.ts';
import { type AnySeries, type GaugeSeries, mergeInto, newSeries, type Packed, truthOf, unpack } from './series.ts';
import { FirstValues, type FoldedTag, NamedValues } from './tag-values.ts';

/** What one slice measured between two instants; intervals of all slices share their boundaries. */
export interface Interval {
  /** Counts intervals from the run's start. */
  index: number;
  series: Record<string, Packed>;
  /** Failures by name that came to be known in it; absent without any. */
  errors?: Record<string, number>;
}

/** So many series of one slice are told apart by tags of an author's own; the values of further ones are folded. */
const MAX_SERIES = 1_000;
/** Beside these, so many of which only the whole is told. */
const MAX_MANY = 3_000;
/** Tags that every sample has. */
const SET_TAGS = ['scenario', 'journey', 'phase'];
/** Series that a caller's tags are looked up for without spelling their key again. */
const MAX_KNOWN = 1_000;

/**
 * An interval without those series of which only the whole run will be told. Of gauges there is nothing but their intervals.
 * @param also metrics that are followed all the same
 */
export function followedOnly(
  { index, series }: Interval,
  definitions: Readonly<Record<string, MetricDefinition>>,
  also: ReadonlySet<string> = new Set(),
): Interval {
  const followed = Object.entries(series).filter(
    ([key, { t }]) => t === 'gauge' || definitions[metricOf(key)]?.followed || also.has(metricOf(key)),
  );
  return { index, series: Object.fromEntries(followed) };
}

/** Collects what one slice measures. Adding is synchronous and allocation-free; packing happens once an interval. */
export class Recorder {
  readonly definitions: Readonly<Record<string, MetricDefinition>>;
  readonly #errors = new ErrorCounts();
  /** Failures by name over the whole run. */
  readonly errors: Record<string, number> = this.#errors.byName;
  /** Of these, what was told with the last interval. */
  #told: Record<string, number> = {};
  readonly #errorsByOperation = new Map<string, ErrorCounts>();
  /** VUs that had their last look once the load was over, and those of which it failed. */
  readonly settled = { tries: 0, failed: 0 };
  /** Operations in which something was checked; `''` where it was checked outside of any. */
  readonly checked = new Set<string>();
  /** Of failures by name the first, in full. */
  readonly examples = new FailureExamples();
  readonly #scenario: string;
  readonly #kind: 'load' | 'journey';
  readonly #clean: (name: string) => string;
  /** Names as they were given, to what they are shown as. */
  readonly #names = new Map<string, string>();
  readonly #live = new Map<string, IntervalSeries>();
  /** Those of a metric of many that are told of together over time, under the second key. */
  readonly #many = new Map<string, OneOfMany>();
  readonly #together = new Map<string, IntervalSeries>();
  /** The same series again, found without building a key. */
  readonly #untagged = new Map<string, RecordedSeries>();
  readonly #checks = new Map<string, RecordedSeries>();
  readonly #samplers: (() => void)[] = [];
  readonly #underWay: (() => void)[] = [];
  readonly #totals = new Map<string, AnySeries>();
  /** Of those that are told of together over time, once measuring has ended. */
  #ofMany: Record<string, Packed> | undefined;
  readonly #values: FirstValues;
  #course: Course | undefined;
  #index = 0;
  /** Gauges as they were last, by key. */
  readonly #levels = new Map<string, number>();
  /** Keys with the phase, by key and phase. */
  readonly #phased = new Map<string, string>();

  /**
   * Every series carries the tag `scenario`; `browser_*` metrics of a journey carry `journey` in its place.
   * @param declared metrics of the scenario's own, beside the built-in ones
   * @param named values of tags that are told apart however many others there are
   * @param clean takes secrets out of a name; asked once for each
   */
  constructor(
    scenario: string,
    kind: 'load' | 'journey',
    declared: Record<string, MetricDefinition> = {},
    named = new NamedValues(),
    clean = (name: string) => name,
  ) {
    this.#scenario = scenario;
    this.#kind = kind;
    this.#clean = clean;
    this.definitions = { ...builtinMetrics, ...declared };
    this.#values = new FirstValues(named, (metric) => this.definitions[metric]);
  }

  /** Tags that took more values than are told apart. */
  get folded(): FoldedTag[] {
    return this.#values.folded.list();
  }

  trend(metric: string, tags: Tags = {}): RecordedSeries {
    return this.#series(metric, 'trend', tags);
  }
  rate(metric: string, tags: Tags = {}): RecordedSeries {
    return this.#series(metric, 'rate', tags);
  }
  counter(metric: string, tags: Tags = {}): RecordedSeries {
    return this.#series(metric, 'counter', tags);
  }
  gauge(metric: string, tags: Tags = {}): RecordedSeries {
    return this.#series(metric, 'gauge', tags);
  }

  /**
   * Adds one value. Throws when the metric was never declared; a value that is none of the metric's is counted among the errors.
   * Code that adds often with tags keeps the series itself.
   * @param at when the work was due, or began, on the clock of `performance.now()`; default: now
   */
  add(metric: string, value: number | boolean, tags?: Tags, at?: number): void {
    let series = tags ? this.#series(metric, undefined, tags) : this.#untagged.get(metric);
    if (!series) {
      series = this.#series(metric, undefined, {});
      this.#untagged.set(metric, series);
    }
    // What a rate takes for true, the others refuse.
    series.add(value as number, at);
  }

  /** The same for an author, whose own tag of a name that every sample has would be lost. */
  addOwn(metric: string, value: number | boolean, tags?: Tags, at?: number): void {
    const taken = tags && SET_TAGS.find((tag) => Object.hasOwn(tags, tag));
    if (taken) throw new Error(`tag "${taken}" of metric "${metric}" is one that every sample has: name it otherwise`);
    this.add(metric, value, tags, at);
  }

  /**
   * k6's check: counts into `checks`, tagged with its name; a failed one also among the errors. What is neither true nor false
   * has failed.
   */
  check(name: string, passed: boolean, operation?: string, at?: number): boolean {
    if (typeof name !== 'string')
      return this.check(
        textOf(() => name),
        passed,
        operation,
        at,
      );
    this.checked.add(operation ?? '');
    let series = this.#checks.get(name);
    if (!series) {
      series = this.#series('checks', 'rate', { check: name });
      if (this.#checks.size < MAX_KNOWN) this.#checks.set(name, series);
    }
    const held = truthOf(passed, (what) => this.error(`check "${name}": ${what}`, operation)) ?? false;
    series.add(held ? 1 : 0, at);
    if (!held) this.error(`check: ${name}`, operation);
    return held;
  }

  /** Counts a failure under a name that groups its like: `HTTP 500`, `ECONNRESET`, `check: status is 200`. */
  error(failure: string, operation?: string): void {
    const name = this.#cleaned(failure);
    this.#errors.add(name, 1);
    if (operation === undefined) return;
    const own = this.#errorsByOperation.get(operation) ?? new ErrorCounts();
    this.#errorsByOperation.set(operation, own);
    own.add(name, 1);
  }

  /** Failures by name since this was asked before; undefined without any. */
  takeErrors(): Record<string, number> | undefined {
    const fresh = Object.entries(this.errors)
      .map(([name, count]) => [name, count - (ownOf(this.#told, name) ?? 0)] as const)
      .filter(([, count]) => count > 0);
    this.#told = { ...this.errors };
    return fresh.length > 0 ? Object.fromEntries(fresh) : undefined;
  }

  /** Failures by name of those that are known to be of one operation. */
  get errorsByOperation(): Record<string, Record<string, number>> {
    return Object.fromEntries([...this.#errorsByOperation].map(([operation, { byName }]) => [operation, byName]));
  }

  /** The same with what there is to read of it, which is kept for the first of its name. */
  failure(failure: Omit<Failure, 'scenario'>): void {
    this.error(failure.name, failure.operation);
    this.examples.add({ scenario: this.#scenario, ...failure });
  }

  /**
   * The same of what a listener of the author's threw.
   * @param what the listener: `WebSocket: onMessage`
   * @returns its name
   */
  threw(what: string, error: unknown): string {
    const { error: text, at } = thrown(error);
    const name = `${what} threw ${error instanceof Error ? textOf(() => error.name) : 'what is no error'}`;
    this.failure({ name, error: this.#clean(text), at });
    return name;
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

  /** The run begins: from here on what is added lies in its intervals, of which this is the first. */
  begin(course: Course): void {
    this.#course = course;
    this.enter(0);
  }

  /** From here on it is interval `index`. */
  enter(index: number): void {
    this.#index = index;
    for (const all of [this.#live, this.#together, this.#many]) {
      for (const series of all.values()) series.enter(index, this.#course!);
    }
  }

  /** What was added to this interval since the last packing; series without samples are left out. */
  pack(): Record<string, Packed> {
    for (const sample of this.#samplers) sample();
    const packed: Record<string, Packed> = {};
    for (const [key, recorded] of this.#live) this.#pack(key, this.#index, recorded.current, packed);
    for (const [key, recorded] of this.#together) this.#pack(key, this.#index, recorded.current, packed, false);
    return packed;
  }

  /** What has come since the last packing to intervals that are over: of work that was due in them and ended later. */
  packLate(): Interval[] {
    const late = new Map<number, Record<string, Packed>>();
    for (const all of [this.#live, this.#together]) {
      for (const [key, recorded] of all) {
        for (const [index, series] of recorded.takeLate()) {
          const packed = late.get(index) ?? {};
          late.set(index, packed);
          this.#pack(key, index, series, packed, all === this.#live);
        }
      }
    }
    return [...late].map(([index, series]) => ({ index, series })).sort((a, b) => a.index - b.index);
  }

  /** @param isWhole it is in the totals by what was packed; others have totals of their own */
  #pack(key: string, index: number, series: AnySeries, into: Record<string, Packed>, isWhole = true): void {
    if (series.type === 'gauge') this.#hold(key, series);
    if (series.count === 0) return;
    const phased = this.#keyIn(key, this.#course?.axis.phaseOf(index));
    try {
      const known = into[phased] && unpack(into[phased]);
      if (known) mergeInto(known, series);
      into[phased] = (known ?? series).pack();
      if (isWhole) this.#addUp(phased, series);
    } catch (error) {
      // Whatever is wrong with one series, the others are kept.
      this.error(`${key} was not kept: ${(error as Error).message}`);
    }
    series.reset();
  }

  /** A gauge stays what it was until it is read again: without it the sum of all slices would lack this one. */
  #hold(key: string, gauge: GaugeSeries): void {
    const level = this.#levels.get(key);
    if (gauge.count > 0) this.#levels.set(key, gauge.last);
    else if (level !== undefined) gauge.add(level);
  }

  /** With the phase, once there is one. */
  #keyIn(key: string, phase: string | undefined): string {
    if (phase === undefined) return key;
    const name = `${phase} ${key}`;
    const known = this.#phased.get(name);
    if (known !== undefined) return known;
    const { metric, tags } = parseSeriesKey(key);
    const phased = seriesKey(metric, { ...tags, phase });
    this.#phased.set(name, phased);
    return phased;
  }

  /** Measuring has ended, and all was packed: what is added from now on counts no more. */
  end(): void {
    this.#ofMany = this.#packMany();
  }

  /** Everything that was packed so far, as one; without gauges, which only count at their instant. */
  totals(): Record<string, Packed> {
    const all = [...this.#totals].map(([key, series]): [string, Packed] => [key, series.pack()]);
    return { ...Object.fromEntries(all), ...(this.#ofMany ?? this.#packMany()) };
  }

  #packMany(): Record<string, Packed> {
    const packed: Record<string, Packed> = {};
    for (const [key, one] of this.#many) {
      for (const [phase, series] of one.byPhase()) {
        if (series.count > 0) packed[this.#keyIn(key, phase)] = series.pack();
      }
    }
    return packed;
  }

  #cleanTags(tags: Tags): Tags {
    return Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, this.#cleaned(value)]));
  }

  /** @param name what an author gave as one */
  #cleaned(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const clean = this.#clean(textOf(() => name));
    if (this.#names.size < MAX_SERIES) this.#names.set(name, clean);
    return clean;
  }

  #addUp(key: string, series: AnySeries): void {
    if (series.type === 'gauge') return;
    const total = this.#totals.get(key) ?? newSeries(series.type);
    mergeInto(total, series);
    this.#totals.set(key, total);
  }

  #series(metric: string, type: MetricType | undefined, tags: Tags): RecordedSeries {
    const definition = ownOf(this.definitions, metric);
    if (!definition) {
      throw new Error(`metric "${metric}" is not declared: name it in the scenario's metrics: { ${metric}: … }`);
    }
    if (type && definition.type !== type) throw new Error(`metric "${metric}" is a ${definition.type}, not a ${type}`);
    const own = this.#kind === 'journey' && isOfBrowser(metric) ? 'journey' : 'scenario';
    const counted = this.#values.of(metric, this.#cleanTags(tags));
    const key = seriesKey(metric, { ...counted, [own]: this.#scenario });
    const found = this.#live.get(key) ?? this.#many.get(key);
    if (found) return found;
    const overTime = seriesKey(metric, { ...this.#values.overTime(metric, counted), [own]: this.#scenario });
    const isOne = overTime !== key;
    if (isOne && this.#many.size < MAX_MANY) return this.#newOneOfMany(key, overTime, metric, definition);
    if (!isOne && this.#live.size < MAX_SERIES) return this.#newLive(this.#live, key, metric, definition);
    // Without tags of an author's own this is the same series, and there are only so many of these.
    const folded = seriesKey(metric, { ...this.#values.fold(metric, counted), [own]: this.#scenario });
    return this.#live.get(folded) ?? this.#newLive(this.#live, folded, metric, definition);
  }

  #newOneOfMany(key: string, overTime: string, metric: string, definition: MetricDefinition): OneOfMany {
    const together = this.#together.get(overTime) ?? this.#newLive(this.#together, overTime, metric, definition);
    const { type, contains } = definition;
    // What is wrong with a value, those that it is told of with have said.
    const one = new OneOfMany(() => newSeries(type, contains, () => {}), together);
    if (this.#course) one.enter(this.#index, this.#course);
    this.#many.set(key, one);
    return one;
  }

  #newLive(
    all: Map<string, IntervalSeries>,
    key: string,
    metric: string,
    { type, contains }: MetricDefinition,
  ): IntervalSeries {
    const refuse = (what: string) => this.error(`${aboutMetric(metric)}${what}`);
    const series = new IntervalSeries(() => newSeries(type, contains, refuse));
    if (this.#course) series.enter(this.#index, this.#course);
    all.set(key, series);
    return series;
  }
}
