/** Percentile curves and histograms: of what there are any, and their points. */
import type { MetricSummary, Verdict } from '../../judge/verdict.ts';
import { printable } from '../../judge/words/text.ts';
import type { Trend } from '../../measure/histogram.ts';
import { parseSeriesKey } from '../../measure/metrics.ts';
import type { MetricStore } from '../../measure/store.ts';
import { browserPhases, browserTables } from '../browser-times.ts';
import { operations } from '../tables.ts';
import { rounded } from './columns.ts';

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

export function subjectsOf(verdict: Verdict): Subject[] {
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

export function curvesOf(subjects: Subject[], store: MetricStore): Record<string, Curve> {
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
export const GRID = Array.from({ length: 9 }, (_, power) =>
  [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8].map((step) => rounded(step * 10 ** power)),
).flat();

/** Ten bins to a power of ten, from 10 µs to a quarter of an hour. */
export const BOUNDS = Array.from({ length: 8 }, (_, power) =>
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
