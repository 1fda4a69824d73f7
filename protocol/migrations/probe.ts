import { setTimeout as wait } from 'node:timers/promises';

/** What a VM makes of a question: it answers, it is paused, or nothing can be told. */
export type Reply = 'answers' | 'paused' | 'unknown';

/** Keeps asking a VM that migrates, one question after the other, and so finds how long it does not answer. */
export class Probe {
  readonly #ask: () => Promise<Reply>;
  readonly #intervalMs: number;
  readonly #deadline: number;
  readonly #blackoutMs: Promise<number | undefined>;
  #over = false;

  /**
   * Begins at once.
   * @param intervalMs from one question to the next; longer when an answer takes longer
   * @param deadline on `performance.now()`'s clock; a VM that is paused then is given up
   */
  constructor(ask: () => Promise<Reply>, intervalMs: number, deadline: number) {
    this.#ask = ask;
    this.#intervalMs = intervalMs;
    this.#deadline = deadline;
    this.#blackoutMs = this.#run();
  }

  /**
   * The migration is over. Resolves when the VM answers again, with the time from the first question it was paused for, sent,
   * to the first answer after that; undefined when no question met the pause, or it is not known when it ended.
   */
  end(): Promise<number | undefined> {
    this.#over = true;
    return this.#blackoutMs;
  }

  async #run(): Promise<number | undefined> {
    let pausedAt: number | undefined;
    while (!this.#over || pausedAt !== undefined) {
      const sentAt = performance.now();
      const reply = await this.#ask();
      const now = performance.now();
      if (reply === 'unknown') return undefined;
      if (reply === 'paused') pausedAt ??= sentAt;
      else if (pausedAt !== undefined) return now - pausedAt;
      if (now >= this.#deadline) return undefined;
      await wait(Math.max(0, sentAt + this.#intervalMs - now));
    }
    return undefined;
  }
}
