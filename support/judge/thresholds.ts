import type { MetricDefinition, MetricType } from '../measure/metrics.ts';
import { type AnySeries, newSeries } from '../measure/series.ts';
import type { MetricStore } from '../measure/store.ts';
import { type Aggregation, type Expression, holds, parseExpression, parseSelector } from './expression.ts';
import { unfinishedIn } from './unfinished.ts';
import type { Doubt, Finding, ThresholdResult, Unit } from './verdict.ts';

/** As a profile writes it. */
export type ThresholdSpec = string | { threshold: string; minSamples?: number };

/** What a figure says by itself; whether it is the target's doing is for `validity.ts` to tell. */
export type Outcome = 'held' | 'missed' | 'unknown';

export interface Judged {
  outcome: Outcome;
  result: ThresholdResult;
  /** Of what is not held. */
  finding?: Finding;
}

/**
 * One threshold against what was measured.
 * @param source the selector, e.g. `http_req_duration{op:push}`; it and the expression were checked before the run
 */
export function judgeThreshold(source: string, spec: ThresholdSpec, store: MetricStore, durationMs: number): Judged {
  const { threshold, minSamples } = typeof spec === 'string' ? { threshold: spec, minSamples: undefined } : spec;
  const expression = parseExpression(threshold)!;
  const { metric, tags } = parseSelector(source)!;
  const definition = store.definitions[metric]!;
  const needed = minSamples ?? samplesNeeded(expression, definition.type);
  const measured = (window?: 'calm' | 'load') =>
    store.select(metric, window ? { ...tags, window } : tags) ?? unmeasured(definition, tags);
  const load = measured(expression.ofCalm ? 'load' : undefined);
  const calm = expression.ofCalm ? measured('calm') : undefined;

  const count = load?.count ?? 0;
  const observed = load && count > 0 ? aggregate(load, expression.aggregation, durationMs) : null;
  const calmCount = calm?.count ?? 0;
  const calmFigure = calm && calmCount > 0 ? aggregate(calm, expression.aggregation, durationMs) : undefined;
  const limit = expression.ofCalm
    ? calmFigure === undefined
      ? null
      : expression.value * calmFigure
    : expression.value;

  const ok = observed !== null && limit !== null && holds(observed, expression.operator, limit);
  const unit = unitOf(definition, expression.aggregation);
  const result: ThresholdResult = {
    metric: source,
    expression: threshold,
    observed,
    limit,
    unit,
    count: load ? samplesOf(load) : 0,
    ok,
    decided: true,
    ...(calmFigure === undefined ? {} : { calm: calmFigure }),
  };
  const lacking = (count: number, window?: 'calm' | 'load'): Judged => {
    const doubt: Doubt = { by: 'no-data', observed: count, allowed: needed, unit: 'count' };
    return {
      outcome: 'unknown',
      result: { ...result, ok: false, decided: false, doubts: [window === 'calm' ? { ...doubt, window } : doubt] },
      finding: {
        kind: 'no-data',
        severity: 'invalid',
        metric: source,
        expression: threshold,
        needed,
        count,
        ...(window && { window }),
      },
    };
  };
  if (count < needed || observed === null) return lacking(count, expression.ofCalm ? 'load' : undefined);
  if (expression.ofCalm && (calmCount < needed || limit === null)) return lacking(calmCount, 'calm');
  const ofWindow = (window?: 'calm' | 'load') => (window ? { ...tags, window } : tags);
  const late = unfinishedIn(store, metric, ofWindow(calm && 'load'), load!, expression.aggregation);
  const before = calm && unfinishedIn(store, metric, ofWindow('calm'), calm, expression.aggregation);
  const limits = [limit!, ...(before?.figures ?? []).map((figure) => expression.value * figure)];
  const figures = [observed, ...late.figures];
  if (figures.some((figure) => limits.some((one) => holds(figure, expression.operator, one) !== ok))) {
    const { ages, missing } = late.figures.length > 0 || !before ? late : before;
    const about = { metric: source, expression: threshold, observed, limit: limit!, unit, count: result.count };
    return {
      outcome: 'unknown',
      result: { ...result, decided: false, doubts: [{ by: 'unfinished', observed: ages + missing, unit: 'count' }] },
      finding: { kind: 'unfinished', severity: 'invalid', ...about, ages, missing },
    };
  }
  if (ok) return { outcome: 'held', result };
  const crossed = { metric: source, expression: threshold, observed, limit: limit!, unit, count: result.count };
  return {
    outcome: 'missed',
    result,
    finding: { kind: 'threshold', severity: 'fail', ...crossed, ...(calm ? { calm: calmFigure } : {}) },
  };
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

/** How much a figure rests on; of a counter, what it counted. */
export function samplesOf(series: AnySeries): number {
  return series.type === 'counter' ? series.sum : series.count;
}

/** A counter that was never touched is 0; of anything else nothing is known. A counter's other tags might be misspelt. */
function unmeasured({ type }: MetricDefinition, tags: Record<string, string>): AnySeries | undefined {
  const always = ['scenario', 'journey', 'window'];
  if (type !== 'counter' || !Object.keys(tags).every((tag) => always.includes(tag))) return undefined;
  const zero = newSeries('counter');
  zero.add(0);
  return zero;
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

function unitOf({ type, contains }: MetricDefinition, { method }: Aggregation): Unit {
  if (method === 'count') return 'count';
  if (type === 'rate') return 'ratio';
  if (contains === 'time') return 'ms';
  if (contains === 'data') return 'bytes';
  return type === 'trend' ? 'none' : 'count';
}
