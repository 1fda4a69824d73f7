import { ownShare } from '../measure/health.ts';
import { Alarm, type Clock } from './clock.ts';
import type { DropReason, ExecutorOptions, LoadStep, Model, StopReason } from './model.ts';
import { Pacer } from './pacer.ts';
import type { OpenPlan } from './plan.ts';
import { Ring } from './ring.ts';
import type { Vu, VuPool } from './vu-pool.ts';

/** VUs made at one time during the run: enough to catch up, too few to flood the target with sign-ins. */
const MAX_ALLOCATING = 16;

/**
 * The most that counts as waiting from one wake-up to the next: when more time has passed, this process was held up, and its
 * VUs had no chance to come free. Were such time not counted at all, nothing would ever be dropped on a machine that is
 * always late.
 */
const MAX_STEP_MS = 100;

/** An arrival that found no free VU. */
interface Waiter {
  index: number;
  dueAt: number;
  /** When it is dropped, on the clock of {@link OpenModel} that counts at most a step from one wake-up to the next. */
  dropAt: number;
  /** When it joined the line, and how long the process had been at work by then. */
  since: number;
  busySinceMs: number;
}

/**
 * Arrivals that come at their time whatever the target does.
 *
 * One alarm stands at the next due time; when it rings, all arrivals due by then start, none before its time. An
 * arrival that finds no free VU waits in line and is dropped only when it has waited for `maxLatenessMs`, time in which
 * the process itself stood still hardly counted: a late generator starts late, and shows it in the lateness, but loses
 * nothing. Free VUs take turns, the one that has rested longest first, so that all accounts get the same share of the
 * work and none becomes the hot row of the target's database.
 */
export class OpenModel<V> implements Model {
  dropped = 0;
  readonly #pool: VuPool<V>;
  readonly #clock: Clock;
  readonly #options: ExecutorOptions<V>;
  readonly #plan: OpenPlan;
  readonly #pacer: Pacer;
  readonly #maxVUs: number;
  readonly #maxStepMs: number;
  readonly #alarm: Alarm;
  readonly #onIdle: () => void;
  readonly #free = new Ring<Vu<V>>();
  readonly #waiters = new Ring<Waiter>();
  #startAt = Number.POSITIVE_INFINITY;
  #tickedAt = 0;
  /** Ms that count as waiting, since the start. */
  #waitedNow = 0;
  #allocating = 0;
  #over = false;

  /** `onIdle` is called when arrivals may have come to an end without a VU becoming free. */
  constructor(plan: OpenPlan, options: ExecutorOptions<V>, clock: Clock, pool: VuPool<V>, onIdle: () => void) {
    this.#plan = plan;
    this.#options = options;
    this.#pool = pool;
    this.#clock = clock;
    this.#onIdle = onIdle;
    this.#pacer = new Pacer(plan, options.slice, options.seed);
    this.#maxVUs = pool.share(plan.maxVUs);
    this.#maxStepMs = Math.min(MAX_STEP_MS, plan.maxLatenessMs / 2);
    this.#alarm = new Alarm(this.#clock, (now) => this.#tick(now));
    if (this.#maxVUs === 0 && this.#pacer.dueAt !== Number.POSITIVE_INFINITY) {
      const { index, of } = options.slice;
      throw new RangeError(
        `maxVUs is ${plan.maxVUs}, which leaves no VU to slice ${index + 1} of ${of}; allow at least ${of} VUs`,
      );
    }
  }

  get vusAhead(): number {
    return this.#pool.share(this.#plan.preAllocatedVUs);
  }

  get finished(): boolean {
    return this.#over && this.#waiters.length === 0;
  }

  begin(startAt: number): void {
    this.#startAt = startAt;
    for (const vu of this.#pool.vus) this.#free.push(vu);
    this.#setAlarm();
  }

  onFree(vu: Vu<V>): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#free.push(vu);
    else {
      const now = this.#clock.now();
      this.#pool.start(vu, waiter.index, waiter.dueAt, now, this.#ownWaitMs(waiter, now));
    }
  }

  steer({ startMs, endMs, load }: LoadStep): void {
    if (this.#plan.steered === undefined) return;
    const rate = this.#plan.steered * load;
    this.#pacer.extend({ startMs, durationMs: endMs - startMs, from: rate, to: rate });
    this.#setAlarm();
  }

  /** The schedule is over: what is due starts or joins the line, and the line may still be served. */
  end(now: number): void {
    this.#over = true;
    this.#tick(now);
    // It may be over before its time.
    this.#pacer.end();
    this.#setAlarm();
  }

  /** Nothing starts any more: what is due and has not started is dropped. */
  stop(now: number, why: StopReason): void {
    this.#over = true;
    this.#alarm.clear();
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      this.#drop(waiter, why, this.#ownWaitMs(waiter, now));
    }
    const due = { index: this.#pacer.index, dueAt: this.#startAt + this.#pacer.dueAt };
    const count = this.#pacer.passOver(now - this.#startAt);
    if (count > 0) this.#drop(due, why, now - due.dueAt, count);
    this.#startAt = Number.POSITIVE_INFINITY; // what comes later was never due
  }

  #tick(now: number): void {
    this.#waitedNow += Math.min(now - this.#tickedAt, this.#maxStepMs);
    this.#tickedAt = now;
    // Against the `now` of the wake-up: arrivals that fall due meanwhile wait for the next one, so sockets get their
    // turn.
    while (this.#startAt + this.#pacer.dueAt <= now) {
      const { index } = this.#pacer;
      const dueAt = this.#startAt + this.#pacer.dueAt;
      this.#pacer.advance(); // before it starts: its work may abort the run
      this.#arrive(index, dueAt);
    }
    while (this.#waiters.length > 0 && this.#waiters.peek()!.dropAt <= this.#waitedNow) {
      const waiter = this.#waiters.shift()!;
      this.#drop(waiter, 'max-lateness', this.#ownWaitMs(waiter, now));
    }
    this.#setAlarm();
    if (this.finished) this.#onIdle();
  }

  #arrive(index: number, dueAt: number): void {
    const vu = this.#free.shift();
    const now = this.#clock.now();
    if (vu !== undefined) this.#pool.start(vu, index, dueAt, now, now - dueAt);
    else {
      const dropAt = this.#waitedNow + this.#plan.maxLatenessMs;
      this.#waiters.push({ index, dueAt, dropAt, since: now, busySinceMs: this.#clock.busyMs() });
      this.#allocate();
    }
  }

  /**
   * Of an arrival's wait what was this process's own: until it was noticed, and after that the whole time when our own work held
   * the VUs for most of it. While the process idles, all VUs wait for the target; while it is at work, one of them at least waits
   * for us. So with V VUs and the process at work for a share b of the time, ours is b of b + V·(1 − b). A smaller share than
   * half is no cause: without it the VUs would have been held all the same.
   */
  #ownWaitMs({ dueAt, since, busySinceMs }: Waiter, now: number): number {
    const noticedMs = since - dueAt;
    const waitedMs = now - since;
    if (waitedMs <= 0) return noticedMs;
    const share = ownShare((this.#clock.busyMs() - busySinceMs) / waitedMs, this.#pool.allocated);
    return noticedMs + (share >= 0.5 ? share * waitedMs : 0);
  }

  /** Makes one more VU, if one is needed and allowed. */
  #allocate(): void {
    if (this.#allocating >= Math.min(this.#waiters.length, MAX_ALLOCATING) || this.#pool.reserved >= this.#maxVUs)
      return;
    this.#allocating++;
    this.#pool.create().then(
      (vu) => {
        this.#allocating--;
        this.onFree(vu);
        this.#allocate();
      },
      (error) => this.#pool.onError(error),
    );
  }

  #setAlarm(): void {
    let wakeAt = this.#startAt + this.#pacer.dueAt;
    const first = this.#waiters.peek();
    if (first !== undefined) {
      // Half a step ahead at most: a wake-up may be late by the other half until it counts as held up.
      const leftMs = first.dropAt - this.#waitedNow;
      wakeAt = Math.min(wakeAt, this.#tickedAt + Math.min(leftMs, this.#maxStepMs / 2));
    }
    this.#alarm.set(wakeAt);
  }

  #drop({ index, dueAt }: { index: number; dueAt: number }, why: DropReason, ownWaitMs: number, count = 1): void {
    this.dropped += count;
    this.#options.onDropped(dueAt, index, why, count, ownWaitMs);
  }
}
