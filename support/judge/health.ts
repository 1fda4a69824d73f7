import { type HealthLimits, ownShare } from '../measure/health.ts';
import type { Trend } from '../measure/histogram.ts';
import type { BuiltinMetric, Wanted } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import type { Phase } from '../measure/time-axis.ts';
import type { CapacitySpec } from '../profile/answers.ts';
import type { Dropped } from './findings/dropped.ts';
import type { Cost } from './signal.ts';
import type { Doubt, Finding, Health, HealthSignal, ScenarioHealth } from './verdict.ts';

/** What is known of a machine that generates load. */
export interface GeneratorFacts {
  store: MetricStore;
  slices: {
    scenario: string;
    slice: { index: number };
    end: { startLateMs: number; durationMs: number; interrupted: number; cpuSeconds: number };
  }[];
  errors: Record<string, number>;
}

/** What health needs to know of a run. */
export interface HealthFacts extends GeneratorFacts {
  /** `isOpen`: its arrivals come at their time; else VUs loop. */
  scenarios: { name: string; maxVUs: number; isOpen: boolean }[];
  phases: readonly Phase[];
  /** Names of those phases of which something is asked for by itself. */
  named: readonly string[];
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
/** An arrival that starts later than this after it was due is load that was not delivered when it was asked for. */
const DELIVERED_WITHIN_MS = 1_000;
/** A process that is at work for less of the time leaves its VUs to the target, however short their iterations are. */
const BUSY_PERCENT = 90;
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
    signals: [...(facts.shards ? worstShards(facts) : signalsOf(facts)), ...delivery(facts)],
  };
}

/** A part of the run that a signal tells of: all phases with load, or one that something is asked of. */
interface View {
  /** Absent for all phases with load. */
  phase?: string;
  within: string[];
}

/** How one machine's generator was, but for what of its load it delivered. */
export function signalsOf(facts: HealthFacts): HealthSignal[] {
  return viewsOf(facts).flatMap((view) => [
    ...facts.scenarios.flatMap(({ name }) => processSignals(facts, name, view)),
    ...machineSignals(facts, view),
    ...(view.phase === undefined ? [...controlSignal(facts, view), ...exhaustion(facts)] : []),
  ]);
}

/** The quiet of phases without load would hide what the load does. */
function viewsOf({ phases, named }: HealthFacts): View[] {
  const loaded = loadedPhases(phases);
  const others = named.filter((phase) => loaded.length !== 1 || loaded[0] !== phase);
  return [{ within: loaded }, ...others.map((phase) => ({ phase, within: [phase] }))];
}

/** Names of the phases in which there is load. */
export function loadedPhases(phases: readonly Phase[]): string[] {
  return phases.filter(({ load }) => load > 0).map(({ name }) => name);
}

/** Each machine is a generator of its own: among a hundred that are idle, the one that is saturated would not show. */
function worstShards(facts: HealthFacts): HealthSignal[] {
  const all = facts.shards!.merged.flatMap(({ shard, ...generator }) =>
    signalsOf({ ...facts, ...generator }).map((signal) => ({ ...signal, shard })),
  );
  return worstBy(all, ({ signal, scenario, phase, detail }) => [signal, scenario, phase, detail].join());
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

function processSignals(facts: HealthFacts, scenario: string, { phase, within }: View): HealthSignal[] {
  const { store, slices, limits } = facts;
  // A hiccup of the machine shows in all of its slices at once.
  const own = Math.max(1, slices.filter((slice) => slice.scenario === scenario).length);
  const tags = { scenario, phase: within };
  const where = phase === undefined ? { scenario } : { scenario, phase };
  const signals: HealthSignal[] = [];
  const lateness = store.trend('generator_lateness', tags);
  if (lateness.count >= MIN_BEYOND) {
    const figures = { observed: sustained(lateness, 99, MIN_BEYOND), allowed: limits.maxLatenessMs } as const;
    const cost = costOf(facts, tags, lateness.max);
    signals.push(signalOf({ signal: 'lateness', ...where, ...figures, unit: 'ms', count: lateness.count, cost }));
  }
  const delay = store.trend('generator_event_loop_delay', tags);
  if (delay.count >= MIN_INTERVALS * own) {
    const observed = sustained(delay, 90, MIN_BEYOND * own);
    const figures = { observed, allowed: limits.maxEventLoopDelayMs, unit: 'ms', count: delay.count } as const;
    signals.push(signalOf({ signal: 'event-loop-delay', ...where, ...figures, cost: costOf(facts, tags, delay.max) }));
  }
  const cpu = store.trend('generator_cpu_percent', tags);
  if (cpu.count >= MIN_INTERVALS * own) {
    const observed = sustained(cpu, 90, MIN_BEYOND * own) / 100;
    const allowed = limits.maxGeneratorCpuPercent / 100;
    signals.push(signalOf({ signal: 'generator-cpu', ...where, observed, allowed, unit: 'ratio', count: cpu.count }));
  }
  const pauses = store.trend('generator_gc_pause', tags);
  if (pauses.count >= MIN_INTERVALS) {
    const observed = sustained(pauses, 99, MIN_BEYOND);
    const figures = { observed, allowed: limits.maxGcPauseMs, unit: 'ms', count: pauses.count } as const;
    const cost = { ...costOf(facts, tags, pauses.max, 'generator_gc_percent'), totalMs: pauses.sum };
    signals.push(signalOf({ signal: 'gc-pause', ...where, ...figures, cost }));
  }
  return signals;
}

/**
 * What a process that was held up for at most `stallMs` at once can have cost.
 * @param percent of the time, by interval, in which it can have held anything up: default while it was at work, not while it idled
 */
function costOf(
  { store }: HealthFacts,
  tags: Wanted,
  stallMs: number,
  percent: BuiltinMetric = 'generator_busy_percent',
): Cost {
  const { count, max, avg } = store.trend(percent, tags);
  if (count === 0) return { stallMs, worstShare: 1, meanShare: 1 };
  return { stallMs, worstShare: Math.min(1, max / 100), meanShare: Math.min(1, avg / 100) };
}

/** How much of the load was sent when it was asked for, by scenario and phase with load, but for what the target held up. */
function delivery({ store, slices, scenarios, phases, limits, errors }: HealthFacts): HealthSignal[] {
  const allowed = limits.minDelivered;
  const loaded = loadedPhases(phases);
  const signals = scenarios.flatMap(({ name: scenario, isOpen, maxVUs }) =>
    loaded.flatMap((phase): HealthSignal[] => {
      const own = slices.filter((slice) => slice.scenario === scenario).length;
      const where = loaded.length > 1 ? { scenario, phase } : { scenario };
      if (isOpen) {
        const lateness = store.trend('generator_lateness', { scenario, phase });
        if (lateness.count === 0) return [];
        const late = lateness.count - countUpTo(lateness, DELIVERED_WITHIN_MS);
        const observed = 1 - late / lateness.count;
        // Of a dozen sessions one or two late ones are a hiccup.
        const ok = observed >= allowed || late < MIN_BEYOND;
        return [{ signal: 'delivered', ...where, observed, allowed, unit: 'ratio', count: lateness.count, ok }];
      }
      const busy = store.trend('generator_busy_percent', { scenario, phase });
      if (busy.count < MIN_INTERVALS * own || own === 0) return [];
      const observed = busy.avg < BUSY_PERCENT ? 1 : 1 - ownShare(busy.avg / 100, maxVUs / own);
      const ok = observed >= allowed;
      return [{ signal: 'delivered', ...where, observed, allowed, unit: 'ratio', count: busy.count, ok }];
    }),
  );
  // What failed for want of files or ports was sent to nobody.
  const lost = Object.entries(errors).reduce((sum, [name, often]) => sum + (isExhausted(name) ? often : 0), 0);
  const count = store.sum('iterations');
  if (lost > 0 && count > 0) {
    const observed = Math.max(0, 1 - lost / count);
    signals.push({ signal: 'delivered', observed, allowed, unit: 'ratio', count, ok: observed >= allowed });
  }
  return signals;
}

/** How many samples are not above a value. */
function countUpTo(trend: Trend, value: number): number {
  let [from, to] = [0, trend.count];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if (trend.percentile((100 * (middle - 0.25)) / trend.count) <= value * READS_UP_TO) from = middle;
    else to = middle - 1;
  }
  return from;
}

function isExhausted(error: string): boolean {
  return error.startsWith('generator: ');
}

function machineSignals({ store, slices, limits }: HealthFacts, { phase, within }: View): HealthSignal[] {
  const mean = (signal: HealthSignal['signal'], metric: string, allowedPercent: number): HealthSignal[] => {
    const { count, avg } = store.trend(metric, { phase: within });
    if (count < MIN_INTERVALS * Math.max(1, slices.length)) return [];
    const figures = { observed: avg / 100, allowed: allowedPercent / 100, unit: 'ratio', count } as const;
    return [signalOf({ signal, ...(phase !== undefined && { phase }), ...figures })];
  };
  return [
    ...mean('machine-cpu', 'machine_cpu_percent', limits.maxMachineCpuPercent),
    ...mean('steal', 'machine_steal_percent', limits.maxStealPercent),
    ...mean('throttled', 'machine_throttled_percent', limits.maxThrottledPercent),
  ];
}

/** The control page under load beside the same where only journeys ran. */
function controlSignal({ store, phases, limits }: HealthFacts, { within }: View): HealthSignal[] {
  const quiet = phases.filter(({ name }) => !within.includes(name)).map(({ name }) => name);
  const calm = store.trend('browser_control_paint', { phase: quiet });
  const load = store.trend('browser_control_paint', { phase: within });
  if (calm.count < MIN_CONTROL_VISITS || load.count < MIN_CONTROL_VISITS) return [];
  const observed = load.percentile(75);
  const allowed = limits.maxControlSlowdown * Math.max(CONTROL_FLOOR_MS, calm.percentile(75));
  return [signalOf({ signal: 'control-page', observed, allowed, unit: 'ms', count: load.count })];
}

/** Out of file descriptors or ports: what the load then did not get is not the target's doing. */
function exhaustion({ errors }: HealthFacts): HealthSignal[] {
  return Object.entries(errors)
    .filter(([name]) => isExhausted(name))
    .map(([name, count]) => {
      const detail = name.slice('generator: '.length);
      return { signal: 'exhausted', detail, observed: count, allowed: 0, unit: 'count', count, ok: false };
    });
}

function worstBy(signals: HealthSignal[], nameOf: (one: HealthSignal) => string): HealthSignal[] {
  const worst = new Map<string, HealthSignal>();
  for (const one of signals) {
    const name = nameOf(one);
    const known = worst.get(name);
    if (!known || excess(one) > excess(known)) worst.set(name, one);
  }
  return [...worst.values()];
}

function excess({ signal, observed, allowed }: HealthSignal): number {
  return signal === 'delivered' ? allowed / Math.max(observed, 1e-9) : observed / allowed;
}

/** Arrivals that were dropped beyond what is allowed, by scenario; whose fault it was is not told here. */
export function drops({ limits, store, scenarios }: Omit<HealthFacts, 'named'>, health: Health): Dropped[] {
  return health.scenarios.flatMap(({ scenario, interrupted }) => {
    const dropped = store.sum('dropped_iterations', { scenario });
    const due = store.sum('iterations', { scenario }) + interrupted + dropped;
    // A quotient of whole numbers is the number that a profile's share is; a product may be a little less or more.
    if (due === 0 || dropped / due <= limits.maxDropped) return [];
    const { maxVUs, isOpen } = scenarios.find(({ name }) => name === scenario)!;
    const allowed = Math.floor(due * limits.maxDropped + 1e-9);
    const loops = isOpen ? {} : ({ loops: true } as const);
    return [{ kind: 'dropped', severity: 'fail', scenario, dropped, due, maxVUs, allowed, ...loops }];
  });
}

/** What was late, and what was cut off. Whether a late start made anything undecided is told by `validity.ts`. */
export function startFindings({ limits, slices, shards }: Omit<HealthFacts, 'named'>, health: Health): Finding[] {
  const findings: Finding[] = [];
  for (const { scenario, interrupted } of health.scenarios) {
    if (interrupted > 0) findings.push({ kind: 'cut-off', severity: 'warning', scenario, interrupted });
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
      findings.push({ kind: 'late-start', severity: 'warning', scenario, slice: slice.index, lateMs, allowedMs });
    }
  }
  return findings;
}

/**
 * A finding for what was beyond its limit: `invalid` when it made something undecided, else a warning. One cause shows in many
 * processes: of each signal the worst is told, of those that mattered if any did.
 * @param doubts all that made anything undecided
 * @param capacity its steps are phases of which only that is read: what the generator could not send in them is the end of it
 */
export function signalFindings(
  health: Health,
  doubts: Doubt[],
  { steps, search }: Partial<CapacitySpec> = {},
): Finding[] {
  // A search has no load but that of its steps; where it came to one alone, that is not named.
  const isOfStep = (phase: string | undefined) => search !== undefined || steps?.includes(phase ?? '');
  const mattered = ({ signal, scenario, phase, shard }: HealthSignal) =>
    doubts.some((one) => one.by === signal && one.scenario === scenario && one.phase === phase && one.shard === shard);
  const unwell = health.signals.filter(({ ok }) => !ok);
  const groups = new Map<string, HealthSignal[]>();
  for (const one of unwell) {
    const name = `${one.signal} ${one.detail ?? ''}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups.values()].map((all): Finding => {
    const decisive = all.filter(mattered);
    // A load that was not delivered is not the load that was asked for, whatever is judged on it.
    const isShort = all.some(({ signal, phase }) => signal === 'delivered' && !isOfStep(phase));
    const isInvalid = decisive.length > 0 || isShort;
    const { ok: _, cost: __, ...signal } = worstBy(decisive.length > 0 ? decisive : all, () => '')[0]!;
    const severity = isInvalid ? 'invalid' : 'warning';
    if (signal.signal !== 'lateness') return { kind: 'saturated', severity, ...signal };
    const { scenario, phase, observed: p99Ms, allowed: allowedMs, count } = signal;
    const where = phase === undefined ? {} : { phase };
    return { kind: 'lateness', severity, scenario: scenario!, ...where, p99Ms, allowedMs, count };
  });
}

/** A late start is no more than a warning, unless it made something undecided. */
export function decisiveStart(finding: Finding, doubts: Doubt[]): Finding {
  if (finding.kind !== 'late-start') return finding;
  return { ...finding, severity: doubts.some(({ by }) => by === 'late-start') ? 'invalid' : 'warning' };
}
