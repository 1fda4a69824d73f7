import type { CutReason, ExecutorOptions, Iteration } from './model.ts';
import { shareOf } from './plan.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A virtual user: does one iteration at a time. All that an iteration needs is made once, with the VU. */
export interface Vu<V> {
  /** Its place among the slice's VUs, from 0. */
  readonly rank: number;
  readonly state: V;
  readonly iteration: Writable<Iteration>;
  readonly onDone: (outcome: unknown) => void;
  readonly onFailed: (error: unknown) => void;
  /** Also with an iteration that has been given up, until that ends. */
  busy: boolean;
}

/** A slice's VUs: makes them, starts iterations on them, and counts what becomes of each. */
export class VuPool<V> {
  /** By rank; a hole is a VU that is still being made. */
  readonly vus: Vu<V>[] = [];
  /** VUs at work on an iteration that has not been given up. */
  active = 0;
  /** VUs made or being made. */
  reserved = 0;
  /** VUs made. */
  allocated = 0;
  started = 0;
  completed = 0;
  interrupted = 0;
  /** Takes an error that ends the run. */
  readonly onError: (error: unknown) => void;
  readonly #options: ExecutorOptions<V>;
  readonly #onFree: (vu: Vu<V>) => void;

  /** `onFree` is called when a VU's iteration has ended, within its last microtask: it is part of the hot path. */
  constructor(options: ExecutorOptions<V>, onFree: (vu: Vu<V>) => void, onError: (error: unknown) => void) {
    this.#options = options;
    this.#onFree = onFree;
    this.onError = onError;
  }

  /** How many of the whole load's VUs are the slice's. */
  share(vus: number): number {
    return shareOf(vus, this.#options.slice);
  }

  /** Makes the next VU; rejects as `createVu` does. */
  async create(): Promise<Vu<V>> {
    const { slice } = this.#options;
    const rank = this.reserved++;
    const vuId = slice.index + rank * slice.of;
    const state = await this.#options.createVu(vuId);
    const vu: Vu<V> = {
      rank,
      state,
      iteration: { index: 0, vuId, dueAt: 0, startAt: 0, ownWaitMs: 0, abandoned: false },
      onDone: (outcome) => this.#finish(vu, outcome !== 'stopped'),
      onFailed: (error) => {
        this.onError(error);
        this.#finish(vu, false);
      },
      busy: false,
    };
    this.vus[rank] = vu;
    this.allocated++;
    return vu;
  }

  /** Starts an iteration on a VU that is not busy. */
  start(vu: Vu<V>, index: number, dueAt: number, startAt: number, ownWaitMs: number): void {
    const { iteration } = vu;
    iteration.index = index;
    iteration.dueAt = dueAt;
    iteration.startAt = startAt;
    iteration.ownWaitMs = ownWaitMs;
    iteration.abandoned = false;
    vu.busy = true;
    this.active++;
    this.started++;
    let work: Promise<unknown>;
    try {
      work = this.#options.run(vu.state, iteration);
    } catch (error) {
      work = Promise.reject(error);
    }
    work.then(vu.onDone, vu.onFailed);
  }

  /** Stops waiting for the VU's iteration and counts it as interrupted. Does nothing when there is none. */
  abandon(vu: Vu<V>, why: CutReason): void {
    const { iteration, state } = vu;
    if (!vu.busy || iteration.abandoned) return;
    iteration.abandoned = true;
    this.active--;
    this.interrupted++;
    this.#options.onCut(state, iteration, why);
  }

  /** Stops waiting for all iterations. */
  abandonAll(why: CutReason): void {
    this.vus.forEach((vu) => {
      this.abandon(vu, why); // forEach passes over the holes
    });
  }

  #finish(vu: Vu<V>, completed: boolean): void {
    if (!completed) this.abandon(vu, 'stopped');
    vu.busy = false;
    if (!vu.iteration.abandoned) {
      this.active--;
      this.completed++;
    }
    this.#onFree(vu);
  }
}
