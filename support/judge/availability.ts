import type { AvailabilityResult } from './results.ts';
import { type Course, type Objective, stretches, tallyOf, together, windowsOf } from './windows.ts';

export interface AvailabilitySpec {
  everyMs: number;
  /** Share of the windows that must meet all objectives. */
  windows?: number | undefined;
  /** Share of the iterations that must succeed. */
  requests?: number | undefined;
}

/** @param objectives what each window must meet */
export function judgeAvailability(spec: AvailabilitySpec, objectives: Objective[], course: Course): AvailabilityResult {
  const windows = together(objectives.map((one) => windowsOf(one, { everyMs: spec.everyMs }, course)));
  const tally = tallyOf(windows, spec.windows ?? 0);
  const failed = course.store.rate('iteration_failed');
  const [bad, all] = [
    failed.passes + course.store.sum('dropped_iterations'),
    failed.count + course.store.sum('dropped_iterations'),
  ];
  const share = all > 0 ? 1 - bad / all : 0;
  const outcomes = [
    ...(spec.windows === undefined ? [] : [tally.outcome]),
    ...(spec.requests === undefined ? [] : [all === 0 ? 'unknown' : share >= spec.requests ? 'held' : 'missed']),
  ];
  const isMissed = outcomes.includes('missed');
  const isUnknown = !isMissed && outcomes.includes('unknown');
  const doubts = windows.flatMap((window) => window.doubts ?? []);
  const { outcome: _, ...counts } = tally;
  const judged = windows.length > 0 ? tally.held / windows.length : 0;
  return {
    everyMs: spec.everyMs,
    ...(spec.windows !== undefined && { windows: { ...counts, share: judged, required: spec.windows } }),
    ...(spec.requests !== undefined && {
      requests: { succeeded: all - bad, failed: bad, share, required: spec.requests },
    }),
    downtime: stretches(windows, 'missed'),
    ok: !isMissed && !isUnknown,
    decided: !isUnknown,
    ...(isUnknown && { doubts: doubts.slice(0, 1) }),
  };
}
