import { gunzipSync, gzipSync } from 'node:zlib';
import type { Evidence } from './evidence.ts';
import type { Failure } from './failures.ts';
import type { MetricDefinition } from './metrics.ts';
import type { Interval } from './recorder.ts';
import type { Packed } from './series.ts';
import type { FoldedTag } from './tag-values.ts';

export interface SliceId {
  scenario: string;
  index: number;
}

/** Of a slice, in its run. */
export function sliceName({ scenario, index }: SliceId): string {
  return `${scenario}#${index}`;
}

/** The slice of a {@link sliceName}. */
export function sliceNamed(name: string): SliceId {
  const end = name.lastIndexOf('#');
  return { scenario: name.slice(0, end), index: Number(name.slice(end + 1)) };
}

/** A part of a slice's own code, such as its `teardown`, that was left where it hung. */
export interface HungHook {
  id: SliceId;
  hook: 'settle' | 'teardown' | 'teardownRun';
  limitMs: number;
}

/** Content type of the attachment that carries a slice's report; also how the reporter finds it. */
export const sliceReportType = 'application/vnd.tandem.slice+gzip';

/** Content type of the attachment that says why a slice failed. Both are named as {@link sliceName} says. */
export const sliceFailureType = 'text/vnd.tandem.failure';

/** What one slice of one scenario delivers: streamed interval by interval, and whole as the test's attachment. */
export interface SliceReport {
  format: 1;
  runId: string;
  scenario: string;
  kind: 'load' | 'journey';
  slice: { index: number; of: number };
  /** Name and shown URL of the system under load. */
  target: { name: string; url: string };
  /** When the run began, ISO 8601; absent when it never did. */
  startedAt?: string;
  /** Length of an interval in ms. */
  intervalMs: number;
  definitions: Record<string, MetricDefinition>;
  intervals: Interval[];
  /** All intervals as one, without gauges: whoever merges a thousand slices need not read each of their intervals. */
  totals: Record<string, Packed>;
  /** Tags that took more values than are told apart; absent for none. */
  folded?: FoldedTag[];
  evidence: Evidence;
  end: SliceEnd;
}

export interface SliceEnd {
  /** `complete`: the whole schedule was run. `stopped`: by an abort, Ctrl-C or time-out. `crashed`: by an error of the suite or an author. */
  status: 'complete' | 'stopped' | 'crashed';
  error?: string;
  /** First iteration may start this much after the common instant; ms. */
  startLateMs: number;
  /** From the common start instant to the end of the last iteration; ms. */
  durationMs: number;
  started: number;
  completed: number;
  dropped: number;
  interrupted: number;
  /** By name. */
  errors: Record<string, number>;
  /** Of those the ones that are known to be of one operation. */
  errorsByOperation: Record<string, Record<string, number>>;
  /** Operations in which something was checked; `''` where it was checked outside of any. Absent: that is not known. */
  checked?: string[];
  /** Of some names the first failure, in full. */
  failures: Failure[];
  /** VUs that had their last look, and those of which it failed; absent where none had one. */
  settled?: { tries: number; failed: number };
  /** user + system of the worker process during the run; 0 where another slice of that process has told it. */
  cpuSeconds: number;
}

/** Of a report that cannot be packed, since its evidence is no plain data: what was measured counts all the same. */
export function withoutEvidence(report: SliceReport, why: unknown): SliceReport {
  const error = `${report.scenario}, slice ${report.slice.index}: the evidence is no plain data: ${(why as Error).message}`;
  return { ...report, evidence: {}, end: { ...report.end, status: 'crashed', error } };
}

export function packSlice(report: SliceReport): Buffer {
  return gzipSync(JSON.stringify(report));
}

/** Throws one sentence when the bytes are not a slice report of this version. */
export function unpackSlice(body: Buffer): SliceReport {
  let report: SliceReport;
  try {
    report = JSON.parse(gunzipSync(body).toString());
  } catch (error) {
    throw new Error(`a slice report of ${body.length} bytes cannot be read: ${(error as Error).message}`);
  }
  if (report.format !== 1) {
    throw new Error(
      `a slice report has format ${JSON.stringify(report.format)}; this version of Tandem reads format 1`,
    );
  }
  return report;
}
