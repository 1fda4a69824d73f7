/** How finely the members are spread over a round. */
const SLOTS = 20;

/** Calls on each of its members once a round. One timer serves them all, and they do not come all at once. */
export class Rounds<M> {
  readonly #slots = Array.from({ length: SLOTS }, () => new Set<M>());
  readonly #visit: (member: M) => void;
  readonly #timer: NodeJS.Timeout;
  #now = 0;
  #joined = 0;

  /** @param intervalMs of a round */
  constructor(intervalMs: number, visit: (member: M) => void) {
    this.#visit = visit;
    this.#timer = setInterval(() => this.#turn(), intervalMs / SLOTS).unref();
  }

  /** @returns what ends it */
  join(member: M): () => void {
    const slot = this.#slots[this.#joined++ % SLOTS]!;
    slot.add(member);
    return () => slot.delete(member);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #turn(): void {
    const slot = this.#slots[this.#now++ % SLOTS]!;
    for (const member of slot) this.#visit(member);
  }
}
