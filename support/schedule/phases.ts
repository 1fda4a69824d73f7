/** Phases of a profile as straight lines of a factor over time, and what they make of a plan. */
import { ms, type PhaseSpec } from '../profile/schema.ts';
import { type Segment, segmentsOf } from './curve.ts';
import { durationOf, type Plan, type Stage, type VuRamp } from './plan.ts';

/** A phase that a profile asks for; times in ms since the run's start, `factor` its straight stretches since then. */
export interface PlannedPhase {
  name: string;
  startMs: number;
  endMs: number;
  factor: Segment[];
}

/** A product of two ramps is no straight line: it is cut into so many, which differ from it by a few parts in ten thousand. */
const PIECES = 32;

/** How busy a system for people is by the hours of a day: night, morning, peak, lunch, afternoon, evening. */
export const dayByHours = [
  0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.6, 0.8, 1, 1, 1, 0.7, 0.7, 1, 1, 1, 1, 0.5, 0.45, 0.4, 0.35, 0.3, 0.2,
];

export function plannedPhases(specs: readonly PhaseSpec[]): PlannedPhase[] {
  let startMs = 0;
  return specs.map((spec) => {
    const endMs = startMs + ms(spec.duration, 0);
    const phase = { name: spec.name, startMs, endMs, factor: factorOf(spec, startMs, endMs) };
    startMs = endMs;
    return phase;
  });
}

/** The highest factor of a phase. */
export function peakOf({ factor }: Pick<PlannedPhase, 'factor'>): number {
  return Math.max(...factor.flatMap(({ from, to }) => [from, to]));
}

function factorOf({ load }: PhaseSpec, startMs: number, endMs: number): Segment[] {
  const durationMs = endMs - startMs;
  if (typeof load === 'number') return [{ startMs, durationMs, from: load, to: load }];
  if (Array.isArray(load)) return [{ startMs, durationMs, from: load[0]!, to: load[1]! }];
  const { hours = dayByHours, times = 1 } = load;
  const hourMs = ms(load.day, 86_400_000) / 24;
  const stretches: Segment[] = [];
  for (let hour = 0; hour * hourMs < durationMs; hour++) {
    const from = hours[hour % 24]! * times;
    const to = hours[(hour + 1) % 24]! * times;
    const lengthMs = Math.min(hourMs, durationMs - hour * hourMs);
    stretches.push({
      startMs: startMs + hour * hourMs,
      durationMs: lengthMs,
      from,
      to: from + ((to - from) * lengthMs) / hourMs,
    });
  }
  return stretches;
}

/**
 * The plan with its rates and VUs multiplied by the factor of the time; its pool of VUs by the highest, when that is above 1. It is
 * piecewise linear again, and so one that every executor knows. VUs may come to a share of one: whoever multiplies them further makes them
 * whole in the end.
 */
export function multiplied(plan: Plan, phases: readonly PlannedPhase[]): Plan {
  const factor = phases.flatMap((phase) => phase.factor).filter(({ durationMs }) => durationMs > 0);
  const [startMs, endMs] = [plan.startTimeMs, durationOf(plan)];
  const under = factor.filter((one) => one.startMs < endMs && one.startMs + one.durationMs > startMs);
  if (under.every(({ from, to }) => from === 1 && to === 1)) return plan;
  const peak = Math.max(1, ...under.flatMap(({ from, to }) => [from, to]));
  switch (plan.executor) {
    case 'constant-arrival-rate': {
      const { rate, durationMs, ...common } = plan;
      const { start, stages } = product(startMs, [{ startMs, durationMs, from: rate, to: rate }], factor);
      return { ...common, ...pool(plan, peak), executor: 'ramping-arrival-rate', startRate: start, stages };
    }
    case 'ramping-arrival-rate': {
      const { start, stages } = product(startMs, shifted(segmentsOf(plan.startRate, plan.stages), startMs), factor);
      return { ...plan, ...pool(plan, peak), startRate: start, stages };
    }
    case 'constant-vus': {
      const { vus, durationMs, ...common } = plan;
      const own = [{ startMs, durationMs, from: vus, to: vus }];
      return {
        ...common,
        executor: 'ramping-vus',
        ...vuRamp(product(startMs, own, factor)),
        gracefulRampDownMs: 30_000,
      };
    }
    case 'ramping-vus': {
      const own = shifted(segmentsOf(plan.startVUs, plan.stages), startMs);
      return { ...plan, ...vuRamp(product(startMs, own, factor)) };
    }
    case 'per-vu-iterations':
    case 'shared-iterations': {
      const own = [{ startMs, durationMs: plan.maxDurationMs, from: plan.vus, to: plan.vus }];
      const ramp = vuRamp(product(startMs, own, factor));
      const vus = Math.max(ramp.startVUs, ...ramp.stages.map(({ target }) => target));
      return { ...plan, vus, ramp: { ...ramp, gracefulRampDownMs: 30_000 } };
    }
  }
}

/** VUs of an open plan for so many times its load. */
export function pool({ preAllocatedVUs, maxVUs }: { preAllocatedVUs: number; maxVUs: number }, peak: number) {
  return { preAllocatedVUs: Math.ceil(preAllocatedVUs * peak), maxVUs: Math.ceil(maxVUs * peak) };
}

function shifted(segments: Segment[], byMs: number): Segment[] {
  return segments.map((segment) => ({ ...segment, startMs: segment.startMs + byMs }));
}

/** VUs are whole; of a share of one, there is one. */
export function wholeVus(vus: number): number {
  return vus < 1e-9 ? 0 : Math.max(1, Math.round(vus));
}

/** So many times the VUs of a ramp. */
export function timesVus({ startVUs, stages }: Pick<VuRamp, 'startVUs' | 'stages'>, times: number) {
  const whole = stages.map((stage) => ({ ...stage, target: wholeVus(stage.target * times) }));
  return { startVUs: wholeVus(startVUs * times), stages: whole };
}

function vuRamp({ start, stages }: { start: number; stages: Stage[] }): { startVUs: number; stages: Stage[] } {
  return { startVUs: start, stages };
}

/** What both come to over the time of the first, as a value to start at and stages from there. */
function product(startMs: number, own: Segment[], factor: Segment[]): { start: number; stages: Stage[] } {
  const stages: Stage[] = [];
  let start: number | undefined;
  let at = startMs;
  let value = 0;
  const reach = (atMs: number, target: number) => {
    stages.push({ durationMs: atMs - at, target });
    at = atMs;
    value = target;
  };
  for (const one of own) {
    for (const other of factor) {
      const fromMs = Math.max(one.startMs, other.startMs);
      const toMs = Math.min(one.startMs + one.durationMs, other.startMs + other.durationMs);
      if (toMs <= fromMs) continue;
      const valueAt = (atMs: number) => factorAt(one, atMs) * factorAt(other, atMs);
      if (start === undefined) {
        start = valueAt(fromMs);
        value = start;
      } else if (valueAt(fromMs) !== value) reach(at, valueAt(fromMs));
      const pieces = one.from !== one.to && other.from !== other.to ? PIECES : 1;
      for (let piece = 1; piece < pieces; piece++) {
        const atMs = fromMs + ((toMs - fromMs) * piece) / pieces;
        reach(atMs, valueAt(atMs));
      }
      reach(toMs, valueAt(toMs));
    }
  }
  return { start: start ?? 0, stages };
}

function factorAt({ startMs, durationMs, from, to }: Segment, atMs: number): number {
  return from === to ? from : from + ((to - from) * (atMs - startMs)) / durationMs;
}
