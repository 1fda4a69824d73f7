import type { HealthLimits } from '../measure/health.ts';
import type { Trend } from '../measure/histogram.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Finding, Health, HealthSignal, ScenarioHealth } from './verdict.ts';

/** What is known of a machine that generates load. */
export interface GeneratorFacts {
  store: MetricStore;
  slices: {
    scenario: string;
    slice: { index: number };
    end: { startLateMs: number; interrupted: number; cpuSeconds: number };
  }[];
  errors: Record<string, number>;
}

/** What health needs to know of a run. */
export interface HealthFacts extends GeneratorFacts {
  scenarios: { name: string; maxVUs: number }[];
  limits: HealthLimits;
  /** Of merged shards; `startedAt` in epoch ms. */
  shards?: { merged: ({ shard: number; startedAt: number | undefined } & GeneratorFacts)[] };
}

/** With fewer intervals a signal says nothing. */
const MIN_INTERVALS = 5;
/** One or two readings beyond a limit are a hiccup, this many are a state. */
const MIN_BEYOND = 3;
/** A percentile reads up to a thousandth above the value: what is at its limit is not beyond it. */
const READS_UP_TO = 1.001;
/** With fewer visits the control page says nothing. */
const MIN_CONTROL_VISITS = 4;
/** Two frames of a screen: a control page that paints faster than this is not told from noise. */
const CONTROL_FLOOR_MS = 33;

export function healthOf(facts: HealthFacts): Health {
  const { store, scenarios, slices } = facts;
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
    ...shardSpread(facts),
    signals: facts.shards ? worstShards(facts) : signalsOf(facts),
  };
}

function signalsOf(facts: HealthFacts): HealthSignal[] {
  return [...facts.scenarios.flatMap(({ name }) => processSignals(facts, name)), ...machineSignals(facts)];
}

/** Each machine is a generator of its own: among a hundred that are idle, the one that is saturated would not show. */
function worstShards(facts: HealthFacts): HealthSignal[] {
  const all = facts.shards!.merged.flatMap(({ shard, ...generator }) =>
    signalsOf({ ...facts, ...generator }).map((signal) => ({ ...signal, shard })),
  );
  return worstBy(all, ({ signal, scenario, detail }) => `${signal} ${scenario ?? ''} ${detail ?? ''}`);
}

function shardSpread({ shards }: HealthFacts): { shardSpreadMs?: number } {
  const starts = shards?.merged.flatMap(({ startedAt }) => startedAt ?? []) ?? [];
  return starts.length > 0 ? { shardSpreadMs: Math.max(...starts) - Math.min(...starts) } : {};
}

/**
 * The percentile; of few readings the lowest of the worst `least` ones, so that fewer than these never decide. NaN when there
 * are not even that many.
 */
function sustained(trend: Trend, percent: number, least: number): number {
  const { count } = trend;
  return count < least ? Number.NaN : trend.percentile(Math.min(percent, (100 * (count - least + 1)) / count));
}

function signalOf(signal: Omit<HealthSignal, 'ok'>): HealthSignal {
  return { ...signal, ok: signal.observed <= signal.allowed * READS_UP_TO };
}

function processSignals({ store, slices, limits }: HealthFacts, scenario: string): HealthSignal[] {
  // A hiccup of the machine shows in all of its slices at once.
  const own = Math.max(1, slices.filter((slice) => slice.scenario === scenario).length);
  const signals: HealthSignal[] = [];
  const delay = store.trend('generator_event_loop_delay', { scenario });
  if (delay.count >= MIN_INTERVALS * own) {
    const observed = sustained(delay, 90, MIN_BEYOND * own);
    const figures = { observed, allowed: limits.maxEventLoopDelayMs, unit: 'ms', count: delay.count } as const;
    signals.push(signalOf({ signal: 'event-loop-delay', scenario, ...figures }));
  }
  const cpu = store.trend('generator_cpu_percent', { scenario });
  if (cpu.count >= MIN_INTERVALS * own) {
    const observed = sustained(cpu, 90, MIN_BEYOND * own) / 100;
    const figures = {
      observed,
      allowed: limits.maxGeneratorCpuPercent / 100,
      unit: 'ratio',
      count: cpu.count,
    } as const;
    signals.push(signalOf({ signal: 'generator-cpu', scenario, ...figures }));
  }
  const pauses = store.trend('generator_gc_pause', { scenario });
  if (pauses.count >= MIN_INTERVALS) {
    const observed = sustained(pauses, 99, MIN_BEYOND);
    const figures = { observed, allowed: limits.maxGcPauseMs, unit: 'ms', count: pauses.count } as const;
    signals.push(signalOf({ signal: 'gc-pause', scenario, ...figures }));
  }
  return signals;
}

function machineSignals({ store, slices, limits, errors }: HealthFacts): HealthSignal[] {
  const signals: HealthSignal[] = [];
  const mean = (signal: HealthSignal['signal'], metric: string, allowedPercent: number) => {
    // The quiet before the load would hide what the load does.
    const { count, avg } = store.trend(metric, { window: 'load' });
    if (count < MIN_INTERVALS * Math.max(1, slices.length)) return;
    signals.push(signalOf({ signal, observed: avg / 100, allowed: allowedPercent / 100, unit: 'ratio', count }));
  };
  mean('machine-cpu', 'machine_cpu_percent', limits.maxMachineCpuPercent);
  mean('steal', 'machine_steal_percent', limits.maxStealPercent);
  const calm = store.trend('browser_control_paint', { window: 'calm' });
  const load = store.trend('browser_control_paint', { window: 'load' });
  if (calm.count >= MIN_CONTROL_VISITS && load.count >= MIN_CONTROL_VISITS) {
    const observed = load.percentile(75);
    const allowed = limits.maxControlSlowdown * Math.max(CONTROL_FLOOR_MS, calm.percentile(75));
    signals.push(signalOf({ signal: 'control-page', observed, allowed, unit: 'ms', count: load.count }));
  }
  // Out of file descriptors or ports: what the load then did not get is not the target's doing.
  const exhausted = Object.entries(errors).filter(([name]) => name.startsWith('generator: '));
  for (const [name, count] of exhausted) {
    const detail = name.slice('generator: '.length);
    signals.push({ signal: 'exhausted', detail, observed: count, allowed: 0, unit: 'count', count, ok: false });
  }
  return signals;
}

/** One cause shows in many processes: of each signal the one furthest over its limit, the first among equals. */
function worstOfEach(saturated: HealthSignal[]): HealthSignal[] {
  return worstBy(saturated, ({ signal, detail }) => `${signal} ${detail ?? ''}`);
}

function worstBy(signals: HealthSignal[], nameOf: (one: HealthSignal) => string): HealthSignal[] {
  const worst = new Map<string, HealthSignal>();
  for (const one of signals) {
    const name = nameOf(one);
    const known = worst.get(name);
    if (!known || one.observed / one.allowed > known.observed / known.allowed) worst.set(name, one);
  }
  return [...worst.values()];
}

/** What makes a run invalid, or its drops the target's fault. All signals stand in {@link healthOf}. */
export function healthFindings({ limits, slices, store, scenarios, shards }: HealthFacts, health: Health): Finding[] {
  const saturated = health.signals.filter(({ ok }) => !ok);
  const findings: Finding[] = worstOfEach(saturated).map(({ ok: _, ...signal }) => ({
    kind: 'saturated',
    severity: 'invalid',
    ...signal,
  }));
  for (const { scenario, latenessP99Ms, dropped, interrupted } of health.scenarios) {
    const lateness = store.trend('generator_lateness', { scenario });
    const late = sustained(lateness, 99, MIN_BEYOND) > limits.maxLatenessMs * READS_UP_TO;
    if (late) {
      const figures = { p99Ms: latenessP99Ms, allowedMs: limits.maxLatenessMs, count: lateness.count };
      findings.push({ kind: 'lateness', severity: 'invalid', scenario, ...figures });
    }
    const due = store.sum('iterations', { scenario }) + interrupted + dropped;
    if (interrupted > 0) findings.push({ kind: 'cut-off', severity: 'warning', scenario, interrupted });
    if (dropped > due * limits.maxDropped) {
      const { maxVUs } = scenarios.find(({ name }) => name === scenario)!;
      // With all VUs busy and a healthy generator it is the target that could not keep up.
      const unhealthy =
        late || saturated.some((signal) => signal.scenario === undefined || signal.scenario === scenario);
      const allowed = Math.floor(due * limits.maxDropped);
      findings.push({
        kind: 'dropped',
        severity: unhealthy ? 'invalid' : 'fail',
        scenario,
        dropped,
        due,
        maxVUs,
        allowed,
      });
    }
  }
  if ((health.shardSpreadMs ?? 0) > limits.maxShardSpreadMs) {
    const inOrder = shards!.merged
      .filter(({ startedAt }) => startedAt !== undefined)
      .sort((a, b) => a.startedAt! - b.startedAt!);
    const [first, last] = [inOrder[0]!.shard, inOrder.at(-1)!.shard];
    const figures = { spreadMs: health.shardSpreadMs!, allowedMs: limits.maxShardSpreadMs };
    findings.push({ kind: 'shard-spread', severity: 'invalid', ...figures, first, last });
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
