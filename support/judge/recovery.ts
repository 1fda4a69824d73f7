import type { RecoverySpec } from '../profile/answers.ts';
import type { RecoveryResult } from './results.ts';
import { type Course, type Objective, objectiveWindows, type Window } from './windows.ts';

/** @param objectives what must hold again */
export function judgeRecovery(spec: RecoverySpec, objectives: Objective[], course: Course): RecoveryResult {
  const { after, everyMs, stayMs, withinMs } = spec;
  const { phases } = course.axis;
  const endMs = phases.find(({ name }) => name === after)!.endMs;
  const windows = objectiveWindows(objectives, { everyMs, fromMs: endMs }, course);
  const found = firstToStay(windows, stayMs);
  const watchedMs = Math.max(0, (windows.at(-1)?.endMs ?? endMs) - endMs);
  const common = { after, withinMs, stayMs, watchedMs };
  if (!found) {
    const isLate = earliestMs(windows, endMs) >= withinMs;
    const mayBe = !isLate && isTooBrief(windows, stayMs) ? [] : windows.flatMap((window) => window.doubts ?? []);
    const doubts = mayBe.slice(0, 1);
    const isKnown = isLate && !windows.some(({ state }) => state === 'unknown');
    return { ...common, recoveredMs: null, ok: false, decided: isKnown, ...(!isKnown && { doubts }) };
  }
  const recoveredMs = recoveryOf(found, windows, endMs);
  const [least, most] = recoveredMs;
  const before = windows.filter(({ startMs }) => startMs < found.startMs);
  const isUnsure = most > withinMs && (least < withinMs || before.some(({ state }) => state === 'unknown'));
  const doubts = before.flatMap((window) => window.doubts ?? []).slice(0, 1);
  return {
    ...common,
    recoveredMs,
    ok: most <= withinMs,
    decided: !isUnsure,
    ...(isUnsure && { doubts }),
  };
}

/** The first window that holds, as do all that begin within the given time after it; undefined without one. Each is looked at a few times. */
export function firstToStay(windows: Window[], stayMs: number): Window | undefined {
  let [last, firstNotHeld] = [0, 0];
  return windows.find(({ startMs }, i) => {
    while (last + 1 < windows.length && windows[last + 1]!.startMs < startMs + stayMs) last += 1;
    firstNotHeld = Math.max(firstNotHeld, i);
    while (windows[firstNotHeld]?.state === 'held') firstNotHeld += 1;
    return firstNotHeld > last && windows[last]!.endMs >= startMs + stayMs - 1e-6;
  });
}

/**
 * Whether it was over before anything could have been seen to hold and stay so, even if all had held that nobody could tell: then that is
 * why it is not known, and not what the generator may have done.
 */
export function isTooBrief(windows: Window[], stayMs: number): boolean {
  const atBest = windows.map((one): Window => (one.state === 'unknown' ? { ...one, state: 'held' } : one));
  return firstToStay(atBest, stayMs) === undefined;
}

/**
 * It lies between these, in ms since then: when the last window that missed began, in which it may have come, and when the first that held
 * did. What missed a window may have been its beginning alone.
 */
export function recoveryOf(found: Window, windows: Window[], fromMs: number): [least: number, most: number] {
  if (found.startMs <= fromMs) return [0, 0];
  // What is unknown between the two may have held as well.
  const missed = windows.findLast(({ state, startMs }) => state === 'missed' && startMs < found.startMs);
  return [Math.max(0, (missed?.startMs ?? fromMs) - fromMs), found.startMs - fromMs];
}

/** The least that {@link recoveryOf} would say of a recovery that was not seen: it may have just begun, and would stay. */
export function earliestMs(windows: Window[], fromMs: number): number {
  const last = windows.findLast(({ state }) => state !== 'held');
  return last ? Math.max(0, last.startMs - fromMs) : 0;
}
