/** What answers come to, as `verdict.json` holds it; times in ms since the run's start. */
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
   * It lies between these: when the last window that missed was over, and when the first that held was. Null: not within the time
   * that was watched, `watchedMs`.
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
  ok: boolean;
  /** False too when the interval is so wide that it tells nothing. */
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

/** The load at which the objectives still hold, as bounds. */
export interface CapacityResult {
  steps: CapacityStep[];
  /** The highest that held below any that was missed; absent when there is none. */
  held?: CapacityStep;
  /** The lowest that was missed; absent when none was: then it is at least what held. */
  missed?: CapacityStep;
  /** True when the steps beyond those that held cannot be told: the generator was at its limit, or too little was measured. */
  isOpen: boolean;
}
