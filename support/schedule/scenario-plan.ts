/** The plan of a scenario as its profile says it, and as a run of another length and size has it. */
import { type Course, isLimited, isOpenEnded, type OpenFields } from '../profile/executors/executor.ts';
import { ms } from '../profile/fields.ts';
import type { ScenarioKind } from '../profile/schema.ts';
import { wholeVus } from './phases.ts';
import { changed, isOpen, type Plan, type Stage, valuesOf } from './plan.ts';

const GRACE_MS = 30_000;
/** Iterations without a limit of their own and without phases. */
const LIMIT_MS = 600_000;

/**
 * A load starts with the first phase that has any. A journey also runs before it, at the rate or VU count it starts with. Without a
 * duration of its own it lasts until the load ends; so does a load that phases give a length.
 * @param course what the executor makes of `spec`
 * @param leadMs until the load starts
 */
export function planOf(
  spec: OpenFields,
  course: Course,
  kind: ScenarioKind,
  leadMs: number,
  loadEndMs: number,
  hasPhases = false,
): Plan {
  const startTimeMs = ms(spec.startTime, 0) + (kind === 'load' ? leadMs : 0);
  const restMs = isLimited(course) && !hasPhases ? LIMIT_MS : loadEndMs - startTimeMs;
  const own = course.stages.map(({ duration, target }) => ({ durationMs: ms(duration, restMs), target }));
  const { start, iterations, gracefulRampDown = spec.gracefulStop } = course;
  const isLed = kind === 'journey' && iterations === undefined && !isOpenEnded(course);
  const line = { start, stages: isLed ? led(start, own, leadMs) : own };
  const common = { startTimeMs, gracefulStopMs: ms(spec.gracefulStop, GRACE_MS), line };
  if (course.isOpen) return { ...common, ...openPart(spec) };
  return { ...common, gracefulRampDownMs: ms(gracefulRampDown, GRACE_MS), ...(iterations && { iterations }) };
}

/** It stays for so long where it starts. */
function led(start: number, stages: Stage[], leadMs: number): Stage[] {
  const [first, ...others] = stages;
  if (first?.target === start) return [{ ...first, durationMs: first.durationMs + leadMs }, ...others];
  return leadMs > 0 ? [{ durationMs: leadMs, target: start }, ...stages] : stages;
}

function openPart(spec: OpenFields) {
  const maxVUs = (spec.maxVUs ?? spec.maxSessions ?? spec.preAllocatedVUs)!;
  return {
    arrivals: spec.arrivals ?? ('uniform' as const),
    ...(spec.burstSize !== undefined && { burstSize: spec.burstSize }),
    timeUnitMs: ms(spec.timeUnit, 1_000),
    preAllocatedVUs: spec.preAllocatedVUs ?? maxVUs,
    maxVUs,
    maxLatenessMs: ms(spec.maxLateness, 10_000),
  };
}

/** `LOAD_DURATION` and `LOAD_SCALE`: times by one factor, rates and VUs by the other. Graceful stops stay as they are. A limit that is not `isLasting` does, too. */
export function reshape(plan: Plan, time: number, load: number, isLasting: boolean): Plan {
  const line = changed(
    plan.line,
    (value) => (isOpen(plan) ? value * load : wholeVus(value * load)),
    isLasting ? time : 1,
  );
  const common = {
    startTimeMs: plan.startTimeMs * time,
    line,
    ...(plan.steered !== undefined && { steered: plan.steered * load }),
  };
  if (!isOpen(plan)) return { ...plan, ...common };
  // A burst that there are no VUs for would be none: fewer come, not smaller ones.
  // Nor may fewer VUs be left to each of those that come.
  const pooled = (n: number) => Math.max(1, Math.ceil(n * load - 1e-9), Math.min(n, plan.burstSize ?? 0));
  return { ...plan, ...common, preAllocatedVUs: pooled(plan.preAllocatedVUs), maxVUs: pooled(plan.maxVUs) };
}

/** It never has any load. */
export function isIdle({ line }: Plan): boolean {
  return valuesOf(line).every((value) => value === 0);
}
