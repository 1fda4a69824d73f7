/** The plan of a scenario as its profile says it, and as a run of another length and size has it. */
import { ms, type OpenScenarioSpec, type ScenarioKind, type ScenarioSpec } from '../profile/schema.ts';
import { timesVus, wholeVus } from './phases.ts';
import { type Plan, type VuRamp, vusOf } from './plan.ts';

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
  const ramp = (from: number, stages: { duration: string; target: number }[]) => [
    ...(journeyLeadMs > 0 ? [{ durationMs: journeyLeadMs, target: from }] : []),
    ...stages.map((stage) => ({ durationMs: ms(stage.duration, 0), target: stage.target })),
  ];
  switch (spec.executor) {
    case 'constant-arrival-rate':
      return {
        ...common,
        ...openPart(spec),
        executor: spec.executor,
        rate: spec.rate,
        durationMs: constantMs(spec.duration),
      };
    case 'ramping-arrival-rate': {
      const startRate = spec.startRate ?? 0;
      return { ...common, ...openPart(spec), executor: spec.executor, startRate, stages: ramp(startRate, spec.stages) };
    }
    case 'constant-vus':
      return { ...common, executor: spec.executor, vus: spec.vus, durationMs: constantMs(spec.duration) };
    case 'ramping-vus': {
      const startVUs = spec.startVUs ?? 1;
      const gracefulRampDownMs = ms(spec.gracefulRampDown, 30_000);
      return { ...common, executor: spec.executor, startVUs, stages: ramp(startVUs, spec.stages), gracefulRampDownMs };
    }
    case 'per-vu-iterations':
    case 'shared-iterations': {
      const { executor, vus, iterations } = spec;
      const otherwise = hasPhases ? loadEndMs - startTimeMs : 600_000;
      return { ...common, executor, vus, iterations, maxDurationMs: ms(spec.maxDuration, otherwise) };
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
  const vus = (n: number) => wholeVus(n * load);
  const startTimeMs = plan.startTimeMs * time;
  const rampOf = (ramp: Pick<VuRamp, 'startVUs' | 'stages'>) => {
    const { startVUs, stages } = timesVus(ramp, load);
    return { startVUs, stages: stages.map((stage) => ({ ...stage, durationMs: stage.durationMs * time })) };
  };
  switch (plan.executor) {
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      // A burst that there are no VUs for would be none: fewer come, not smaller ones.
      // Nor may fewer VUs be left to each of those that come.
      const pooled = (n: number) => Math.max(1, Math.ceil(n * load - 1e-9), Math.min(n, plan.burstSize ?? 0));
      const pool = { startTimeMs, preAllocatedVUs: pooled(plan.preAllocatedVUs), maxVUs: pooled(plan.maxVUs) };
      if (plan.executor === 'constant-arrival-rate') {
        const { steered } = plan;
        const own = steered === undefined ? {} : { steered: steered * load };
        return { ...plan, ...pool, ...own, rate: plan.rate * load, durationMs: plan.durationMs * time };
      }
      const stages = plan.stages.map((s) => ({ durationMs: s.durationMs * time, target: s.target * load }));
      return { ...plan, ...pool, startRate: plan.startRate * load, stages };
    }
    case 'constant-vus': {
      const { steered } = plan;
      const own = steered === undefined ? {} : { steered: steered * load };
      return { ...plan, startTimeMs, ...own, vus: vus(plan.vus), durationMs: plan.durationMs * time };
    }
    case 'ramping-vus':
      return { ...plan, startTimeMs, ...rampOf(plan) };
    case 'per-vu-iterations':
    case 'shared-iterations': {
      const maxDurationMs = plan.maxDurationMs * (isLasting ? time : 1);
      const ramp = plan.ramp && { ...plan.ramp, ...rampOf(plan.ramp) };
      return { ...plan, startTimeMs, vus: vus(plan.vus), maxDurationMs, ...(ramp && { ramp }) };
    }
  }
}

/** It never has any load. */
export function isIdle(plan: Plan): boolean {
  if (!('stages' in plan)) return vusOf(plan) === 0;
  const start = plan.executor === 'ramping-vus' ? plan.startVUs : plan.startRate;
  return start === 0 && plan.stages.every(({ target }) => target === 0);
}
