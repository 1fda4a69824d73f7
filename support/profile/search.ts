/** A search for a capacity: its steps as phases, and what does not go with it. */
import { courseOf, steerable } from './executors.ts';
import { ms } from './fields.ts';
import { kindOf, type PhaseSpec, type ProfileSpec, type ScenarioKind } from './schema.ts';

/** Chooses the load of each step by those before. */
export interface SearchSpec {
  /** Loads between which it looks. */
  from: number;
  to: number;
  /** It ends when the lowest load that did not hold is above the highest that did by no more than this share. */
  precision: number;
  /** So often each of the two is tried again. */
  confirm: number;
  /** How long a step lasts before it counts, in ms. */
  settleMs: number;
}

/** Before a step what was begun in the one before comes to an end, and the step then lasts so long before it counts. */
const SETTLE_SHARE = 0.25;
const MIN_SETTLE_MS = 500;
/** A step that counts for so many ms. */
const STEP_MS = 30_000;

/** The load grows by this until it is too much. */
export const bracketFactor = 2;

/** As many steps as a search may need: what it takes when all goes well, and as many again for what does not. */
export function mostTrials({ from, to, precision, confirm }: SearchSpec): number {
  const bracket = Math.ceil(Math.log2(to / from)) + 1;
  const narrow = Math.max(0, Math.ceil(Math.log2(Math.log(bracketFactor) / Math.log1p(precision))));
  return 2 * (bracket + narrow + 2 * confirm);
}

/** Of `capacity`; undefined when that is no search, but a list of phases. */
export function searchOf({ capacity }: Pick<ProfileSpec, 'capacity'>): (SearchSpec & { stepMs: number }) | undefined {
  if (capacity?.from === undefined || capacity.to === undefined) return undefined;
  const { from, to, precision = 0.05, confirm = 1 } = capacity;
  const stepMs = ms(capacity.step, STEP_MS);
  return { from, to, precision, confirm, stepMs, settleMs: Math.max(MIN_SETTLE_MS, stepMs * SETTLE_SHARE) };
}

/** Names of the steps that it may have. */
export function searchSteps(search: SearchSpec): string[] {
  return Array.from({ length: mostTrials(search) }, (_, n) => `step_${n + 1}`);
}

/** All phases that it may have: each step, with the time in which it settles, and a rest before it. */
export function searchPhases(search: SearchSpec & { stepMs: number }, calm: string | undefined): PhaseSpec[] {
  const { settleMs, stepMs, to } = search;
  return [
    ...(calm !== undefined && ms(calm, 0) > 0 ? [{ name: 'calm', duration: calm, load: 0 }] : []),
    ...searchSteps(search).flatMap((name, n) => [
      { name: `rest_${n + 1}`, duration: `${settleMs}ms`, load: 0 },
      { name, duration: `${settleMs + stepMs}ms`, load: to },
    ]),
  ];
}

/** @throws one sentence */
export function checkSearch(path: string, spec: ProfileSpec, known: Record<ScenarioKind, string[]>): void {
  const { capacity, scenarios } = spec;
  if (!capacity) return;
  const own = (['from', 'to', 'precision', 'step', 'confirm'] as const).filter(
    (field) => capacity[field] !== undefined,
  );
  if (own.length === 0) return;
  for (const field of ['from', 'to'] as const) {
    if (capacity[field] === undefined)
      throw new Error(
        `${path}: capacity.${field} is missing; allowed is a load, such as 1, beside capacity.${own[0]}.`,
      );
  }
  if (capacity.from! > capacity.to!)
    throw new Error(
      `${path}: capacity.from is ${capacity.from}; allowed is at most capacity.to, which is ${capacity.to}.`,
    );
  if (capacity.steps)
    throw new Error(
      `${path}: capacity has steps, and from and to; allowed is one of them: a search chooses its steps.`,
    );
  const other = (['phases', 'availability', 'recovery', 'drift', 'drills'] as const).find(
    (field) => spec[field] !== undefined,
  );
  if (other)
    throw new Error(
      `${path}: ${other} does not go with capacity.from, whose steps are the phases; allowed is capacity.steps with it.`,
    );
  const steered = Object.entries(scenarios).filter(([name, one]) => kindOf(name, one, known) === 'load' || one.scaled);
  if (steered.length === 0)
    throw new Error(`${path}: capacity.from steers no scenario; allowed is a load, or a journey with "scaled": true.`);
  for (const [name, one] of steered) {
    const field = `${path}: scenarios.${name}`;
    if (!steerable.includes(one.executor)) {
      const all = steerable.map((name) => `"${name}"`).join(' or ');
      throw new Error(
        `${field}.executor is "${one.executor}", which a search for a capacity cannot steer; allowed is ${all}.`,
      );
    }
    const fixed = [courseOf(one).fields.length, 'startTime'].find(
      (field) => (one as Record<string, unknown>)[field] !== undefined,
    );
    if (fixed)
      throw new Error(`${field}.${fixed} does not go with a search for a capacity, which says when; allowed is none.`);
  }
}
