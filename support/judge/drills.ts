/** What became of the target when a drill broke something: what was seen of it, and how long it took to be well again. */
import { ownerOf } from '../measure/metrics.ts';
import type { MetricStore } from '../measure/store.ts';
import type { TimeAxis } from '../measure/time-axis.ts';
import type { Drill, DrillExpectation } from '../profile/drills.ts';
import type { Doubt } from './doubt.ts';
import { earliestMs, firstToStay, isTooBrief, recoveryOf } from './recovery.ts';
import type { DrillResult } from './results.ts';
import { doubtsOf } from './validity.ts';
import type { Finding } from './verdict.ts';
import { type Course, type Objective, objectiveWindows, phasesIn, stretches, type Window } from './windows.ts';

/** A command, or what else carries a drill out; in ms since the run's start. Without an end nobody knows what became of it. */
export interface Act {
  atMs: number;
  endMs?: number;
  ok?: boolean;
  /** What it printed last, or why it failed. */
  output?: string;
}

/** One time of a drill, as it was carried out. */
export interface DrillRun {
  name: string;
  /** Which one, from 0, of so many. */
  time: number;
  times: number;
  run: Act;
  /** Absent while it lasts. */
  undo?: Act;
  isToBeUndone: boolean;
}

/** What a run knows of its drills. */
export interface DrillFacts {
  planned: Drill[];
  runs: DrillRun[];
  /** Names of those that only the embedded target could have carried out. */
  leftOut: string[];
}

/** Work that begins so late has waited in a queue. */
const BACKLOG_MS = 1_000;

/** @param objectives what must hold again; none: recovery and outage are not told */
export function judgeDrills({ planned, runs }: DrillFacts, objectives: Objective[], course: Course): DrillResult[] {
  const windows = new Map<number, Window[]>();
  for (const { everyMs } of planned) {
    if (!windows.has(everyMs)) windows.set(everyMs, objectiveWindows(objectives, { everyMs }, course));
  }
  return runs.map((run) => {
    const drill = planned.find(({ name }) => name === run.name)!;
    // What comes after the next one has begun is no longer this one's doing alone.
    const nextMs = Math.min(...runs.map((one) => one.run.atMs).filter((atMs) => atMs > run.run.atMs));
    const endMs = Math.min(course.axis.phases.at(-1)?.endMs ?? course.durationMs, course.durationMs);
    const { axis } = course;
    // The interval that the next one begins in, be it a fraction of a millisecond after that, has what both did.
    const own =
      nextMs < endMs
        ? { untilMs: nextMs, countedMs: axis.startOf(axis.indexAt(nextMs)) }
        : { untilMs: endMs, countedMs: endMs };
    return judgeDrill(drill, run, own, windows.get(drill.everyMs)!, objectives.length > 0, course);
  });
}

/** What ends it: what undoes it, or it itself, where there is nothing to undo. A recovery is counted from when that begins. */
function overOf({ run, undo }: DrillRun): Act {
  return undo ?? run;
}

/** Intervals of the time axis in a drill, and until all was well again after it; where that was not seen, nothing after it is excused. */
export function disturbedBy(runs: DrillRun[], drills: DrillResult[], axis: TimeAxis): Set<number> {
  const intervals = drills.flatMap(({ startMs, endMs, recoveredMs }, i) => {
    const wellMs = overOf(runs[i]!).atMs + (recoveredMs?.[1] ?? 0);
    const own = axis.indicesIn({ startMs, endMs: Math.max(endMs, wellMs) });
    // What began shortly before had not come to its end.
    return [Math.max(0, own[0]! - 1), ...own];
  });
  return new Set(intervals);
}

/**
 * What was counted of work that was due in other intervals than these, and not under way when they began: for as long as the longest of
 * its scenario. Sessions last longer than a drill.
 */
export function undisturbed(store: MetricStore, disturbed: ReadonlySet<number>, axis: TimeAxis): MetricStore {
  const byOwner = new Map<string | undefined, ReadonlySet<number>>();
  const reachedBy = (scenario: string | undefined) => {
    if (scenario === undefined) return disturbed;
    const known = byOwner.get(scenario);
    if (known) return known;
    const longestMs = store.trend('iteration_duration', { scenario }).max || 0;
    const reached = new Set(disturbed);
    for (const index of disturbed) {
      const endMs = axis.startOf(index);
      for (const before of axis.indicesIn({ startMs: Math.max(0, endMs - longestMs), endMs })) reached.add(before);
    }
    byOwner.set(scenario, reached);
    return reached;
  };
  return store.without(
    (index, tags) => reachedBy(ownerOf(tags)).has(index),
    (metric) => store.definitions[metric]?.type !== 'trend',
  );
}

function judgeDrill(
  drill: Drill,
  run: DrillRun,
  { untilMs, countedMs }: { untilMs: number; countedMs: number },
  all: Window[],
  hasObjectives: boolean,
  course: Course,
): DrillResult {
  const { stayMs, expect } = drill;
  const startMs = run.run.atMs;
  const over = overOf(run);
  const output = [run.run.output, run.undo?.output].filter(Boolean).join('\n');
  // One that the next drill begins in may have missed because of that.
  const isOwn = ({ state, endMs }: Window) => state === 'held' || endMs <= untilMs + 1e-6;
  const windows = all.filter((window) => window.endMs > startMs && window.startMs < untilMs && isOwn(window));
  // What it broke may break as late as its command ends; what was well before that and stayed so, was so from then on.
  const after = windows.filter((window) => window.endMs > (over.endMs ?? over.atMs));
  const stayed = firstToStay(after, stayMs);
  const found = stayed && firstHeld(stayed, windows, over.atMs);
  const recoveredMs = found && recoveryOf(found, windows, over.atMs);
  const seenMs = found?.startMs ?? countedMs;
  const before = windows.filter((window) => window.startMs < seenMs);
  const isSeen = found !== undefined || before.some(({ state }) => state !== 'unknown');
  const outageMs = isSeen ? outageOf(before) : null;
  const overMs = over.endMs ?? over.atMs;
  const from = { startMs, endMs: Math.max(found?.endMs ?? countedMs, overMs) };
  // What was due once they held again is no part of it. Without objectives nobody knows when that was: what came after it was undone is not.
  const lastedMs = hasObjectives && run.undo ? run.undo.atMs : overMs;
  const heldMs = hasObjectives || !run.undo ? seenMs : overMs;
  const ofWork = { startMs, endMs: endOfWork(startMs, Math.max(heldMs, lastedMs), course) };
  const requests = requestsIn(course, ofWork);
  const watchedMs = Math.max(0, untilMs - over.atMs);
  const told = hasObjectives ? { outageMs, recoveredMs: recoveredMs ?? null, stayMs, watchedMs } : {};
  const isOpen = before.some(({ state }) => state === 'unknown') || windows.length === 0;
  const ofFailed = failedDoubts(expect, requests, ofWork, course);
  const leastMs = earliestMs(after, over.atMs);
  const judged = expectationsOf(expect, {
    ...{ ...told, requests, isOpen, isDoubtful: ofFailed.length > 0 },
    earliestMs: leastMs,
    leastOutageMs: leastOutageOf(before),
  });
  const isOverBefore = !found && leastMs < (expect.recoveryMs ?? Infinity) && isTooBrief(after, stayMs);
  const mayBe = [...(isOverBefore ? [] : windows.flatMap((one) => one.doubts ?? [])), ...ofFailed];
  const doubts = judged.outcome === 'unknown' ? mayBe.slice(0, 1) : [];
  return {
    name: run.name,
    ...(run.times > 1 && { time: run.time + 1, times: run.times }),
    startMs,
    endMs: over.endMs ?? over.atMs,
    isCarriedOut: run.run.ok ?? false,
    ...(run.isToBeUndone && { isUndone: run.undo?.ok ?? null }),
    ...(output !== '' && { output }),
    detectedMs: firstFailure(course, from),
    ...told,
    requests,
    ...sessionsIn(course, from),
    connectionsPerSecond: connectionsIn(course, from),
    backlogMs: backlogOf(course, over.atMs, countedMs),
    expect,
    ok: judged.outcome === 'held',
    decided: judged.outcome !== 'unknown',
    ...(judged.missed.length > 0 && { missed: judged.missed }),
    ...(doubts.length > 0 && { doubts }),
  };
}

/** Of windows that held one after the other up to this one the first, since then. */
function firstHeld(last: Window, windows: Window[], sinceMs: number): Window {
  let at = windows.indexOf(last);
  while (windows[at - 1]?.state === 'held' && windows[at - 1]!.endMs > sinceMs) at -= 1;
  return windows[at]!;
}

/** What is unknown may have been missed or not. */
function outageOf(windows: Window[]): [number, number] {
  const lengthOf = (state: Window['state']) =>
    stretches(windows, state).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
  const missedMs = lengthOf('missed');
  return [missedMs, missedMs + lengthOf('unknown')];
}

/** Of the first and the last window of a stretch that missed a part alone may have been missed. */
function leastOutageOf(windows: Window[]): number {
  const isMissed = (at: number) => windows[at]?.state === 'missed';
  return windows
    .filter((_, i) => isMissed(i - 1) && isMissed(i) && isMissed(i + 1))
    .reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

interface Seen extends Pick<DrillResult, 'outageMs' | 'recoveredMs' | 'requests'> {
  /** The least that a recovery can have taken which was not seen. */
  earliestMs: number;
  /** The objectives were missed for longer. */
  leastOutageMs: number;
  /** Some of what was asked nobody knows. */
  isOpen: boolean;
  /** The share that failed may be the generator's doing. */
  isDoubtful: boolean;
}

/** Which were missed, and whether that, or that none was, is known. */
function expectationsOf(expect: DrillExpectation, seen: Seen): { outcome: Window['state']; missed: string[] } {
  const { recoveredMs, outageMs, requests, isOpen } = seen;
  const outcomes: [string, Window['state']][] = [];
  const { recoveryMs, outageMs: mostOutageMs, failed } = expect;
  if (recoveryMs !== undefined) {
    const isInTime = recoveredMs ? recoveredMs[1] <= recoveryMs : false;
    const isLate = recoveredMs ? recoveredMs[0] >= recoveryMs : seen.earliestMs >= recoveryMs;
    const state = isInTime ? 'held' : isLate && !isOpen ? 'missed' : 'unknown';
    outcomes.push(['recovery', state]);
  }
  if (mostOutageMs !== undefined) {
    const [, most] = outageMs ?? [0, Number.POSITIVE_INFINITY];
    const isLong = seen.leastOutageMs >= mostOutageMs;
    outcomes.push(['outage', isLong ? 'missed' : recoveredMs && most < mostOutageMs ? 'held' : 'unknown']);
  }
  if (failed !== undefined) {
    const state =
      requests.of === 0 || seen.isDoubtful ? 'unknown' : requests.failed / requests.of < failed ? 'held' : 'missed';
    outcomes.push(['failed', state]);
  }
  const missed = outcomes.flatMap(([what, state]) => (state === 'missed' ? what : []));
  const isUnknown = outcomes.some(([, state]) => state === 'unknown');
  return { outcome: missed.length > 0 ? 'missed' : isUnknown ? 'unknown' : 'held', missed };
}

/** Of the share that failed, as far as it is asked for. */
function failedDoubts(
  { failed: limit }: DrillExpectation,
  { failed, of }: DrillResult['requests'],
  span: Span,
  { axis, suspects, measures }: Course,
): Doubt[] {
  if (limit === undefined || of === 0) return [];
  const claim = { metric: 'iteration_failed', tags: {}, quantity: 'failure', operator: '<' } as const;
  return doubtsOf({ ...claim, observed: failed / of, limit, phases: phasesIn(span, axis) }, suspects, measures);
}

interface Span {
  startMs: number;
  endMs: number;
}

/** Of a rate or a counter, what each interval had. */
function byInterval(store: MetricStore, axis: TimeAxis, metric: string, span: Span) {
  const own = new Set(axis.indicesIn(span));
  return [...store.over(metric)]
    .filter(([index]) => own.has(index))
    .sort(([a], [b]) => a - b)
    .map(([index, series]) => ({ index, series }));
}

function rateIn({ store, axis }: Course, metric: string, span: Span): { passes: number; count: number } {
  const all = byInterval(store, axis, metric, span).map(({ series }) => series);
  const sum = (of: 'passes' | 'count') => all.reduce((so, one) => so + (one.type === 'rate' ? one[of] : 0), 0);
  return { passes: sum('passes'), count: sum('count') };
}

function sumIn({ store, axis }: Course, metric: string, span: Span): number {
  return byInterval(store, axis, metric, span).reduce(
    (sum, { series }) => sum + (series.type === 'counter' ? series.sum : 0),
    0,
  );
}

/** What is undone some milliseconds into an interval has had no part in the rest of it, which would make its share smaller. */
function endOfWork(startMs: number, endMs: number, { axis }: Course): number {
  const last = axis.indexAt(endMs - 1e-6);
  const lastMs = axis.startOf(last);
  return lastMs > startMs && endMs < (lastMs + axis.endOf(last)) / 2 ? lastMs : endMs;
}

/** Iterations; dropped ones have failed. */
function requestsIn(course: Course, span: Span): DrillResult['requests'] {
  const { passes, count } = rateIn(course, 'iteration_failed', span);
  const dropped = sumIn(course, 'dropped_iterations', span);
  return { failed: passes + dropped, of: count + dropped };
}

/** When the first work failed: no earlier than the interval of it began, and no later than it ended. */
function firstFailure({ store, axis }: Course, span: Span): DrillResult['detectedMs'] {
  const failing = (['iteration_failed', 'http_req_failed'] as const).flatMap((metric) =>
    byInterval(store, axis, metric, span).filter(({ series }) => series.type === 'rate' && series.passes > 0),
  );
  if (failing.length === 0) return null;
  const index = failing.reduce((first, one) => Math.min(first, one.index), Number.POSITIVE_INFINITY);
  return [Math.max(0, axis.startOf(index) - span.startMs), axis.endOf(index) - span.startMs];
}

function sessionsIn(course: Course, span: Span): Pick<DrillResult, 'sessions'> {
  const { passes, count } = rateIn(course, 'browser_session_failed', span);
  const own = new Set(course.axis.indicesIn(span));
  const saw = (what: string) => {
    const over = [...course.store.over('browser_outage_seen', { seen: what })];
    return over.reduce((sum, [i, one]) => sum + (own.has(i) && one.type === 'counter' ? one.sum : 0), 0);
  };
  const kept = rateIn(course, 'browser_work_kept', span);
  const seen = { error: saw('error'), spinner: saw('spinner') };
  const isReported = Object.values(seen).some((number) => number > 0) || kept.count > 0;
  if (count === 0 && !isReported) return {};
  return {
    sessions: { failed: passes, of: count, ...(isReported && { seen, work: { kept: kept.passes, of: kept.count } }) },
  };
}

/** The most new connections in a second, WebSockets and those that HTTP was sent on for the first time. */
function connectionsIn({ store, axis }: Course, span: Span): number | null {
  const most = new Map<number, number>();
  for (const metric of ['ws_connect_failed', 'http_connections']) {
    for (const { index, series } of byInterval(store, axis, metric, span)) {
      const number = series.type === 'rate' ? series.count : series.type === 'counter' ? series.sum : 0;
      most.set(index, (most.get(index) ?? 0) + (1_000 * number) / axis.lengthOf(index));
    }
  }
  return most.size > 0 ? [...most.values()].reduce((a, b) => Math.max(a, b)) : null;
}

/** How long work that was due after the end of it still began late. */
function backlogOf({ store, axis }: Course, fromMs: number, untilMs: number): number {
  const late = byInterval(store, axis, 'iteration_lateness', { startMs: fromMs, endMs: untilMs }).filter(
    ({ series }) => series.type === 'trend' && series.trend.max > BACKLOG_MS,
  );
  const last = late.at(-1);
  return last ? Math.max(0, Math.min(axis.endOf(last.index), untilMs) - fromMs) : 0;
}

/** A drill that was not carried out, not undone, or after which the target was not as it was expected to be. */
export function drillFindings({ planned, runs, leftOut }: DrillFacts, results: DrillResult[] = []): Finding[] {
  const findings: Finding[] = [];
  for (const one of runs) {
    const drill = nameOf(one);
    if (one.isToBeUndone && one.undo?.ok !== true) {
      const why = one.undo?.output;
      findings.push({ kind: 'drill-not-undone', severity: 'invalid', drill, ...(why !== undefined && { why }) });
    }
    if (one.run.ok !== true) {
      const why = one.run.output ?? 'the run ended before it was told of';
      findings.push({ kind: 'drill-not-done', severity: 'invalid', drill, why });
    }
  }
  results.forEach((result, i) => {
    if (result.ok || !result.isCarriedOut) return;
    const severity = result.decided ? 'fail' : 'invalid';
    findings.push({ kind: 'drill', severity, ...result, name: nameOf(runs[i]!) });
  });
  for (const name of leftOut) {
    const isExpected = Object.keys(planned.find((one) => one.name === name)?.expect ?? {}).length > 0;
    findings.push({ kind: 'drill-left-out', severity: isExpected ? 'invalid' : 'warning', drill: name });
  }
  return findings;
}

function nameOf({ name, time, times }: Pick<DrillRun, 'name' | 'time' | 'times'>): string {
  return times > 1 ? `${name} #${time + 1}` : name;
}
