import { gunzipSync, gzipSync } from 'node:zlib';
import type { DrillRun } from '../judge/drills.ts';
import type { TargetDown } from '../judge/findings/target-down.ts';
import type { SearchEnd } from '../judge/results.ts';
import type { Interval } from '../measure/recorder.ts';
import type { HungHook, SliceId } from '../measure/slice.ts';

/** Content type of the attachment that carries an observation; it hangs on the test of a shard that ended last. */
export const observationType = 'application/vnd.tandem.observation+gzip';

/** What only the coordinator of a run, or of one of its shards, can know. Times in ms since the start. */
export interface Observation {
  format: 1;
  runId: string;
  target: { name: string; url: string };
  /** ISO 8601; absent when the run never began. */
  startedAt?: string;
  /** Why the slices were told to stop; absent when they were not. */
  stopReason?: string;
  /** What ended the run from outside, such as Ctrl-C; absent when nothing did. */
  interruptedBy?: string;
  /** The threshold for which the run was ended; absent when none was. */
  aborted?: { metric: string; expression: string; atMs: number };
  /** How a search for a capacity went: the load of each phase, and why it ended; absent without one. */
  search?: { loads: number[]; end?: SearchEnd };
  /** When a part of the target did not answer whoever asked beside the load, however short; absent for never. */
  outages?: { startMs: number; endMs: number }[];
  /** When the target's process was seen to have begun anew, by what it says of itself; absent for never. */
  restarts?: number[];
  /** The outage for which the run was ended. */
  outage?: Omit<TargetDown, 'kind' | 'severity'>;
  /** Those that were carried out, in the order of time; absent without any. */
  drills?: DrillRun[];
  /** Names of those that only the embedded target could have carried out; absent without any. */
  drillsLeftOut?: string[];
  /** No certificate was verified (`TLS_INSECURE=1`); absent when they were. */
  insecure?: true;
  /** What the target said of itself. */
  gauges: Interval[];
  /** Slices whose processes were ended, since nothing was heard of them; absent without any. */
  ended?: (SliceId & { why: string })[];
  /** What was left where it hung; absent without any. */
  hung?: HungHook[];
  /** What slices streamed that delivered no report. */
  streamed: { scenario: string; index: number; intervals: Interval[] }[];
}

export function packObservation(observation: Observation): Buffer {
  return gzipSync(JSON.stringify(observation));
}

/** Throws one sentence when the bytes are no observation of this version. */
export function unpackObservation(body: Buffer): Observation {
  let observation: Observation;
  try {
    observation = JSON.parse(gunzipSync(body).toString());
  } catch (error) {
    throw new Error(`what a coordinator observed, ${body.length} bytes, cannot be read: ${(error as Error).message}`);
  }
  if (observation.format !== 1) {
    const found = JSON.stringify(observation.format);
    throw new Error(`what a coordinator observed has format ${found}; this version of Tandem reads format 1`);
  }
  return observation;
}
