import pLimit from 'p-limit';
import { Alarm, type Clock, systemClock } from './clock.ts';
import { ClosedModel } from './closed.ts';
import type { Counts, ExecutorOptions, LoadStep, Model, StopReason } from './model.ts';
import { OpenModel } from './open.ts';
import { durationOf, expectedLoad, isOpen, valuesOf, vusOf } from './plan.ts';
import { PreciseClock } from './precise-clock.ts';
import { RampingVusModel } from './ramping-vus.ts';
import { type Vu, VuPool } from './vu-pool.ts';
import { workOf } from './work.ts';

export type { Counts, CutReason, DropReason, ExecutorOptions, Iteration, LoadStep } from './model.ts';

/** VUs made at one time before the start. */
const MAX_PREPARING = 16;

/** The longest that running iterations get once the run is aborted: whoever pressed Ctrl-C is waiting. */
const ABORT_GRACE_MS = 2000;

/**
 * Runs a slice of a plan: `prepare()` makes the VUs, `run(startAt)` starts each iteration when the plan says and counts
 * what became of it. The model decides when; the pool does; the executor ends it: by the schedule, by abort, or by an
 * error.
 */
export class Executor<V> {
  readonly #options: ExecutorOptions<V>;
  readonly #clock: Clock;
  /** Ours to end; undefined where steps of a millisecond do. */
  readonly #precise: PreciseClock | undefined;
  readonly #pool: VuPool<V>;
  readonly #model: Model & { onFree(vu: Vu<V>): void };
  readonly #endAlarm: Alarm;
  readonly #graceAlarm: Alarm;
  #graceEndsAt = Number.POSITIVE_INFINITY;
  /** Why what still runs when the grace is over will be cut off. */
  #cut: StopReason = 'gracefulStop';
  #failure: { error: unknown } | undefined;
  #settle: (() => void) | undefined;

  /** Throws a RangeError when an arrival-rate plan has fewer VUs than slices. */
  constructor(options: ExecutorOptions<V>) {
    this.#options = options;
    const { plan, slice, clock } = options;
    const isFast = isOpen(plan) && expectedLoad(plan, slice) !== undefined;
    this.#precise = isFast && !clock ? new PreciseClock() : undefined;
    this.#clock = clock ?? this.#precise ?? systemClock;
    this.#pool = new VuPool(options, this.#onFree, this.#onError);
    this.#model = this.#makeModel();
    this.#endAlarm = new Alarm(this.#clock, this.#onEnd);
    this.#graceAlarm = new Alarm(this.#clock, this.#onGraceOver);
  }

  #makeModel(): Model & { onFree(vu: Vu<V>): void } {
    const { plan, slice } = this.#options;
    if (isOpen(plan)) return new OpenModel(plan, this.#options, this.#clock, this.#pool, this.#settleIfIdle);
    const work = workOf(plan, slice);
    const isFlat = valuesOf(plan.line).every((vus) => vus === plan.line.start);
    if (isFlat && plan.steered === undefined) return new ClosedModel(vusOf(plan), work, this.#options, this.#pool);
    return new RampingVusModel(plan, work, this.#options, this.#pool, this.#settleIfIdle);
  }

  /** From then to then the load is so much; only of a plan that is steered. */
  steer(step: LoadStep): void {
    this.#model.steer(step);
  }

  /** The schedule is over before its time. */
  end(): void {
    this.#endAlarm.clear();
    if (this.#settle) this.#onEnd(this.#clock.now());
  }

  /** VUs at work on an iteration. */
  get activeVUs(): number {
    return this.#pool.active;
  }

  /** VUs made so far. */
  get allocatedVUs(): number {
    return this.#pool.allocated;
  }

  /** What has become of the work so far. */
  get counts(): Counts {
    const { started, completed, interrupted } = this.#pool;
    return { started, completed, dropped: this.#model.dropped, interrupted };
  }

  /** Makes the VUs that must be there at the start, a few at a time. Rejects with the first error of `createVu`. */
  async prepare(): Promise<void> {
    const limit = pLimit(MAX_PREPARING);
    let failed = false;
    const make = async (): Promise<void> => {
      if (failed || this.#options.signal.aborted) return;
      try {
        await this.#pool.create();
      } catch (error) {
        failed = true;
        throw error;
      }
    };
    await Promise.all([this.#precise?.open(), ...Array.from({ length: this.#model.vusAhead }, () => limit(make))]);
  }

  /**
   * Runs the plan, once, after `prepare()`. `startAt` is the start of the whole run in ms on the clock, the same
   * instant for all slices; the plan's own start time counts from there. Resolves when all iterations have ended or are
   * no longer waited for. Rejects with the error of the first `run` or `createVu` that rejected, after the others had
   * their time to end.
   */
  run(startAt: number): Promise<Counts> {
    const { plan, signal } = this.#options;
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        signal.removeEventListener('abort', this.#cutShort);
        this.#endAlarm.clear();
        this.#graceAlarm.clear();
        this.#precise?.close();
        if (this.#failure === undefined) resolve(this.counts);
        else reject(this.#failure.error);
      };
      if (signal.aborted) return this.#cutShort();
      signal.addEventListener('abort', this.#cutShort, { once: true });
      this.#endAlarm.set(startAt + durationOf(plan));
      this.#model.begin(startAt);
      this.#settleIfIdle();
    });
  }

  readonly #onFree = (vu: Vu<V>): void => {
    this.#model.onFree(vu);
    if (this.#pool.active === 0) this.#settleIfIdle();
  };

  readonly #onError = (error: unknown): void => {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#cutShort();
  };

  readonly #onEnd = (now: number): void => {
    this.#setGrace(now + this.#options.plan.gracefulStopMs);
    this.#model.end(now);
    this.#settleIfIdle();
  };

  readonly #cutShort = (): void => {
    const now = this.#clock.now();
    this.#cut = 'stopped';
    this.#endAlarm.clear();
    this.#setGrace(now + Math.min(this.#options.plan.gracefulStopMs, ABORT_GRACE_MS));
    this.#model.stop(now, this.#cut);
    this.#settleIfIdle();
  };

  readonly #onGraceOver = (now: number): void => {
    this.#model.stop(now, this.#cut);
    this.#pool.abandonAll(this.#cut);
    this.#settleIfIdle();
  };

  #setGrace(at: number): void {
    this.#graceEndsAt = Math.min(this.#graceEndsAt, at);
    this.#graceAlarm.set(this.#graceEndsAt);
  }

  readonly #settleIfIdle = (): void => {
    if (this.#pool.active > 0 || !this.#model.finished || this.#settle === undefined) return;
    const settle = this.#settle;
    this.#settle = undefined;
    this.#model.stop(this.#clock.now(), this.#cut);
    settle();
  };
}
