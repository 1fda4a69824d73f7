import { Trend } from './histogram.ts';
import {
  carries,
  type MetricDefinition,
  metricOf,
  ownerOf,
  parseSeriesKey,
  seriesKey,
  type Tags,
  unfinished,
  type Wanted,
} from './metrics.ts';
import type { Interval } from './recorder.ts';
import {
  type AnySeries,
  CounterSeries,
  GaugeSeries,
  mergeInto,
  mergePacked,
  newSeries,
  type Packed,
  RateSeries,
  TrendSeries,
  unpack,
} from './series.ts';
import { type FoldedTag, LeastValues, NamedValues, OTHER, type TagValue } from './tag-values.ts';
import { drain } from './time-axis.ts';

/** What was measured under one key: in all, and as it came, interval by interval of each slice. */
interface Entry {
  metric: string;
  tags: Tags;
  total: AnySeries;
  parts: { index: number; packed: Packed }[];
  /** How many of these are merged before there are more. */
  most: number;
}

/** `finished`: without the series of {@link unfinished} work. */
export type Which = 'all' | 'finished';

/** A gauge in one interval: how it ended, and the least and the most that it was on the way, added up over so many slices. */
type GaugeSum = Pick<Packed & { t: 'gauge' }, 'last' | 'min' | 'max'> & { slices: number };

/** So many parts of one series an interval are merged before there are more: those of a hundred shards would be a lot of memory. */
const MANY_PARTS = 4;
/** Fewer in all are kept. */
const FEW_PARTS = 500;

/** Everything that a run measured, merged over its slices and intervals: never averaged. */
export class MetricStore {
  readonly definitions: Record<string, MetricDefinition> = {};
  /** Of the last interval in which anything was measured; −1 when nothing was. */
  lastInterval = -1;
  readonly #series = new Map<string, Entry>();
  /** The same by metric, and by metric with each of their tags: there may be thousands, of which a few are asked for. */
  readonly #entries = new Map<string, Set<Entry>>();
  /** Gauges of several slices add up at one instant, and only then are followed over time: key → interval → sum. */
  readonly #gauges = new Map<string, Map<number, GaugeSum>>();
  readonly #values: LeastValues;

  /** @param named values of tags that are told apart however many others there are */
  constructor(named = new NamedValues()) {
    const definitionOf = (metric: string) => this.definitions[metric];
    this.#values = new LeastValues(named, definitionOf, (folded) => this.#fold(folded));
  }

  /** Tags that took more values than are told apart, all slices together. */
  get folded(): FoldedTag[] {
    return this.#values.folded.list();
  }

  define(definitions: Record<string, MetricDefinition>): void {
    Object.assign(this.definitions, definitions);
  }

  /** Adds one interval of one slice. Throws when a histogram does not decode, once all others were added. */
  add(interval: Interval): void {
    this.#keep(interval);
    this.#addUp(interval.series);
  }

  /** Adds a slice whose intervals were added up already. Throws when a histogram does not decode, once all others were added. */
  addSlice({ totals, intervals }: { totals: Record<string, Packed>; intervals: Interval[] }): void {
    for (const interval of intervals) this.#keep(interval);
    this.#addUp(totals);
  }

  /** As it came, to be told by interval. */
  #keep({ index, series }: Interval): void {
    this.lastInterval = Math.max(this.lastInterval, index);
    for (const [key, packed] of Object.entries(series)) {
      if (packed.t === 'gauge') this.#addGauge(this.#counted(key), index, { ...packed, slices: 1 });
      else keepPart(this.#entryOf(key, packed.t), { index, packed });
    }
  }

  #addUp(series: Record<string, Packed>): void {
    let unreadable: unknown;
    for (const [key, packed] of Object.entries(series)) {
      if (packed.t === 'gauge') continue;
      try {
        const entry = this.#entryOf(key, packed.t);
        // The first is taken as it is, in the room that it needs.
        if (entry.total.count === 0 && entry.total.type === packed.t) entry.total = unpack(packed);
        else mergePacked(entry.total, packed);
      } catch (error) {
        unreadable ??= error;
      }
    }
    if (unreadable !== undefined) throw unreadable;
  }

  #addGauge(key: string, index: number, value: GaugeSum): void {
    const sums = this.#gauges.get(key) ?? new Map<number, GaugeSum>();
    this.#gauges.set(key, sums.set(index, gaugeSum(sums.get(index), value)));
  }

  #entryOf(key: string, type: Packed['t']): Entry {
    const known = this.#series.get(key);
    if (known) return known;
    const counted = this.#counted(key);
    return this.#series.get(counted) ?? this.#newEntry(counted, type);
  }

  #newEntry(key: string, type: Packed['t']): Entry {
    const entry = { ...parseSeriesKey(key), total: newSeries(type), parts: [], most: FEW_PARTS };
    this.#series.set(key, entry);
    for (const place of placesOf(entry.metric, entry.tags)) {
      const entries = this.#entries.get(place) ?? new Set();
      this.#entries.set(place, entries.add(entry));
    }
    return entry;
  }

  /** Those that carry the tags, in the order in which they came. */
  #entriesOf(metric: string, wanted: Wanted, which: Which = 'all'): Entry[] {
    const single = Object.entries(wanted).flatMap(([tag, value]) => (typeof value === 'string' ? [[tag, value]] : []));
    const sets = placesOf(metric, Object.fromEntries(single)).map((place) => this.#entries.get(place));
    const least = sets.reduce((a, b) => ((b?.size ?? 0) < (a?.size ?? 0) ? b : a));
    const own = [...(least ?? [])].filter(({ tags }) => carries(tags, wanted));
    return which === 'all' ? own : own.filter(({ tags }) => !carries(tags, unfinished));
  }

  /** The key of the series that a slice's counts for. */
  #counted(key: string): string {
    if (this.#gauges.has(key)) return key;
    const { metric, tags } = parseSeriesKey(key);
    return seriesKey(metric, this.#values.of(metric, tags));
  }

  /** What was told apart so far belongs to the others. */
  #fold({ metric, owner, tag, value }: TagValue): void {
    const isFolded = ({ tags }: { tags: Tags }) => tags[tag] === value && ownerOf(tags) === owner;
    for (const entry of this.#entriesOf(metric, { [tag]: value }).filter(isFolded)) {
      this.#series.delete(seriesKey(metric, entry.tags));
      for (const place of placesOf(metric, entry.tags)) this.#entries.get(place)!.delete(entry);
      const others = this.#entryOf(seriesKey(metric, { ...entry.tags, [tag]: OTHER }), entry.total.type);
      mergeInto(others.total, entry.total);
      for (const part of entry.parts) keepPart(others, part);
    }
    for (const [key, sums] of this.#gauges) {
      const { metric: own, tags } = parseSeriesKey(key);
      if (own !== metric || !isFolded({ tags })) continue;
      this.#gauges.delete(key);
      for (const [index, sum] of sums) this.#addGauge(seriesKey(metric, { ...tags, [tag]: OTHER }), index, sum);
    }
  }

  /**
   * All series of a metric that carry these tags, as one, not to be changed; undefined when there is none. Gauges add up at each
   * instant at which all slices have theirs.
   */
  select(metric: string, tags: Wanted = {}, which: Which = 'all'): AnySeries | undefined {
    const totals = this.#entriesOf(metric, tags, which).map(({ total }) => total);
    const all = [...totals, ...this.#gaugesOver(metric, tags, ofAllSlices).values()];
    if (all.length < 2) return all[0];
    const merged = newSeries(all[0]!.type);
    for (const series of all) mergeInto(merged, series);
    return merged;
  }

  /** Of some metrics, what is left without some intervals, which may be others for each series. */
  without(isOut: (index: number, tags: Tags) => boolean, isKept: (metric: string) => boolean): MetricStore {
    const rest = new MetricStore();
    rest.define(this.definitions);
    rest.lastInterval = this.lastInterval;
    for (const [key, { metric, tags, parts }] of this.#series) {
      if (!isKept(metric)) continue;
      for (const part of parts) {
        if (isOut(part.index, tags)) continue;
        const entry = rest.#series.get(key) ?? rest.#newEntry(key, part.packed.t);
        entry.parts.push(part);
        mergePacked(entry.total, part.packed);
      }
    }
    for (const [key, sums] of this.#gauges) {
      const { metric, tags } = parseSeriesKey(key);
      if (!isKept(metric)) continue;
      const others = [...sums].filter(([index]) => !isOut(index, tags));
      if (others.length > 0) rest.#gauges.set(key, new Map(others));
    }
    return rest;
  }

  /** The same by interval: what all slices measured in each, in the order of time. Intervals without it are left out. */
  over(metric: string, tags: Wanted = {}, which: Which = 'all'): Map<number, AnySeries> {
    const own = this.#entriesOf(metric, tags, which);
    return own.length > 0 ? inOrder(own.flatMap(joined)) : this.#gaugesOver(metric, tags);
  }

  /** Every series as it was recorded, in all and by interval, or so many intervals as one: no sample is in two of them. */
  *series(): Generator<{
    metric: string;
    tags: Tags;
    total: AnySeries;
    over: (width?: number) => Map<number, AnySeries>;
  }> {
    for (const entry of this.#series.values()) {
      const { metric, tags, total } = entry;
      yield { metric, tags, total, over: (width) => inOrder(joined(entry), width) };
    }
    for (const [key, sums] of this.#gauges) {
      const { metric, tags } = parseSeriesKey(key);
      const over = gaugesInOrder(sums);
      const total = new GaugeSeries();
      for (const gauge of gaugesInOrder(ofAllSlices(sums)).values()) mergeInto(total, gauge);
      yield { metric, tags, total, over: () => over };
    }
  }

  trend(metric: string, tags: Wanted = {}): Trend {
    const found = this.select(metric, tags);
    return found instanceof TrendSeries ? found.trend : new Trend();
  }

  /** Sum of a counter; 0 when nothing was added. */
  sum(metric: string, tags: Wanted = {}): number {
    const found = this.select(metric, tags);
    return found instanceof CounterSeries ? found.sum : 0;
  }

  rate(metric: string, tags: Wanted = {}): RateSeries {
    const found = this.select(metric, tags);
    return found instanceof RateSeries ? found : new RateSeries();
  }

  /**
   * What to list of a run: each metric as a whole, by each of the tags a reader asks for first, and every series, in all and, where the
   * metric was measured in several phases, in each of them.
   */
  keys(): string[] {
    const keys = new Set<string>();
    /** By metric, since of one that was measured in several phases all series are told by phase. */
    const phases = new Map<string, { names: Set<string>; keys: Set<string> }>();
    for (const { metric, tags } of this.series()) {
      const { phase, ...own } = tags;
      keys.add(metric);
      for (const tag of ['scenario', 'journey', 'check']) {
        if (own[tag] !== undefined) keys.add(seriesKey(metric, { [tag]: own[tag] }));
      }
      keys.add(seriesKey(metric, own));
      if (phase === undefined || phase === drain) continue;
      const { scenario, journey } = own;
      const cuts = [{}, { ...(scenario && { scenario }), ...(journey && { journey }) }, own];
      const told = phases.get(metric) ?? { names: new Set(), keys: new Set() };
      phases.set(metric, told);
      told.names.add(phase);
      for (const cut of cuts) told.keys.add(seriesKey(metric, { ...cut, phase }));
    }
    for (const told of phases.values()) {
      if (told.names.size > 1) for (const key of told.keys) keys.add(key);
    }
    return [...keys].sort();
  }

  /** Added up in each interval, in the order of time. @param of of one key the intervals that count; default: all */
  #gaugesOver(
    metric: string,
    tags: Wanted,
    of = (sums: ReadonlyMap<number, GaugeSum>) => sums,
  ): Map<number, GaugeSeries> {
    const sums = new Map<number, GaugeSum>();
    for (const [key, own] of this.#gauges) {
      if (metricOf(key) !== metric || !carries(parseSeriesKey(key).tags, tags)) continue;
      for (const [index, value] of of(own)) sums.set(index, gaugeSum(sums.get(index), value));
    }
    return gaugesInOrder(sums);
  }
}

/** Where a series with these tags is found, the metric first. */
function placesOf(metric: string, tags: Tags): string[] {
  return [metric, ...Object.entries(tags).map(([tag, value]) => seriesKey(metric, { [tag]: value }))];
}

function keepPart(entry: Entry, part: Entry['parts'][number]): void {
  if (entry.parts.push(part) >= entry.most) entry.most = Math.max(FEW_PARTS, MANY_PARTS * joined(entry).length);
}

/** The parts of a series, of which those of many slices become one an interval: whoever asks again need not merge them again. */
function joined(entry: Entry): Entry['parts'] {
  if (entry.parts.length > new Set(entry.parts.map(({ index }) => index)).size) {
    entry.parts = [...inOrder(entry.parts)].map(([index, series]) => ({ index, packed: series.pack() }));
  }
  return entry.parts;
}

/** What all slices measured in each interval, or in so many as one, merged, in the order of time. */
function inOrder(parts: Entry['parts'], width = 1): Map<number, AnySeries> {
  const merged = new Map<number, AnySeries>();
  for (const { index, packed } of [...parts].sort((a, b) => a.index - b.index)) {
    const at = Math.floor(index / width);
    const known = merged.get(at);
    if (known) mergePacked(known, packed);
    else merged.set(at, unpack(packed));
  }
  return merged;
}

function gaugeSum(known: GaugeSum | undefined, { last, min, max, slices }: GaugeSum): GaugeSum {
  if (!known) return { last, min, max, slices };
  return { last: known.last + last, min: known.min + min, max: known.max + max, slices: known.slices + slices };
}

/** Without the beginning and the end of a run, where some slices have not read theirs yet, or are over. */
function ofAllSlices(sums: ReadonlyMap<number, GaugeSum>): ReadonlyMap<number, GaugeSum> {
  const most = [...sums.values()].reduce((number, { slices }) => Math.max(number, slices), 0);
  return new Map([...sums].filter(([, { slices }]) => slices === most));
}

function gaugesInOrder(sums: ReadonlyMap<number, GaugeSum>): Map<number, GaugeSeries> {
  return new Map(
    [...sums]
      .sort(([a], [b]) => a - b)
      .map(([index, value]) => {
        return [index, gaugeAt(value)];
      }),
  );
}

/** The sum of many gauges may be more than one holds. */
function gaugeAt(value: GaugeSum): GaugeSeries {
  return unpack({ t: 'gauge', ...value, sum: value.last, n: 1 }) as GaugeSeries;
}
