/** What the live displays show once a second; made from what the slices stream to the coordinator. */
import type { ThresholdResult } from '../judge/verdict.ts';
import { clock, count, ratio } from '../judge/words/figures.ts';
import { printable } from '../judge/words/text.ts';
import { errorsByName } from './tables.ts';
import { observedText, requiredText, statText } from './words.ts';

export interface LiveScenario {
  name: string;
  kind: 'load' | 'journey';
  /** Over the last interval. Null before anything was measured. */
  ratePerSecond: number;
  p95Ms: number | null;
  /** Iterations of the whole run so far, and how many failed. */
  iterations: number;
  failed: number;
  dropped: number;
  activeVUs: number;
  maxVUs: number;
}

export interface LiveSnapshot {
  runId: string;
  profile: string;
  target: { name: string; url: string };
  /** `preparing`, the name of a phase, `draining` or `done`. */
  phase: string;
  /** Of a phase: only journeys run. */
  isQuiet?: boolean;
  elapsedMs: number;
  totalMs: number;
  slicesReady: number;
  slicesExpected: number;
  scenarios: LiveScenario[];
  /** Why the slices were told to stop; null when they were not. May hold words of the target. */
  stopReason: string | null;
  /** Of all protocol work over the last interval, from when it was due; null before data. */
  p95Ms: number | null;
  sessions: { active: number; done: number; failed: number };
  /** 99th percentile over the last interval of the lateness that is the generator's own; null before data. */
  latenessP99Ms: number | null;
  /** Of the machine that generates the load, all cores together, over the last interval; null before data. */
  machineCpuPercent: number | null;
  /** Of the target's process, when it publishes Prometheus metrics. */
  targetCpuPercent: number | null;
  targetMemoryBytes: number | null;
  /** Thresholds that are missed by what was measured so far. */
  missing: readonly ThresholdResult[];
  /** Failures of the run so far by name. */
  errors: Readonly<Record<string, number>>;
}

/** Draws a run as it goes; one implementation for a terminal, one for plain lines. */
export interface LiveDisplay {
  show(snapshot: LiveSnapshot): void;
  /** A line that must not be lost, e.g. what a worker printed: shown above the live part. */
  print(line: string): void;
  /** Removes the live part. Nothing is drawn afterwards. */
  stop(): void;
}

/** How many failed, and how large a share of what was done. */
export function errors({ failed, iterations }: Pick<LiveScenario, 'failed' | 'iterations'>): string {
  return failed === 0 ? '0' : `${count(failed)} (${ratio(failed / Math.max(iterations, failed), 1)})`;
}

/** What goes on in a phase, in a few words. */
export function doing({ phase, isQuiet, slicesReady, slicesExpected, scenarios }: LiveSnapshot): string {
  switch (phase) {
    case 'preparing':
      return `${slicesReady} of ${slicesExpected} slices ready`;
    case 'draining':
      return 'waiting for what is under way';
    case 'done':
      return 'finished';
    default:
      return isQuiet ? 'browsers only, without load' : together(new Set(scenarios.map(({ kind }) => kind)));
  }
}

function together(kinds: Set<'load' | 'journey'>): string {
  if (kinds.size === 2) return 'browsers and protocol together';
  return kinds.has('journey') ? 'browsers only' : 'protocol only';
}

/** At most so many names or thresholds are told while a run lasts. */
const MOST_TROUBLES = 3;

/** What goes wrong: thresholds that are missed so far, and failures by name. A line each, empty when all is well. */
export function troubles({ missing, errors }: Pick<LiveSnapshot, 'missing' | 'errors'>): string[] {
  const more = (all: number) => (all > MOST_TROUBLES ? ` and ${count(all - MOST_TROUBLES)} more` : '');
  const missed = missing
    .slice(0, MOST_TROUBLES)
    .map((one) => `${statText(one)} of ${one.metric} ${observedText(one)} (required ${requiredText(one)})`);
  const named = errorsByName({ errors });
  const failed = named.slice(0, MOST_TROUBLES).map(([name, often]) => `${count(often)} × ${name}`);
  return [
    ...(missed.length > 0 ? [`missed so far: ${missed.join(' · ')}${more(missing.length)}`] : []),
    ...(failed.length > 0 ? [`failures: ${failed.join(' · ')}${more(named.length)}`] : []),
  ].map(printable);
}

/** `01:12 of 02:05, 00:52 left`. */
export function timeLeft({ elapsedMs, totalMs }: Pick<LiveSnapshot, 'elapsedMs' | 'totalMs'>): string {
  return `${clock(elapsedMs)} of ${clock(totalMs)}, ${clock(Math.max(0, totalMs - elapsedMs))} left`;
}
