import { durationHelp, LONGEST_MS } from '../input/duration.ts';
import type { HealthLimits } from '../measure/health.ts';
import { metricOf } from '../measure/metrics.ts';
import type { Phase } from '../measure/time-axis.ts';
import { type Answers, defaultEvery } from '../profile/answers.ts';
import { type Drill, drillsOf, drillWindows } from '../profile/drills.ts';
import { type Course, isLimited, isOpenEnded, lastsAsLoads } from '../profile/executors/executor.ts';
import { courseOf } from '../profile/executors.ts';
import { ms } from '../profile/fields.ts';
import { phaseSpecs } from '../profile/phases.ts';
import { kindOf, type ScenarioKind, type ScenarioSpec } from '../profile/schema.ts';
import { type SearchSpec, searchOf, searchSteps } from '../profile/search.ts';
import type { ProfileFile } from '../profile.ts';
import { multiplied, type PlannedPhase, peakOf, plannedPhases } from './phases.ts';
import { durationOf, mostIn, type Plan, vusOf } from './plan.ts';
import type { RunShape } from './run-shape.ts';
import { isIdle, planOf, reshape } from './scenario-plan.ts';
import { checkSize } from './size.ts';
import { slicesFor } from './slices.ts';
import { steered } from './steered.ts';

export interface TimelineScenario {
  name: string;
  kind: ScenarioKind;
  /** As the profile has it. */
  executor: string;
  /** The load or journey that it runs; absent: that of its own name. */
  exec?: string;
  plan: Plan;
  /** The scenario runs as slices 0 … slices − 1. */
  slices: number;
  mix?: Record<string, number>;
  options: Record<string, unknown>;
  /** Share of its work that may fail without failing the run. */
  maxFailed: number;
}

/** Limits of the generator's health, and when a target that is away ends the run; see `profiles/profile.schema.json`. */
export type TimelineHealth = HealthLimits & { targetDownAfterMs: number };

/** A profile made exact: every duration in ms from the run's start. Plain data: it travels as metadata. */
export interface Timeline {
  profile: string;
  path: string;
  description: string;
  seed: string;
  /** In the order of time, without gaps, from the run's start on. */
  phases: Phase[];
  /** From the run's start to the end of the last schedule; iterations without a `maxDuration` may take longer. */
  durationMs: number;
  intervalMs: number;
  /** The most that a scenario has. */
  slices: number;
  /** The slices of one kind and index run in one process; absent: each has its own. */
  sharedProcesses?: true;
  /** Machines that the run is spread over; 1 when it is not. */
  shards: number;
  /** Shares of the profile's rates and VUs (`LOAD_SCALE`, `LOAD_RATE`) and of its time (`LOAD_DURATION`), 0 … 1; absent where a run has all of both. */
  share?: { load: number; time: number };
  /** Whether all series are kept by interval, or only those that are followed over time; totals are always whole. */
  detailed: boolean;
  scenarios: TimelineScenario[];
  thresholds: ProfileFile['spec']['thresholds'];
  answers: Answers;
  /** In the profile's order. */
  drills: Drill[];
  /** Where some of them stand; absent: all are the profile's own. */
  slo?: ProfileFile['slo'];
  health: TimelineHealth;
  /** Of the whole run; absent without any. */
  tags?: Record<string, string>;
}

/** What fails more often than not is broken, whatever else was asked of it. */
const MAX_FAILED = 0.5;

/** More intervals than this, those of all shards together, would say no more and cost time, memory and report size. */
const MAX_INTERVALS = 300;
const MIN_INTERVALS = 15;
/** Of a phase that is looked at for a drift there are so many, however short a part of the run it is: a slope is told by blocks of time. */
const DRIFT_INTERVALS = 30;

/**
 * @param known the scenarios there are, by kind
 * @throws one sentence when a scenario would be over before it begins, or is more than one could ever run
 */
export function timeline(file: ProfileFile, known: Record<ScenarioKind, string[]>, shape: RunShape): Timeline {
  const { spec, factor: rateFactor } = atRate(file, known, shape.ratePerSecond);
  const shards = shape.shards ?? 1;
  const search = searchOf(spec);
  if (search && shards > 1) {
    throw new Error(
      `--shard: ${file.path} searches its capacity, which takes one machine; allowed is capacity.steps, phases of growing load, on several.`,
    );
  }
  const named = phaseSpecs(spec);
  const planned = named && plannedPhases(named);
  const leadMs = planned ? (planned.find((phase) => peakOf(phase) > 0)?.startMs ?? 0) : ms(spec.calm, 0);
  const entries = Object.entries(spec.scenarios).map(([name, one]) => {
    return { name, one, course: courseOf(one), kind: kindOf(name, one, known)! };
  });
  const loads = entries.filter(({ kind }) => kind === 'load');
  const loadEndMs =
    planned?.at(-1)?.endMs ??
    Math.max(leadMs, ...scheduled(loads).map(({ one, course }) => durationOf(planOf(one, course, 'load', leadMs, 0))));
  const plans = new Map(
    entries.map(({ name, one, course, kind }) => {
      const plan = planOf(one, course, kind, leadMs, loadEndMs, planned !== undefined);
      checkLength(`${file.path}: scenarios.${name}`, one, course, plan, kind);
      if (planned) checkEnd(file.path, name, plan, loadEndMs);
      const own =
        planned && isScaled({ one, kind }) ? (search ? steered(plan, search.to) : multiplied(plan, planned)) : plan;
      checkSize(`${file.path}: scenarios.${name}`, one, course.fields, own);
      if (isIdle(own)) {
        throw new Error(
          `${file.path}: scenarios.${name} runs in phases with a load of 0 alone; allowed is a schedule that reaches into others.`,
        );
      }
      return [name, own];
    }),
  );
  const lasting = planned || lastsAsLimit(entries) ? entries : scheduled(entries);
  const ownMs = planned ? loadEndMs : Math.max(...lasting.map(({ name }) => durationOf(plans.get(name)!)));
  if (ownMs > LONGEST_MS) {
    const what = planned ? 'phases' : 'the scenarios';
    throw new Error(`${file.path}: ${what} last longer than 14d in all; allowed is ${durationHelp}.`);
  }
  checkWindows(file.path, spec, phasesOf(planned, leadMs, ownMs, 1));
  const durationMs = shape.durationMs ?? ownMs;
  const factor = durationMs / ownMs;
  const loadFactor = shape.scale * rateFactor;
  const slices = shape.slices ?? spec.slices ?? 1;
  const wider = entries.find(({ one }) => shape.slices === undefined && (one.slices ?? 1) > slices);
  if (wider) {
    throw new Error(
      `${file.path}: scenarios.${wider.name}.slices is ${wider.one.slices}; allowed is at most the profile's own slices, ${slices}.`,
    );
  }
  const intervals = Math.max(MIN_INTERVALS, Math.floor(MAX_INTERVALS / shards));
  const phases = phasesOf(planned, leadMs, ownMs, factor);
  const answers = answersOf(file.path, spec, factor);
  const drifting = phases.filter(({ name }) => answers.drift?.phases.includes(name));
  const driftMs = Math.min(
    ...drifting.map(({ startMs, endMs }) => wholeSeconds(Math.floor((endMs - startMs) / 1_000 / DRIFT_INTERVALS))),
  );
  const scenarios = entries.map(({ name, one, course, kind }): TimelineScenario => {
    const isLasting = lasting.some((other) => other.name === name);
    const plan = reshape(plans.get(name)!, factor, shape.scale, isLasting);
    checkSize(`LOAD_SCALE is ${shape.scale}, and so ${file.path}: scenarios.${name}`, one, course.fields, plan);
    const own = slicesFor(vusOf(plan), Math.min(one.slices ?? slices, slices), shards);
    // Where a load is looked for that is too much, it is no failure that it is.
    const maxFailed = one.maxFailed ?? spec.maxFailed ?? (search ? 1 : MAX_FAILED);
    return {
      ...{ name, kind, executor: one.executor, plan, slices: own, mix: one.mix, options: one.options ?? {}, maxFailed },
      ...(one.exec !== undefined && { exec: one.exec }),
    };
  });
  const stepped = scenarios.filter((_, n) => isScaled(entries[n]!));
  const repeats = search ? [] : repeatsIn(answers.capacity?.steps ?? [], phases, stepped);
  return {
    profile: file.name,
    path: file.path,
    description: spec.description,
    seed: shape.seed,
    phases,
    durationMs,
    intervalMs: search
      ? (search.settleMs * factor) / SEARCH_INTERVALS
      : intervalOf(Math.min(wholeSeconds(Math.ceil(durationMs / 1_000 / intervals)), driftMs), windowsIn(spec)),
    slices: shards * Math.ceil(slices / shards),
    ...(spec.sharedProcesses && { sharedProcesses: true as const }),
    shards,
    ...((loadFactor < 1 || factor < 1) && { share: { load: Math.min(1, loadFactor), time: Math.min(1, factor) } }),
    detailed: search !== undefined || shards * intervals <= MAX_INTERVALS,
    scenarios,
    thresholds: spec.thresholds,
    answers: repeats.length > 0 ? { ...answers, capacity: { ...answers.capacity!, repeats } } : answers,
    drills: drillsOf(file.path, spec.drills ?? [], phasesOf(planned, leadMs, ownMs, 1), ownMs, factor),
    ...(file.slo && { slo: file.slo }),
    ...((spec.tags || shape.tags) && { tags: { ...spec.tags, ...shape.tags } }),
    health: healthOf({ ...(search && { maxDropped: 1 }), ...spec.health }, [
      ...(planned ?? []).filter((phase) => peakOf(phase) > 0).map(({ startMs, endMs }) => (endMs - startMs) * factor),
      ...scenarios.map(({ plan }) => durationOf(plan) - plan.startTimeMs),
    ]),
  };
}

/** `LOAD_RATE`: which of several loads it is about, nobody could tell. @returns `factor`: how much of its own rate that is */
function atRate(
  { path, spec }: ProfileFile,
  known: Record<ScenarioKind, string[]>,
  ratePerSecond: number | undefined,
): { spec: ProfileFile['spec']; factor: number } {
  if (ratePerSecond === undefined) return { spec, factor: 1 };
  const loads = Object.entries(spec.scenarios).filter(([name, one]) => kindOf(name, one, known) === 'load');
  const [[name, load] = []] = loads;
  if (loads.length !== 1 || load?.executor !== 'constant-arrival-rate') {
    const found = loads.length === 1 ? `the load of ${path} is ${load!.executor}` : `${path} has ${loads.length} loads`;
    throw new Error(
      `LOAD_RATE is ${ratePerSecond}/s, but ${found}; allowed is a profile of one load, with constant-arrival-rate, or LOAD_SCALE in its place.`,
    );
  }
  const asked = { ...load, rate: ratePerSecond, timeUnit: '1s' } as const;
  const ownPerSecond = (load.rate * 1_000) / ms(load.timeUnit, 1_000);
  return { spec: { ...spec, scenarios: { ...spec.scenarios, [name!]: asked } }, factor: ratePerSecond / ownPerSecond };
}

/** In the rest before a step, and so in the time in which it settles: one to see that all has ended, one to choose the next load. */
const SEARCH_INTERVALS = 2;
const MS_PER_HOUR = 3_600_000;

/** @param factor of the time */
function answersOf(path: string, spec: ProfileFile['spec'], factor: number): Answers {
  const { objectives = {}, availability, recovery, capacity, drift, phases = [] } = spec;
  const search = searchOf(spec);
  const loaded = plannedPhases(phases).filter((phase) => peakOf(phase) > 0);
  return {
    objectives,
    ...(availability && {
      availability: { ...availability, everyMs: ms(availability.every ?? defaultEvery.availability, 0) },
    }),
    ...(recovery && {
      recovery: {
        after: recovery.after,
        everyMs: ms(recovery.every ?? defaultEvery.recovery, 0),
        stayMs: ms(recovery.stay, 30_000) * Math.min(1, factor),
        // A target takes no less time for it because the run does.
        withinMs: ms(recovery.within, 0),
      },
    }),
    ...(capacity && {
      capacity: search
        ? { steps: searchSteps(search), search: exact(search, factor) }
        : { steps: stepsOf(path, capacity.steps, plannedPhases(phases)) },
    }),
    ...(drift && {
      drift: { phases: [drift.phase ?? longestOf(loaded)].flat(), hourMs: MS_PER_HOUR * factor, limits: drift.limits },
    }),
  };
}

/** Between loads that do not grow there is no highest that held and lowest that did not. */
function stepsOf(path: string, asked: string[] | undefined, phases: PlannedPhase[]): string[] {
  let peak = 0;
  const isMore = (phase: PlannedPhase): boolean => {
    if (peakOf(phase) <= peak) return false;
    peak = peakOf(phase);
    return true;
  };
  // On the way from one load to another it is of none: the step is what stays there.
  if (asked === undefined)
    return steadyOf(phases)
      .filter(isMore)
      .map(({ name }) => name);
  for (const name of asked) {
    if (isMore(phases.find((phase) => phase.name === name)!)) continue;
    throw new Error(
      `${path}: capacity.steps has "${name}", whose load is not above ${peak}; allowed are phases of growing load, each above the one before.`,
    );
  }
  return asked;
}

/** Steps that come to as many VUs as the one before, as VUs are whole: of a small load, or of one that was made small. */
function repeatsIn(steps: string[], phases: Phase[], scenarios: { plan: Plan }[]): string[] {
  const loadOf = (step: string) => {
    const phase = phases.find(({ name }) => name === step)!;
    return JSON.stringify(scenarios.map(({ plan }) => mostIn(plan, phase)));
  };
  return steps.filter((step, n) => n > 0 && loadOf(step) === loadOf(steps[n - 1]!));
}

function exact({ stepMs: _, ...search }: SearchSpec & { stepMs: number }, factor: number): SearchSpec {
  return { ...search, settleMs: search.settleMs * factor };
}

/** Those whose load stays what it is; all where none does. */
function steadyOf(phases: PlannedPhase[]): PlannedPhase[] {
  const steady = phases.filter(({ factor }) => factor.every(({ from, to }) => from === to && to === factor[0]!.from));
  return steady.some((phase) => peakOf(phase) > 0) ? steady : phases;
}

/** Of a steady load, where there is one. A profile without phases has one with load. */
function longestOf(phases: PlannedPhase[]): string {
  const lengthOf = ({ startMs, endMs }: PlannedPhase) => endMs - startMs;
  return steadyOf(phases).toSorted((a, b) => lengthOf(b) - lengthOf(a))[0]?.name ?? 'load';
}

/** A window that is longer than all of the load would never be one. Where the run alone was made shorter, that is for the verdict to say. */
function checkWindows(path: string, { thresholds, availability }: ProfileFile['spec'], phases: Phase[]): void {
  const loadMs = phases.reduce((sum, { startMs, endMs, load }) => sum + (load > 0 ? endMs - startMs : 0), 0);
  const all = Object.entries(thresholds).flatMap(([source, specs]) =>
    specs.map((one): [field: string, every: string | undefined] => [
      `thresholds "${source}"`,
      typeof one === 'string' ? undefined : one.every,
    ]),
  );
  // Of requests alone it says something without any window.
  const otherwise = availability?.windows === undefined ? undefined : defaultEvery.availability;
  const long = [...all, ['availability', availability?.every ?? otherwise] as const].find(
    ([, every]) => ms(every, 0) > loadMs,
  );
  if (!long) return;
  throw new Error(
    `${path}: ${long[0]} has windows of ${long[1]} in a load of ${loadMs / 1_000} s; allowed is at most its length.`,
  );
}

/** Lengths of all windows that are asked for, in ms. */
function windowsIn(spec: ProfileFile['spec']): number[] {
  const { thresholds, availability, recovery } = spec;
  const own = Object.values(thresholds)
    .flat()
    .flatMap((one) => (typeof one === 'string' ? [] : [one.every, one.slide]));
  return [
    ...own.flatMap((text) => (text === undefined ? [] : [ms(text, 0)])),
    ...(availability ? [ms(availability.every ?? defaultEvery.availability, 0)] : []),
    ...(recovery ? [ms(recovery.every ?? defaultEvery.recovery, 0)] : []),
    ...drillWindows(spec),
  ];
}

/** At most as long as is wanted, and so that windows are made of whole intervals. */
function intervalOf(wantedMs: number, windowsMs: number[]): number {
  const divisor = windowsMs.reduce(greatestCommonDivisor, 0);
  return divisor === 0 ? wantedMs : divisor / Math.ceil(divisor / wantedMs);
}

function wholeSeconds(seconds: number): number {
  return 1_000 * Math.max(1, seconds);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Metrics that are judged by stretches of time: these are kept by interval, however many there are. */
export function windowedMetrics({ thresholds, answers }: Pick<Timeline, 'thresholds' | 'answers'>): Set<string> {
  const windowed = Object.entries(thresholds).filter(([, all]) =>
    all.some((one) => typeof one !== 'string' && one.every !== undefined),
  );
  return new Set(
    [
      ...windowed.map(([source]) => source),
      ...Object.keys(answers.objectives),
      ...Object.keys(answers.drift?.limits ?? {}),
    ].map((one) => metricOf(one.trim())),
  );
}

/** Without phases of its own a profile is calm, if it has one, and load. */
function phasesOf(planned: PlannedPhase[] | undefined, calmMs: number, ownMs: number, factor: number): Phase[] {
  const phases = planned?.map(({ name, startMs, endMs, factor }) => ({
    name,
    startMs,
    endMs,
    load: peakOf({ factor }),
  })) ?? [
    ...(calmMs > 0 ? [{ name: 'calm', startMs: 0, endMs: calmMs, load: 0 }] : []),
    { name: 'load', startMs: calmMs, endMs: ownMs, load: 1 },
  ];
  return phases.map((phase) => ({ ...phase, startMs: phase.startMs * factor, endMs: phase.endMs * factor }));
}

type Entry = { one: ScenarioSpec; course: Course; kind: ScenarioKind };

/** Phases multiply its load. */
const isScaled = ({ one, kind }: Pick<Entry, 'one' | 'kind'>) => kind === 'load' || one.scaled === true;

/** Those whose profile says how long they last; all where none does. */
function scheduled<E extends Entry>(entries: E[]): E[] {
  const some = entries.filter(({ course }) => !isLimited(course));
  return some.length > 0 ? some : entries;
}

/** True when a journey lasts as long as loads that only a limit ends: the limit then is the length of the run. */
function lastsAsLimit(entries: Entry[]): boolean {
  const loads = entries.filter(({ kind }) => kind === 'load');
  const follows = entries.some(({ course, kind }) => kind === 'journey' && lastsAsLoads(course));
  return loads.length > 0 && loads.every(({ course }) => isLimited(course)) && follows;
}

/** @param loadedMs how long each phase with load and each scenario lasts */
function healthOf(health: NonNullable<ProfileFile['spec']['health']>, loadedMs: number[]): TimelineHealth {
  const minDelivered = health.minDelivered ?? 0.9;
  // While a machine is missing a part of the load is, and a short phase may be over before it comes.
  const missingMs = Math.round(Math.min(...loadedMs) * (1 - minDelivered));
  return {
    maxLatenessMs: ms(health.maxLateness, 100),
    maxStartSpreadMs: ms(health.maxStartSpread, 1_000),
    maxShardSpreadMs: ms(health.maxShardSpread, Math.min(30_000, Math.max(1_000, missingMs))),
    maxDropped: health.maxDropped ?? 0,
    minDelivered,
    maxEventLoopDelayMs: ms(health.maxEventLoopDelay, 100),
    maxGeneratorCpuPercent: health.maxGeneratorCpu ?? 90,
    maxGcPauseMs: ms(health.maxGcPause, 100),
    maxMachineCpuPercent: health.maxMachineCpu ?? 95,
    maxStealPercent: health.maxSteal ?? 10,
    maxThrottledPercent: health.maxThrottled ?? 10,
    maxControlSlowdown: health.maxControlSlowdown ?? 3,
    targetDownAfterMs: ms(health.targetDownAfter, 5_000),
  };
}

function checkLength(field: string, spec: ScenarioSpec, course: Course, plan: Plan, kind: ScenarioKind): void {
  const lengthMs = durationOf(plan) - plan.startTimeMs;
  const { stages, length } = course.fields;
  if (lengthMs > 0) {
    if (!isIdle(plan)) return;
    throw new Error(`${field}.${stages} have a target of 0 in all; allowed is one above 0.`);
  }
  if (!isOpenEnded(course)) throw new Error(`${field}.${length} is 0s in all; allowed is a duration above 0s.`);
  if (kind === 'load' && spec.startTime !== undefined) {
    throw new Error(
      `${field}.startTime is ${spec.startTime}, and no phase is left then; allowed is a time before the last phase ends.`,
    );
  }
  throw new Error(
    `${field}.${length} is missing, and no load runs after the journey's start; allowed is ${durationHelp}.`,
  );
}

function checkEnd(path: string, name: string, plan: Plan, endMs: number): void {
  const overMs = durationOf(plan) - endMs;
  if (overMs <= 0) return;
  throw new Error(
    `${path}: scenarios.${name} ends ${overMs / 1_000} s after the last of the phases, which last ${endMs / 1_000} s; allowed is a schedule within them.`,
  );
}
