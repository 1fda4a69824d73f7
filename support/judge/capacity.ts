import { parseSelector } from './expression.ts';
import type { CapacityResult, CapacityStep } from './results.ts';
import { type Course, type Objective, type Window, windowsOf } from './windows.ts';

export interface CapacitySpec {
  /** Phases of growing load, in the order of time. */
  steps: string[];
}

/** Each objective over each step as a whole; the first that is missed is what broke first. */
export function judgeCapacity({ steps }: CapacitySpec, objectives: Objective[], course: Course): CapacityResult {
  const judged = steps.map((phase) => stepOf(phase, objectives, course));
  const end = judged.findIndex(({ state }) => state !== 'held');
  const held = end < 0 ? judged.at(-1) : judged[end - 1];
  const missed = judged.find(({ state }) => state === 'missed');
  const isOpen = end >= 0 && judged[end]!.state === 'unknown';
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
