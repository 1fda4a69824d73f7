/** The plans of a search for a capacity: before the run, and once it has chosen its steps. */
import type { Phase } from '../measure/time-axis.ts';
import type { Answers } from '../profile/answers.ts';
import { multiplied, type PlannedPhase, pool, wholeVus } from './phases.ts';
import { changed, flat, isOpen, type Plan } from './plan.ts';

/** The plan of a constant load with none yet, which a search will choose while it runs: at most so much. */
export function steered(plan: Plan, most: number): Plan {
  const one = plan.line.start;
  const line = changed(plan.line, (value) => (isOpen(plan) ? value * most : Math.max(1, Math.round(value * most))));
  return isOpen(plan)
    ? { ...plan, ...pool(plan, Math.max(1, most)), line, steered: one }
    : { ...plan, line, steered: one };
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
  const { steered: one, ...own } = plan;
  if (one === undefined) return plan;
  const endMs = phases.at(-1)?.endMs ?? 0;
  const { line } = multiplied({ ...own, line: flat(one, Math.max(0, endMs - plan.startTimeMs)) }, phases);
  // Its pool of VUs was there from the start on.
  return { ...own, line: isOpen(own) ? line : changed(line, wholeVus) };
}
