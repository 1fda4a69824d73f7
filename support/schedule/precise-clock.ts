import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Clock, systemClock } from './clock.ts';
import { monotonicMs } from './startline.ts';

/**
 * Sleeps until the instant that stands in memory, says so, and sleeps on until there is another. Written out as text: a thread would not
 * know how to read TypeScript.
 */
const SLEEPER = `
const { parentPort, workerData } = require('node:worker_threads');
const { turn, instant } = workerData;
let rung = -1;
for (;;) {
  const current = Atomics.load(turn, 0);
  const leftMs = current === rung ? Infinity : instant[0] - Number(process.hrtime.bigint()) / 1e6;
  if (leftMs > 0) Atomics.wait(turn, 0, current, leftMs);
  else {
    rung = current;
    parentPort.postMessage(null);
  }
}`;

/** Waking up the event loop takes up to 0.1 ms of CPU time: what comes closer together shares one. */
const MIN_STEP_MS = 0.5;

/** So many in a row that are closer are no chance but thousands a second: Node's timers of a whole millisecond cost those least. */
const DENSE = 3;

interface Timer {
  at: number;
  callback: () => void;
}

/**
 * A clock whose timers are late by one to three tenths of a millisecond in the median (`npm run bench -- pacer`). Node's own have
 * steps of a whole one, since its event loop sleeps in such steps; here a thread of its own sleeps, which needs no CPU time while it
 * does, and wakes the event loop. Where they come by the thousand a second, they are Node's again.
 */
export class PreciseClock implements Clock {
  readonly busyMs = systemClock.busyMs;
  readonly setImmediate = systemClock.setImmediate;
  readonly now = systemClock.now;
  /** What `instant` holds, is counted here: whoever sleeps, sleeps for this turn. */
  readonly #turn = new Int32Array(new SharedArrayBuffer(4));
  /** On the machine's monotonic clock, ms. */
  readonly #instant = new Float64Array(new SharedArrayBuffer(8)).fill(Number.POSITIVE_INFINITY);
  readonly #timers = new Set<Timer>();
  /** Of others those of Node that stand for them. */
  readonly #coarse = new Map<Timer, unknown>();
  #sleeper: Worker | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #rungAt = Number.NEGATIVE_INFINITY;
  #closeInARow = 0;

  /** Starts the thread; until then nothing fires. */
  async open(): Promise<void> {
    const workerData = { turn: this.#turn, instant: this.#instant };
    this.#sleeper = new Worker(SLEEPER, { eval: true, execArgv: [], workerData }).on('message', () => this.#ring());
    await once(this.#sleeper, 'online');
    // Whoever has a timer waits for it; a thread alone keeps no process.
    if (this.#timers.size === 0) this.#sleeper.unref();
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const at = this.now() + delayMs;
    const soonest = this.#rungAt + MIN_STEP_MS;
    this.#closeInARow = at < soonest ? this.#closeInARow + 1 : 0;
    const timer: Timer = { at: Math.max(at, soonest), callback };
    if (this.#closeInARow >= DENSE) {
      const ring = () => {
        this.#coarse.delete(timer);
        this.#rungAt = this.now();
        callback();
      };
      this.#coarse.set(timer, systemClock.setTimeout(ring, delayMs));
      return timer;
    }
    if (this.#timers.size === 0) this.#sleeper?.ref();
    this.#timers.add(timer);
    if (timer.at < this.#armedFor) this.#arm(timer.at);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    systemClock.clearTimeout(this.#coarse.get(timer as Timer));
    this.#coarse.delete(timer as Timer);
    this.#timers.delete(timer as Timer);
    if (this.#timers.size === 0) this.#sleeper?.unref();
  }

  /** Ends the thread: no timer fires any more. */
  close(): void {
    this.#timers.clear();
    for (const timer of this.#coarse.values()) systemClock.clearTimeout(timer);
    void this.#sleeper?.terminate();
  }

  #ring(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.now();
    this.#rungAt = now;
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > now || !this.#timers.has(timer)) continue;
      this.clearTimeout(timer);
      timer.callback();
    }
    const next = Math.min(...[...this.#timers].map(({ at }) => at));
    if (next < this.#armedFor) this.#arm(next);
  }

  #arm(at: number): void {
    this.#armedFor = at;
    // Held up between the two readings, it rings early, and is armed once more; late it never is.
    this.#instant[0] = monotonicMs() - (this.now() - at);
    Atomics.add(this.#turn, 0, 1);
    Atomics.notify(this.#turn, 0);
  }
}
