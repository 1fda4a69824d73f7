/** What a profile asks beside its thresholds: how it is judged, and that it can be. */

import { allowed } from '../input/misspelling.ts';
import { parseExpression, parseSelector } from '../judge/expression.ts';
import type { Tags } from '../measure/metrics.ts';
import { ms } from './fields.ts';
import { phaseNames } from './phases.ts';
import type { ProfileSpec, ScenarioKind } from './schema.ts';
import { checkSearch, type SearchSpec, searchOf } from './search.ts';
import { checkSelectors } from './selectors.ts';

/** Made exact, as the run's timeline has it. Lengths of windows are what they say, however long the run is. */
export interface Answers {
  /** By selector. */
  objectives: Record<string, string[]>;
  availability?: AvailabilitySpec;
  recovery?: RecoverySpec;
  capacity?: CapacitySpec;
  drift?: DriftSpec;
}

export interface AvailabilitySpec {
  everyMs: number;
  /** Share of the windows that must meet all objectives. */
  windows?: number | undefined;
  /** Share of the iterations that must succeed. */
  requests?: number | undefined;
  withoutDrills?: boolean | undefined;
}

export interface RecoverySpec {
  /** The phase that it is measured from the end of. */
  after: string;
  everyMs: number;
  /** So long the objectives must hold then. */
  stayMs: number;
  withinMs: number;
}

export interface CapacitySpec {
  /** Phases of growing load, in the order of time; of a search those that it may have, or has had. */
  steps: string[];
  /** Those whose load is that of the step before, whatever their factors: VUs are whole. */
  repeats?: string[];
  search?: SearchSpec;
}

export interface DriftSpec {
  /** Phases of steady load, each by itself. */
  phases: string[];
  /** How long an hour of the profile is in this run, in ms: less than one where the whole timeline was shortened. */
  hourMs: number;
  /** By selector: `min<1%`. */
  limits: Record<string, string[]>;
}

/** Length of windows where a profile gives none. */
export const defaultEvery = { availability: '10s', recovery: '5s' };

/** What availability, recovery and capacity are about has to be there. */
export function checkAnswers(path: string, spec: ProfileSpec, known: Record<ScenarioKind, string[]>): void {
  const { objectives, availability, recovery, capacity, drift, phases = [] } = spec;
  checkSearch(path, spec, known);
  const asked =
    (['recovery', 'capacity'] as const).find((name) => spec[name]) ??
    (availability?.windows === undefined ? undefined : 'availability');
  if (asked && !objectives)
    throw new Error(`${path}: ${asked} needs objectives; allowed is { "http_req_duration": ["p(95)<500"] } with it.`);
  if (availability && availability.windows === undefined && availability.requests === undefined)
    throw new Error(`${path}: availability asks for nothing; allowed is a share of windows or of requests.`);
  if (availability?.withoutDrills && !spec.drills?.length)
    throw new Error(
      `${path}: availability.withoutDrills is true, and there are no drills; allowed is to leave it out.`,
    );
  if (objectives) {
    for (const [source, all] of Object.entries(objectives)) {
      const { tags } = parseSelector(source) ?? { tags: {} as Tags };
      const compared = all.find((text) => parseExpression(text)!.of !== undefined);
      if (tags.phase !== undefined || compared !== undefined)
        throw new Error(
          `${path}: objectives "${source}" is about a phase; allowed are limits that are numbers, at any time.`,
        );
    }
    checkSelectors(path, objectives, spec, known, 'objectives');
  }
  const names = phases.map(({ name }) => name);
  for (const [field, name] of [
    ...(recovery ? [['recovery.after', recovery.after] as const] : []),
    ...(capacity?.steps ?? []).map((step) => ['capacity.steps', step] as const),
  ]) {
    if (!names.includes(name)) throw new Error(`${path}: ${field} is "${name}"; ${allowed(name, names)}.`);
  }
  if (drift) {
    const all = phaseNames(spec).map(({ name }) => name);
    const asked = drift.phase === undefined ? [] : [drift.phase].flat();
    const unknown = asked.find((name) => !all.includes(name));
    if (unknown !== undefined) throw new Error(`${path}: drift.phase is "${unknown}"; ${allowed(unknown, all)}.`);
    for (const source of Object.keys(drift.limits)) {
      if (parseSelector(source)?.tags.phase !== undefined)
        throw new Error(`${path}: drift.limits "${source}" has a phase; allowed is drift.phase, one for all.`);
      // Its limits are no thresholds: the schema has read them.
      checkSelectors(path, { [source]: [] }, spec, known, 'drift.limits');
    }
  }
  if (recovery) {
    const needMs = ms(recovery.within, 0) + ms(recovery.stay, 30_000);
    const haveMs = phases
      .slice(names.indexOf(recovery.after) + 1)
      .reduce((sum, { duration, load }) => sum + (load === 0 ? 0 : ms(duration, 0)), 0);
    if (haveMs < needMs)
      throw new Error(
        `${path}: recovery needs ${needMs / 1_000} s after ${recovery.after}, within and stay together, and there are ${haveMs / 1_000} s with load; allowed is at most that.`,
      );
    const { every = defaultEvery.recovery } = recovery;
    if (ms(every, 0) > haveMs)
      throw new Error(
        `${path}: recovery.every is ${every}, and there are ${haveMs / 1_000} s with load after ${recovery.after}; allowed is at most that.`,
      );
  }
  if (capacity && !searchOf(spec) && phases.filter(({ load }) => load !== 0).length === 0)
    throw new Error(`${path}: capacity needs phases; allowed is a phase for each step of the load.`);
  // By themselves they would be judged by nobody, and whoever wrote them takes them for thresholds.
  if (objectives && !availability && !recovery && !capacity && !spec.drills?.length)
    throw new Error(
      `${path}: objectives are there, and nothing is asked about them; allowed is availability, recovery, capacity or drills with them, or thresholds in their place.`,
    );
}
