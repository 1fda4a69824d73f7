/** No finer than timers are, and no finer than is of use. */
const MOST_SLOTS = 1_000;
const LEAST_SPACING_MS = 1;

/**
 * Members that are due again and again, all at one rate, evenly spread over a period. Due times are multiples of a spacing from a
 * fixed beginning, so that no lateness adds up; when the process was held up, everything that fell due meanwhile is told of, each
 * with its own time. One timer serves all members.
 */
export class Pace<M> {
  readonly #slots: Set<M>[];
  readonly #spacingMs: number;
  readonly #due: (member: M, dueAt: number) => void;
  readonly #endsAt: () => number;
  readonly #beganAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #members = 0;
  #joined = 0;
  /** The next slot that is due, counted from the beginning. */
  #next = 0;

  /**
   * @param periodMs from one time that a member is due to the next
   * @param due times are on the clock of `performance.now()`
   * @param endsAt from then on nothing is due
   */
  constructor(periodMs: number, due: (member: M, dueAt: number) => void, endsAt: () => number) {
    const slots = Math.max(1, Math.min(MOST_SLOTS, Math.floor(periodMs / LEAST_SPACING_MS)));
    this.#slots = Array.from({ length: slots }, () => new Set<M>());
    this.#spacingMs = periodMs / slots;
    this.#due = due;
    this.#endsAt = endsAt;
  }

  /** It is due for the first time within a period. @returns what ends it */
  join(member: M): () => void {
    const slot = this.#slots[this.#joined++ % this.#slots.length]!;
    slot.add(member);
    this.#members += 1;
    if (this.#members === 1) {
      this.#next = Math.ceil((performance.now() - this.#beganAt) / this.#spacingMs);
      this.#wait();
    }
    return () => {
      if (slot.delete(member)) this.#members -= 1;
      if (this.#members === 0) clearTimeout(this.#timer);
    };
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const dueAt = this.#dueAt(this.#next);
    if (dueAt < this.#endsAt()) this.#timer = setTimeout(() => this.#tick(), Math.ceil(dueAt - performance.now()));
  }

  #tick(): void {
    // As of now: what falls due while these are told waits for the next turn, so that sockets get theirs.
    const now = Math.min(performance.now(), this.#endsAt());
    for (let dueAt = this.#dueAt(this.#next); dueAt <= now; dueAt = this.#dueAt(this.#next)) {
      const slot = this.#slots[this.#next % this.#slots.length]!;
      this.#next += 1;
      for (const member of slot) this.#due(member, dueAt);
    }
    if (this.#members > 0) this.#wait();
  }

  #dueAt(slot: number): number {
    return this.#beganAt + slot * this.#spacingMs;
  }
}
