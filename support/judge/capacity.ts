import { seriesKey } from '../measure/metrics.ts';
import type { CapacitySpec } from '../profile/answers.ts';
import { levelsOf } from './capacity-search.ts';
import { parseSelector } from './expression.ts';
import type { CapacityFinding } from './findings/capacity.ts';
import type { CapacityResult, CapacityStep, SearchEnd } from './results.ts';
import type { Suspect } from './validity.ts';
import { type Course, type Objective, type Window, windowIn } from './windows.ts';

/**
 * What a target has to do beside its objectives: work that finds no free VU since all of them wait for its answers is in no request's
 * time. Of the arrivals of a step nine of ten must start within a second.
 */
const KEPT_UP_MS = 1_000;
const KEPT_UP: Objective = { source: 'iteration_lateness', expression: `p(90)<${KEPT_UP_MS}` };
const MOST_DROPPED = 0.1;

/**
 * Each objective over each step as a whole; the first that is missed is what broke first. What holds at a step holds below it too,
 * also where too little was measured there to tell.
 * @param end how a search ended; undefined when the run did before it
 */
export function judgeCapacity(
  { steps, repeats = [], search }: CapacitySpec,
  objectives: Objective[],
  course: Course,
  end?: SearchEnd,
): CapacityResult {
  const judged = steps.map((phase) => stepOf(phase, objectives, course, search?.settleMs));
  if (!search) return { steps: judged, ...boundsOf(withoutRepeats(judged, repeats)) };
  return {
    steps: judged,
    search: { precision: search.precision, ...(end && { end }) },
    ...boundsOf(levelled(judged)),
  };
}

/** Of one whose upper bound is open. */
export function openCapacity({ steps, search, held }: CapacityResult): CapacityFinding {
  const load = held?.load ?? 0;
  const at = steps.toSorted((a, b) => a.load - b.load).find((one) => one.state === 'unknown' && one.load > load);
  const severity = held || steps.some(({ state }) => state === 'missed') ? 'warning' : 'invalid';
  return {
    ...{ kind: 'capacity', severity },
    ...(held && { held: { load, perSecond: held.perSecond } }),
    ...(at && { at: { load: at.load, ...(at.broke && { broke: at.broke }), ...(at.doubts && { doubts: at.doubts }) } }),
    ...(search?.end && { end: search.end }),
  };
}

/** @param steps in the order of their load */
function boundsOf(steps: CapacityStep[]): Pick<CapacityResult, 'held' | 'missed' | 'isOpen'> {
  const missed = steps.find(({ state }) => state === 'missed');
  const below = missed ? steps.slice(0, steps.indexOf(missed)) : steps;
  const held = below.findLast(({ state }) => state === 'held');
  const isOpen = steps.length === 0 || below.at(-1)?.state === 'unknown';
  return { ...(held && { held }), ...(missed && { missed }), isOpen };
}

/** Of each load one step: what was missed once at a load did not hold there. @param repeats of the load of the step before */
function withoutRepeats(steps: CapacityStep[], repeats: readonly string[]): CapacityStep[] {
  const own: CapacityStep[] = [];
  for (const step of steps) {
    const same = repeats.includes(step.phase) ? [own.pop()!, step] : [step];
    const last = (state: CapacityStep['state']) => same.findLast((one) => one.state === state);
    own.push(last('missed') ?? last('held') ?? step);
  }
  return own;
}

/** Of each load that was tried one step, as most of them were. */
function levelled(steps: CapacityStep[]): CapacityStep[] {
  return levelsOf(steps).map(({ load, standing }) => {
    const own = steps.filter((step) => step.load === load);
    // As often as it held it did not: nobody can count on it.
    const state = standing === 'held' ? 'held' : standing === 'missed' || standing === 'split' ? 'missed' : 'unknown';
    return own.findLast((step) => step.state === state)!;
  });
}

/**
 * How the objectives went in a step.
 * @param settleMs how long it lasted before it counted
 */
export function stepOf(phase: string, objectives: Objective[], course: Course, settleMs = 0): CapacityStep {
  const { startMs, endMs, load } = course.axis.phases.find(({ name }) => name === phase)!;
  if (course.durationMs < endMs - 1e-6) return unendedStep({ phase, load, startMs }, course);
  const span = { startMs: startMs + settleMs, endMs };
  // After a rest, what was missing in an earlier step is missing no more.
  const isOwn = ({ phases }: Suspect) => !phases || phases.names.includes(phase);
  const suspects = settleMs > 0 ? course.suspects.filter(isOwn) : course.suspects;
  const own = objectives.map((objective) => {
    const { metric, tags } = parseSelector(objective.source)!;
    const source = seriesKey(metric, { ...tags, phase });
    return { objective, window: windowIn(span, { ...objective, source }, course, suspects) };
  });
  const late = keptUp(phase, span, course, suspects);
  const all = late ? [...own, late] : own;
  const first = (state: Window['state']) => all.find(({ window }) => window.state === state);
  const broken = first('missed') ?? first('unknown');
  const step = { phase, load, perSecond: (1_000 * iterationsIn(phase, course)) / (endMs - startMs) };
  if (!broken) return { ...step, state: 'held' };
  const { objective, window } = broken;
  const broke = { metric: objective.source, expression: objective.expression, observed: window.observed };
  return { ...step, state: window.state, broke, ...(window.doubts && { doubts: window.doubts }) };
}

/** The run did not come to the end of it: it tells nothing, unless it was the target that did not. */
function unendedStep(
  { phase, load, startMs }: { phase: string; load: number; startMs: number },
  course: Course,
): CapacityStep {
  const { durationMs, isDown, suspects } = course;
  const lengthMs = durationMs - startMs;
  const step = { phase, load, perSecond: (1_000 * iterationsIn(phase, course)) / Math.max(1, lengthMs) };
  const isMissed = isDown && lengthMs > 0 && !suspects.some(({ rule }) => rule.timesOut);
  if (!isMissed) return { ...step, state: 'unknown' };
  return { ...step, state: 'missed', broke: { metric: 'target', expression: 'answers', observed: null } };
}

/** Of all loads; of people, who come beside them as ever, only where nobody else does. */
function iterationsIn(phase: string, { store, scenarios = [] }: Course): number {
  const loads = scenarios.filter(({ kind }) => kind === 'load');
  if (loads.length === 0) return store.sum('iterations', { phase });
  return loads.reduce((sum, { name }) => sum + store.sum('iterations', { phase, scenario: name }), 0);
}

/** Of a step in which the target did not keep up, what tells; undefined of any other. */
function keptUp(phase: string, span: { startMs: number; endMs: number }, course: Course, suspects: Suspect[]) {
  const late = (metric: string) =>
    windowIn(span, { ...KEPT_UP, source: `${metric}{phase:${phase}}`, minSamples: 1 }, course, suspects);
  const window = late(KEPT_UP.source);
  const waitedMs = (window.observed ?? 0) - (late('generator_lateness').observed ?? 0);
  // What waited for the generator itself did not wait for the target.
  if (window.state !== 'held' && waitedMs >= KEPT_UP_MS) return { objective: KEPT_UP, window };
  const dropped = course.store.sum('dropped_iterations', { phase });
  const share = dropped / Math.max(1, dropped + course.store.trend('iteration_lateness', { phase }).count);
  if (share <= MOST_DROPPED) return undefined;
  const lost = { source: 'dropped_iterations', expression: 'count<1' };
  return {
    objective: lost,
    window: windowIn(span, { ...lost, source: `dropped_iterations{phase:${phase}}` }, course, suspects),
  };
}
