/** What answers come to, as `verdict.json` holds it; times in ms since the run's start. */
import type { DrillExpectation } from '../profile/drills.ts';
import type { Doubt } from './doubt.ts';
import type { Unit } from './unit.ts';

/** How a threshold went in its windows. */
export interface WindowsResult {
  everyMs: number;
  slideMs?: number;
  held: number;
  unknown: number;
  /** In ms since the run's start, in the order of time. */
  missed: { startMs: number; endMs: number; observed: number }[];
  /** What `missed` is in. */
  unit: Unit;
}

/** How much of the time, and of the work, the target did what was asked for. */
export interface AvailabilityResult {
  everyMs: number;
  /** Absent when no share of them is asked for. */
  windows?: { held: number; missed: number; unknown: number; share: number; required: number };
  requests?: { succeeded: number; failed: number; share: number; required: number };
  /** Neither counts what was due from the beginning of a drill until all was well again. */
  withoutDrills?: true;
  /** When objectives were missed, in ms since the run's start; as fine as the windows. */
  downtime: { startMs: number; endMs: number }[];
  ok: boolean;
  decided: boolean;
  doubts?: Doubt[];
}

/** How long it took after a phase until the objectives held again, and went on holding. */
export interface RecoveryResult {
  after: string;
  withinMs: number;
  stayMs: number;
  /**
   * It lies between these: when the last window that missed began, and when the first that held did. Null: not within the time that was
   * watched, `watchedMs`.
   */
  recoveredMs: [least: number, most: number] | null;
  watchedMs: number;
  ok: boolean;
  decided: boolean;
  doubts?: Doubt[];
}

/** How fast a figure grew, or fell, in a steady phase: as shares of its size (of a rate: as they are), an hour of the profile. */
export interface DriftResult {
  metric: string;
  /** `min<1%`: at most so much of its size, an hour. */
  expression: string;
  phase: string;
  unit: Unit;
  /** The figure's size; null, as is `perHour`, when too little was measured. A bound of `perHour` that nobody knows is null. */
  base: number | null;
  perHour: { low: number | null; estimate: number; high: number | null } | null;
  /** What was left out at the beginning. */
  warmUpMs?: number;
  /** So often the target's process began anew in the phase, which gives back what it kept: the longest time without that was looked at. */
  restarts?: number;
  /** Why a growth is undecided: then it fell at once, by so much of its size, and may do so whenever it has grown. */
  fell?: { atMs: number; share: number };
  ok: boolean;
  /** False too when the interval is so wide that it tells nothing. */
  decided: boolean;
  doubts?: Doubt[];
}

/** What one time of a drill did. Times since the run's start; lengths from its beginning, but for those after its end. */
export interface DrillResult {
  name: string;
  /** Which one, from 1, of one that is repeated. */
  time?: number;
  times?: number;
  startMs: number;
  /** When it was over: undone, or carried out where there is nothing to undo. */
  endMs: number;
  isCarriedOut: boolean;
  /** Null when nobody knows; absent where there is nothing to undo. */
  isUndone?: boolean | null;
  /** What its commands printed last; absent when that was nothing. */
  output?: string;
  /** Until the first work failed, between these; null when none did. */
  detectedMs: [least: number, most: number] | null;
  /** How long the objectives were missed, between these; null when nobody knows; absent, as are the next three, without objectives. */
  outageMs?: [least: number, most: number] | null;
  /**
   * From when it began to be undone, or began itself where there is nothing to undo, until the objectives held again and stayed, between
   * these; null: not in the time that was watched.
   */
  recoveredMs?: [least: number, most: number] | null;
  stayMs?: number;
  watchedMs?: number;
  /** Iterations that were due until it had recovered. */
  requests: { failed: number; of: number };
  /** Browser sessions that ended meanwhile, and what those that say so saw of it; absent without any. */
  sessions?: {
    failed: number;
    of: number;
    seen?: { error: number; spinner: number };
    /** What people had not saved then: how much of it was there afterwards. */
    work?: { kept: number; of: number };
  };
  /** The most new connections in a second; null when nobody counts them. */
  connectionsPerSecond: number | null;
  /** From its end, how long work still waited for more than a second. */
  backlogMs: number;
  expect: DrillExpectation;
  /** Of what is expected. */
  missed?: string[];
  ok: boolean;
  decided: boolean;
  doubts?: Doubt[];
}

/** How a step of the load was. */
export interface CapacityStep {
  phase: string;
  load: number;
  /** Iterations a second that were due and ended in it, of all loads. */
  perSecond: number;
  state: 'held' | 'missed' | 'unknown';
  /** What it missed, or what could not be told. */
  broke?: { metric: string; expression: string; observed: number | null };
  doubts?: Doubt[];
}

/**
 * How a search ended: its answer is as precise as was asked for, `generator`: that was at its limit, `backlog`: what had begun did not
 * come to an end, `time`: all steps that it may have were tried.
 */
export type SearchEnd = 'found' | 'generator' | 'backlog' | 'time';

/** The load at which the objectives still hold, as bounds. */
export interface CapacityResult {
  /** In the order of time. */
  steps: CapacityStep[];
  /** Of one that chose its steps; `end` is absent when the run ended before it. */
  search?: { precision: number; end?: SearchEnd };
  /** The highest that held below any that was missed; absent when there is none. */
  held?: CapacityStep;
  /** The lowest that was missed; absent when none was: then it is at least what held. */
  missed?: CapacityStep;
  /** True when the steps beyond those that held cannot be told: the generator was at its limit, or too little was measured. */
  isOpen: boolean;
}
