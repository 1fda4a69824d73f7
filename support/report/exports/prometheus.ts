/** A run as Prometheus metrics, for the textfile collector of a node exporter. */
import { Counter, Gauge, type Metric, Registry, Summary } from 'prom-client';
import type { Verdict } from '../../judge/verdict.ts';
import type { MetricDefinition, Tags } from '../../measure/metrics.ts';
import type { AnySeries } from '../../measure/series.ts';
import type { RunRecord } from '../record.ts';

const QUANTILES = [0.5, 0.75, 0.9, 0.95, 0.99];

type Measured = { tags: Tags; total: AnySeries };

/** A summary of what is already known: prom-client's own would want every sample. */
class KnownSummary extends Summary {
  readonly #known: { name: string; help: string; series: Measured[]; scale: number };

  constructor(known: { name: string; help: string; series: Measured[]; scale: number }) {
    super({ name: known.name, help: known.help, registers: [] });
    this.#known = known;
  }

  override async get() {
    const { name, help, series, scale } = this.#known;
    const values = series.flatMap(({ tags, total }) => {
      if (total.type !== 'trend') return [];
      const { trend } = total;
      const labels = labelsOf(tags);
      return [
        ...QUANTILES.map((quantile) => ({
          labels: { ...labels, quantile },
          value: trend.percentile(quantile * 100) * scale,
        })),
        { metricName: `${name}_sum`, labels, value: trend.sum * scale },
        { metricName: `${name}_count`, labels, value: trend.count },
      ];
    });
    return { ...(await super.get()), help, values };
  }
}

/**
 * Letters, digits and underscores, as Prometheus wants names. Others are spelled as Prometheus itself does (`U__page_20_type`), so
 * that no two become one; see https://prometheus.io/docs/instrumenting/escaping_schemes/. So is what a summary has of its own.
 */
function labelName(tag: string): string {
  if (/^[a-z_]\w*$/i.test(tag) && tag !== 'quantile') return tag;
  const hex = (character: string) => (character === '_' ? '__' : `_${character.codePointAt(0)!.toString(16)}_`);
  return `U__${tag.replace(/[^a-z0-9]/giu, hex)}`;
}

/** Values may hold anything: they are escaped as they are written. */
function labelsOf(tags: Tags): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [labelName(name), value]));
}

/** Base units, as Prometheus wants them: seconds and bytes. A metric that has its unit in its name keeps it. */
function unitOf(name: string, { contains }: MetricDefinition): { suffix: string; scale: number } {
  if (contains === 'time') return { suffix: '_seconds', scale: 1 / 1000 };
  return { suffix: contains === 'data' && !name.endsWith('_bytes') ? '_bytes' : '', scale: 1 };
}

function metricOf(
  metric: string,
  definition: MetricDefinition,
  series: Measured[],
  isTaken: (name: string) => boolean,
): Metric {
  const { suffix, scale } = unitOf(metric, definition);
  const endings = { trend: suffix, counter: `${suffix}_total`, rate: '_ratio', gauge: suffix };
  const nameAfter = (start: string) => `${start}_${metric}${endings[definition.type]}`;
  // An author may have called one as the run's are, such as run_duration.
  const name = isTaken(nameAfter('tandem')) ? nameAfter('tandem_own') : nameAfter('tandem');
  const help = `${metric} of the whole run`;
  const labelNames = [...new Set(series.flatMap(({ tags }) => Object.keys(labelsOf(tags))))];
  if (definition.type === 'trend') return new KnownSummary({ name, help, series, scale });
  if (definition.type === 'counter') {
    const counter = new Counter({ name, help, labelNames, registers: [] });
    for (const { tags, total } of series) if (total.type === 'counter') counter.inc(labelsOf(tags), total.sum * scale);
    return counter;
  }
  const isShare = definition.type === 'rate';
  const ofEnd = `${metric} at the end of the run`;
  const gauge = new Gauge({ name, help: isShare ? help : ofEnd, labelNames, registers: [] });
  for (const { tags, total } of series) {
    if (total.type === 'rate') gauge.set(labelsOf(tags), total.passes / total.count);
    if (total.type === 'gauge') gauge.set(labelsOf(tags), total.last * scale);
  }
  return gauge;
}

/** What was judged, as gauges. */
function judged({ status, startedAt, durationMs, thresholds, oracles }: Verdict): Metric[] {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `tandem_${name}`, help, labelNames, registers: [] });
  const verdict = gauge('verdict', '1 for the verdict of the run', ['status']);
  for (const one of ['pass', 'fail', 'invalid']) verdict.set({ status: one }, one === status ? 1 : 0);
  const start = gauge('run_start_timestamp_seconds', 'When the run began');
  start.set(Date.parse(startedAt) / 1000);
  const length = gauge('run_duration_seconds', 'How long the run took');
  length.set(durationMs / 1000);
  const held = gauge('threshold_ok', '1 for a threshold that held', ['metric', 'expression']);
  for (const { metric, expression } of thresholds) {
    // The same may be asked of the whole run and of windows.
    const same = thresholds.filter((one) => one.metric === metric && one.expression === expression);
    held.set(labelsOf({ metric, expression }), same.every(({ ok, decided }) => ok && decided) ? 1 : 0);
  }
  const violations = gauge('oracle_violations', 'Promises that the target broke', ['oracle']);
  for (const { name, violations: seen } of oracles) violations.set(labelsOf({ oracle: name }), seen);
  return [verdict, start, length, held, violations];
}

/**
 * The run in Prometheus' text format: totals of every series under `tandem_…` with its tags as labels, quantiles as
 * summaries, times in seconds; `tandem_verdict{status=…}`, `tandem_threshold_ok`, `tandem_oracle_violations`; an author's metric whose
 * name is taken is `tandem_own_…`. Every line has the labels `profile` and `target`, and the run's tags; its id, which would be a new
 * series each time, is no label.
 */
export async function prometheusText(verdict: Verdict, { store }: Pick<RunRecord, 'store'>): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels(labelsOf({ ...verdict.tags, profile: verdict.profile, target: verdict.target.name }));
  const byMetric = new Map<string, Measured[]>();
  for (const { metric, tags, total } of store.series()) {
    byMetric.set(metric, [...(byMetric.get(metric) ?? []), { tags, total }]);
  }
  for (const metric of judged(verdict)) registry.registerMetric(metric);
  const isTaken = (name: string) => registry.getSingleMetric(name) !== undefined;
  for (const [metric, series] of byMetric) {
    registry.registerMetric(metricOf(metric, store.definitions[metric]!, series, isTaken));
  }
  return registry.metrics();
}
