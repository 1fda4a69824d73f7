import type { MetricStore } from '../measure/store.ts';
import type { AvailabilitySpec } from '../profile/answers.ts';
import { countedElsewhere } from './busy-times.ts';
import { undisturbed } from './drills.ts';
import type { AvailabilityResult } from './results.ts';
import { doubtsOf } from './validity.ts';
import { type Course, joined, type Objective, objectiveWindows, stretches, tallyOf } from './windows.ts';

/** @param objectives what each window must meet */
export function judgeAvailability(spec: AvailabilitySpec, objectives: Objective[], course: Course): AvailabilityResult {
  const all = objectiveWindows(objectives, { everyMs: spec.everyMs }, course);
  const disturbed = (spec.withoutDrills && course.disturbed) || new Set<number>();
  const windows = all.filter((window) => course.axis.indicesIn(window).every((index) => !disturbed.has(index)));
  const tally = tallyOf(windows, spec.windows ?? 0);
  const requests = spec.requests === undefined ? undefined : judgeRequests(spec.requests, course, disturbed);
  const outcomes = [spec.windows === undefined ? undefined : tally.outcome, requests?.outcome];
  const isMissed = outcomes.includes('missed');
  const isUnknown = !isMissed && outcomes.includes('unknown');
  const doubts = [...(requests?.doubts ?? []), ...windows.flatMap((window) => window.doubts ?? [])];
  const { outcome: _, ...counts } = tally;
  const judged = windows.length > 0 ? tally.held / windows.length : 0;
  return {
    everyMs: spec.everyMs,
    ...(spec.withoutDrills && { withoutDrills: true as const }),
    ...(spec.windows !== undefined && { windows: { ...counts, share: judged, required: spec.windows } }),
    ...(requests && { requests: requests.result }),
    downtime: joined([...stretches(all, 'missed'), ...(course.outages ?? [])]),
    ok: !isMissed && !isUnknown,
    decided: !isUnknown,
    ...(isUnknown && { doubts: doubts.slice(0, 1) }),
  };
}

/** Of all iterations; dropped ones have not succeeded. What may be the generator's doing is open. */
function judgeRequests(
  required: number,
  { store: whole, axis, suspects, busy = [], measures }: Course,
  disturbed: ReadonlySet<number>,
) {
  const store = disturbed.size > 0 ? undisturbed(whole, disturbed, axis) : whole;
  const { failed, all, share } = requestsIn(store);
  const result = { succeeded: all - failed, failed, share, required };
  const claim = { metric: 'iteration_failed', tags: {}, quantity: 'failure', operator: '<=' } as const;
  const isMissedElsewhere = requestsIn(countedElsewhere(busy, store)).share < required;
  const mayBe = isMissedElsewhere ? suspects : [...suspects, ...busy];
  const doubts = doubtsOf({ ...claim, observed: 1 - share, limit: 1 - required }, mayBe, measures);
  if (all === 0 || doubts.length > 0) return { result, doubts, outcome: 'unknown' };
  return { result, doubts, outcome: share >= required ? 'held' : 'missed' };
}

function requestsIn(store: MetricStore) {
  const dropped = store.sum('dropped_iterations');
  const { passes, count } = store.rate('iteration_failed');
  const [failed, all] = [passes + dropped, count + dropped];
  return { failed, all, share: all > 0 ? (all - failed) / all : 0 };
}
