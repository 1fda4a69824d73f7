import { type MetricDefinition, ownerOf, parseSeriesKey, type Tags, type Wanted } from '../measure/metrics.ts';
import type { AnySeries } from '../measure/series.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import { samplesOf } from './thresholds.ts';
import type { Finding, MetricSummary } from './verdict.ts';

const percentiles = [75, 90, 95, 99];

/**
 * Every metric of a run in k6's summary figures, by series key.
 * @param lengthOf ms in which what these tags name was scheduled: what a counter's rate is over
 */
export function summarise(store: MetricStore, lengthOf: (tags: Tags) => number): Record<string, MetricSummary> {
  return Object.fromEntries(
    store.keys().map((key) => {
      const { metric, tags } = parseSeriesKey(key);
      return [key, summary(store.select(metric, tags)!, store.definitions[metric]!, lengthOf(tags))];
    }),
  );
}

/** Of the series that a threshold is about, which the run may have only in parts of it; undefined when nothing was measured. */
export function summaryOf(
  store: MetricStore,
  selector: string,
  lengthOf: (tags: Tags) => number,
): MetricSummary | undefined {
  const { metric, tags } = parseSeriesKey(selector);
  const series = store.select(metric, tags);
  return series && summary(series, store.definitions[metric]!, lengthOf(tags));
}

function summary(
  series: AnySeries,
  { type, contains, waitedFor }: MetricDefinition,
  durationMs: number,
): MetricSummary {
  const values = valuesOf(series, durationMs);
  return { type, contains, ...(waitedFor && { waitedFor }), count: samplesOf(series), values };
}

function valuesOf(series: AnySeries, durationMs: number): Record<string, number> {
  switch (series.type) {
    case 'trend': {
      const { trend } = series;
      const quantiles = percentiles.map((p) => [`p(${p})`, trend.percentile(p)]);
      const { avg, min, max } = trend;
      return { avg, min, med: trend.percentile(50), max, ...Object.fromEntries(quantiles) };
    }
    case 'rate':
      return { rate: series.passes / series.count, passes: series.passes, fails: series.count - series.passes };
    case 'counter':
      return { count: series.sum, rate: durationMs > 0 ? series.sum / (durationMs / 1_000) : 0 };
    case 'gauge':
      return { value: series.last, min: series.min, max: series.max };
  }
}

/** Until when work was due that the schedule has: of a run that a threshold ended, until then. */
export function dueUntilMs(durationMs: number, findings: readonly Finding[]): number {
  const aborted = findings.find((one) => one.kind === 'aborted');
  return Math.min(durationMs, aborted?.atMs ?? durationMs);
}

/** What a rate per second is over: the schedule of the scenario it is about in the phases it is about, as far as that was run. */
export function lengthOf({ scenarios, phases, durationMs }: Scheduled, tags: Wanted): number {
  const scenario = scenarios.find(({ name }) => name === ownerOf(tags));
  const { phase } = tags;
  // While it drains nothing is due any more.
  const lastMs = Math.min(durationMs, phases.at(-1)?.endMs ?? durationMs);
  if (!scenario && phase === undefined) return lastMs;
  const [startMs, endMs] = scenario ? [scenario.startMs, Math.min(scenario.endMs, lastMs)] : [0, lastMs];
  if (phase === undefined) return Math.max(1, endMs - startMs);
  const within = phases.filter(({ name }) => (typeof phase === 'string' ? phase === name : phase.includes(name)));
  const lengths = within.map((one) => Math.max(0, Math.min(endMs, one.endMs) - Math.max(startMs, one.startMs)));
  return Math.max(
    1,
    lengths.reduce((sum, length) => sum + length, 0),
  );
}

export interface Scheduled {
  scenarios: { name: string; startMs: number; endMs: number }[];
  phases: readonly Phase[];
  /** Of a run that was ended early, until then. */
  durationMs: number;
}
