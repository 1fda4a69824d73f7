/** What of a run is kept to compare other runs with: a figure for each thing that is judged, and how it went over time. */
import { ownerOf, parseSeriesKey, seriesKey, type Tags } from '../measure/metrics.ts';
import { type AnySeries, mergeInto, newSeries } from '../measure/series.ts';
import type { MetricStore } from '../measure/store.ts';
import type { TimeAxis } from '../measure/time-axis.ts';
import { aggregationName, type Expression, parseExpression, parseSelector } from './expression.ts';
import type { Case } from './judge.ts';
import { aggregate, samplesNeeded, samplesOf } from './thresholds.ts';
import type { Aspect } from './verdict.ts';

export interface Figure {
  /** As in a threshold: `http_req_duration{scenario:sync-relay}`. */
  metric: string;
  /** `p(95)`, `rate`; of errors a share of failures, whatever the metric counts. */
  stat: string;
  aspect: Aspect;
  /** Over the whole run: ms, a share of 0 … 1, or a number per second. */
  value: number;
  /** The same in each of equally long parts of the schedule, null where nothing was measured; empty when there was too little. */
  blocks: (number | null)[];
}

/** As many blocks as there is data for. Each number is a multiple of the next, so that blocks of two runs can be made alike. */
const BLOCK_COUNTS = [24, 12, 6, 3];
/** So many samples at least make a block's figure, beside what its percentile needs. */
const LEAST_SAMPLES = 5;

type Measured = Pick<Case, 'thresholds'> & {
  scenarios: { name: string; startMs: number; endMs: number }[];
  store: MetricStore;
  axis: TimeAxis;
};

/** Everything that a threshold is about, and of every scenario how fast it answered, how often it failed, and how much it did. */
export function figuresOf(run: Measured): Figure[] {
  const figures = new Map<string, Figure>();
  for (const [metric, text] of judged(run)) {
    const figure = figureOf(run, metric, parseExpression(text)!);
    if (figure) figures.set(`${figure.metric} ${figure.stat}`, figure);
  }
  return [...figures.values()];
}

function judged({ thresholds, scenarios }: Measured): [metric: string, expression: string][] {
  const asked = Object.entries(thresholds).flatMap(([metric, specs]) =>
    specs.map((spec): [string, string] => [metric, typeof spec === 'string' ? spec : spec.threshold]),
  );
  const always = scenarios.flatMap(({ name }): [string, string][] => [
    [seriesKey('iteration_response_time', { scenario: name }), 'p(95)<0'],
    [seriesKey('iteration_failed', { scenario: name }), 'rate<0'],
    [seriesKey('iterations', { scenario: name }), 'rate>0'],
  ]);
  return [...asked, ...always];
}

/** Undefined for what was not measured and for what says nothing about speed, errors or throughput. */
function figureOf(run: Measured, source: string, expression: Expression): Figure | undefined {
  const { metric, tags } = parseSelector(source)!;
  const series = run.store.select(metric, tags);
  const meaning = series && meaningOf(series, run.store.definitions[metric]!.contains, expression);
  if (!series || !meaning || samplesOf(series) === 0) return undefined;
  const { aspect, stat, of } = meaning;
  const { startMs, endMs } = windowOf(run, tags);
  const needed = Math.max(LEAST_SAMPLES, samplesNeeded(expression, series.type));
  const count = blockCount(samplesOf(series) / needed, (endMs - startMs) / run.axis.intervalMs);
  return {
    metric: seriesKey(metric, tags),
    stat,
    aspect,
    value: of(series, endMs - startMs),
    // A counter that was not touched has counted: nothing.
    blocks: blocksOf(run, source, count).map((block) =>
      block.count > 0 || block.type === 'counter' ? of(block, (endMs - startMs) / count) : null,
    ),
  };
}

interface Meaning {
  aspect: Aspect;
  stat: string;
  of(series: AnySeries, lengthMs: number): number;
}

/** A minimum or maximum is a single request: chance, not a figure of a build. */
function meaningOf(series: AnySeries, contains: string, { aggregation, operator }: Expression): Meaning | undefined {
  const { method } = aggregation;
  const more = operator.startsWith('>');
  if (series.type === 'trend' && contains === 'time' && ['p', 'med', 'avg'].includes(method)) {
    const of = (part: AnySeries) => aggregate(part, aggregation, 0);
    return { aspect: 'response-time', stat: aggregationName(aggregation), of };
  }
  if (series.type === 'rate' && method === 'rate') {
    const of = (part: AnySeries) => {
      const share = aggregate(part, aggregation, 0);
      return more ? 1 - share : share;
    };
    return { aspect: 'errors', stat: 'rate', of };
  }
  if (series.type === 'counter' && more) {
    const of = (part: AnySeries, lengthMs: number) => aggregate(part, { method: 'rate' }, lengthMs);
    return { aspect: 'throughput', stat: 'rate', of };
  }
  return undefined;
}

/** The planned schedule of the phase or scenario that the tags name; else of all. What a run really took differs from run to run. */
function windowOf({ scenarios, axis }: Measured, tags: Tags): { startMs: number; endMs: number } {
  const phase = axis.phases.find(({ name }) => name === tags.phase);
  if (phase) return phase;
  const named = scenarios.filter(({ name }) => name === ownerOf(tags));
  const meant = named.length > 0 ? named : scenarios;
  return {
    startMs: Math.min(...meant.map(({ startMs }) => startMs)),
    endMs: Math.max(...meant.map(({ endMs }) => endMs)),
  };
}

function blockCount(enough: number, intervals: number): number {
  return BLOCK_COUNTS.find((count) => count <= enough && count <= intervals) ?? 0;
}

/** What was measured in each part of the schedule; what came after its end is in the last. */
function blocksOf(run: Measured, source: string, count: number): AnySeries[] {
  if (count === 0) return [];
  const { metric, tags } = parseSeriesKey(source);
  const { startMs, endMs } = windowOf(run, tags);
  const { type } = run.store.definitions[metric]!;
  const blocks = Array.from({ length: count }, () => newSeries(type));
  for (const [interval, series] of run.store.over(metric, tags)) {
    const middleMs = (run.axis.startOf(interval) + run.axis.endOf(interval)) / 2;
    const at = (middleMs - startMs) / (endMs - startMs);
    mergeInto(blocks[Math.max(0, Math.min(count - 1, Math.floor(at * count)))]!, series);
  }
  return blocks;
}
