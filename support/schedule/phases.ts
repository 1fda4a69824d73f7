/** Phases of a profile as straight lines of a factor over time, and what they make of a plan. */
import { ms } from '../profile/fields.ts';
import type { PhaseSpec } from '../profile/schema.ts';
import { type Segment, segmentsOf } from './curve.ts';
import { durationOf, isOpen, type Line, type Plan, type Stage } from './plan.ts';

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
 * The plan with its rates or VUs multiplied by the factor of the time; its pool of VUs by the highest, when that is above 1. VUs may come
 * to a share of one: whoever multiplies them further makes them whole in the end.
 */
export function multiplied<P extends Plan>(plan: P, phases: readonly PlannedPhase[]): P {
  const factor = phases.flatMap((phase) => phase.factor).filter(({ durationMs }) => durationMs > 0);
  const [startMs, endMs] = [plan.startTimeMs, durationOf(plan)];
  const under = factor.filter((one) => one.startMs < endMs && one.startMs + one.durationMs > startMs);
  if (under.every(({ from, to }) => from === 1 && to === 1)) return plan;
  const peak = Math.max(1, ...under.flatMap(({ from, to }) => [from, to]));
  const own = segmentsOf(plan.line.start, plan.line.stages).map((one) => ({ ...one, startMs: one.startMs + startMs }));
  return { ...plan, ...(isOpen(plan) && pool(plan, peak)), line: product(startMs, own, factor) };
}

/** VUs of an open plan for so many times its load. */
export function pool({ preAllocatedVUs, maxVUs }: { preAllocatedVUs: number; maxVUs: number }, peak: number) {
  return { preAllocatedVUs: Math.ceil(preAllocatedVUs * peak), maxVUs: Math.ceil(maxVUs * peak) };
}

/** VUs are whole; of a share of one, there is one. */
export function wholeVus(vus: number): number {
  return vus < 1e-9 ? 0 : Math.max(1, Math.round(vus));
}

/** What both come to over the time of the first. */
function product(startMs: number, own: Segment[], factor: Segment[]): Line {
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
