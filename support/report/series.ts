/** What a verdict says of each metric, by its tags. */
import type { MetricSummary, Verdict } from '../judge/verdict.ts';
import { parseSeriesKey, type Tags } from '../measure/metrics.ts';

export interface Series {
  name: string;
  tags: Tags;
  summary: MetricSummary;
}

export function seriesOf(verdict: Verdict): Series[] {
  return Object.entries(verdict.metrics).map(([key, summary]) => {
    const { metric: name, tags } = parseSeriesKey(key);
    return { name, tags, summary };
  });
}

function tagNames(series: Series): string {
  return Object.keys(series.tags)
    .filter((tag) => tag !== 'phase')
    .sort()
    .join();
}

/** One cut through a metric's series (they hold the same samples several times over): the preferred, else the coarsest. */
export function cut(series: Series[], preferred: string[][]): Series[] {
  const found = new Set(series.map(tagNames));
  const names =
    preferred.map((tags) => [...tags].sort().join()).find((name) => found.has(name)) ??
    [...found].sort((a, b) => a.length - b.length)[0];
  const chosen = series.filter((s) => tagNames(s) === names);
  // With the phases apart, all of them together would only repeat them.
  return chosen.some((s) => s.tags.phase) ? chosen.filter((s) => s.tags.phase) : chosen;
}
