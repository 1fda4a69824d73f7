import type { Tags } from '../measure/metrics.ts';
import { Recorder } from '../measure/recorder.ts';
import type { Options } from '../options.ts';
import type { DrillEnd } from '../profile/drills.ts';
import type { ExpectedLoad } from '../schedule/plan.ts';
import type { Random } from '../schedule/random.ts';
import type { Outcome } from '../schedule/scenario.ts';
import type { Target } from '../target.ts';

/** What every part of a slice shares, and what `setup` gets. */
export interface SliceContext<O = Options> {
  /** Begins the names of what the run writes: the same on all of its machines, and another one for every attempt. */
  readonly runId: string;
  readonly scenario: string;
  /** Counts from 0: of the work that is dealt out in turns, this slice's is each `of`-th from here on. */
  readonly index: number;
  /** Slices that the scenario has. */
  readonly of: number;
  readonly target: Target;
  readonly recorder: Recorder;
  /** From the profile: `scenarios.<name>.options`, as the load's schema makes them. */
  readonly options: Readonly<O>;
  /** VUs that this slice may have at once. */
  readonly maxVUs: number;
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal;
  /**
   * In `setup`: what is to be done just before the start, such as opening connections, where the load is so fast that it would show.
   * Nothing of it may be measured, and it is waited for a short time only.
   */
  beforeStart(prepare: (expected: ExpectedLoad) => Promise<unknown>): void;
  /** Milliseconds since the run's start, the same instant for all slices; 0 before it. */
  elapsedMs(): number;
  /** When the scenario's schedule is over, in milliseconds since the run's start. */
  readonly endsAfterMs: number;
  /** The faults that the run causes on purpose: when each time of each is planned to be over, the first one first. */
  readonly drills: readonly DrillEnd[];
  /** True once the scenario's schedule is over or the run is to stop: an iteration that only lasts may come to its end. */
  isOver(): boolean;
}

/** The slice with a recorder that nobody reads: for what is no part of the load, such as asking whether an account exists. */
export function unmeasured<O>(slice: SliceContext<O>): SliceContext<O> {
  const recorder = new Recorder(slice.scenario, 'load', slice.recorder.definitions);
  return { ...slice, recorder, beforeStart: () => {} };
}

/** A virtual user as a load's code sees it: who it is, its own random numbers, and where it puts what it finds. */
export class Vu {
  /** Counts from 0 over the whole load. */
  readonly id: number;
  /** Seeded: the same VU of the same seed draws the same numbers in every run. */
  readonly random: Random;
  readonly slice: SliceContext;
  #outcome: Outcome = 'ok';
  #operation: string | undefined;
  /** Of the iteration, on the clock of `performance.now()`. */
  #dueAt: number | undefined;

  constructor(id: number, random: Random, slice: SliceContext) {
    this.id = id;
    this.random = random;
    this.slice = slice;
  }

  /** The same user with a recorder that nobody reads: for what it prepares, and is no part of the load. */
  unmeasured(): Vu {
    return new Vu(this.id, this.random, unmeasured(this.slice));
  }

  get target(): Target {
    return this.slice.target;
  }

  /** Counts into `checks`; a failed check also makes the iteration `failed` and is counted by name among the errors. */
  check(name: string, passed: boolean): boolean {
    const held = this.slice.recorder.check(name, passed, this.#operation, this.#dueAt);
    if (!held) this.fail();
    return held;
  }

  /**
   * Makes the iteration's outcome `failed`, or `indeterminate`: a write that may or may not have happened. That stays true
   * whatever else fails, such as the check of the answer that never came.
   */
  fail(outcome: Exclude<Outcome, 'ok'> = 'failed'): void {
    if (this.#outcome !== 'indeterminate') this.#outcome = outcome;
  }

  /**
   * Adds to a metric of the vocabulary or of the load's own `metrics`; a boolean to a rate, of which, as in k6, any number but 0 is
   * true. A value that is no number of its range (NaN, a string, a time below 0) is not added but counted by name among the errors.
   * Times are ms, sizes bytes.
   * @throws for a metric that nobody declared, and for a tag that every sample has (scenario, journey, phase)
   */
  add(metric: string, value: number | boolean, tags?: Tags): void {
    this.slice.recorder.addOwn(metric, value, tags, this.#dueAt);
  }

  /**
   * k6's group: a part of an operation that is measured by itself, as `group_duration{group:<name>}` in ms; also when it throws.
   * A group inside of one is measured under its own name.
   */
  async group<T>(name: string, work: () => Promise<T>): Promise<T> {
    const dueAt = this.#dueAt;
    const startAt = performance.now();
    try {
      return await work();
    } finally {
      this.slice.recorder.add('group_duration', performance.now() - startAt, { group: name }, dueAt);
    }
  }

  /** An iteration of that operation begins, which was due then: what fails now, and what is added, is its. */
  begin(operation: string, dueAt: number): void {
    this.#operation = operation;
    this.#dueAt = dueAt;
  }

  /** The outcome of the iteration so far; afterwards it is `ok` again, for the next one. */
  takeOutcome(): Outcome {
    const outcome = this.#outcome;
    this.#operation = undefined;
    this.#dueAt = undefined;
    this.#outcome = 'ok';
    return outcome;
  }
}
