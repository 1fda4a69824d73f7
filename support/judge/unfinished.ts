import type { Trend } from '../measure/histogram.ts';
import { isOfBrowser, unfinished, type Wanted } from '../measure/metrics.ts';
import type { AnySeries } from '../measure/series.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Aggregation } from './expression.ts';

/**
 * What was cut off, hung or was given up would have taken longer than its age, perhaps for ever; and what an iteration had not
 * come to measure is missing. So a figure is known to lie between two others: with all of it at its best, and at its worst.
 */
export interface Unfinished {
  /** Samples that are ages; they are in the figure. */
  ages: number;
  /** Samples that may be missing from it: one for each iteration that did not get there. */
  missing: number;
  /** What the figure may be besides what was observed; empty when nothing is unfinished. */
  figures: number[];
}

/**
 * How unfinished work bears on a figure.
 * @param series everything that was measured of the metric under the tags
 * @param tags with `phase` when the figure is that of phases
 * @param seen the part of the run that the figure is of; default: all of it
 */
export function unfinishedIn(
  store: MetricStore,
  metric: string,
  tags: Wanted,
  series: AnySeries,
  aggregation: Aggregation,
  seen: Pick<MetricStore, 'select'> = store,
): Unfinished {
  const ages = seen.select(metric, { ...tags, ...unfinished })?.count ?? 0;
  const missing = missingIn(store, metric, tags, seen);
  const figures: number[] = [];
  if (series.type === 'rate' && missing > 0 && aggregation.method === 'rate') {
    figures.push(...figuresWith(series, aggregation, missing));
  }
  // A failure is a failure, however long it would have lasted: in a rate ages are no doubt. Counters hold what was done.
  if (series.type !== 'trend') return { ages: 0, missing, figures };
  if (ages + missing === 0 || aggregation.method === 'count') return { ages, missing, figures };
  const finished = seen.select(metric, tags, 'finished');
  const known = finished?.type === 'trend' ? finished.trend : undefined;
  figures.push(figureOf(known, aggregation, 0, ages + missing));
  if (missing > 0) figures.push(figureOf(series.trend, aggregation, missing, 0));
  return { ages, missing, figures };
}

/** What a figure may be with so many more values, of which nothing is known. */
export function figuresWith(series: AnySeries, aggregation: Aggregation, more: number): number[] {
  const { method } = aggregation;
  const endless = Number.POSITIVE_INFINITY;
  if (series.type === 'counter') return [endless];
  if (series.type === 'gauge')
    return method === 'min' ? [-endless] : method === 'max' ? [endless] : [-endless, endless];
  const all = series.count + more;
  if (method === 'count') return [all];
  if (series.type === 'rate') return [series.passes / all, (series.passes + more) / all];
  return [figureOf(series.trend, aggregation, more, 0), figureOf(series.trend, aggregation, 0, more)];
}

/** Of a trend and so many samples besides, at 0 and at infinity. */
function figureOf(trend: Trend | undefined, aggregation: Aggregation, zeros: number, endless: number): number {
  const count = trend?.count ?? 0;
  const all = zeros + count + endless;
  const at = (percent: number): number => {
    const place = Math.max(1, Math.ceil((percent / 100) * all));
    if (place <= zeros) return 0;
    if (place > zeros + count) return Number.POSITIVE_INFINITY;
    return trend!.percentile((100 * (place - zeros)) / count);
  };
  switch (aggregation.method) {
    case 'p':
      return at(aggregation.percent);
    case 'med':
      return at(50);
    case 'min':
      return at(0);
    case 'max':
      return at(100);
    default:
      return endless > 0 ? Number.POSITIVE_INFINITY : (trend?.sum ?? 0) / all;
  }
}

/**
 * Iterations that may have been cut off before they measured this: those of the scenarios that measure it at all. What is
 * recorded of unfinished work too misses nothing.
 */
function missingIn(store: MetricStore, metric: string, tags: Wanted, seen: Pick<MetricStore, 'select'>): number {
  if (store.definitions[metric]!.complete) return 0;
  const inBrowser = isOfBrowser(metric);
  const own = inBrowser ? 'journey' : 'scenario';
  const [failed, { phase, [own]: named }] = [inBrowser ? 'browser_session_failed' : 'iteration_failed', tags];
  // Whatever it had not come to would have been measured in the phase in which it began, or later.
  const within: Wanted = phase === undefined ? {} : { phase };
  const cutOff = (whose: Wanted) => seen.select(failed, { ...whose, ...within, ...unfinished })?.count ?? 0;
  if (cutOff({}) === 0) return 0;
  const names = new Set<string>();
  for (const { metric: one, tags: its } of store.series()) {
    const name = its[own];
    if (one === metric && name !== undefined && (named ?? name) === name) names.add(name);
  }
  return [...names].reduce((sum, name) => sum + cutOff({ [own]: name }), 0);
}
