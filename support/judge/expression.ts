import { isMetricName, type MetricType, readSeriesKey, type Tags } from '../measure/metrics.ts';

/**
 * k6's threshold grammar (https://grafana.com/docs/k6/latest/using-k6/thresholds/) and one extension: the right side may be
 * a multiple of the same figure in an earlier phase, `p(75)<1.5*calm`.
 */
export interface Expression {
  source: string;
  aggregation: Aggregation;
  operator: Operator;
  /** The number on the right; a factor of the same figure in the phase `of` when there is one. Time is in milliseconds. */
  value: number;
  of?: string;
}

export type Aggregation =
  | { method: 'p'; percent: number }
  | { method: 'avg' | 'min' | 'med' | 'max' | 'count' | 'rate' | 'value' };

export type Operator = '<' | '<=' | '>' | '>=' | '==' | '===' | '!=';

const grammar =
  /^(p\((\d+(?:\.\d+)?)\)|avg|min|med|max|count|rate|value)\s*(<=|>=|<|>|===|==|!=)\s*(-?\d+(?:\.\d+)?)(?:\s*\*\s*([A-Za-z]\w*))?$/;

export const expressionHelp =
  'an aggregation (p(95), avg, min, med, max, count, rate, value), one of < <= > >= == != and a number or a multiple of an earlier phase: "p(95)<500", "rate<0.05", "p(75)<1.5*calm"';

/** Undefined when `source` is not a threshold expression. */
export function parseExpression(source: string): Expression | undefined {
  const match = grammar.exec(source.trim());
  if (!match) return undefined;
  const [, method, percent, operator, value, of] = match;
  if (percent !== undefined && Number(percent) > 100) return undefined;
  if (!Number.isFinite(Number(value))) return undefined;
  return {
    source,
    aggregation:
      percent !== undefined
        ? { method: 'p', percent: Number(percent) }
        : { method: method as Exclude<Aggregation['method'], 'p'> },
    operator: operator as Operator,
    value: Number(value),
    ...(of !== undefined && { of }),
  };
}

/** `min<1%`: at most 1 % of the figure's own size, an hour; undefined when it is none. */
export function parseDrift(text: string): Expression | undefined {
  const parsed = text.trim().endsWith('%') ? parseExpression(text.trim().slice(0, -1)) : undefined;
  const isBound = parsed && parsed.of === undefined && /^[<>]/.test(parsed.operator) && parsed.value !== 0;
  return isBound ? { ...parsed, source: text, value: parsed.value / 100 } : undefined;
}

/** What a threshold is about: `http_req_duration{scenario:sync-relay,op:push}`. */
export interface Selector {
  metric: string;
  tags: Tags;
}

export const selectorHelp =
  'a metric with or without tags: http_req_duration, http_req_duration{scenario:sync-relay,op:GET /orders} or checks{check:"a, b"}';

/** Undefined when `source` is no selector: with blanks around it, it would be another name of the same. */
export function parseSelector(source: string): Selector | undefined {
  const selector = readSeriesKey(source);
  return selector && isMetricName(selector.metric) ? selector : undefined;
}

const aggregations: Record<MetricType, string[]> = {
  trend: ['p(N)', 'avg', 'min', 'med', 'max', 'count'],
  rate: ['rate', 'count'],
  counter: ['count', 'rate'],
  gauge: ['value', 'min', 'max', 'avg'],
};

/** The aggregations that a metric of this type has, as a person writes them. */
export function aggregationsOf(type: MetricType): string[] {
  return aggregations[type];
}

/** How a person writes it: `p(95)`, `rate`. */
export function aggregationName(aggregation: Aggregation): string {
  return aggregation.method === 'p' ? `p(${aggregation.percent})` : aggregation.method;
}

/** The figure that a threshold is about: `p(95)`. `source` was checked before. */
export function statName(source: string): string {
  return aggregationName(parseExpression(source)!.aggregation);
}

/** The figure that a limit of a drift is about: `min`. `source` was checked before. */
export function driftStat(source: string): string {
  return aggregationName(parseDrift(source)!.aggregation);
}

/** Whether a threshold asks for more of something, not for less. `source` was checked before. */
export function asksForMore(source: string): boolean {
  return parseExpression(source)!.operator.startsWith('>');
}

/** Whether a threshold asks for a number that less work than was to be done cannot come to: more than it, or exactly it. */
export function asksForAll(source: string): boolean {
  return asksForMore(source) || parseExpression(source)!.operator.startsWith('==');
}

/** Whether what is wrong with a figure is that there is less of it than asked for. */
export function isTooLittle({ expression, observed, limit }: { expression: string; observed: number; limit: number }) {
  return asksForMore(expression) || (asksForAll(expression) && observed < limit);
}

/**
 * Compares as the operator says.
 * @param factor of a limit that is a multiple of another figure. Of two that are 0 the product tells nothing: they are equal, and
 *   equal figures are below 1.5 times, and above 0.9 times, each other.
 */
export function holds(observed: number, operator: Operator, limit: number, factor?: number): boolean {
  if (factor && observed === 0 && limit === 0) {
    if (operator === '<') return factor > 1;
    if (operator === '>') return factor < 1;
  }
  switch (operator) {
    case '<':
      return observed < limit;
    case '<=':
      return observed <= limit;
    case '>':
      return observed > limit;
    case '>=':
      return observed >= limit;
    case '==':
    case '===':
      return observed === limit;
    case '!=':
      return observed !== limit;
  }
}
