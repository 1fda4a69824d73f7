import { ms } from '../judge/words/figures.ts';
import type { SliceId } from '../measure/slice.ts';

/** A slice as the start line sees it. */
export interface WatchedSlice {
  id: SliceId;
  pid: number;
  /** It has said something since the last look. */
  heard: boolean;
}

/** How long a slice may be silent, in ms. A pause for garbage, or a machine that stalls, is over before. */
export const silenceLimits = {
  /** Said on the screen. */
  told: 10_000,
  /** Ended, while the run lasts. */
  running: 30_000,
  /** Ended, once the run is to stop: whoever pressed Ctrl-C is waiting. */
  stopping: 5_000,
};

/** More time than this between two looks is the coordinator's own pause, or a machine that slept. */
const MAX_STEP_MS = 2_000;

/**
 * A slice whose event loop is blocked, or whose process was stopped, hears nothing and reports nothing: neither that the run is
 * over nor that it should stop. It says something every second otherwise. When it is silent for too long, its process is ended;
 * what it had streamed counts.
 */
export class Watchdog {
  /** Those that were ended, and why. */
  readonly ended: (SliceId & { why: string })[] = [];
  readonly #silentMs = new Map<number, number>();
  /** Processes that are being ended. */
  readonly #ending = new Set<number>();
  readonly #placeOf: (id: SliceId, pid: number) => Promise<string | undefined>;
  readonly #kill: (pid: number) => void;
  readonly #print: (line: string) => void;
  #lookedAt: number | undefined;

  /** @param placeOf where in the author's code a process is blocked, as far as it can be known; within a few seconds */
  constructor(
    placeOf: (id: SliceId, pid: number) => Promise<string | undefined>,
    kill: (pid: number) => void,
    print: (line: string) => void,
  ) {
    this.#placeOf = placeOf;
    this.#kill = kill;
    this.#print = print;
  }

  /**
   * About once a second.
   * @param now monotonic ms
   * @param atMs since the start of the run; undefined before it, when a slice may take its time unless it is to stop
   */
  look(slices: WatchedSlice[], now: number, atMs: number | undefined, stopping: boolean): void {
    const stepMs = Math.min(MAX_STEP_MS, now - (this.#lookedAt ?? now));
    this.#lookedAt = now;
    for (const pid of new Set(slices.map((slice) => slice.pid))) {
      const here = slices.filter((slice) => slice.pid === pid);
      const ids = here.map(({ id }) => id);
      const before = this.#silentMs.get(pid) ?? 0;
      const silentMs = here.some(({ heard }) => heard) ? 0 : before + stepMs;
      this.#silentMs.set(pid, silentMs);
      if (before < silenceLimits.told && silentMs >= silenceLimits.told) {
        this.#print(
          `Nothing was heard of ${who(ids)} for ${ms(silentMs)}: its event loop is blocked, or its process stopped.`,
        );
      }
      const limit = stopping
        ? silenceLimits.stopping
        : atMs === undefined
          ? Number.POSITIVE_INFINITY
          : silenceLimits.running;
      if (silentMs < limit || this.#ending.has(pid)) continue;
      this.#ending.add(pid);
      const since =
        atMs === undefined ? 'before the start' : `from ${ms(Math.max(0, atMs - silentMs))} into the run on`;
      void this.#end(ids, pid, `${since}; it was ended after ${ms(silentMs)} without a sign of life`);
    }
  }

  async #end(ids: SliceId[], pid: number, when: string): Promise<void> {
    const place = await this.#placeOf(ids[0]!, pid);
    const why = `its event loop was blocked${place === undefined ? ', or its process stopped' : ` by ${place}`}, ${when}`;
    for (const id of ids) this.ended.push({ ...id, why });
    this.#print(`Ended ${who(ids)}: ${why}.`);
    this.#kill(pid);
  }
}

/** Of one process. */
function who(ids: SliceId[]): string {
  return ids.map(({ scenario, index }) => `slice ${index + 1} of ${scenario}`).join(', ');
}
