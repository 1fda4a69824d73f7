/** What Vegeta's `report` would say of a run: the same text, the same JSON. */
import { HistogramLogReader } from 'hdr-histogram-js';
import { parseDuration } from '../../support/input/duration.ts';
import type { MetricSummary, Verdict } from '../../support/judge/verdict.ts';
import { Trend } from '../../support/measure/histogram.ts';
import { parseSeriesKey } from '../../support/measure/metrics.ts';

export type ReportKind = { type: 'text' | 'json' | 'plot' } | { type: 'hist'; bucketsMs: number[] };

export const reportHelp =
  'text, json, hist[<duration>,…] such as "hist[0,100ms,1s]", or plot for the path of the report’s page';

/** Undefined when it is none. */
export function parseReport(text: string): ReportKind | undefined {
  if (text === 'text' || text === 'json' || text === 'plot') return { type: text };
  const [, list] = /^hist\[(.+)\]$/.exec(text) ?? [];
  const bounds = list?.split(',').map((one) => boundOf(one.trim()));
  if (!bounds || bounds.some((bound, i) => bound === undefined || bound <= (bounds[i - 1] ?? -1))) return undefined;
  const bucketsMs = bounds as number[];
  return { type: 'hist', bucketsMs: bucketsMs[0] === 0 ? bucketsMs : [0, ...bucketsMs] };
}

function boundOf(text: string): number | undefined {
  if (text === '0') return 0;
  const [, micros] = /^(\d+(?:\.\d+)?)[uµ]s$/.exec(text) ?? [];
  return micros === undefined ? parseDuration(text) : Number(micros) / 1_000;
}

/** As Vegeta's JSON has it. Times are in nanoseconds, but for the instants. */
export interface VegetaMetrics {
  latencies: Record<'total' | 'mean' | '50th' | '90th' | '95th' | '99th' | 'max' | 'min', number>;
  bytes_in: { total: number; mean: number };
  bytes_out: { total: number; mean: number };
  earliest: string;
  latest: string;
  end: string;
  duration: number;
  wait: number;
  requests: number;
  rate: number;
  throughput: number;
  success: number;
  status_codes: Record<string, number>;
  errors: string[];
}

const NS_PER_MS = 1_000_000;

/**
 * Latencies are from when a request was due, which Vegeta does not know: it sends late what it cannot send in time, and counts
 * from then.
 * @param latencies of the same run, see {@link latenciesIn}
 * @param scenario the attack's
 * @param ratePerSecond undefined where requests followed answers
 * @param plannedMs how long they were to come
 */
export function vegetaMetrics(
  verdict: Pick<Verdict, 'metrics' | 'errors' | 'startedAt' | 'durationMs'>,
  latencies: Trend,
  scenario: string,
  ratePerSecond: number | undefined,
  plannedMs: number,
): VegetaMetrics {
  const own = seriesOf(verdict.metrics, scenario);
  const sum = (metric: string) => own(metric)?.values.count ?? 0;
  const requests = latencies.count;
  const { values: failed = { rate: 0 } } = own('iteration_failed') ?? {};
  const success = requests === 0 ? 0 : 1 - (failed.rate ?? 0);
  // The last was due one interval before the end, also where others were dropped before it.
  const arrivals = requests + sum('dropped_iterations');
  const lastMs = ratePerSecond === undefined ? plannedMs : (Math.max(0, arrivals - 1) * 1_000) / ratePerSecond;
  const attackMs = Math.min(lastMs, verdict.durationMs);
  const waitMs = verdict.durationMs - attackMs;
  const startedAt = Date.parse(verdict.startedAt);
  const at = (ms: number) => new Date(startedAt + ms).toISOString();
  const ns = (ms: number) => (Number.isNaN(ms) ? 0 : Math.round(ms * NS_PER_MS));
  const bytes = (total: number) => ({ total, mean: requests === 0 ? 0 : total / requests });
  const perSecond = (count: number, ms: number) => (ms === 0 ? count : (count * 1_000) / ms);
  const { avg = 0 } = own('iteration_response_time')?.values ?? {};
  return {
    latencies: {
      total: ns(avg * requests),
      mean: ns(avg),
      '50th': ns(latencies.percentile(50)),
      '90th': ns(latencies.percentile(90)),
      '95th': ns(latencies.percentile(95)),
      '99th': ns(latencies.percentile(99)),
      max: ns(latencies.max),
      min: ns(latencies.min),
    },
    bytes_in: bytes(sum('data_received')),
    bytes_out: bytes(sum('data_sent')),
    earliest: at(0),
    latest: at(attackMs),
    end: at(verdict.durationMs),
    duration: ns(attackMs),
    wait: ns(waitMs),
    requests,
    rate: perSecond(requests, attackMs),
    throughput: perSecond(success * requests, attackMs + waitMs),
    success,
    status_codes: statusCodes(verdict.metrics, scenario, requests),
    errors: Object.keys(verdict.errors),
  };
}

/** The whole of a metric in a scenario. */
function seriesOf(metrics: Record<string, MetricSummary>, scenario: string) {
  return (metric: string): MetricSummary | undefined => metrics[`${metric}{scenario:${scenario}}`];
}

/** What was cut off has no answer. */
function statusCodes(
  metrics: Record<string, MetricSummary>,
  scenario: string,
  requests: number,
): Record<string, number> {
  const counts: [code: string, count: number][] = [];
  for (const [key, { values }] of Object.entries(metrics)) {
    const { metric, tags } = parseSeriesKey(key);
    if (metric !== 'attack_answers' || tags.scenario !== scenario || tags.status === undefined || tags.phase) continue;
    counts.push([tags.status, values.count ?? 0]);
  }
  const codes = Object.fromEntries(counts);
  const without = requests - counts.reduce((all, [, count]) => all + count, 0);
  if (without > 0) codes['0'] = (codes['0'] ?? 0) + without;
  return codes;
}

/** All response times of a scenario, of a run's `histograms.hlog`. */
export function latenciesIn(log: string, scenario: string): Trend {
  const all = new Trend();
  const reader = new HistogramLogReader(log);
  for (let part = reader.nextIntervalHistogram(); part; part = reader.nextIntervalHistogram()) {
    const { metric, tags } = parseSeriesKey((part.tag ?? '').replaceAll(';', ','));
    if (metric === 'iteration_response_time' && tags.scenario === scenario) all.merge(new Trend(part));
  }
  return all;
}

export function jsonReport(metrics: VegetaMetrics): string {
  return `${JSON.stringify(metrics)}\n`;
}

export function textReport(metrics: VegetaMetrics): string {
  const { latencies, bytes_in: bytesIn, bytes_out: bytesOut, status_codes: codes } = metrics;
  const order = ['min', 'mean', '50th', '90th', '95th', '99th', 'max'] as const;
  const rows = [
    [
      'Requests',
      '[total, rate, throughput]',
      `${metrics.requests}, ${metrics.rate.toFixed(2)}, ${metrics.throughput.toFixed(2)}`,
    ],
    [
      'Duration',
      '[total, attack, wait]',
      [metrics.duration + metrics.wait, metrics.duration, metrics.wait].map(shownDuration).join(', '),
    ],
    ['Latencies', '[min, mean, 50, 90, 95, 99, max]', order.map((name) => shownDuration(latencies[name])).join(', ')],
    ['Bytes In', '[total, mean]', `${bytesIn.total}, ${bytesIn.mean.toFixed(2)}`],
    ['Bytes Out', '[total, mean]', `${bytesOut.total}, ${bytesOut.mean.toFixed(2)}`],
    ['Success', '[ratio]', `${(metrics.success * 100).toFixed(2)}%`],
    [
      'Status Codes',
      '[code:count]',
      Object.keys(codes)
        .sort()
        .map((code) => `${code}:${codes[code]}  `)
        .join(''),
    ],
  ];
  return [...aligned(rows), 'Error Set:', ...metrics.errors, ''].join('\n');
}

/** @param bucketsMs each begins here, and ends before the next */
export function histogramReport(latencies: Trend, bucketsMs: number[]): string {
  // Up to the last thousandth before the next one.
  const counts = latencies.countsUpTo(bucketsMs.slice(1).map((bound) => bound - 0.001));
  const bound = (ms: number | undefined) => (ms === undefined ? '+Inf' : goDuration(ms * NS_PER_MS));
  const rows = bucketsMs.map((from, i) => {
    const count = counts[i]!;
    const share = latencies.count === 0 ? 0 : count / latencies.count;
    const bar = '#'.repeat(Math.floor(share * 75));
    return [`[${bound(from)},`, `${bound(bucketsMs[i + 1])}]`, String(count), `${(share * 100).toFixed(2)}%`, bar];
  });
  return [...aligned([['Bucket', '', '#', '%', 'Histogram'], ...rows]), ''].join('\n');
}

/** Two blanks between columns, of which the last has its own width. */
function aligned(rows: string[][]): string[] {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]!.length)) + 2;
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widthOf(column)))).join(''),
  );
}

const units = [3_600_000_000_000, 60_000_000_000, 1_000_000_000, NS_PER_MS, 1_000, 1];

/** To the next smaller unit. */
function shownDuration(ns: number): string {
  const unit = units.findIndex((one) => ns >= one);
  const finer = unit < 0 ? undefined : units[unit + 1];
  return goDuration(finer === undefined ? ns : Math.round(ns / finer) * finer);
}

/** As Go writes one: `1m30.5s`, `2.5ms`, `10µs`. */
export function goDuration(ns: number): string {
  if (ns === 0) return '0s';
  for (const [unit, name] of [
    [1_000, 'ns'],
    [NS_PER_MS, 'µs'],
    [1_000_000_000, 'ms'],
  ] as const) {
    if (ns < unit) return `${(ns * 1_000) / unit}${name}`;
  }
  const hours = Math.floor(ns / units[0]!);
  const minutes = Math.floor((ns % units[0]!) / units[1]!);
  const seconds = (ns % units[1]!) / units[2]!;
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
