import { mean } from 'simple-statistics';
import { mergeInto, newSeries } from '../measure/series.ts';
import type { DriftSpec } from '../profile/answers.ts';
import { type Expression, parseDrift, parseSelector } from './expression.ts';
import type { DriftResult } from './results.ts';
import { LEAST_BLOCKS, slopeOf } from './slope.ts';
import { aggregate, isKnownZero, samplesNeeded, unitOf } from './thresholds.ts';
import { doubtsOf, quantityOf } from './validity.ts';
import { type Course, intervalsIn, scheduleOf } from './windows.ts';

/** The phase is cut into so many blocks, or into as many as there are intervals or enough samples for. */
const MOST_BLOCKS = 60;
/** Chance that any figure of a sound target is seen to drift. */
const FALSE_ALARMS = 0.01;
/** What was seen in less of the phase, from its first block to its last, tells nothing of the rest: it may have vanished with the process. */
const LEAST_SEEN = 0.5;
/** What has fallen at once by so much of what it grows by may be given back again and again, as memory is that a collector frees. */
const GIVEN_BACK = 0.5;
/** An interval that reaches beyond so many times what is allowed has told nothing. */
const MOST_UNSURE = 10;
const MS_PER_HOUR = 3_600_000;

export function judgeDrift({ limits, phases, hourMs }: DriftSpec, course: Course): DriftResult[] {
  const all = phases.flatMap((phase) =>
    Object.entries(limits).flatMap(([source, texts]) => texts.map((text) => ({ phase, source, text }))),
  );
  // Bonferroni's correction: the more figures there are, the surer each has to be.
  return all.map(({ phase, source, text }) =>
    driftOf(source, parseDrift(text)!, { phase, hourMs }, FALSE_ALARMS / all.length, course),
  );
}

/** A figure drifts when its slope is beyond zero for sure, and beyond what is allowed. */
function driftOf(
  source: string,
  limit: Expression,
  { phase, hourMs }: { phase: string; hourMs: number },
  chance: number,
  course: Course,
): DriftResult {
  const { metric, tags } = parseSelector(source)!;
  const definition = course.store.definitions[metric]!;
  const { values, startMs, blockMs, needed, samples, restarts } = blocksOf(source, limit, phase, course);
  const slope = slopeOf(values, (blockMs * MS_PER_HOUR) / hourMs, chance);
  const about = {
    ...{ metric: source, expression: limit.source, phase, unit: unitOf(definition, limit.aggregation) },
    ...(restarts > 0 && { restarts }),
  };
  const unseen = (observed: number, allowed: number): DriftResult => {
    const doubts = [{ by: 'no-data', observed, allowed, unit: 'count' } as const];
    return { ...about, base: null, perHour: null, ok: false, decided: false, doubts };
  };
  const isMeasured = (value: number | null) => value !== null;
  if (!slope) {
    // Where there are enough samples there are too few blocks of time, which then are the samples of a slope.
    const isThin = samples < needed * LEAST_BLOCKS;
    return isThin ? unseen(samples, needed * LEAST_BLOCKS) : unseen(values.filter(isMeasured).length, LEAST_BLOCKS);
  }
  const { low, high, perHour, base } = slope;
  // A share has its size already; what is mostly 0 is as large as it is in the mean.
  const size = definition.type === 'rate' ? 1 : Math.abs(base) || meanSize(values);
  const share = (change: number) => (change === 0 ? 0 : change / size);
  const shares = { low: share(low), estimate: share(perHour), high: share(high) };
  const bound = (value: number) => (Number.isFinite(value) ? value : null);
  const told = { low: bound(shares.low), estimate: shares.estimate, high: bound(shares.high) };
  const result = { ...about, base, perHour: told, warmUpMs: slope.warmUp * blockMs };
  const isUpper = limit.operator.startsWith('<');
  const isMissed = isUpper
    ? shares.low > 0 && shares.estimate > limit.value
    : shares.high < 0 && shares.estimate < limit.value;
  const seen = values.findLastIndex(isMeasured) - values.findIndex(isMeasured) + 1;
  if (!isMissed && seen < LEAST_SEEN * values.length) return unseen(seen, Math.ceil(LEAST_SEEN * values.length));
  const hours = (values.length * blockMs) / hourMs;
  const claim = { metric, tags, quantity: quantityOf(definition, limit), operator: limit.operator, phases: [phase] };
  const [observed, allowed] = [base + perHour * hours, base + limit.value * size * hours];
  const doubts = doubtsOf({ ...claim, observed, limit: allowed }, course.suspects, course.measures);
  const worst = isUpper ? shares.high : -shares.low;
  const grown = (perHour * slope.blocks * blockMs) / hourMs;
  const { fall } = slope;
  const isGivenBack = isMissed && isUpper && definition.type === 'gauge' && !!fall && fall.by >= GIVEN_BACK * grown;
  const isKnown = isMissed ? !isGivenBack : worst <= MOST_UNSURE * Math.abs(limit.value);
  return {
    ...result,
    ...(isGivenBack && { fell: { atMs: startMs + fall.block * blockMs, share: share(fall.by) } }),
    ok: !isMissed,
    decided: isKnown && doubts.length === 0,
    ...(doubts.length > 0 && { doubts }),
  };
}

function meanSize(values: (number | null)[]): number {
  return mean(values.map((value) => Math.abs(value ?? 0)));
}

/**
 * The figure in each block of the phase, as far as that was run and any work was scheduled that it is about; null where there are too few
 * samples. Blocks are made of whole intervals: some may have one more than others, and what is counted is over as long as they are.
 */
function blocksOf(source: string, { aggregation, ...rest }: Expression, phase: string, course: Course) {
  const { store, axis } = course;
  const { metric, tags } = parseSelector(source)!;
  const { type, tells } = store.definitions[metric]!;
  const { startMs, endMs } = scheduledIn(source, phase, course);
  const needed = type === 'trend' || type === 'rate' ? samplesNeeded({ aggregation, ...rest }, type) : 1;
  const { first, next } = intervalsIn({ startMs, endMs }, axis);
  const intervals = next - first;
  const restarts = tells === 'target' ? restartsIn({ first, next }, course) : [];
  const life = longestWithout(restarts, { first, next });
  const measured = [...store.over(metric, tags)].filter(([index]) => index >= life.first && index < life.next);
  const samples = measured.reduce((sum, [, series]) => sum + series.count, 0);
  const enough = type === 'trend' || type === 'rate' ? Math.floor(samples / needed) : intervals;
  const count = Math.max(1, Math.min(MOST_BLOCKS, intervals, enough));
  const blockOf = (index: number) => Math.floor(((index - first) * count) / intervals);
  const blocks = Array.from({ length: count }, () => ({ series: newSeries(type), lengthMs: 0 }));
  for (let index = first; index < next; index++) {
    blocks[blockOf(index)]!.lengthMs += Math.min(axis.endOf(index), endMs) - axis.startOf(index);
  }
  for (const [index, series] of measured) mergeInto(blocks[blockOf(index)]!.series, series);
  const blockMs = (endMs - startMs) / count;
  const isZero = isKnownZero(store, metric, tags);
  const values = blocks.map(({ series, lengthMs }) => {
    const isThin = type === 'counter' ? series.count === 0 && !isZero : series.count < Math.min(needed, 2);
    if (isThin || lengthMs === 0) return null;
    const figure = aggregate(series, aggregation, lengthMs);
    return aggregation.method === 'count' ? (figure * blockMs) / lengthMs : figure;
  });
  return { values, startMs, blockMs, needed, samples, restarts: restarts.length };
}

/** Intervals in which the target's process was seen to have begun anew: they have something of both. */
function restartsIn({ first, next }: { first: number; next: number }, { axis, restarts = [] }: Course): number[] {
  const own = new Set(restarts.map((atMs) => axis.indexAt(atMs)));
  return [...own].filter((index) => index >= first && index < next).sort((a, b) => a - b);
}

/** The longest row of intervals between restarts. */
function longestWithout(restarts: number[], { first, next }: { first: number; next: number }) {
  const ends = [...restarts, next];
  const lives = ends.map((end, n) => ({ first: n === 0 ? first : ends[n - 1]! + 1, next: end }));
  return lives.reduce((a, b) => (b.next - b.first > a.next - a.first ? b : a));
}

/** The part of a phase in which work was scheduled that a selector is about; all of it where nothing is known of that. */
function scheduledIn(source: string, name: string, course: Course): { startMs: number; endMs: number } {
  const phase = course.axis.phases.find((one) => one.name === name)!;
  const { fromMs, untilMs } = scheduleOf(source, course) ?? { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
  const [startMs, endMs] = [Math.max(phase.startMs, fromMs), Math.min(phase.endMs, untilMs, course.durationMs)];
  return startMs < endMs ? { startMs, endMs } : { ...phase, endMs: Math.min(phase.endMs, course.durationMs) };
}
