import { Alarm, type Clock, systemClock } from './clock.ts';
import type { ExecutorOptions, LoadStep, Model, StopReason } from './model.ts';
import { durationOf } from './plan.ts';
import type { Vu, VuPool } from './vu-pool.ts';
import { numberOf, type Work } from './work.ts';

/** How long iterations may follow one another before the event loop gets its turn. */
const BREATH_MS = 5;
/** Before the end of a schedule its last iterations were due at the latest. */
const LAST_MS = 1;

/**
 * VUs that loop: each starts its next iteration when the one before has ended, as long as there is time and work.
 *
 * Iterations that end within microtasks would keep timers and sockets waiting for ever, the end of the run included. So
 * every few milliseconds the VUs that come free rest until the event loop has gone round once.
 */
export class ClosedModel<V> implements Model {
  readonly vusAhead: number;
  dropped = 0;
  protected readonly pool: VuPool<V>;
  protected readonly clock: Clock;
  readonly #options: ExecutorOptions<V>;
  readonly #work: Work;
  readonly #vus: number;
  readonly #startAlarm: Alarm;
  readonly #resting: Vu<V>[] = [];
  #endAt = Number.POSITIVE_INFINITY;
  #breathedAt = 0;
  #taken = 0;
  #over = false;

  /** `vus` are those of the whole load. */
  constructor(vus: number, work: Work, options: ExecutorOptions<V>, pool: VuPool<V>) {
    this.vusAhead = pool.share(vus);
    this.pool = pool;
    this.clock = options.clock ?? systemClock;
    this.#options = options;
    this.#work = work;
    this.#vus = vus;
    this.#startAlarm = new Alarm(this.clock, (now) => this.startVus(now));
  }

  get finished(): boolean {
    return this.#over || this.#work.left === 0;
  }

  begin(startAt: number): void {
    const { plan } = this.#options;
    this.#endAt = startAt + durationOf(plan);
    this.#startAlarm.set(startAt + plan.startTimeMs);
  }

  /** The plan's start time has come. */
  protected startVus(now: number): void {
    this.#breathedAt = now;
    for (const vu of this.pool.vus) this.onFree(vu);
  }

  onFree(vu: Vu<V>): void {
    if (vu.busy) return;
    const now = this.clock.now();
    if (now >= this.#endAt) return;
    if (now - this.#breathedAt >= BREATH_MS) this.#rest(vu);
    else if (this.#work.take(vu.rank)) this.pool.start(vu, this.#nextIndex(), now, now, 0);
  }

  steer(_step: LoadStep): void {}

  end(now: number): void {
    this.#finish(now, 'gracefulStop');
  }

  stop(now: number, why: StopReason): void {
    this.#finish(now, why);
  }

  #finish(now: number, why: StopReason): void {
    if (this.#over) return;
    this.#over = true;
    // It was to be done within the schedule: what follows that is another phase.
    const dueAt = Math.min(now, this.#endAt - LAST_MS);
    this.#endAt = Number.NEGATIVE_INFINITY;
    this.#startAlarm.clear();
    if (this.#work.left === Number.POSITIVE_INFINITY) return;
    this.dropped = this.#work.left;
    if (this.dropped > 0) this.#options.onDropped(dueAt, this.#nextIndex(), why, this.dropped, 0);
  }

  #nextIndex(): number {
    return numberOf(this.#taken++, this.#vus, this.#options.slice);
  }

  #rest(vu: Vu<V>): void {
    if (this.#resting.push(vu) === 1) this.clock.setImmediate(this.#wake);
  }

  readonly #wake = (): void => {
    this.#breathedAt = this.clock.now();
    for (const vu of this.#resting.splice(0)) this.onFree(vu);
  };
}
