/** What the lines of the charts go through: a number an interval, of each scenario and of all. */
import { printable } from '../../judge/words/text.ts';
import { type AnySeries, mergeInto, newSeries } from '../../measure/series.ts';
import type { MetricStore } from '../../measure/store.ts';
import type { RunRecord } from '../record.ts';
import { FELT_LINES, PAGE_LINES, PERCENTILES, TIMES } from './charts.ts';

/** One number an interval; null where nothing was measured. */
export type Column = (number | null)[];

export interface Scope {
  name: string;
  columns: Record<string, Column>;
}

export const MEGABYTE = 1e6;

type Over = Map<number, AnySeries>;
type Read = (series: AnySeries, index: number) => number;

export function scopesOf(record: RunRecord): Scope[] {
  const { scenarios } = record;
  const loads = scenarios.filter(({ kind }) => kind === 'load');
  const each = scenarios.map((scenario) => ({ name: printable(scenario.name), of: [scenario] }));
  const all = loads.length > 1 ? [{ name: 'All protocol work', of: loads }] : [];
  // Loads first: they are what there is most of.
  const ordered = [
    ...each.filter(({ of }) => of[0]!.kind === 'load'),
    ...each.filter(({ of }) => of[0]!.kind !== 'load'),
    ...all,
  ];
  const cache = new Map<string, Over>();
  return ordered.map(({ name, of }) => ({ name, columns: scopeColumns(record, of, cache) }));
}

function scopeColumns(record: RunRecord, of: RunRecord['scenarios'], cache: Map<string, Over>): Record<string, Column> {
  const { axis, intervals, store } = record;
  const columns: Record<string, Column> = {};
  const add = (metric: string, reads: Record<string, Read>) => {
    const over = together(of.map(({ name }) => cached(store, metric, name, cache)));
    if (over.size === 0) return;
    for (const [name, read] of Object.entries(reads)) columns[name] = columnOf(over, intervals, read);
  };
  // What is counted was 0 where nothing was, as long as something was to be done.
  const isScheduled = (index: number) =>
    of.some(({ startMs, endMs }) => axis.startOf(index) >= startMs && axis.startOf(index) < endMs);
  const addRate = (name: string, metric: string, number: (series: AnySeries) => number = sumOf) => {
    add(metric, { [name]: (series, index) => (number(series) * 1_000) / axis.lengthOf(index) });
    columns[name] = Array.from({ length: intervals }, (_, i) => columns[name]?.[i] ?? (isScheduled(i) ? 0 : null));
  };
  if (of.some(({ plannedRates }) => plannedRates !== null)) {
    columns.planned = Array.from({ length: intervals }, (_, index) =>
      rounded(of.reduce((sum, { plannedRates }) => sum + (plannedRates?.[index] ?? 0), 0)),
    );
  }
  // Both by when they were due: of what was counted when it was done, failures that are known late would be taken off elsewhere.
  addRate('ok', 'iteration_failed', (series) => (series.type === 'rate' ? series.count - series.passes : 0));
  addRate('failed', 'iteration_failed');
  addRate('dropped', 'dropped_iterations');
  // Loads of different kinds have nothing in common but when they were due: one takes milliseconds, another one minutes.
  const times = of.length > 1 ? [] : Object.entries({ ...TIMES, response: responseOf(of[0]!.name, store) });
  for (const [name, metric] of times) {
    const reads = PERCENTILES.map(([percent, label]) => [`${name} ${label}`, percentile(percent)] as const);
    add(metric, Object.fromEntries(reads));
  }
  add('vus', { busy: sumOf });
  add('vus_max', { allocated: sumOf });
  add('iteration_lateness', { lateness: percentile(99) });
  add('generator_lateness', { 'own lateness': percentile(99) });
  return columns;
}

/** What is waited for in a scenario. */
function responseOf(scenario: string, store: MetricStore): string {
  const waited = Object.keys(store.definitions).filter((metric) => store.definitions[metric]!.waitedFor);
  return waited.find((metric) => store.select(metric, { scenario }) !== undefined) ?? TIMES.response;
}

/** Histograms are unpacked once, although they are read as several percentiles and in several scopes. */
function cached(store: MetricStore, metric: string, scenario: string, cache: Map<string, Over>): Over {
  const key = `${metric} ${scenario}`;
  const found = cache.get(key) ?? store.over(metric, { scenario });
  cache.set(key, found);
  return found;
}

function together(parts: Over[]): Over {
  if (parts.length === 1) return parts[0]!;
  const all: Over = new Map();
  for (const [index, series] of parts.flatMap((part) => [...part])) {
    if (!all.has(index)) all.set(index, newSeries(series.type));
    mergeInto(all.get(index)!, series);
  }
  return all;
}

export function sharedColumns({ store, intervals }: RunRecord): Record<string, Column> {
  const columns: Record<string, Column> = {};
  const add = (metric: string, read: Read) => {
    const over = store.over(metric);
    if (over.size > 0) columns[metric] = columnOf(over, intervals, read);
  };
  for (const [metric] of [...FELT_LINES, ...PAGE_LINES]) add(metric, percentile(75));
  add('target_cpu_percent', sumOf);
  add('target_memory_bytes', (series) => sumOf(series) / MEGABYTE);
  return columns;
}

function columnOf(over: Over, intervals: number, read: Read): Column {
  return Array.from({ length: intervals }, (_, index) => {
    const series = over.get(index);
    return series === undefined ? null : rounded(read(series, index));
  });
}

/** Of a counter its sum, of a rate how often it was true, of a gauge its value. */
function sumOf(series: AnySeries): number {
  if (series.type === 'rate') return series.passes;
  return series.type === 'trend' ? series.trend.sum : series.sum;
}

function percentile(percent: number): Read {
  return (series) => (series.type === 'trend' ? series.trend.percentile(percent) : Number.NaN);
}

/** Four digits are more than a chart shows. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
