import type { Clock } from './clock.ts';

interface Timer {
  at: number;
  callback: () => void;
}

/** A clock for tests: time passes only when the test says so, and as fast as the machine can. */
export class FakeClock implements Clock {
  #now = 0;
  #busyMs = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    if (delayMs >= 2 ** 31) throw new RangeError(`Node would fire a timer of ${delayMs} ms at once`);
    const timer = { at: this.#now + this.lengthOf(delayMs), callback };
    this.#timers.add(timer);
    return timer;
  }

  /** Of a timer: whole milliseconds, as Node has them. */
  protected lengthOf(delayMs: number): number {
    return Math.max(1, Math.ceil(delayMs));
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  busyMs(): number {
    return this.#busyMs;
  }

  setImmediate(callback: () => void): void {
    setImmediate(callback);
  }

  /** Timers that have not fired: what would keep a process alive. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** A promise that resolves when `delayMs` have passed on this clock. */
  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.setTimeout(resolve, delayMs));
  }

  /** Time passes, but the process gets nothing done: no timer fires. */
  block(durationMs: number): void {
    this.#now += durationMs;
    this.#busyMs += durationMs;
  }

  /**
   * Lets time pass and fires the timers in their order, each when its time has come and what came before it is
   * finished.
   */
  async advance(durationMs: number): Promise<void> {
    const until = this.#now + durationMs;
    await turn();
    for (let timer = this.#next(until); timer !== undefined; timer = this.#next(until)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await turn();
    }
    this.#now = Math.max(this.#now, until);
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}

/** All microtasks, and the immediates that they queue. */
async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve));
}
