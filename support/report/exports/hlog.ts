/** `histograms.hlog`: every trend by interval, lossless, for HdrHistogram's own tools. */
import { HistogramLogWriter } from 'hdr-histogram-js';
import type { Verdict } from '../../judge/verdict.ts';
import { seriesKey, type Tags } from '../../measure/metrics.ts';
import { TrendSeries } from '../../measure/series.ts';
import type { RunRecord } from '../record.ts';

/** A log's tag ends at a comma or a blank: of a name or value they are percent-encoded, so that no two series become one. */
function tagOf(metric: string, tags: Tags): string {
  const encoded = (text: string) => text.replace(/[%,;\s]/g, encodeURIComponent);
  const spelled = Object.entries(tags).map(([name, value]) => [encoded(name), encoded(value)]);
  return seriesKey(metric, Object.fromEntries(spelled)).replaceAll(',', ';');
}

/** As many lines a series tell how a run went; a line for each interval of a long one would make a file that nobody opens. */
const MAX_LINES = 20;

/**
 * HdrHistogram's interval log, version 1.3. Its tags are the series, with `;` between their tags; its times are seconds
 * since the run's start. The histograms hold thousandths (µs for times), `Interval_Max` whole units (ms). A run of more
 * intervals than {@link MAX_LINES} has several of them in a line, merged.
 */
export function histogramLog(
  verdict: Verdict,
  { store, axis, intervals }: Pick<RunRecord, 'store' | 'axis' | 'intervals'>,
): string {
  const lines: string[] = [];
  // An empty line, which the writer leaves after the start time, ends the log for HdrHistogram's reader in Java.
  const writer = new HistogramLogWriter((text) => lines.push(text.trimEnd()));
  const startMs = Date.parse(verdict.startedAt);
  writer.outputComment(`[Tandem ${verdict.profile.replace(/\s/g, ' ')}: histograms of thousandths, µs for times]`);
  writer.outputLogFormatVersion();
  writer.outputStartTime(startMs);
  writer.outputComment(`[BaseTime: ${(startMs / 1000).toFixed(3)} (seconds since epoch)]`);
  writer.outputLegend();
  const header = lines.splice(0);
  const width = Math.max(1, Math.ceil(intervals / MAX_LINES));
  const secondsAt = (line: number) => axis.startOf(line * width) / 1_000;
  /** By the instant: a log is in the order of time, and all histograms of a run at once would be gigabytes. */
  const instants: string[][] = [];
  for (const { metric, tags, total, over } of store.series()) {
    if (total.type !== 'trend') continue;
    const tag = tagOf(metric, tags);
    for (const [at, series] of over(width)) {
      if (!(series instanceof TrendSeries)) continue;
      const { histogram } = series.trend;
      histogram.tag = tag;
      writer.outputIntervalHistogram(histogram, secondsAt(at), secondsAt(at + 1));
      instants[at] ??= [];
      instants[at].push(...lines.splice(0));
    }
  }
  return `${[...header, ...instants.flat()].join('\n')}\n`;
}
