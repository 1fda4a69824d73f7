import type { OracleResult } from '../measure/evidence.ts';
import type { Failure } from '../measure/failures.ts';
import type { Phase } from '../measure/time-axis.ts';
import type { Doubt } from './doubt.ts';
import type { Finding } from './findings/index.ts';
import type { Regression } from './findings/regression.ts';
import type {
  AvailabilityResult,
  CapacityResult,
  DriftResult,
  DrillResult,
  RecoveryResult,
  WindowsResult,
} from './results.ts';
import type { HealthSignal } from './signal.ts';
import type { Unit } from './unit.ts';

export type { CutShort, Doubt } from './doubt.ts';
export type { ErrorCount, Failing } from './findings/failing.ts';
export type { Finding } from './findings/index.ts';
export type { Severity } from './findings/kind.ts';
export type { Regression } from './findings/regression.ts';
export type { Cost, HealthSignal } from './signal.ts';
export type { Unit } from './unit.ts';
export type { Aspect } from './words/compared.ts';
export type { OracleResult, Phase };

/** Public, versioned types of a verdict: what `verdict.json` holds. Units stand in the names; times are milliseconds. */

export type Status = 'pass' | 'fail' | 'invalid';

/** A finding with its sentence: what, observed, required, how many samples, what to look at next. */
export type Reason = Finding & { message: string };

export interface ThresholdResult {
  /** As in the profile, e.g. `http_req_duration{scenario:sync-relay}`. */
  metric: string;
  expression: string;
  /** Null when nothing was measured. */
  observed: number | null;
  /** What the expression compares with (for `…*calm`, already multiplied); null when that phase has no data. */
  limit: number | null;
  unit: Unit;
  count: number;
  /** The figure is on the right side of its limit. */
  ok: boolean;
  /** False when the measurement cannot tell whether the target holds or misses it; then neither held nor missed. */
  decided: boolean;
  /** Why it is not decided; absent when it is. */
  doubts?: Doubt[];
  /** The figure of the phase that it is compared with. */
  reference?: Reference;
  /** Of one that must hold in windows: `observed` is the share of them that held, `limit` the one that must, `count` all of them. */
  windows?: WindowsResult;
}

export interface Reference {
  phase: string;
  value: number;
}

export interface MetricSummary {
  type: 'trend' | 'rate' | 'counter' | 'gauge';
  contains: 'time' | 'data' | 'default';
  /** Where an iteration is the life of a connection: what is waited for in it. */
  waitedFor?: true;
  count: number;
  /** Trend: avg, min, med, max, p(75), p(90), p(95), p(99). Rate: rate, passes, fails. Counter: count, rate (per second). Gauge: value, min, max. */
  values: Record<string, number>;
}

export interface ScenarioHealth {
  scenario: string;
  /** Lateness of iterations that had a free VU: the generator's own fault. */
  latenessP99Ms: number;
  latenessMaxMs: number;
  dropped: number;
  interrupted: number;
  /** How much later than the common start instant the latest slice began. */
  startSkewMs: number;
}

export interface Health {
  signals: HealthSignal[];
  scenarios: ScenarioHealth[];
  /** Spread between the first and the last slice's start. */
  startSpreadMs: number;
  /** Between the starts of the first and the last machine, on their wall clocks; only of merged shards. */
  shardSpreadMs?: number;
  /** CPU seconds used by all worker processes together (browsers not included). */
  generatorCpuSeconds: number;
}

export interface Verdict {
  schemaVersion: 2;
  /** Of one shard alone: the run is judged when all are merged. `status` tells then whether this part can be. */
  partial?: { shard: number; of: number };
  /** Machines that the run was spread over, and those of them that were merged. */
  shards?: { expected: number; received: number };
  status: Status;
  runId: string;
  profile: string;
  /** Name and base URL of the system under load; never a token. */
  target: { name: string; url: string };
  /** The file of the target's SLO that it was judged by, beside the profile's own thresholds; absent: by these alone. */
  slo?: string;
  startedAt: string;
  /** From the common start instant to the end of the last slice. */
  durationMs: number;
  seed: string;
  /** Of the whole run: the profile's, and those of `LOAD_TAGS`; absent without any. */
  tags?: Record<string, string>;
  /** Of the profile, in the order of time. */
  phases: Phase[];
  slices: { expected: number; received: number };
  /** Worst first. Empty only for a pass. */
  reasons: Reason[];
  thresholds: ThresholdResult[];
  oracles: OracleResult[];
  availability?: AvailabilityResult;
  recovery?: RecoveryResult;
  capacity?: CapacityResult;
  drift?: DriftResult[];
  /** Each time of each drill, in the order of time; absent without any. */
  drills?: DrillResult[];
  health: Health;
  /** Against the baseline, if there is one; worst first. */
  regressions: Regression[];
  warnings: Reason[];
  /** What went wrong, by name, over the whole run: `{"HTTP 500": 12, "ECONNRESET": 3}`. */
  errors: Record<string, number>;
  /** Of each scenario up to three failures in full, the most frequent first, each with how often there was its like. */
  failures: (Failure & { count: number })[];
  metrics: Record<string, MetricSummary>;
}
