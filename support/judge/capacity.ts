import type { CapacitySpec } from '../profile/answers.ts';
import { parseSelector } from './expression.ts';
import type { CapacityResult, CapacityStep } from './results.ts';
import { type Course, type Objective, type Window, windowsOf } from './windows.ts';

/**
 * Each objective over each step as a whole; the first that is missed is what broke first. What holds at a step holds below it too,
 * also where too little was measured there to tell.
 */
export function judgeCapacity({ steps }: CapacitySpec, objectives: Objective[], course: Course): CapacityResult {
  const judged = steps.map((phase) => stepOf(phase, objectives, course));
  const missed = judged.find(({ state }) => state === 'missed');
  const below = missed ? judged.slice(0, judged.indexOf(missed)) : judged;
  const held = below.findLast(({ state }) => state === 'held');
  const isOpen = below.at(-1)?.state === 'unknown';
  return { steps: judged, ...(held && { held }), ...(missed && { missed }), isOpen };
}

function stepOf(phase: string, objectives: Objective[], course: Course): CapacityStep {
  const { startMs, endMs, load } = course.axis.phases.find(({ name }) => name === phase)!;
  const own = objectives.map((objective) => {
    const { metric, tags } = parseSelector(objective.source)!;
    const pairs = Object.entries({ ...tags, phase }).map(([tag, value]) => `${tag}:${JSON.stringify(value)}`);
    const source = `${metric}{${pairs.join(',')}}`;
    const [window] = windowsOf({ ...objective, source }, { everyMs: endMs - startMs }, course);
    return { objective, window };
  });
  const first = (state: Window['state']) => own.find(({ window }) => (window?.state ?? 'unknown') === state);
  const broken = first('missed') ?? first('unknown');
  const iterations = course.store.sum('iterations', { phase });
  const step = { phase, load, perSecond: (1_000 * iterations) / (endMs - startMs) };
  if (!broken) return { ...step, state: 'held' };
  const { objective, window } = broken;
  const broke = { metric: objective.source, expression: objective.expression, observed: window?.observed ?? null };
  const state = window?.state ?? 'unknown';
  return { ...step, state, broke, ...(window?.doubts && { doubts: window.doubts }) };
}
