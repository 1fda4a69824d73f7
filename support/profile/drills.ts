/** Faults that a run causes on purpose: what a profile may say of them, that it can be done, and when each is due. */

import { embeddedDrills } from '../embedded-drills.ts';
import { allowed } from '../input/misspelling.ts';
import { ownOf } from '../measure/own.ts';
import { ms } from './fields.ts';
import { phaseNames } from './phases.ts';
import type { ProfileSpec } from './schema.ts';

/**
 * Made exact, as the run's timeline has it. What the target is given to recover is what it says, however long the run is; but how long it is
 * watched then is shorter in one that was made shorter, where the next drill comes sooner.
 */
export interface Drill {
  name: string;
  /** A program with its arguments; a text is a drill that the embedded target has of its own. */
  run: string | string[];
  undo?: string[];
  /** When each time of it begins, in ms since the run's start. */
  atMs: number[];
  /** So long after that it is undone; absent: nothing is to be undone. */
  forMs?: number;
  /** A command that takes longer is ended, and has failed. */
  limitMs: number;
  /** Length of the windows in which the objectives are looked at. */
  everyMs: number;
  /** So long the objectives must hold, for it to be over. */
  stayMs: number;
  expect: DrillExpectation;
}

/** What may be expected of the target; each below a limit. */
export interface DrillExpectation {
  /** From when it was over, or undone, until the objectives hold again. */
  recoveryMs?: number;
  /** How long the objectives were missed, all in all. */
  outageMs?: number;
  /** Of the iterations that were due until it had recovered, the share that failed. */
  failed?: number;
}

/** One time of a drill, as it is planned. */
export interface DrillEnd {
  name: string;
  /** When it is over, in ms since the run's start. */
  endsAfterMs: number;
}

/** In the order in which they are over. */
export function drillEnds(drills: readonly Drill[]): DrillEnd[] {
  const ends = drills.flatMap(({ name, atMs, forMs = 0 }) =>
    atMs.map((startMs) => ({ name, endsAfterMs: startMs + forMs })),
  );
  return ends.sort((a, b) => a.endsAfterMs - b.endsAfterMs);
}

/** How long a target without an expectation may be away after a drill before that ends the run. */
export const DEFAULT_RECOVERY_MS = 30_000;
const LIMIT_MS = 30_000;
const STAY_MS = 5_000;
const EVERY_MS = 1_000;

type DrillSpec = NonNullable<ProfileSpec['drills']>[number];

/** Lengths of the windows that drills are looked at in, in ms. */
export function drillWindows({ drills = [] }: Pick<ProfileSpec, 'drills'>): number[] {
  return drills.map(({ every }) => ms(every, EVERY_MS));
}

/** What a schema cannot say of drills, but for when they are. @throws one sentence */
export function checkDrills(path: string, spec: ProfileSpec): void {
  const { drills = [], objectives } = spec;
  const names = phaseNames(spec).map(({ name }) => name);
  drills.forEach((drill, index) => {
    const field = `${path}: drills[${index}]`;
    const { name, at, run, undo, repeat, expect } = drill;
    if (drills.findIndex((one) => one.name === name) < index)
      throw new Error(
        `${field}.name is "${name}", which is the name of another; allowed is a name for each, and repeat for one that comes again.`,
      );
    if (typeof at !== 'string' && !names.includes(at.phase))
      throw new Error(`${field}.at.phase is "${at.phase}"; ${allowed(at.phase, names)}.`);
    if (typeof run === 'string') checkEmbedded(field, run, drill);
    else if (drill.for !== undefined && !undo)
      throw new Error(`${field}.for is ${drill.for}, but there is no undo; allowed is the command that ends it.`);
    else if (undo && drill.for === undefined)
      throw new Error(`${field}.undo is there, but not for; allowed is both: how long until it is undone.`);
    if (repeat && ms(repeat.every, 0) <= ms(drill.for, 0))
      throw new Error(
        `${field}.repeat.every is ${repeat.every}, and each time lasts ${drill.for ?? '0s'}: they would overlap; allowed is more than that.`,
      );
    if (!objectives && (expect?.recovery ?? expect?.outage) !== undefined)
      throw new Error(`${field}.expect needs objectives; allowed is { "iteration_failed": ["rate<0.05"] } with it.`);
  });
}

/** @throws one sentence */
function checkEmbedded(field: string, run: string, drill: DrillSpec): void {
  const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(run)!;
  const known = ownOf<(typeof embeddedDrills)[keyof typeof embeddedDrills]>(embeddedDrills, name);
  if (!known)
    throw new Error(
      `${field}.run is "${run}", which is no drill of the embedded target; ${allowed(name, Object.keys(embeddedDrills))}; a command is a list, ["program", "argument"].`,
    );
  const values: readonly string[] = known.values;
  if (value !== undefined && !values.includes(value)) {
    const help = values.length > 0 ? allowed(value, [...values]) : `allowed is "${name}" alone`;
    throw new Error(`${field}.run is "${run}"; ${help}.`);
  }
  if (drill.undo) throw new Error(`${field}.undo does not go with ${name}, which ends by itself; allowed is none.`);
  if (known.lasts && drill.for === undefined)
    throw new Error(`${field}.for is missing: ${name} lasts; allowed is a duration such as 10s.`);
  if (!known.lasts && drill.for !== undefined)
    throw new Error(`${field}.for is ${drill.for}, but ${name} happens at an instant; allowed is none.`);
}

/**
 * When drills are due.
 * @param phases of the profile, before its time is rescaled
 * @param ownMs how long it lasts then
 * @param factor of the time
 * @throws one sentence when one is not within the run
 */
export function drillsOf(
  path: string,
  specs: DrillSpec[],
  phases: readonly { name: string; startMs: number }[],
  ownMs: number,
  factor: number,
): Drill[] {
  const drills = specs.map((spec, index): Drill => {
    const { name, at, run, undo, repeat, expect } = spec;
    const startMs =
      typeof at === 'string' ? ms(at, 0) : phases.find((phase) => phase.name === at.phase)!.startMs + ms(at.after, 0);
    const times = repeat?.times ?? 1;
    const starts = Array.from({ length: times }, (_, n) => startMs + n * ms(repeat?.every, 0));
    const forMs = spec.for === undefined ? undefined : ms(spec.for, 0);
    const endMs = starts.at(-1)! + (forMs ?? 0);
    if (endMs >= ownMs) {
      const ends = `${forMs === undefined ? 'is' : 'ends'} ${endMs / 1_000} s after the start`;
      throw new Error(
        `${path}: drills[${index}]${times > 1 ? ', in its last time,' : ''} ${ends}, and the run lasts ${ownMs / 1_000} s; allowed is within it.`,
      );
    }
    return {
      ...{ name, run, atMs: starts.map((one) => one * factor) },
      ...(undo && { undo }),
      ...(forMs !== undefined && { forMs: forMs * factor }),
      ...{ limitMs: ms(spec.limit, LIMIT_MS), everyMs: ms(spec.every, EVERY_MS) },
      stayMs: ms(spec.stay, STAY_MS) * Math.min(1, factor),
      expect: {
        ...(expect?.recovery !== undefined && { recoveryMs: ms(expect.recovery.slice(1), 0) }),
        ...(expect?.outage !== undefined && { outageMs: ms(expect.outage.slice(1), 0) }),
        ...(expect?.failed !== undefined && { failed: Number.parseFloat(expect.failed.slice(1)) / 100 }),
      },
    };
  });
  checkApart(path, drills);
  return drills;
}

/** What the embedded target does lasts until that is ended, whoever began it. @throws one sentence */
function checkApart(path: string, drills: Drill[]): void {
  const lasting = drills.flatMap(({ run, atMs, forMs }, index) =>
    typeof run === 'string' && forMs !== undefined
      ? atMs.map((startMs) => ({ index, kind: run.split('=', 1)[0]!, startMs, endMs: startMs + forMs }))
      : [],
  );
  for (const one of lasting) {
    const other = lasting.find(
      ({ index, kind, startMs, endMs }) =>
        index < one.index && kind === one.kind && startMs <= one.endMs && one.startMs <= endMs,
    );
    if (other)
      throw new Error(
        `${path}: drills[${one.index}] overlaps drills[${other.index}], and whichever of two ${one.kind} ends first ends both; allowed is one after the other.`,
      );
  }
}
