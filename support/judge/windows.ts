/** Objectives held against stretches of time instead of the whole run. */

import { ownerOf, type Tags, type Wanted } from '../measure/metrics.ts';
import { type AnySeries, mergeInto, newSeries } from '../measure/series.ts';
import type { MetricStore, Which } from '../measure/store.ts';
import type { TimeAxis } from '../measure/time-axis.ts';
import { type BusyTimes, busyIn } from './busy-times.ts';
import type { Doubt } from './doubt.ts';
import { holds, parseExpression, parseSelector } from './expression.ts';
import { loadedPhases } from './health.ts';
import { aggregate, figureBeside, isKnownZero, missesAnyway, samplesNeeded } from './thresholds.ts';
import { figuresWith, unfinishedIn } from './unfinished.ts';
import { doubtsOf, type Measures, quantityOf, type Suspect } from './validity.ts';

/** What is asked for, of what: a metric's selector and an expression without a reference. */
export interface Objective {
  source: string;
  expression: string;
  minSamples?: number | undefined;
}

export interface Windows {
  everyMs: number;
  /** From the start of one to that of the next; absent: they follow one another. */
  slideMs?: number | undefined;
  /** Where the first begins; absent: with the first phase. */
  fromMs?: number | undefined;
  /** Where the last ends; absent: with the last phase. */
  untilMs?: number | undefined;
}

/** A stretch of time, in ms since the run's start. */
interface Span {
  startMs: number;
  endMs: number;
}

export interface Window extends Span {
  /** `unknown`: too few samples, or its figure may be the generator's doing; never held. */
  state: 'held' | 'missed' | 'unknown';
  /** Null when nothing was measured. */
  observed: number | null;
  count: number;
  doubts?: Doubt[];
}

/** What windows are judged on. */
export interface Course {
  store: MetricStore;
  axis: TimeAxis;
  /** How long the run lasted: what did not come to its end has no window. */
  durationMs: number;
  suspects: Suspect[];
  /** Suspects of what was due in their times alone. */
  busy?: BusyTimes[];
  measures: Measures;
  /** When the target did not answer whoever asked beside the load. */
  outages?: { startMs: number; endMs: number }[];
  /** When the target's process was seen to have begun anew. */
  restarts?: number[];
  /** Intervals in which something was broken on purpose, and was not well again. */
  disturbed?: ReadonlySet<number>;
  /** It lasts, or was ended early: iterations that were due in a window, and have not come to their end, may have turned it. */
  isUnderWay?: boolean;
  /** It was ended since the target went away and did not come back. */
  isDown?: boolean;
  /** Where each is scheduled; absent: nothing is known of that. */
  scenarios?: { name: string; kind?: 'load' | 'journey'; startMs: number; endMs: number }[];
}

/**
 * The windows of an objective, in its phase, or else in all phases with load; a pause between such is in none. What is left at the end of
 * a stretch belongs to its last one, and what is too short for any beside others is one.
 */
export function windowsOf(objective: Objective, windows: Windows, course: Course): Window[] {
  const { tags } = parseSelector(objective.source)!;
  const { phases } = course.axis;
  const names = tags.phase === undefined ? loadedPhases(phases) : [tags.phase];
  const { fromMs = 0, untilMs = Number.POSITIVE_INFINITY } = windows;
  const lastMs = Math.min(untilMs, course.durationMs);
  const stretches = joined(phases.filter(({ name }) => names.includes(name)))
    .map(({ startMs, endMs }) => ({ startMs: Math.max(startMs, fromMs), endMs: Math.min(endMs, lastMs) }))
    .filter(({ startMs, endMs }) => startMs < endMs);
  return stretches.flatMap((stretch) => {
    const spans = spansOf(stretch.startMs, stretch.endMs, windows);
    const own = spans.length > 0 || stretches.length === 1 ? spans : [stretch];
    return own.flatMap((span) => {
      const whole = wholeIntervals(span, stretch.endMs, course.axis);
      if (!whole) return [];
      const parts = partsOf(span, windows.everyMs, objective).flatMap(
        (part) => wholeIntervals(part, stretch.endMs, course.axis) ?? [],
      );
      return [{ ...worstOf(parts.map((part) => windowIn(part, objective, course))), ...whole }];
    });
  });
}

/** What is counted is over the length that was asked for: in a window that has the rest of its stretch too, wherever it lies. */
function partsOf({ startMs, endMs }: Span, everyMs: number, { expression }: Objective): Span[] {
  const isCount = parseExpression(expression)!.aggregation.method === 'count';
  if (!isCount || endMs - startMs <= everyMs) return [{ startMs, endMs }];
  return [
    { startMs, endMs: startMs + everyMs },
    { startMs: endMs - everyMs, endMs },
  ];
}

/** The first of those that came out worst. */
function worstOf(windows: Window[]): Window {
  const state = (['missed', 'unknown'] as const).find((one) => windows.some((window) => window.state === one));
  return windows.find((window) => window.state === (state ?? 'held'))!;
}

/**
 * What was measured is known by interval, and intervals begin anew with each phase, however long that is: a window is made of those
 * whose middle lies in it, and is as long as they are. Undefined where there is none.
 */
function wholeIntervals(span: Span, untilMs: number, axis: TimeAxis): Span | undefined {
  const { first, next } = intervalsIn(span, axis);
  return next > first ? { startMs: axis.startOf(first), endMs: Math.min(axis.startOf(next), untilMs) } : undefined;
}

/**
 * The whole intervals in which any work is due that a selector is about: before its scenario starts, and once it is over, there is
 * nothing to be missed. Undefined where all of the run may have some.
 */
export function scheduleOf(source: string, { axis, scenarios = [], measures }: Course) {
  const { metric, tags } = parseSelector(source)!;
  const named = ownerOf(tags);
  const own = scenarios.filter(({ name }) => (named === undefined ? measures(metric, tags, name) : name === named));
  if (own.length === 0) return undefined;
  const startMs = Math.min(...own.map((one) => one.startMs));
  const endMs = Math.max(...own.map((one) => one.endMs));
  const first = axis.indexAt(startMs + 1e-6);
  const isWhole = startMs <= axis.startOf(first) + 1e-6;
  const whole = { fromMs: isWhole ? startMs : axis.endOf(first), untilMs: axis.startOf(axis.indexAt(endMs + 1e-6)) };
  return { ...whole, startMs, endMs };
}

/** The first interval whose middle lies in a stretch of time, and the first after it. */
export function intervalsIn({ startMs, endMs }: Span, axis: TimeAxis): { first: number; next: number } {
  const firstFrom = (ms: number) => {
    const index = axis.indexAt(ms);
    return (axis.startOf(index) + axis.endOf(index)) / 2 < ms ? index + 1 : index;
  };
  return { first: firstFrom(startMs), next: firstFrom(endMs) };
}

/**
 * All objectives, window by window: missed where one is, held where all are. Where nothing was measured while the target did not answer
 * whoever asked beside the load, that is known: they were missed; but not where whoever asked may have been held up for seconds.
 */
export function objectiveWindows(objectives: Objective[], windows: Windows, course: Course): Window[] {
  const { suspects } = course;
  const outages = suspects.some(({ rule }) => rule.timesOut) ? [] : (course.outages ?? []);
  const isAway = ({ startMs, endMs }: Window) => outages.some((one) => one.startMs < endMs && one.endMs > startMs);
  return together(objectives.map((one) => scheduledOf(one, windows, course))).map((window) => {
    const { doubts: _, ...rest } = window;
    return window.state === 'unknown' && window.count === 0 && isAway(window) ? { ...rest, state: 'missed' } : window;
  });
}

/** Those in which all of its work is scheduled; where that is none, those in which some is. */
function scheduledOf(objective: Objective, windows: Windows, course: Course): Window[] {
  const all = windowsOf(objective, windows, course);
  const schedule = scheduleOf(objective.source, course);
  if (!schedule) return all;
  const { fromMs, untilMs } = schedule;
  const own = all.filter(({ startMs, endMs }) => startMs >= fromMs - 1e-6 && endMs <= untilMs + 1e-6);
  return own.length > 0 ? own : around(schedule, all);
}

/** Those that a schedule reaches into which is shorter than one of them. */
export function around(schedule: Span, windows: Window[]): Window[] {
  return windows.filter(({ startMs, endMs }) => startMs < schedule.endMs && endMs > schedule.startMs);
}

/** At each time those objectives that have a window there. */
function together(all: Window[][]): Window[] {
  const byStart = new Map<number, Window[]>();
  for (const window of all.flat()) byStart.set(window.startMs, [...(byStart.get(window.startMs) ?? []), window]);
  const inOrder = [...byStart.values()].sort(([a], [b]) => a!.startMs - b!.startMs);
  return inOrder.map((same) => {
    const doubts = same.flatMap((one) => one.doubts ?? []);
    const { doubts: _, ...rest } = worstOf(same);
    return { ...rest, ...(rest.state === 'unknown' && doubts.length > 0 && { doubts }) };
  });
}

/** Stretches that follow one another, or slide. */
export function spansOf(startMs: number, endMs: number, { everyMs, slideMs = everyMs }: Windows): Span[] {
  const spans: Span[] = [];
  for (let at = startMs; at + everyMs <= endMs + 1e-6; at += slideMs) spans.push({ startMs: at, endMs: at + everyMs });
  const last = spans.at(-1);
  if (last) last.endMs = endMs;
  return spans;
}

/**
 * What was due in a stretch of time.
 * @param suspects that may have moved it; default: those of the course
 */
export function windowIn(span: Span, objective: Objective, course: Course, suspects = course.suspects): Window {
  const { store, axis, measures } = course;
  const { metric, tags } = parseSelector(objective.source)!;
  const expression = parseExpression(objective.expression)!;
  const definition = store.definitions[metric]!;
  const seen = {
    select: (name: string, wanted: Wanted = {}, which?: Which) => seriesIn(course, name, wanted, span, which),
  };
  const series = seen.select(metric, tags);
  const { count } = series;
  const lengthMs = span.endMs - span.startMs;
  const isCounted = definition.type === 'counter' && (count > 0 || isKnownZero(store, metric, tags));
  const needed = objective.minSamples ?? samplesNeeded(expression, definition.type);
  const { aggregation, value: limit } = expression;
  const figure = count > 0 || isCounted ? aggregate(series, aggregation, lengthMs) : null;
  const observed = figure === null ? null : figureBeside(limit, figure, definition.type, aggregation);
  const window = { ...span, observed, count };
  const isBeyond = missesAnyway(series, expression, limit, needed);
  if (observed === null || (!isCounted && count < needed && !isBeyond)) {
    return {
      ...window,
      state: 'unknown',
      doubts: [{ by: 'no-data', observed: count, allowed: needed, unit: 'count' }],
    };
  }
  const ok = holds(observed, expression.operator, limit);
  const { ages, missing, figures } = unfinishedIn(store, metric, tags, series, aggregation, seen);
  const underWay = course.isUnderWay ? underWayIn(course, metric, tags, seen) : 0;
  if (underWay > 0) figures.push(...figuresWith(series, aggregation, underWay));
  const besideLimit = figures.map((one) => figureBeside(limit, one, definition.type, aggregation));
  if (besideLimit.some((one) => holds(one, expression.operator, limit) !== ok)) {
    return {
      ...window,
      state: 'unknown',
      doubts: [{ by: 'unfinished', observed: ages + missing + underWay, unit: 'count' }],
    };
  }
  const doubts = doubtsOf(
    {
      metric,
      tags,
      quantity: quantityOf(definition, expression),
      operator: expression.operator,
      observed,
      limit,
      phases: phasesIn(span, axis),
    },
    [...suspects, ...busyIn(course.busy ?? [], span, axis)],
    measures,
  );
  return {
    ...window,
    state: doubts.length > 0 ? 'unknown' : ok ? 'held' : 'missed',
    ...(doubts.length > 0 && { doubts }),
  };
}

/** Iterations of whoever measures a metric that have begun and not ended. */
function underWayIn(
  { scenarios = [], measures }: Course,
  metric: string,
  tags: Tags,
  seen: Pick<MetricStore, 'select'>,
) {
  const { phase, ...others } = tags;
  const named = ownerOf(others);
  return scenarios
    .filter(({ name }) => (named === undefined ? measures(metric, tags, name) : name === named))
    .map(({ name }) => ({ scenario: name, ...(phase !== undefined && { phase }) }))
    .map((own) => seen.select('iteration_lateness', own)!.count - seen.select('iteration_failed', own)!.count)
    .reduce((sum, one) => sum + Math.max(0, one), 0);
}

/** Names of the phases that a stretch of time reaches into. */
export function phasesIn({ startMs, endMs }: Span, axis: TimeAxis): string[] {
  return axis.phases.filter((one) => one.startMs < endMs && one.endMs > startMs).map(({ name }) => name);
}

function seriesIn(course: Course, metric: string, tags: Wanted, span: Span, which: Which = 'all'): AnySeries {
  const all = newSeries(course.store.definitions[metric]!.type);
  const over = overOf(course, metric, tags, which);
  const { first, next } = intervalsIn(span, course.axis);
  for (let index = first; index < next; index++) {
    const series = over.get(index);
    if (series) mergeInto(all, series);
  }
  return all;
}

/** Unpacked once for all windows of a series; while a run lasts, each look at it is another course. */
const unpacked = new WeakMap<Course, Map<string, Map<number, AnySeries>>>();

function overOf(course: Course, metric: string, tags: Wanted, which: Which): Map<number, AnySeries> {
  const known = unpacked.get(course) ?? new Map<string, Map<number, AnySeries>>();
  unpacked.set(course, known);
  const key = JSON.stringify([metric, tags, which]);
  const over = known.get(key) ?? course.store.over(metric, tags, which);
  known.set(key, over);
  return over;
}

/** How windows came out against the share of them that must hold. */
export interface Tally {
  held: number;
  missed: number;
  unknown: number;
  outcome: 'held' | 'missed' | 'unknown';
}

/** Unknown windows may have held or not: the outcome is known when it is the same either way. */
export function tallyOf(windows: Window[], share: number): Tally {
  const count = (state: Window['state']) => windows.filter((window) => window.state === state).length;
  const [held, missed, unknown] = [count('held'), count('missed'), count('unknown')];
  const all = windows.length;
  const enough = (some: number) => some >= share * all - 1e-9;
  const outcome = all > 0 && enough(held) ? 'held' : all > 0 && !enough(held + unknown) ? 'missed' : 'unknown';
  return { held, missed, unknown, outcome };
}

/** Stretches of time as few as they can be, in their order. */
export function joined(spans: Span[]): Span[] {
  const all: Span[] = [];
  for (const { startMs, endMs } of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = all.at(-1);
    if (last && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else all.push({ startMs, endMs });
  }
  return all;
}

/** Windows of a state that follow one another, as one. */
export function stretches(windows: Window[], state: Window['state']): Span[] {
  return joined(windows.filter((window) => window.state === state));
}
