/** What the page's script draws, as data that it only has to unpack: charts over time, percentile curves, all metrics. */
import { gzipSync } from 'node:zlib';
import { parseSelector } from '../../judge/expression.ts';
import type { MetricSummary, Verdict } from '../../judge/verdict.ts';
import { count, figure } from '../../judge/words/figures.ts';
import { printable } from '../../judge/words/text.ts';
import type { RunRecord } from '../record.ts';
import { counterText } from '../words.ts';
import { CHARTS, type Chart } from './charts.ts';
import { type Column, rounded, type Scope, scopesOf, sharedColumns } from './columns.ts';
import { BOUNDS, type Curve, curvesOf, GRID, type Subject, subjectsOf } from './curves.ts';
import { type Limit, limitsOf } from './limits.ts';

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

function chosenOf({ reasons }: Verdict, { store }: RunRecord, scopes: Scope[]): number {
  const blamed = reasons.flatMap((reason) => {
    if ('scenarios' in reason) return reason.scenarios;
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
  const shown: Figure = type === 'trend' || type === 'gauge' ? one(main) : [main ?? null, counterText(summary)];
  return [samples, shown, ...['med', 'p(95)', 'p(99)', 'max'].map((stat) => one(values[stat]))];
}
