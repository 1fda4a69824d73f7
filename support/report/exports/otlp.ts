/** A run as OpenTelemetry metrics, pushed over OTLP. */

import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Verdict } from '../../judge/verdict.ts';
import type { Contains, MetricDefinition, Tags } from '../../measure/metrics.ts';
import { type AnySeries, mergeInto, newSeries } from '../../measure/series.ts';
import type { TimeAxis } from '../../measure/time-axis.ts';
import type { RunRecord } from '../record.ts';

/** A series has as many points at most: every 15 s for 15 minutes, as often as Prometheus scrapes. */
const MOST_POINTS = 60;

/** Six a decade, from 0.1 ms to 70 s. */
const BOUNDARIES = [-1, 0, 1, 2, 3, 4].flatMap((power) =>
  [1, 1.5, 2, 3, 5, 7].map((factor) => Number(`${factor}e${power}`)),
);

const UNITS: Record<Contains, string> = { time: 'ms', data: 'By', default: '1' };

type Measured = { tags: Tags; over: () => Map<number, AnySeries> };

function hrTime(epochMs: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}

function histogramOf(series: AnySeries): Histogram {
  if (series.type !== 'trend') throw new Error(`a ${series.type} is no histogram`);
  const { trend } = series;
  const buckets = { boundaries: BOUNDARIES, counts: trend.countsUpTo(BOUNDARIES) };
  return { buckets, count: trend.count, sum: trend.sum, min: trend.min, max: trend.max };
}

function numberOf(series: AnySeries): number {
  switch (series.type) {
    case 'counter':
      return series.sum;
    case 'gauge':
      return series.last;
    case 'rate':
      return series.passes;
    case 'trend':
      return series.count;
  }
}

/** The course of a run in OpenTelemetry's terms: what adds up is told from the run's start to the end of an interval. */
class Course {
  readonly #startMs: number;
  readonly #axis: TimeAxis;
  /** So many intervals have one point. */
  readonly #step: number;

  constructor({ startedAt }: Verdict, { axis, intervals }: Pick<RunRecord, 'axis' | 'intervals'>) {
    this.#startMs = Date.parse(startedAt);
    this.#axis = axis;
    this.#step = Math.max(1, Math.ceil(intervals / MOST_POINTS));
  }

  metrics(name: string, { type, contains }: MetricDefinition, series: Measured[]): MetricData[] {
    const base = (metric: string, unit: string) => ({
      descriptor: { name: `tandem.${metric}`, description: '', unit, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    });
    const points = <T>(read: (total: AnySeries) => T) => series.flatMap((one) => this.#points(one, read));
    const unit = UNITS[contains];
    const sum = { dataPointType: DataPointType.SUM, isMonotonic: true } as const;
    switch (type) {
      case 'trend':
        return [{ ...base(name, unit), dataPointType: DataPointType.HISTOGRAM, dataPoints: points(histogramOf) }];
      case 'counter':
        return [{ ...base(name, unit), ...sum, dataPoints: points(numberOf) }];
      case 'gauge':
        return [{ ...base(name, unit), dataPointType: DataPointType.GAUGE, dataPoints: points(numberOf) }];
      // As k6 tells a rate.
      case 'rate':
        return [
          { ...base(`${name}.occurred`, '1'), ...sum, dataPoints: points(numberOf) },
          { ...base(`${name}.total`, '1'), ...sum, dataPoints: points(({ count }) => count) },
        ];
    }
  }

  #points<T>({ tags, over }: Measured, read: (total: AnySeries) => T): DataPoint<T>[] {
    const points: DataPoint<T>[] = [];
    const intervals = [...over()];
    let total: AnySeries | undefined;
    intervals.forEach(([index, series], i) => {
      total ??= newSeries(series.type);
      mergeInto(total, series);
      const next = intervals[i + 1]?.[0] ?? Number.POSITIVE_INFINITY;
      if (Math.floor(next / this.#step) === Math.floor(index / this.#step)) return;
      points.push({
        startTime: hrTime(this.#startMs),
        endTime: hrTime(this.#startMs + this.#axis.endOf(index)),
        attributes: tags,
        value: read(total),
      });
    });
    return points;
  }
}

/**
 * The run's metrics as `tandem.…` with their tags as attributes: counters as sums, a rate as the sums `.occurred` and
 * `.total`, gauges, and trends as histograms of 36 buckets. The run is the resource: `service.instance.id` is its id, its tags are attributes, and
 * `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` come before what is said here.
 */
export function otlpMetrics(
  verdict: Verdict,
  record: Pick<RunRecord, 'store' | 'axis' | 'intervals'>,
): ResourceMetrics {
  const { store } = record;
  const byMetric = new Map<string, Measured[]>();
  for (const one of store.series()) byMetric.set(one.metric, [...(byMetric.get(one.metric) ?? []), one]);
  const course = new Course(verdict, record);
  return {
    resource: resourceFromAttributes({
      'service.name': 'tandem',
      'service.instance.id': verdict.runId,
      'tandem.profile': verdict.profile,
      'tandem.target': verdict.target.name,
      'tandem.verdict': verdict.status,
      ...verdict.tags,
    }).merge(detectResources({ detectors: [envDetector] })),
    scopeMetrics: [
      {
        scope: { name: 'tandem' },
        metrics: [...byMetric].flatMap(([name, series]) => course.metrics(name, store.definitions[name]!, series)),
      },
    ],
  };
}

/**
 * Sends them where `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` or `OTEL_EXPORTER_OTLP_ENDPOINT` says, with the headers,
 * compression and certificates of the other `OTEL_EXPORTER_OTLP_…` variables, over HTTP with protobuf. Rejects when they
 * were not taken.
 */
export async function exportOtlp(metrics: ResourceMetrics, timeoutMs: number): Promise<void> {
  const exporter = new OTLPMetricExporter({ timeoutMillis: timeoutMs });
  await new Promise<void>((resolve, reject) => {
    exporter.export(metrics, ({ error, code }) => (code === 0 ? resolve() : reject(error)));
  });
}
