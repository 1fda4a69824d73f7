import type { OracleResult } from '../measure/evidence.ts';
import type { Failure } from '../measure/failures.ts';

export type { OracleResult };

/** Public, versioned types of a verdict: what `verdict.json` holds. Units stand in the names; times are milliseconds. */

export type Status = 'pass' | 'fail' | 'invalid';

/** How a finding bears on the status: `fail` and `invalid` decide it (DESIGN.md, Verdict), a `warning` does not. */
export type Severity = 'fail' | 'invalid' | 'warning';

/** What the judge found, as data; `report/messages.ts` makes the sentence. */
export type Finding =
  /** An oracle saw the target break a promise. */
  | { kind: 'oracle'; severity: 'fail'; oracle: string; checked: number; violations: number; example?: unknown }
  /** An oracle could not tell: it crashed or saw nothing. */
  | { kind: 'oracle-unknown'; severity: 'invalid'; oracle: string; error: string }
  /**
   * The target, or the part of it that `variable` names, stopped answering and stayed away. `atMs` is since the run's start.
   */
  | {
      kind: 'target-down';
      severity: 'fail';
      url: string;
      variable?: string;
      atMs: number;
      forMs: number;
      tries: number;
      error: string;
    }
  /** Requests that the target turned away (HTTP 429), of all that these scenarios sent. */
  | {
      kind: 'rate-limited';
      /** `warning`: no more than is allowed, a share. */
      severity: 'fail' | 'warning';
      url: string;
      scenarios: string[];
      turnedAway: number;
      requests: number;
      allowed: number;
    }
  | { kind: 'target-unreached'; severity: 'invalid'; url: string; requests: number; error: string }
  | {
      kind: 'threshold';
      /** `invalid`: missed, but not decided. */
      severity: 'fail' | 'invalid';
      metric: string;
      expression: string;
      observed: number;
      limit: number;
      unit: Unit;
      count: number;
      /** For `…*calm` limits: the same figure in the calm window. */
      calm?: number;
      /** What may have made the figure what it is; with severity `invalid`. */
      doubts?: Doubt[];
    }
  /**
   * A threshold whose figure would be on the other side of its limit had unfinished work never ended (`ages` of its samples),
   * or brought what it had not come to measure (up to `missing` more).
   */
  | {
      kind: 'unfinished';
      severity: 'invalid';
      metric: string;
      expression: string;
      observed: number;
      limit: number;
      unit: Unit;
      count: number;
      ages: number;
      missing: number;
    }
  /** A threshold that nothing, or too little, was measured for. `window` is set when it is the calm half that lacks it. */
  | {
      kind: 'no-data';
      severity: 'invalid';
      metric: string;
      expression: string;
      count: number;
      needed: number;
      window?: 'calm' | 'load';
    }
  /** What was tried and never succeeded. A warning when it was hardly tried. */
  | ({ kind: 'no-success'; severity: Severity; check?: string } & Failing)
  /** What succeeded at times, but failed more often than `maxFailed` allows. */
  | ({ kind: 'failed-share'; severity: 'fail' | 'invalid'; allowed: number } & Failing)
  | {
      kind: 'missing-slice';
      severity: 'invalid';
      scenario: string;
      slice: number;
      of: number;
      cause: string;
      /** Slices, of whichever scenario, that are missing for the same cause; absent without any. */
      others?: number;
    }
  /** What makes merged shards no whole; see `joinParts`. */
  | { kind: 'missing-shard'; severity: 'invalid'; shards: number[]; of: number }
  | { kind: 'duplicate-shard'; severity: 'invalid'; shard: number; of: number }
  | {
      kind: 'foreign-shard';
      severity: 'invalid';
      shard: number;
      of: number;
      what: string;
      found: string;
      expected: string;
    }
  /** The machines of the run did not begin together. */
  | { kind: 'shard-spread'; severity: 'invalid'; spreadMs: number; allowedMs: number; first: number; last: number }
  | {
      kind: 'late-start';
      severity: 'invalid' | 'warning';
      scenario: string;
      slice: number;
      lateMs: number;
      allowedMs: number;
    }
  | {
      kind: 'lateness';
      severity: 'invalid' | 'warning';
      scenario: string;
      p99Ms: number;
      allowedMs: number;
      count: number;
    }
  /** The machine or process that generates the load was at its limit; a warning when that decided nothing. */
  | ({ kind: 'saturated'; severity: 'invalid' | 'warning' } & Omit<HealthSignal, 'ok' | 'cost'>)
  /** Arrivals that never started. A healthy generator blames the target (fail), an unhealthy one itself (invalid). */
  | {
      kind: 'dropped';
      severity: 'fail' | 'invalid';
      scenario: string;
      dropped: number;
      due: number;
      maxVUs: number;
      allowed: number;
      /** What may have made them drop; with severity `invalid`. */
      doubts?: Doubt[];
    }
  | { kind: 'interrupted'; severity: 'invalid'; by: string; atMs: number; ofMs: number }
  /** The suite's own code failed in a slice: the load or journey threw outside an iteration. */
  | {
      kind: 'crashed';
      severity: 'invalid';
      scenario: string;
      slice: number;
      error: string;
      /** When it was not the scenario's own code: the browser that died or never came up, or what the machine ran out of. */
      culprit?: 'browser' | 'machine';
    }
  /** A hook of a scenario was left where it hung. `invalid` when oracles needed what it was to find out. */
  | {
      kind: 'hung';
      severity: 'invalid' | 'warning';
      scenario: string;
      slice: number;
      hook: 'settle' | 'teardown';
      limitMs: number;
    }
  | { kind: 'nothing-measured'; severity: 'invalid' }
  /** Iterations that still ran when `gracefulStop` or `gracefulRampDown` was over: they have failed, and their age is in the trends. */
  | { kind: 'cut-off'; severity: 'warning'; scenario: string; interrupted: number }
  /** A tag took more values than are told apart: an id where a name should be. Its further values are counted as `other`. */
  | { kind: 'tag-folded'; severity: 'warning'; tag: string; metrics: string[]; values: string[]; allowed: number }
  /** Nobody looked whose certificates they were (`TLS_INSECURE=1`): what was loaded may be another system. */
  | { kind: 'unverified'; severity: 'warning' }
  /** A filter left scenarios out, and with them the thresholds about them. */
  | { kind: 'left-out'; severity: 'warning'; scenarios: string[]; thresholds: number }
  | ({ kind: 'regression' } & Regression)
  /** There is a baseline, but too few runs in it to know how much they differ by chance. */
  | { kind: 'baseline-thin'; severity: 'warning'; runs: number; needed: number }
  | { kind: 'baseline-unreadable'; severity: 'warning'; error: string };

/** How often something failed, and with what. */
export interface Failing {
  what: 'scenario' | 'operation' | 'check';
  /** Several when all of them failed for the same reason. */
  scenarios: string[];
  /** Journeys, whose iterations are sessions. */
  journey: boolean;
  /** Also of a scenario that has no other. */
  operation?: string;
  tries: number;
  failed: number;
  /** The most frequent errors; causes before the checks that they made fail. */
  errors: ErrorCount[];
  /** Why it may not be the target's doing: such findings are `invalid`. */
  doubt?: 'generator' | 'rate-limit';
  /** The first failure of the most frequent kind, as far as one was kept. */
  example?: Failure;
}

export interface ErrorCount {
  name: string;
  count: number;
}

/** What a figure says of a target. */
export type Aspect = 'response-time' | 'errors' | 'throughput';

/** A figure that is worse than in the runs of the baseline, by more than is allowed and more than chance does. */
export interface Regression {
  /** `fail` when it is critical, `invalid` when the generator may have caused that. */
  severity: 'fail' | 'invalid' | 'warning';
  aspect: Aspect;
  metric: string;
  /** `p(95)`; `rate` of errors is the share of failures, of throughput the number per second. */
  stat: string;
  observed: number;
  /** Mean of the baseline's runs. */
  baseline: number;
  /** 0.3: worse by 30 %, of errors by 30 percentage points. */
  change: number;
  /** What is allowed: of errors the share itself, else the change. */
  limit: number;
  /** The change that a run of the same build may show by chance. */
  noise: number;
  /** Chance of such time blocks in a run of the same build, corrected for all figures that were compared. */
  p: number;
  /** Runs of the baseline, and time blocks of each. */
  runs: number;
  blocks: number;
  /** What may have made the figure what it is; a critical one is `invalid` then. */
  doubts?: Doubt[];
}

/** What a number counts: `ms`, a `ratio` in 0…1, a plain `count`, `bytes`, or `none` (a score such as CLS). */
export type Unit = 'ms' | 'ratio' | 'count' | 'bytes' | 'none';

/** Why a threshold or a finding is not decided: what may have made its figure what it is. */
export interface Doubt {
  /** `no-data`: too few samples, `observed` of `allowed`. `unfinished`: `observed` samples that never came to an end. Else a signal of the generator's health, or what cut the run short. */
  by: 'no-data' | 'unfinished' | HealthSignal['signal'] | 'late-start' | CutShort;
  /** Whose process it was; absent for what concerns the machine or the whole run. */
  scenario?: string;
  shard?: number;
  /** Set when it was the calm that a `…*calm` limit comes from. */
  window?: 'calm';
  observed?: number;
  allowed?: number;
  unit?: Unit;
}

/** Findings after which a part of the load was missing. */
export type CutShort = 'interrupted' | 'crashed' | 'missing-slice' | 'missing-shard' | 'foreign-shard' | 'shard-spread';

/** A finding with its sentence: what, observed, required, how many samples, what to look at next. */
export type Reason = Finding & { message: string };

export interface ThresholdResult {
  /** As in the profile, e.g. `http_req_duration{scenario:sync-relay}`. */
  metric: string;
  expression: string;
  /** Null when nothing was measured. */
  observed: number | null;
  /** What the expression compares with (for `…*calm`, already multiplied); null when calm has no data. */
  limit: number | null;
  unit: Unit;
  count: number;
  /** The figure is on the right side of its limit. */
  ok: boolean;
  /** False when the measurement cannot tell whether the target holds or misses it; then neither held nor missed. */
  decided: boolean;
  /** Why it is not decided; absent when it is. */
  doubts?: Doubt[];
  calm?: number;
}

export interface MetricSummary {
  type: 'trend' | 'rate' | 'counter' | 'gauge';
  contains: 'time' | 'data' | 'default';
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

/** One sign of the generator's own state against its limit in the profile's `health`. */
export interface HealthSignal {
  signal:
    | 'lateness'
    | 'event-loop-delay'
    | 'generator-cpu'
    | 'gc-pause'
    | 'machine-cpu'
    | 'steal'
    | 'throttled'
    | 'control-page'
    | 'exhausted'
    /** The share of the load that was sent when it was due, but for what the target held up: here `allowed` is the least. */
    | 'delivered';
  /** Whose process; absent for what concerns the whole machine. */
  scenario?: string;
  /** Of merged shards the one that was worst; counts from 1. */
  shard?: number;
  /** Set for how it was in the calm, which `…*calm` limits come from. */
  window?: 'calm';
  /** What ran out: `EMFILE`, `EADDRNOTAVAIL`. */
  detail?: string;
  observed: number;
  allowed: number;
  unit: Unit;
  count: number;
  ok: boolean;
  /** Of what holds a process up for a while: how much of a figure that can have been. */
  cost?: Cost;
}

export interface Cost {
  /** The longest pause. */
  stallMs: number;
  /** Share of time that it took in its worst interval, and in the mean; 0 … 1. */
  worstShare: number;
  meanShare: number;
  /** All pauses together, where these are known one by one. */
  totalMs?: number;
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
  startedAt: string;
  /** From the common start instant to the end of the last slice. */
  durationMs: number;
  seed: string;
  slices: { expected: number; received: number };
  /** Worst first. Empty only for a pass. */
  reasons: Reason[];
  thresholds: ThresholdResult[];
  oracles: OracleResult[];
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
