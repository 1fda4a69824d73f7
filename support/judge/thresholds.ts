import { isCountedAlike } from '../measure/histogram.ts';
import type { MetricDefinition, MetricType, Tags, Wanted } from '../measure/metrics.ts';
import { type AnySeries, newSeries } from '../measure/series.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import { type Aggregation, type Expression, holds, parseExpression, parseSelector } from './expression.ts';
import type { ErrorCount } from './findings/failing.ts';
import { figuresWith, unfinishedIn } from './unfinished.ts';
import type { Doubt, Finding, ThresholdResult, Unit } from './verdict.ts';

/** As a profile writes it. */
export type ThresholdSpec =
  | string
  | {
      threshold: string;
      minSamples?: number;
      every?: string;
      slide?: string;
      share?: number;
      abortOnFail?: boolean;
      delayAbortEval?: string;
    };

/** What a figure says by itself; whether it is the target's doing is for `validity.ts` to tell. */
export type Outcome = 'held' | 'missed' | 'unknown';

export interface Judged {
  outcome: Outcome;
  result: ThresholdResult;
  /** Of what is not held. */
  finding?: Finding;
}

/** What a threshold is held against. */
export interface Measured {
  store: MetricStore;
  phases: readonly Phase[];
  /** Ms in which what these tags name was scheduled: what a counter's rate is over. */
  lengthOf(tags: Wanted): number;
  /** More is to come: samples that lack are not lost. */
  isUnderWay?: true;
  /** Values of a metric that were none of it, and so are in no figure; default: none. */
  refused?(metric: string): ErrorCount[];
}

/**
 * One threshold against what was measured. Compared with a phase, it is about its own phase, or else about all that come after that.
 * @param source the selector, e.g. `http_req_duration{op:push}`; it and the expression were checked before the run
 */
export function judgeThreshold(source: string, spec: ThresholdSpec, measured: Measured): Judged {
  const { store, phases } = measured;
  const { threshold, minSamples } = typeof spec === 'string' ? { threshold: spec, minSamples: undefined } : spec;
  const expression = parseExpression(threshold)!;
  const { metric, tags } = parseSelector(source)!;
  const { aggregation, operator, of } = expression;
  const definition = store.definitions[metric]!;
  const figureOf = (wanted: Wanted) => {
    const series = store.select(metric, wanted) ?? unmeasured(store, metric, wanted);
    const count = series?.count ?? 0;
    return {
      wanted,
      series,
      count,
      value: count > 0 ? aggregate(series!, aggregation, measured.lengthOf(wanted)) : null,
    };
  };
  const within = phasesAsked(tags, of, phases);
  const own = figureOf(within ? { ...tags, phase: within } : tags);
  const reference = of === undefined ? undefined : figureOf({ ...tags, phase: of });
  const { series } = own;
  const limit = reference ? reference.value && expression.value * reference.value : expression.value;
  const besideLimit = (figure: number, one: number) => figureBeside(one, figure, definition.type, aggregation);
  const observed = own.value === null || limit === null ? own.value : besideLimit(own.value, limit);
  // The factor of a share is no share: of each of the two there have to be enough for the share that it is, or is held against.
  const neededFor = (value: number | null) =>
    minSamples ?? samplesNeeded({ ...expression, value: value ?? 0 }, definition.type);
  const needed = neededFor(limit);
  const factor = reference && expression.value;
  const meets = (figure: number, one: number) => holds(besideLimit(figure, one), operator, one, factor);
  const ok = observed !== null && limit !== null && meets(observed, limit);
  const unit = unitOf(definition, aggregation);
  const compared = reference && reference.value !== null && { phase: of!, value: reference.value };
  const result: ThresholdResult = {
    metric: source,
    expression: threshold,
    observed,
    limit,
    unit,
    count: series ? samplesOf(series) : 0,
    ok,
    decided: true,
    ...(compared && { reference: compared }),
  };
  const about = { metric: source, expression: threshold };
  const refused = measured.refused?.(metric) ?? [];
  const isBeyond =
    limit !== null && series !== undefined && !measured.isUnderWay && missesAnyway(series, expression, limit, needed);
  for (const { count, value, phase, needed: allowed } of [
    { ...own, phase: tags.phase, needed: isBeyond ? 1 : needed },
    ...(reference ? [{ ...reference, phase: of, needed: neededFor(reference.value) }] : []),
  ]) {
    if (count >= allowed && value !== null) continue;
    const where = phase === undefined ? {} : { phase };
    const doubt: Doubt = { by: 'no-data', observed: count, allowed, unit: 'count', ...where };
    return {
      outcome: 'unknown',
      result: { ...result, ok: false, decided: false, doubts: [doubt] },
      finding: {
        ...{ kind: 'no-data', severity: 'invalid', ...about, needed: allowed, count, ...where },
        ...(refused.length > 0 && { refused }),
      },
    };
  }
  const late = unfinishedIn(store, metric, own.wanted, series!, aggregation);
  const before = reference && unfinishedIn(store, metric, reference.wanted, reference.series!, aggregation);
  const mayTurn = (figures: number[], references: number[] = []) => {
    const limits = [limit!, ...references.map((figure) => expression.value * figure)];
    return [observed!, ...figures].some((figure) => limits.some((one) => meets(figure, one) !== ok));
  };
  const crossed = { ...about, observed: observed!, limit: limit!, unit, count: result.count };
  if (mayTurn(late.figures, before?.figures)) {
    const { ages, missing } = late.figures.length > 0 || !before ? late : before;
    return {
      outcome: 'unknown',
      result: { ...result, decided: false, doubts: [{ by: 'unfinished', observed: ages + missing, unit: 'count' }] },
      finding: { kind: 'unfinished', severity: 'invalid', ...crossed, ages, missing },
    };
  }
  // Of which phase and tags they were nobody knows.
  const more = refused.reduce((sum, one) => sum + one.count, 0);
  if (
    more > 0 &&
    mayTurn(figuresWith(series!, aggregation, more), reference && figuresWith(reference.series!, aggregation, more))
  ) {
    return {
      outcome: 'unknown',
      result: { ...result, decided: false, doubts: [{ by: 'refused-values', observed: more, unit: 'count' }] },
      finding: { kind: 'refused-values', severity: 'invalid', ...crossed, refused },
    };
  }
  if (ok) return { outcome: 'held', result };
  return {
    outcome: 'missed',
    result,
    finding: { kind: 'threshold', severity: 'fail', ...crossed, ...(compared && { reference: compared }) },
  };
}

/** The phases that a threshold is about; undefined when it is about the whole run. */
export function phasesAsked(
  tags: Tags,
  of: string | undefined,
  phases: readonly { name: string }[],
): string[] | undefined {
  if (tags.phase !== undefined) return [tags.phase];
  if (of === undefined) return undefined;
  const names = phases.map(({ name }) => name);
  return names.slice(names.indexOf(of) + 1);
}

/**
 * So many samples that one of them lies beyond the quantile or share asked for: 20 for p(95), 10 for rate>0.9. With fewer,
 * the figure says more about chance than about the target.
 */
export function samplesNeeded({ aggregation, value }: Expression, type: MetricType): number {
  const { method } = aggregation;
  // The rate of a counter is per second, and a counter has no samples.
  if (type === 'counter' || (method !== 'p' && method !== 'rate')) return 1;
  const at = method === 'p' ? aggregation.percent / 100 : value;
  const beyond = Math.min(at, 1 - at);
  // 1 - 0.9999 is a little less than 0.0001: without the tolerance that would ask for a sample more.
  return beyond > 0 ? Math.ceil((1 / beyond) * (1 - 1e-9)) : 1;
}

/**
 * A share or a percentile that is beyond its limit even if all the samples that it lacks were on the right side: of 77 requests 16 have
 * failed, and of 6 for a p(95) 2 were too slow.
 * @param needed so many, with those that lack
 */
export function missesAnyway(
  series: AnySeries,
  { aggregation, operator }: Expression,
  limit: number,
  needed: number,
): boolean {
  const [isBelow, isAbove] = ['<', '>'].map((sign) => operator.startsWith(sign));
  if (!isBelow && !isAbove) return false;
  const { count } = series;
  const lacking = Math.max(0, needed - count);
  const all = count + lacking;
  if (series.type === 'rate') {
    return isBelow ? series.passes / all > limit : (series.passes + lacking) / all < limit;
  }
  if (series.type !== 'trend' || aggregation.method !== 'p') return false;
  // Where it stands in the order of all, and so of those that there are.
  const place = Math.ceil((all * aggregation.percent) / 100 - 1e-9) - (isBelow ? lacking : 0);
  if (place < 1 || place > count) return false;
  const figure = series.trend.percentile((100 * (place - 0.5)) / count);
  return !holds(figureBeside(limit, figure, series.type, aggregation), operator, limit);
}

/** How much a figure rests on; of a counter, what it counted. */
export function samplesOf(series: AnySeries): number {
  return series.type === 'counter' ? series.sum : series.count;
}

/** A counter that was never touched is 0; of anything else nothing is known. */
function unmeasured(store: MetricStore, metric: string, tags: Wanted): AnySeries | undefined {
  if (store.definitions[metric]!.type !== 'counter' || !isKnownZero(store, metric, tags)) return undefined;
  const zero = newSeries('counter');
  zero.add(0);
  return zero;
}

/** Whether a counter that counted nothing under tags is 0: of their own, which might be misspelt, it has to have counted somewhere. */
export function isKnownZero(store: MetricStore, metric: string, tags: Wanted): boolean {
  const { scenario: _, journey: __, phase: ___, ...own } = tags;
  return Object.keys(own).length === 0 || store.select(metric, own) !== undefined;
}

/** The figure that an expression is about; which aggregations a type has was checked before the run. */
export function aggregate(series: AnySeries, aggregation: Aggregation, durationMs: number): number {
  const { method } = aggregation;
  switch (series.type) {
    case 'trend':
      if (method === 'p') return series.trend.percentile(aggregation.percent);
      if (method === 'med') return series.trend.percentile(50);
      return method === 'count' ? series.count : series.trend[method as 'avg' | 'min' | 'max'];
    case 'rate':
      return method === 'count' ? series.count : series.passes / series.count;
    case 'counter':
      return method === 'rate' ? series.sum / (durationMs / 1_000) : series.sum;
    case 'gauge':
      if (method === 'avg') return series.sum / series.count;
      return method === 'value' ? series.last : series[method as 'min' | 'max'];
  }
}

/**
 * A figure as it is held against its limit: a trend reads the most of what it counts in one place, of 200 ms 200.063, and what it
 * counts where the limit is, is at the limit.
 */
export function figureBeside(limit: number, figure: number, type: MetricType, { method }: Aggregation): number {
  const isRead = type === 'trend' && method !== 'avg' && method !== 'count';
  return isRead && isCountedAlike(figure, limit) ? limit : figure;
}

export function unitOf({ type, contains }: MetricDefinition, { method }: Aggregation): Unit {
  // Of a counter it is what was counted, as are its rate and whatever else.
  if (method === 'count' && type !== 'counter') return 'count';
  if (type === 'rate') return 'ratio';
  if (contains === 'time') return 'ms';
  if (contains === 'data') return 'bytes';
  return type === 'trend' ? 'none' : 'count';
}
