import { ArrivalCurve, type Segment, segmentsOf } from './curve.ts';

/** A straight line, `durationMs` long, to `target` (VUs, or arrivals per time unit). Duration 0 is a jump. */
export interface Stage {
  durationMs: number;
  target: number;
}

/** A value over time, in straight lines: it begins at `start`, and goes on from stage to stage. */
export interface Line {
  start: number;
  stages: Stage[];
}

interface Common {
  /** From the start of the run to the start of this schedule. */
  startTimeMs: number;
  /** What running iterations get to finish once the schedule is over. */
  gracefulStopMs: number;
  /** Arrivals per time unit of an open plan, VUs of a closed one. */
  line: Line;
  /**
   * What a load of 1 comes to, where a search chooses the load while it runs: arrivals per time unit, or VUs. The line is then the
   * most that it may come to.
   */
  steered?: number;
}

/** Iterations arrive at a rate, however fast the target answers. */
export interface OpenPlan extends Common {
  arrivals: 'uniform' | 'poisson' | 'bursts';
  /** Arrivals that are due at one instant; of bursts alone. */
  burstSize?: number;
  /** The unit of all rates of this plan. */
  timeUnitMs: number;
  preAllocatedVUs: number;
  maxVUs: number;
  /** How long an arrival may wait for a VU before it is dropped. */
  maxLatenessMs: number;
}

/** VUs start their next iteration when the one before has ended. */
export interface ClosedPlan extends Common {
  /** What a VU that is no longer wanted gets to finish its iteration. */
  gracefulRampDownMs: number;
  /** How much there is to do, for each VU or for all together; absent: as much as there is time for. */
  iterations?: { perVu: number } | { shared: number };
}

/** What is to be started when, over the whole run and all slices. Times in ms. Of executors it knows nothing: each says which plan its fields mean. */
export type Plan = OpenPlan | ClosedPlan;

/** One of `of` equal parts of a load; `index` counts from 0. */
export interface Slice {
  index: number;
  of: number;
}

/** Tells plans of arrivals from those that loop over VUs. */
export function isOpen(plan: Plan): plan is OpenPlan {
  return 'arrivals' in plan;
}

/** So much, for so long. */
export function flat(value: number, durationMs: number): Line {
  return { start: value, stages: [{ durationMs, target: value }] };
}

/** The line with other values and times. */
export function changed({ start, stages }: Line, value: (value: number) => number, times = 1): Line {
  const other = stages.map(({ durationMs, target }) => ({ durationMs: durationMs * times, target: value(target) }));
  return { start: value(start), stages: other };
}

/** All values between which it runs. */
export function valuesOf({ start, stages }: Line): number[] {
  return [start, ...stages.map(({ target }) => target)];
}

/** How many of `total` things, numbered from 0, are the slice's: those whose number is `index` modulo `of`. */
export function shareOf(total: number, slice: Slice): number {
  return Math.max(0, Math.ceil((total - slice.index) / slice.of));
}

/** Length of the schedule in ms from the start of the run: start time included, graceful stop not. */
export function durationOf(plan: Plan): number {
  return plan.line.stages.reduce((sum, { durationMs }) => sum + durationMs, plan.startTimeMs);
}

/** A load that is steered has no stretches until it is told. */
function segmentsOfPlan({ line, steered }: Plan): Segment[] {
  return steered === undefined ? segmentsOf(line.start, line.stages) : [];
}

/** Cumulative arrivals of the whole load over ms after the plan's start time. */
export function curveOf(plan: OpenPlan): ArrivalCurve {
  return new ArrivalCurve(segmentsOfPlan(plan), plan.timeUnitMs);
}

/**
 * Arrivals of the whole load: exact for uniform arrivals and for bursts, which are whole, the expected number for Poisson
 * ones. 0 for plans that loop over VUs: how much they do is up to the target.
 */
export function totalArrivals(plan: Plan): number {
  if (!isOpen(plan)) return 0;
  const { area } = curveOf(plan);
  const { arrivals, burstSize = 1 } = plan;
  return arrivals === 'poisson' ? area : Math.ceil(area / burstSize) * burstSize;
}

/** Planned arrivals per second of the whole load, `tMs` after the start of the run; 0 for plans that loop over VUs. */
export function rateAt(plan: Plan, tMs: number): number {
  if (!isOpen(plan)) return 0;
  const t = tMs - plan.startTimeMs;
  for (const { startMs, durationMs, from, to } of segmentsOfPlan(plan)) {
    if (t < startMs || t >= startMs + durationMs) continue;
    return ((from + ((to - from) * (t - startMs)) / durationMs) * 1000) / plan.timeUnitMs;
  }
  return 0;
}

/** The most arrivals a time unit, or VUs, of the whole load at once in a stretch of the run. */
export function mostIn(plan: Plan, { startMs, endMs }: { startMs: number; endMs: number }): number {
  const isIn = (one: Segment) => {
    const fromMs = plan.startTimeMs + one.startMs;
    // Times that were shortened or lengthened are the same but for floating-point error.
    return fromMs < endMs - 1e-3 && fromMs + one.durationMs > startMs + 1e-3;
  };
  return Math.max(0, ...segmentsOfPlan(plan).flatMap((one) => (isIn(one) ? [one.from, one.to] : [])));
}

/** From `atMs` after the start of the run on, `vus` VUs of the whole load are to be looping. */
export interface VuStep {
  atMs: number;
  vus: number;
}

/**
 * The whole-numbered steps of a plan's VUs: like k6, the count changes at the instant at which the line reaches it. One at a
 * time: a ramp to 100,000 VUs has as many of them. VUs that are steered are none until they are told.
 */
export function* vuSteps({ startTimeMs, line, steered }: ClosedPlan): Generator<VuStep, void> {
  if (steered !== undefined) return;
  let startMs = startTimeMs;
  let from = line.start;
  yield { atMs: startMs, vus: from };
  for (const { durationMs, target } of line.stages) {
    const distance = Math.abs(target - from);
    const direction = Math.sign(target - from);
    if (durationMs === 0) yield { atMs: startMs, vus: target };
    else {
      for (let step = 1; step <= distance; step++) {
        yield { atMs: startMs + (durationMs * step) / distance, vus: from + direction * step };
      }
    }
    startMs += durationMs;
    from = target;
  }
}

/** The most VUs of the whole load at once. */
export function vusOf(plan: Plan): number {
  return isOpen(plan) ? plan.maxVUs : Math.max(...valuesOf(plan.line));
}

/** From so many iterations a second of the whole load on, a millisecond of ours and code that runs for the first time would show. */
const FAST_PER_SECOND = 100;
/** Answers that take longer keep more of them under way; these come one by one, and open their own connections. */
const ANSWER_MS = 20;
const MOST_AT_ONCE = 500;
/** A connection that says nothing is ended by its target after a while. */
const SOON_MS = 15_000;

/** What a slice is about to do, for whoever opens connections or has code compiled before it counts. */
export interface ExpectedLoad {
  /** Iterations a second, at the most; a burst counts as those of a second, of VUs that loop one each, though they may do more. */
  perSecond: number;
  /** Iterations that are soon under way at one time; 0 where the load begins much later than the run. */
  atOnce: number;
}

/** Undefined for a load that is too slow for it to matter. */
export function expectedLoad(plan: Plan, slice: Slice): ExpectedLoad | undefined {
  // What comes in a burst comes in much less than a second.
  const burst = isOpen(plan) ? (plan.burstSize ?? 1) : 0;
  const perSecond = isOpen(plan) ? Math.max(peakRate(plan), burst) : vusOf(plan);
  if (perSecond < FAST_PER_SECOND) return undefined;
  if (plan.startTimeMs > SOON_MS) return { perSecond: perSecond / slice.of, atOnce: 0 };
  const atOnce = isOpen(plan)
    ? Math.min(plan.maxVUs, Math.max(burst, (perSecond * ANSWER_MS) / 1_000))
    : firstVus(plan);
  return { perSecond: perSecond / slice.of, atOnce: Math.min(MOST_AT_ONCE, Math.ceil(atOnce / slice.of)) };
}

/** Arrivals a second of the whole load, at the most. */
function peakRate({ line, timeUnitMs }: OpenPlan): number {
  return (Math.max(...valuesOf(line)) * 1_000) / timeUnitMs;
}

/** VUs that loop from the start on. */
function firstVus({ line, steered }: ClosedPlan): number {
  return steered === undefined ? line.start : 0;
}
