import type { MetricStore } from '../measure/store.ts';
import { summarise } from './summary.ts';
import { judgeThreshold, type ThresholdSpec } from './thresholds.ts';
import type { Finding, Health, OracleResult, ScenarioHealth, Verdict } from './verdict.ts';

/** What a slice says of its own run; see `SliceReport`. */
export interface SliceFacts {
  scenario: string;
  slice: { index: number; of: number };
  end: {
    status: 'complete' | 'stopped' | 'crashed';
    error?: string;
    startLateMs: number;
    durationMs: number;
    dropped: number;
    interrupted: number;
    cpuSeconds: number;
  };
}

/** The limits of a profile's `health`. */
export interface HealthLimits {
  /** Of the 99th percentile of `generator_lateness`. */
  maxLatenessMs: number;
  maxStartSpreadMs: number;
  /** Share of the arrivals that may be dropped. */
  maxDropped: number;
}

/** Everything that a verdict is made from; plain data, so that merged shards are judged as a single run is. */
export interface Case {
  runId: string;
  profile: string;
  target: { name: string; url: string };
  startedAt: string;
  durationMs: number;
  seed: string;
  store: MetricStore;
  /** Slices that delivered their report. */
  slices: SliceFacts[];
  /** Slices that should have, and why one did not, as far as that is known. */
  missing: { scenario: string; slice: number; of: number; cause: string }[];
  scenarios: { name: string; kind: 'load' | 'journey'; maxVUs: number }[];
  thresholds: Record<string, ThresholdSpec[]>;
  limits: HealthLimits;
  errors: Record<string, number>;
  oracles: OracleResult[];
  /** What the coordinator saw: an outage, a Ctrl-C. */
  observed: Finding[];
}

/** Judges a run. The findings come in the order in which they were looked for; `report/` sorts and words them. */
export function judge(run: Case): { verdict: Omit<Verdict, 'reasons' | 'warnings'>; findings: Finding[] } {
  const judged = Object.entries(run.thresholds).flatMap(([metric, specs]) =>
    specs.map((spec) => judgeThreshold(metric, spec, run.store, run.durationMs)),
  );
  const health = healthOf(run);
  const findings: Finding[] = [
    ...run.oracles.flatMap(oracleFinding),
    ...run.observed,
    ...run.missing.map((one) => ({ kind: 'missing-slice' as const, severity: 'invalid' as const, ...one })),
    ...run.slices.flatMap(crashFinding),
    ...measuredAnything(run),
    ...healthFindings(run, health),
    ...judged.flatMap(({ finding }) => finding ?? []),
  ];
  return {
    findings,
    verdict: {
      schemaVersion: 1,
      status: statusOf(findings),
      runId: run.runId,
      profile: run.profile,
      target: run.target,
      startedAt: run.startedAt,
      durationMs: run.durationMs,
      seed: run.seed,
      slices: { expected: run.slices.length + run.missing.length, received: run.slices.length },
      thresholds: judged.map(({ result }) => result),
      oracles: run.oracles,
      health,
      regressions: [],
      errors: run.errors,
      metrics: summarise(run.store, run.durationMs),
    },
  };
}

/**
 * A violated promise fails the run whatever the generator did; a run that cannot be trusted is invalid whatever its
 * thresholds say; only then thresholds count.
 */
export function statusOf(findings: Finding[]): Verdict['status'] {
  if (findings.some(({ kind }) => kind === 'oracle' || kind === 'target-down')) return 'fail';
  if (findings.some(({ severity }) => severity === 'invalid')) return 'invalid';
  return findings.some(({ severity }) => severity === 'fail') ? 'fail' : 'pass';
}

function oracleFinding({ name, status, checked, violations, examples }: OracleResult): Finding[] {
  if (status === 'violated') {
    return [{ kind: 'oracle', severity: 'fail', oracle: name, checked, violations, example: examples[0] }];
  }
  return status === 'unknown'
    ? [{ kind: 'oracle-unknown', severity: 'invalid', oracle: name, error: String(examples[0] ?? 'nothing to check') }]
    : [];
}

function crashFinding({ scenario, slice, end }: SliceFacts): Finding[] {
  if (end.status !== 'crashed') return [];
  return [{ kind: 'crashed', severity: 'invalid', scenario, slice: slice.index, error: end.error ?? 'no message' }];
}

/** Requests without a single answer are no slow target but a wrong address. */
function measuredAnything({ store, target, errors }: Case): Finding[] {
  if (store.sum('iterations') + store.sum('dropped_iterations') === 0) {
    return [{ kind: 'nothing-measured', severity: 'invalid' }];
  }
  const requests = store.sum('http_reqs');
  if (requests === 0 || store.trend('http_req_waiting').count > 0) return [];
  const [error = 'no error was named'] = Object.entries(errors).sort(([, a], [, b]) => b - a)[0] ?? [];
  return [{ kind: 'target-unreached', severity: 'invalid', url: target.url, requests, error }];
}

function healthOf({ store, scenarios, slices }: Case): Health {
  const starts = slices.map(({ end }) => end.startLateMs);
  const first = Math.min(...starts);
  return {
    scenarios: scenarios.map(({ name: scenario }): ScenarioHealth => {
      const own = slices.filter((slice) => slice.scenario === scenario);
      const lateness = store.trend('generator_lateness', { scenario });
      return {
        scenario,
        latenessP99Ms: lateness.count > 0 ? lateness.percentile(99) : 0,
        latenessMaxMs: lateness.count > 0 ? lateness.max : 0,
        dropped: store.sum('dropped_iterations', { scenario }),
        interrupted: own.reduce((sum, { end }) => sum + end.interrupted, 0),
        startSkewMs: own.length > 0 ? Math.max(...own.map(({ end }) => end.startLateMs)) - first : 0,
      };
    }),
    startSpreadMs: starts.length > 0 ? Math.max(...starts) - first : 0,
    generatorCpuSeconds: slices.reduce((sum, { end }) => sum + end.cpuSeconds, 0),
  };
}

function healthFindings({ limits, slices, store, scenarios }: Case, health: Health): Finding[] {
  const findings: Finding[] = [];
  for (const { scenario, latenessP99Ms, dropped, interrupted } of health.scenarios) {
    const late = latenessP99Ms > limits.maxLatenessMs;
    const { count } = store.trend('generator_lateness', { scenario });
    if (late) {
      const figures = { p99Ms: latenessP99Ms, allowedMs: limits.maxLatenessMs, count };
      findings.push({ kind: 'lateness', severity: 'invalid', scenario, ...figures });
    }
    const due = store.sum('iterations', { scenario }) + dropped;
    if (interrupted > 0) findings.push({ kind: 'cut-off', severity: 'warning', scenario, interrupted });
    if (dropped > due * limits.maxDropped) {
      const { maxVUs } = scenarios.find(({ name }) => name === scenario)!;
      // With all VUs busy and a generator on time it is the target that could not keep up.
      const allowed = Math.floor(due * limits.maxDropped);
      findings.push({ kind: 'dropped', severity: late ? 'invalid' : 'fail', scenario, dropped, due, maxVUs, allowed });
    }
  }
  const first = Math.min(...slices.map(({ end }) => end.startLateMs));
  for (const { scenario, slice, end } of slices) {
    const lateMs = end.startLateMs - first;
    if (lateMs > limits.maxStartSpreadMs) {
      const allowedMs = limits.maxStartSpreadMs;
      findings.push({ kind: 'late-start', severity: 'invalid', scenario, slice: slice.index, lateMs, allowedMs });
    }
  }
  return findings;
}
