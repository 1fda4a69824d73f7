/** The plans of a search for a capacity: before the run, and once it has chosen its steps. */
import type { Phase } from '../measure/time-axis.ts';
import type { Answers } from '../profile/answers.ts';
import { multiplied, type PlannedPhase, pool, timesVus } from './phases.ts';
import type { Plan } from './plan.ts';

/** The plan with no load yet, which a search will choose while it runs: at most so much. */
export function steered(plan: Plan, most: number): Plan {
  const peak = Math.max(1, most);
  if (plan.executor === 'constant-arrival-rate')
    return { ...plan, ...pool(plan, peak), rate: plan.rate * most, steered: plan.rate };
  if (plan.executor === 'constant-vus')
    return { ...plan, vus: Math.max(1, Math.round(plan.vus * most)), steered: plan.vus };
  throw new Error(`a search cannot steer ${plan.executor}`);
}

/** What of a timeline a search leaves. */
interface Steerable {
  phases: Phase[];
  durationMs: number;
  scenarios: { plan: Plan }[];
  answers: Answers;
}

/** The timeline of a search whose phases had these loads, in their order, 0 for none, and of its plans what they came to. */
export function asSteered<T extends Steerable>(timeline: T, loads: readonly number[]): T {
  const phases = timeline.phases
    .slice(0, Math.max(1, loads.length))
    .map((phase, n) => ({ ...phase, load: loads[n] ?? 0 }));
  const factor = phases.map(({ name, startMs, endMs, load }) => {
    const line = { startMs, durationMs: endMs - startMs, from: load, to: load };
    return { name, startMs, endMs, factor: [line] };
  });
  const scenarios = timeline.scenarios.map((one) => ({ ...one, plan: cameTo(one.plan, factor) }));
  const { capacity } = timeline.answers;
  const tried = phases.filter(({ load }) => load > 0).map(({ name }) => name);
  const answers = { ...timeline.answers, ...(capacity && { capacity: { ...capacity, steps: tried } }) };
  return { ...timeline, phases, durationMs: phases.at(-1)?.endMs ?? 0, scenarios, answers };
}

/** A plan that nobody steers stays what it was. */
function cameTo(plan: Plan, phases: PlannedPhase[]): Plan {
  const endMs = phases.at(-1)?.endMs ?? 0;
  if (!('steered' in plan) || plan.steered === undefined) return plan;
  const { steered: one, ...rest } = plan;
  const durationMs = Math.max(0, endMs - plan.startTimeMs);
  const own: Plan = 'rate' in rest ? { ...rest, rate: one, durationMs } : { ...rest, vus: one, durationMs };
  const came = multiplied(own, phases);
  if (came.executor === 'ramping-vus') return { ...came, ...timesVus(came, 1) };
  // Its VUs were there from the start on.
  return 'maxVUs' in came && 'maxVUs' in plan
    ? { ...came, maxVUs: plan.maxVUs, preAllocatedVUs: plan.preAllocatedVUs }
    : came;
}
