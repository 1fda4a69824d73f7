/** `histograms.hlog`: every trend by interval, lossless, for HdrHistogram's own tools. */
import { HistogramLogWriter } from 'hdr-histogram-js';
import type { Verdict } from '../judge/verdict.ts';
import { seriesKey } from '../measure/metrics.ts';
import { TrendSeries } from '../measure/series.ts';
import type { RunRecord } from './record.ts';

/** A log's tag ends at a comma or a space. */
function tagOf(key: string): string {
  return key.replace(/[,\s]/g, ';');
}

/**
 * HdrHistogram's interval log, version 1.3. Its tags are the series, with `;` between their tags; its times are seconds
 * since the run's start. The histograms hold thousandths (µs for times), `Interval_Max` whole units (ms).
 */
export function histogramLog(verdict: Verdict, { store, intervalMs }: Pick<RunRecord, 'store' | 'intervalMs'>): string {
  const lines: string[] = [];
  // An empty line, which the writer leaves after the start time, ends the log for HdrHistogram's reader in Java.
  const writer = new HistogramLogWriter((text) => lines.push(text.trimEnd()));
  const startMs = Date.parse(verdict.startedAt);
  writer.outputComment(`[Tandem ${verdict.profile.replace(/\s/g, ' ')}: histograms of thousandths, µs for times]`);
  writer.outputLogFormatVersion();
  writer.outputStartTime(startMs);
  writer.outputComment(`[BaseTime: ${(startMs / 1000).toFixed(3)} (seconds since epoch)]`);
  writer.outputLegend();
  const intervals: [index: number, tag: string, series: TrendSeries][] = [];
  for (const { metric, tags, total, over } of store.series()) {
    if (total.type !== 'trend') continue;
    const tag = tagOf(seriesKey(metric, tags));
    for (const [index, series] of over()) if (series instanceof TrendSeries) intervals.push([index, tag, series]);
  }
  // A log is in the order of time.
  intervals.sort(([a], [b]) => a - b);
  for (const [index, tag, { trend }] of intervals) {
    const { histogram } = trend;
    histogram.tag = tag;
    const startSec = (index * intervalMs) / 1000;
    writer.outputIntervalHistogram(histogram, startSec, startSec + intervalMs / 1000);
  }
  return `${lines.join('\n')}\n`;
}
