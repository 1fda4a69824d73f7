import { performance } from 'node:perf_hooks';

/** Time as the executor sees it: a monotonic clock in ms and what wakes it up. Tests bring their own. */
export interface Clock {
  now(): number;
  /** Fires after `delayMs`, a fraction or not, or so much later as the clock's steps are long; it may be early by a part of one. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
  /** How long this process has been at work, in ms, as opposed to waiting for something to happen. */
  busyMs(): number;
  /** Calls back after the event loop has seen to its timers and sockets. */
  setImmediate(callback: () => void): unknown;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  // Node's timers know whole milliseconds.
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.max(1, Math.ceil(delayMs))),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  busyMs: () => performance.eventLoopUtilization().active,
  setImmediate: (callback) => setImmediate(callback),
};

/** The longest delay a Node timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** One wake-up at an instant of the clock. Calls back late if it must, but never early, as Node's own timers may. */
export class Alarm {
  #at = Number.POSITIVE_INFINITY;
  #timer: unknown;
  readonly #clock: Clock;
  readonly #callback: (now: number) => void;

  constructor(clock: Clock, callback: (now: number) => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Wakes at `at` (ms on the clock) instead of at the instant set before; at Infinity, not at all. */
  set(at: number): void {
    this.clear();
    this.#at = at;
    if (at !== Number.POSITIVE_INFINITY) this.#arm(this.#clock.now());
  }

  clear(): void {
    this.#at = Number.POSITIVE_INFINITY;
    if (this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(now: number): void {
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, this.#at - now));
    this.#timer = this.#clock.setTimeout(this.#fire, delayMs);
  }

  readonly #fire = (): void => {
    this.#timer = undefined;
    const now = this.#clock.now();
    if (now < this.#at) this.#arm(now);
    else this.#callback(now);
  };
}
