/** What the page's script draws, as data that it only has to unpack: charts over time, percentile curves, all metrics. */
import { gzipSync } from 'node:zlib';
import { parseSelector, statName } from '../../judge/expression.ts';
import type { MetricSummary, Verdict } from '../../judge/verdict.ts';
import { count, figure } from '../../judge/words/figures.ts';
import { printable } from '../../judge/words/text.ts';
import type { Trend } from '../../measure/histogram.ts';
import { parseSeriesKey } from '../../measure/metrics.ts';
import { type AnySeries, mergeInto, newSeries } from '../../measure/series.ts';
import type { MetricStore } from '../../measure/store.ts';
import type { RunRecord } from '../record.ts';
import { browserPhases, browserTables, operations } from '../tables.ts';
import { counterText } from '../words.ts';

/** One number an interval; null where nothing was measured. */
export type Column = (number | null)[];

export interface Line {
  /** Of {@link Scope.columns}, or of {@link Payload.columns} in a chart that does not change with the scenario. */
  column: string;
  label: string;
  /** `weak` to `strong` are shades for growing percentiles, `plan` is what was asked for, `one` to `five` are unlike each other. */
  look: 'weak' | 'middle' | 'strong' | 'plan' | 'bad' | 'one' | 'two' | 'three' | 'four' | 'five';
}

export interface Chart {
  id: string;
  title: string;
  /** What of it needs a word. */
  note: string;
  unit: string;
  /** True when it is about the chosen scenario. */
  scoped: boolean;
  lines: Line[];
  /** Charts with the same word have the same scale. */
  scale?: string;
  /** One of those that are seen first. */
  isMain?: true;
}

/** What a threshold asks of a line of a chart. */
export interface Limit {
  /** Of {@link Chart.id}. */
  chart: string;
  /** Of {@link Scope.name}; null for a chart that does not change with the scenario, or a limit of all scenarios. */
  scope: string | null;
  /** In the unit of the chart. */
  value: number;
  label: string;
  isMissed: boolean;
  startMs: number;
  endMs: number;
}

export interface Scope {
  name: string;
  columns: Record<string, Column>;
}

/** A distribution: all but one in `grid[k]` samples are at most `values[k]` ms; the last value is the maximum. */
export interface Curve {
  count: number;
  values: number[];
  /** Samples up to `bounds[first]` ms, from there up to the next bound, and so on. */
  first: number;
  bins: number[];
}

/** What can be chosen to be drawn as percentile curves. */
export interface Subject {
  group: string;
  label: string;
  lines: { label: string; key: string }[];
}

/** A number as it is sorted and as it is read. */
export type Figure = [value: number | null, text: string];

export interface Payload {
  schemaVersion: 1;
  runId: string;
  /** Where each interval begins, then where the last one ends; ms since the run's start. */
  starts: number[];
  intervals: number;
  windows: RunRecord['windows'];
  spans: RunRecord['spans'];
  events: { atMs: number; kind: string; text: string }[];
  charts: Chart[];
  limits: Limit[];
  scopes: Scope[];
  /** The scope that is shown first: that of the worst reason, or of most iterations. */
  chosen: number;
  columns: Record<string, Column>;
  subjects: Subject[];
  /** For all curves; ascending. */
  grid: number[];
  /** Ends of bins, ms; ascending. */
  bounds: number[];
  curves: Record<string, Curve>;
  metrics: { key: string; type: string; figures: Figure[] }[];
}

/** Gzip in base64: what stands in the page. */
export function packPayload(payload: Payload): string {
  return gzipSync(JSON.stringify(payload), { level: 9 }).toString('base64');
}

export function payloadOf(verdict: Verdict, record: RunRecord): Payload {
  const { axis, intervals, windows, events, spans } = record;
  const scopes = scopesOf(record);
  const columns = sharedColumns(record);
  const measured = (chart: Chart) => ({
    ...chart,
    lines: chart.lines.filter(({ column }) =>
      chart.scoped ? scopes.some((scope) => column in scope.columns) : column in columns,
    ),
  });
  const subjects = subjectsOf(verdict);
  return {
    schemaVersion: 1,
    runId: verdict.runId,
    starts: Array.from({ length: intervals + 1 }, (_, index) => axis.startOf(index)),
    intervals,
    windows,
    spans,
    events: events.map((event) => ({ ...event, text: printable(event.text) })),
    charts: CHARTS.map(measured).filter(({ lines }) => lines.length > 0),
    limits: limitsOf(verdict, windows, scopes),
    scopes,
    chosen: chosenOf(verdict, record, scopes),
    columns,
    subjects,
    grid: GRID,
    bounds: BOUNDS,
    curves: curvesOf(subjects, record.store),
    metrics: Object.entries(verdict.metrics).map(([key, summary]) => ({
      key: printable(key),
      type: summary.type,
      figures: figuresOf(summary),
    })),
  };
}

const PERCENTILES = [
  [50, 'med', 'weak'],
  [95, 'p95', 'middle'],
  [99, 'p99', 'strong'],
] as const;

/** Trends of each scenario that are followed as percentiles. */
const TIMES = { response: 'iteration_response_time', service: 'iteration_duration' } as const;

/** What a person waits for, over all journeys. */
const FELT_LINES = [
  ['browser_web_vital_lcp', 'main content (LCP)', 'one'],
  ['browser_remote_change_to_paint', 'a change by others', 'four'],
  ['browser_step_duration', 'steps', 'two'],
] as const;

/** Of what a person waits for the parts, which are of another size. */
const PAGE_LINES = [
  ['browser_web_vital_inp', 'INP, answer to input', 'two'],
  ['browser_web_vital_ttfb', 'TTFB, first byte', 'three'],
] as const;

export const MEGABYTE = 1e6;

export const ERRORS_CHART: Chart = {
  id: 'errors',
  title: 'Errors',
  note: 'iterations that failed, and arrivals that were dropped',
  unit: 'per second',
  scoped: true,
  lines: [
    { column: 'dropped', label: 'dropped', look: 'two' },
    { column: 'failed', label: 'failed', look: 'bad' },
  ],
};

/** What the target says of itself. */
export const TARGET_CHARTS: Chart[] = [
  {
    id: 'cpu',
    title: 'Target CPU',
    note: '100 % is one core',
    unit: '%',
    scoped: false,
    lines: [{ column: 'target_cpu_percent', label: 'target', look: 'strong' }],
  },
  {
    id: 'memory',
    title: 'Target memory',
    note: '',
    unit: 'MB',
    scoped: false,
    lines: [{ column: 'target_memory_bytes', label: 'target', look: 'strong' }],
  },
];

const CHARTS: Chart[] = [
  {
    id: 'rate',
    title: 'Rate',
    note: 'beside the arrivals that were planned',
    unit: 'iterations a second',
    scoped: true,
    isMain: true,
    lines: [
      { column: 'planned', label: 'planned', look: 'plan' },
      { column: 'ok', label: 'ok', look: 'strong' },
      { column: 'failed', label: 'failed', look: 'bad' },
    ],
  },
  ...(['response', 'service'] as const).map(
    (which): Chart => ({
      id: which,
      title: which === 'response' ? 'Response time' : 'Duration',
      note: which === 'response' ? 'from when work was due: what a user waits' : 'from when work was started',
      unit: 'ms',
      scoped: true,
      scale: 'iteration',
      ...(which === 'response' && { isMain: true }),
      lines: PERCENTILES.map(([, label, look]) => ({ column: `${which} ${label}`, label, look })),
    }),
  ),
  {
    id: 'felt',
    title: 'What a person waits',
    note: 'p75 over all journeys',
    unit: 'ms',
    scoped: false,
    isMain: true,
    lines: FELT_LINES.map(([column, label, look]) => ({ column, label, look })),
  },
  ERRORS_CHART,
  {
    id: 'vus',
    title: 'VUs',
    note: 'busy, of those that were there',
    unit: '',
    scoped: true,
    lines: [
      { column: 'allocated', label: 'allocated', look: 'plan' },
      { column: 'busy', label: 'busy', look: 'strong' },
    ],
  },
  {
    id: 'lateness',
    title: 'Lateness',
    note: 'p99 of start − due; the generator’s own is that of work which had a free VU',
    unit: 'ms',
    scoped: true,
    lines: [
      { column: 'lateness', label: 'in all', look: 'weak' },
      { column: 'own lateness', label: 'the generator’s own', look: 'strong' },
    ],
  },
  {
    id: 'page',
    title: 'In the page',
    note: 'p75 over all journeys',
    unit: 'ms',
    scoped: false,
    lines: PAGE_LINES.map(([column, label, look]) => ({ column, label, look })),
  },
  ...TARGET_CHARTS,
];

type Over = Map<number, AnySeries>;
type Read = (series: AnySeries, index: number) => number;

function scopesOf(record: RunRecord): Scope[] {
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
  const addRate = (name: string, metric: string) => {
    add(metric, { [name]: (series, index) => (sumOf(series) * 1_000) / axis.lengthOf(index) });
    columns[name] = Array.from({ length: intervals }, (_, i) => columns[name]?.[i] ?? (isScheduled(i) ? 0 : null));
  };
  if (of.some(({ plannedRates }) => plannedRates !== null)) {
    columns.planned = Array.from({ length: intervals }, (_, index) =>
      rounded(of.reduce((sum, { plannedRates }) => sum + (plannedRates?.[index] ?? 0), 0)),
    );
  }
  addRate('ok', 'iterations');
  addRate('failed', 'iteration_failed');
  columns.ok = columns.ok!.map((done, i) => done && rounded(Math.max(0, done - (columns.failed![i] ?? 0))));
  addRate('dropped', 'dropped_iterations');
  // Loads of different kinds have nothing in common but when they were due: one takes milliseconds, another one minutes.
  const times = of.length > 1 ? [] : Object.entries(TIMES);
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

function sharedColumns({ store, intervals }: RunRecord): Record<string, Column> {
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

/** Thresholds on what a chart shows, where a line can say what they ask for. */
function limitsOf({ thresholds, phases }: Verdict, windows: RunRecord['windows'], scopes: Scope[]): Limit[] {
  const endMs = windows.at(-1)?.endMs ?? 0;
  return thresholds.flatMap((threshold): Limit[] => {
    const selector = parseSelector(threshold.metric);
    if (!selector) return [];
    const { metric, tags } = selector;
    const { limit, unit, windows: inWindows, expression } = threshold;
    const stat = statName(expression);
    const line = [...FELT_LINES, ...PAGE_LINES].find(([column]) => column === metric && stat === 'p(75)');
    const isOfResponse = metric === TIMES.response && ['med', 'p(50)', 'p(95)', 'p(99)'].includes(stat);
    const chart = CHARTS.find(({ id, lines }) =>
      isOfResponse ? id === 'response' : line && lines.some(({ column }) => column === metric),
    );
    const others = Object.keys(tags).filter((tag) => tag !== 'phase' && tag !== 'scenario');
    const scope = tags.scenario === undefined ? null : printable(tags.scenario);
    const isKnown = scope === null || (chart?.scoped && scopes.some(({ name }) => name === scope));
    if (!chart || limit === null || unit !== 'ms' || inWindows || others.length > 0 || !isKnown) return [];
    const phase = phases.find(({ name }) => name === tags.phase);
    // That of all scenarios together stands in the chart of each.
    const of = line ? line[1] : scope === null && scopes.length > 1 ? 'all' : undefined;
    const isMissed = threshold.decided && !threshold.ok;
    const at = { startMs: phase?.startMs ?? 0, endMs: phase?.endMs ?? endMs };
    return [
      {
        chart: chart.id,
        scope,
        value: rounded(limit),
        label: printable(of ? `${of}: ${expression}` : expression),
        isMissed,
        ...at,
      },
    ];
  });
}

function chosenOf({ reasons }: Verdict, { store }: RunRecord, scopes: Scope[]): number {
  const blamed = reasons.flatMap((reason) => {
    if ('scenario' in reason) return reason.scenario ?? [];
    return 'metric' in reason ? (parseSelector(reason.metric)?.tags.scenario ?? []) : [];
  });
  const known = blamed.map((name) => scopes.findIndex((scope) => scope.name === printable(name))).find((at) => at >= 0);
  if (known !== undefined) return known;
  const done = scopes.map(({ name, columns }) =>
    columns['response p95'] ? store.sum('iterations', { scenario: name }) : 0,
  );
  return Math.max(0, done.indexOf(Math.max(...done)));
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

function subjectsOf(verdict: Verdict): Subject[] {
  const keys = new Map(Object.entries(verdict.metrics).map(([key, summary]) => [summary, key]));
  const line = (label: string, summary: MetricSummary | null) =>
    summary && summary.type === 'trend' && summary.count > 0 ? [{ label, key: keys.get(summary)! }] : [];
  const work = operations(verdict);
  const { before, under } = browserPhases(verdict);
  const subjects = [
    ...work.map(({ scenario, times }) => ({
      group: 'Protocol work',
      label: scenario ?? 'all scenarios',
      lines: times.flatMap(({ label, summary }) => line(label, summary)),
    })),
    ...browserTables(verdict).flatMap(({ title, rows }) =>
      rows
        .filter(({ unit }) => unit === 'ms')
        .map((row) => ({
          group: 'In the browser',
          label: `${title}: ${row.label}`,
          lines: [...line(before ?? 'before', row.calm), ...line(under, row.load)],
        })),
    ),
    ...work.flatMap(({ scenario, rows }) =>
      rows.map((row) => ({
        group: 'Operations',
        label: `${scenario ?? 'all scenarios'}: ${row.label}`,
        lines: line(row.label, row.summary),
      })),
    ),
  ];
  return subjects
    .filter(({ lines }) => lines.length > 0)
    .map((subject) => ({
      ...subject,
      label: printable(subject.label),
      lines: subject.lines.map(({ label, key }) => ({ label: printable(label), key })),
    }));
}

function curvesOf(subjects: Subject[], store: MetricStore): Record<string, Curve> {
  const keys = new Set(subjects.flatMap(({ lines }) => lines.map(({ key }) => key)));
  return Object.fromEntries(
    [...keys].flatMap((key) => {
      const { metric, tags } = parseSeriesKey(key);
      const trend = store.trend(metric, tags);
      return trend.count > 0 ? [[key, curveOf(trend)]] : [];
    }),
  );
}

/** Ten steps to a power of ten, evenly apart where it is logarithmic; p50, p75, p90, p95 and p99 are among them. */
const GRID = Array.from({ length: 9 }, (_, power) =>
  [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8].map((step) => rounded(step * 10 ** power)),
).flat();

/** Ten bins to a power of ten, from 10 µs to a quarter of an hour. */
const BOUNDS = Array.from({ length: 8 }, (_, power) =>
  [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8].map((step) => rounded(step * 10 ** (power - 2))),
).flat();

function curveOf(trend: Trend): Curve {
  const steps = GRID.filter((oneIn) => oneIn < trend.count);
  const values = steps.map((oneIn) => rounded(trend.percentile(100 * (1 - 1 / oneIn))));
  const counts = trend.countsUpTo(BOUNDS).slice(0, BOUNDS.length);
  const first = Math.max(
    0,
    counts.findIndex((count) => count > 0),
  );
  const bins = counts.slice(first, counts.findLastIndex((count) => count > 0) + 1);
  return { count: trend.count, values: [...values, rounded(trend.max)], first, bins };
}

/** Samples; average, total, share or value; median, p95, p99, maximum. */
function figuresOf(summary: MetricSummary): Figure[] {
  const { type, contains, values } = summary;
  const unit = contains === 'time' ? 'ms' : contains === 'data' ? 'bytes' : 'none';
  const one = (value: number | undefined): Figure => [
    value === undefined ? null : rounded(value),
    value === undefined ? '' : figure(value, unit),
  ];
  const main = { trend: values.avg, rate: values.rate, counter: values.count, gauge: values.value }[type];
  const samples: Figure = type === 'counter' ? [null, ''] : [summary.count, count(summary.count)];
  const shown: Figure = type === 'trend' ? one(main) : [main ?? null, counterText(summary)];
  return [samples, shown, ...['med', 'p(95)', 'p(99)', 'max'].map((stat) => one(values[stat]))];
}
