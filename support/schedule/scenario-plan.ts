/** The plan of a scenario as its profile says it, and as a run of another length and size has it. */
import { ms, type OpenScenarioSpec, type ScenarioKind, type ScenarioSpec } from '../profile/schema.ts';
import { wholeVus } from './phases.ts';
import { changed, flat, isOpen, type Line, type Plan, valuesOf } from './plan.ts';

/**
 * A load starts with the first phase that has any. A journey also runs before it, at the rate or VU count it starts with. Without a
 * duration of its own it lasts until the load ends; so does a load that phases give a length.
 * @param leadMs until the load starts
 */
export function planOf(
  spec: ScenarioSpec,
  kind: ScenarioKind,
  leadMs: number,
  loadEndMs: number,
  hasPhases = false,
): Plan {
  const startTimeMs = ms(spec.startTime, 0) + (kind === 'load' ? leadMs : 0);
  const common = { startTimeMs, gracefulStopMs: ms(spec.gracefulStop, 30_000) };
  const journeyLeadMs = kind === 'journey' ? leadMs : 0;
  const constantMs = (text: string | undefined): number =>
    text === undefined ? loadEndMs - startTimeMs : ms(text, 0) + journeyLeadMs;
  const ramp = (start: number, stages: { duration: string; target: number }[]): Line => ({
    start,
    stages: [
      ...(journeyLeadMs > 0 ? [{ durationMs: journeyLeadMs, target: start }] : []),
      ...stages.map(({ duration, target }) => ({ durationMs: ms(duration, 0), target })),
    ],
  });
  const gracefulRampDownMs = 30_000;
  switch (spec.executor) {
    case 'constant-arrival-rate':
      return { ...common, ...openPart(spec), line: flat(spec.rate, constantMs(spec.duration)) };
    case 'ramping-arrival-rate':
      return { ...common, ...openPart(spec), line: ramp(spec.startRate ?? 0, spec.stages) };
    case 'constant-vus':
      return { ...common, gracefulRampDownMs, line: flat(spec.vus, constantMs(spec.duration)) };
    case 'ramping-vus':
      return {
        ...common,
        gracefulRampDownMs: ms(spec.gracefulRampDown, gracefulRampDownMs),
        line: ramp(spec.startVUs ?? 1, spec.stages),
      };
    case 'per-vu-iterations':
    case 'shared-iterations': {
      const { vus, iterations: count } = spec;
      const otherwise = hasPhases ? loadEndMs - startTimeMs : 600_000;
      const iterations = spec.executor === 'per-vu-iterations' ? { perVu: count } : { shared: count };
      return { ...common, gracefulRampDownMs, iterations, line: flat(vus, ms(spec.maxDuration, otherwise)) };
    }
  }
}

function openPart(spec: OpenScenarioSpec) {
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
