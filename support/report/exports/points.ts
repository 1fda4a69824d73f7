/** `points.ndjson`: what was measured over time, in the shape of k6's JSON output. */
import type { Verdict } from '../../judge/verdict.ts';
import { parseSeriesKey } from '../../measure/metrics.ts';
import type { AnySeries } from '../../measure/series.ts';
import type { RunRecord } from '../record.ts';

interface Value {
  value: number;
  tags: Record<string, string>;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** One interval of one series. A trend has a point for each of its figures, told apart by the tag `stat`. */
function valuesOf(series: AnySeries): Value[] {
  switch (series.type) {
    case 'counter':
      return [{ value: series.sum, tags: {} }];
    case 'gauge':
      return [{ value: series.last, tags: {} }];
    case 'rate':
      return [{ value: series.passes / series.count, tags: { count: `${series.count}` } }];
    case 'trend': {
      const { trend } = series;
      const count = `${trend.count}`;
      const figures = { avg: trend.avg, min: trend.min, med: trend.percentile(50), max: trend.max };
      const percentiles = [90, 95, 99].map((p) => [`p(${p})`, trend.percentile(p)] as const);
      return [...Object.entries(figures), ...percentiles].map(([stat, value]) => ({ value, tags: { stat, count } }));
    }
  }
}

/** The thresholds of a metric by its series: `[['http_req_duration{op:push}', ['p(95)<500']]]`. */
function thresholdsOf({ thresholds }: Verdict, name: string): [key: string, expressions: string[]][] {
  const own = thresholds.filter(({ metric }) => parseSeriesKey(metric).metric === name);
  const keys = new Set(own.map(({ metric }) => metric));
  return [...keys].map((key) => [key, own.filter(({ metric }) => metric === key).map(({ expression }) => expression)]);
}

/**
 * A line `{"type":"Metric"}` before the first point of each metric, and a line `{"type":"Point"}` for every series and
 * interval, at the interval's end. k6 writes every sample; a load of ours keeps histograms, so a counter's point is the
 * interval's sum, a gauge's its last value, a rate's the share of its samples, and a trend's one of its figures: the tag
 * `stat` names it, and `count` says how many samples are behind it. Times are milliseconds, as in k6.
 */
export function pointLines(verdict: Verdict, { store, axis }: Pick<RunRecord, 'store' | 'axis'>): string {
  const startMs = Date.parse(verdict.startedAt);
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const { metric, tags, over } of store.series()) {
    if (!seen.has(metric)) {
      seen.add(metric);
      const all = thresholdsOf(verdict, metric);
      const submetrics = all
        .filter(([key]) => key !== metric)
        .map(([name]) => ({ name, suffix: name.slice(metric.length + 1, -1), tags: parseSeriesKey(name).tags }));
      const data = {
        name: metric,
        type: store.definitions[metric]!.type,
        contains: store.definitions[metric]!.contains,
        thresholds: all.find(([key]) => key === metric)?.[1] ?? [],
        submetrics: submetrics.length > 0 ? submetrics : null,
      };
      lines.push(line({ type: 'Metric', data, metric }));
    }
    for (const [index, series] of over()) {
      const time = new Date(startMs + axis.endOf(index)).toISOString();
      for (const { value, tags: own } of valuesOf(series)) {
        lines.push(line({ metric, type: 'Point', data: { time, value, tags: { ...verdict.tags, ...tags, ...own } } }));
      }
    }
  }
  return lines.join('');
}
