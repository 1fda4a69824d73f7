import { Alarm } from './clock.ts';
import { ClosedModel } from './closed.ts';
import type { ExecutorOptions, LoadStep, StopReason } from './model.ts';
import { type ClosedPlan, type VuStep, vuSteps, vusOf } from './plan.ts';
import type { Vu, VuPool } from './vu-pool.ts';
import { RampedWork, type Work } from './work.ts';

/**
 * Looping VUs whose number follows a ramp. A VU that the ramp no longer wants starts nothing new; the iteration it is
 * in gets `gracefulRampDownMs`, then it is no longer waited for. When the ramp wants the VU back in time, it just goes
 * on.
 */
export class RampingVusModel<V> extends ClosedModel<V> {
  readonly #gracefulRampDownMs: number;
  readonly #work: RampedWork;
  readonly #steps: Iterator<VuStep, void>;
  /** Those that a search has chosen since, and what a load of 1 is. */
  readonly #steered: VuStep[] = [];
  readonly #vusOfOne: number | undefined;
  readonly #stepAlarm: Alarm;
  readonly #leaveAlarm: Alarm;
  readonly #onIdle: () => void;
  /** VUs to be given up, and when; the earliest first. */
  readonly #leaving = new Map<Vu<V>, number>();
  #startAt = 0;
  /** The next step that changes how many VUs are the slice's, counted in those. */
  #next: VuStep | undefined;

  /** `all` is what there is to do for those that the ramp wants. `onIdle` is called when VUs may have come to an end without becoming free. */
  constructor(plan: ClosedPlan, all: Work, options: ExecutorOptions<V>, pool: VuPool<V>, onIdle: () => void) {
    const work = new RampedWork(all);
    super(vusOf(plan), work, options, pool);
    this.#gracefulRampDownMs = plan.gracefulRampDownMs;
    this.#work = work;
    this.#steps = vuSteps(plan);
    this.#vusOfOne = plan.steered;
    this.#next = this.#stepAfter(0);
    this.#onIdle = onIdle;
    this.#stepAlarm = new Alarm(this.clock, (now) => this.#step(now));
    this.#leaveAlarm = new Alarm(this.clock, (now) => this.#giveUp(now));
  }

  override begin(startAt: number): void {
    this.#startAt = startAt;
    super.begin(startAt);
  }

  protected override startVus(now: number): void {
    this.#step(now);
  }

  override steer({ startMs, endMs, load }: LoadStep): void {
    if (this.#vusOfOne === undefined) return;
    this.#steered.push({ atMs: startMs, vus: Math.max(1, Math.round(this.#vusOfOne * load)) }, { atMs: endMs, vus: 0 });
    this.#next ??= this.#stepAfter(this.#work.wanted);
    this.#step(this.clock.now());
  }

  override end(now: number): void {
    super.end(now);
    this.#stepAlarm.clear();
  }

  override stop(now: number, why: StopReason): void {
    super.stop(now, why);
    this.#stepAlarm.clear();
    this.#leaveAlarm.clear();
  }

  #step(now: number): void {
    const before = this.#work.wanted;
    let wanted = before;
    while (this.#next !== undefined && this.#startAt + this.#next.atMs <= now) {
      wanted = this.#next.vus;
      this.#next = this.#stepAfter(wanted);
    }
    this.#work.wanted = wanted;
    for (const vu of this.pool.vus.slice(before, wanted)) {
      this.#leaving.delete(vu);
      this.onFree(vu);
    }
    for (const vu of this.pool.vus.slice(wanted, before)) this.#leaving.set(vu, now + this.#gracefulRampDownMs);
    this.#leaveAlarm.set(this.#leaving.values().next().value ?? Number.POSITIVE_INFINITY);
    this.#stepAlarm.set(this.#startAt + (this.#next?.atMs ?? Number.POSITIVE_INFINITY));
  }

  /** Most steps of a large load are other slices' business: to wake up for each would be work of its own. */
  #stepAfter(wanted: number): VuStep | undefined {
    for (;;) {
      const value = this.#steps.next().value ?? this.#steered.shift();
      if (!value) return undefined;
      const vus = this.pool.share(value.vus);
      if (vus !== wanted) return { atMs: value.atMs, vus };
    }
  }

  #giveUp(now: number): void {
    for (const [vu, at] of this.#leaving) {
      if (at > now) break;
      this.#leaving.delete(vu);
      this.pool.abandon(vu, 'gracefulRampDown');
    }
    this.#leaveAlarm.set(this.#leaving.values().next().value ?? Number.POSITIVE_INFINITY);
    this.#onIdle();
  }
}
