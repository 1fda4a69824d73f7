import type { Clock } from './clock.ts';
import type { Plan, Slice } from './plan.ts';

/** One piece of work on its way. Valid until its `run` settles: the VU's next iteration reuses the object. */
export interface Iteration {
  /** Its number; no other iteration of the whole load has it. */
  readonly index: number;
  readonly vuId: number;
  /**
   * When it should have started, in ms on the clock. Without arrivals, that is when its VU was free for it: `startAt`.
   */
  readonly dueAt: number;
  /** When it started, in ms on the clock. */
  readonly startAt: number;
  /** Of its wait, `startAt` − `dueAt`, what this process caused itself, in ms: all but waiting for VUs that the target held. */
  readonly ownWaitMs: number;
  /** It is no longer waited for, and counted as interrupted: what comes of it later is no result. */
  readonly abandoned: boolean;
}

/** Why an iteration was cut off: its time to end was over, or the run was (an abort, an error). */
export type CutReason = 'gracefulStop' | 'gracefulRampDown' | 'stopped';

/** Why an iteration never started: no VU came free in time, its time was over, or the run was (an abort, an error). */
export type DropReason = 'max-lateness' | StopReason;
export type StopReason = 'gracefulStop' | 'stopped';

export interface ExecutorOptions<V> {
  plan: Plan;
  slice: Slice;
  /** Determines Poisson arrivals. The same in every slice of a scenario, different between scenarios. */
  seed: number | string;
  clock?: Clock;
  /** Makes the VU with this id; ids count from 0 over the whole load, and are ≡ `slice.index` modulo `slice.of`. */
  createVu(id: number): V | Promise<V>;
  /**
   * Does one iteration and keeps failures of the target to itself: a rejection is a fault of the suite and ends the
   * run. What resolves with `'stopped'` was given up because the run was: it counts as cut off.
   */
  run(vu: V, iteration: Iteration): Promise<unknown>;
  /**
   * Told of iterations that were due and will never start: `count` of the slice's, the first of them due at `dueAt` (ms on
   * the clock), and how much of its wait was this process's own.
   */
  onDropped(dueAt: number, index: number, why: DropReason, count: number, ownWaitMs: number): void;
  /** Told of each iteration that is no longer waited for, at that instant; its `run` may still settle later. */
  onCut(vu: V, iteration: Iteration, why: CutReason): void;
  /** Aborting it ends the run early. */
  signal: AbortSignal;
}

/** What became of the work. When the run is finished, `started = completed + interrupted`. */
export interface Counts {
  started: number;
  completed: number;
  /** Due, but never started. */
  dropped: number;
  /** Started, but no longer waited for. */
  interrupted: number;
}

/** A stretch of a run, in ms since its start, with a load that a search has chosen. */
export interface LoadStep {
  startMs: number;
  endMs: number;
  load: number;
}

/** The part of an executor that decides when which VU starts an iteration. */
export interface Model {
  /** VUs that must have been made before `begin`. */
  readonly vusAhead: number;
  readonly dropped: number;
  /** No further iteration will start. */
  readonly finished: boolean;
  /** `startAt` is the start of the run, in ms on the clock. */
  begin(startAt: number): void;
  /** The load is so much from here to there, in ms since the start of the run; only of a plan that is steered. */
  steer(step: LoadStep): void;
  /** The schedule is over. */
  end(now: number): void;
  /** From here on nothing starts, whatever is left. */
  stop(now: number, why: StopReason): void;
}
