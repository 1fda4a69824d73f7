/** So many are held: a file of no more is read once. */
const HELD = 10_000;
/** Of a longer one, so many at a time, twice: those that are used up, and those that come after. */
const AHEAD = 4_096;
/** Bytes of bodies that are held at a time, in either case. */
const MAX_BYTES = 64 * 1024 ** 2;

/** What is given out, with the bytes that it holds. */
export interface Sized {
  bytes: number;
}

/** Every n-th of what is given out in turns, from the one of this index on. */
export interface Turn {
  index: number;
  of: number;
}

/**
 * Gives out what a source has, in its order, over and over: round robin, as far as it is this slice's turn. However long the
 * source is, memory is bounded: a long one is read again and again, a part ahead of where it is used.
 */
export class TargetLoop<T extends Sized> {
  readonly #source: () => AsyncIterable<T[]>;
  readonly #turn: Turn;
  readonly #onStall: () => void;
  #now: T[] = [];
  #at = 0;
  /** Of all passes together. */
  #sequence = 0;
  /** True when {@link #now} is all there is, and not this slice's part. */
  #isWhole = false;
  #passes: AsyncGenerator<T[], void> | undefined;
  #next: T[] | undefined;
  #coming: Promise<void> | undefined;

  private constructor(source: () => AsyncIterable<T[]>, turn: Turn, onStall: () => void) {
    this.#source = source;
    this.#turn = turn;
    this.#onStall = onStall;
  }

  /**
   * @param source the beginning of a pass, each time it is called; not empty
   * @param onStall what comes next is not there yet: reading is slower than using
   */
  static async open<T extends Sized>(
    source: () => AsyncIterable<T[]>,
    turn: Turn,
    onStall: () => void,
  ): Promise<TargetLoop<T>> {
    const loop = new TargetLoop(source, turn, onStall);
    await loop.#begin();
    return loop;
  }

  /** A promise only where it is not there yet. */
  next(): T | Promise<T> {
    if (this.#isWhole) {
      const { index, of } = this.#turn;
      const one = this.#now[(index + this.#sequence) % this.#now.length]!;
      this.#sequence += of;
      return one;
    }
    return this.#take() ?? this.#wait();
  }

  /** Closes what is being read. */
  async close(): Promise<void> {
    await this.#coming?.catch(() => {});
    await this.#passes?.return();
  }

  async #begin(): Promise<void> {
    const passes = this.#endless();
    let bytes = 0;
    for (;;) {
      const { value: batch } = await passes.next();
      // The first pass is over.
      if (!batch || batch.length === 0) break;
      this.#now.push(...batch);
      bytes += bytesOf(batch);
      if (this.#now.length <= HELD && bytes <= MAX_BYTES) continue;
      this.#passes = passes;
      this.#now = this.#own(this.#now);
      this.#readOn();
      // A few large ones among many slices: none of them may be this one's.
      if (this.#now.length === 0) await this.#coming;
      return;
    }
    await passes.return();
    this.#isWhole = true;
  }

  /** Passes without end; between two of them comes an empty batch. */
  async *#endless(): AsyncGenerator<T[], void> {
    for (;;) {
      for await (const batch of this.#source()) if (batch.length > 0) yield batch;
      yield [];
    }
  }

  #own(batch: T[]): T[] {
    return batch.filter(() => this.#sequence++ % this.#turn.of === this.#turn.index);
  }

  #take(): T | undefined {
    if (this.#at === this.#now.length) {
      if (!this.#next) return undefined;
      this.#now = this.#next;
      this.#next = undefined;
      this.#at = 0;
      this.#readOn();
    }
    return this.#now[this.#at++];
  }

  async #wait(): Promise<T> {
    this.#onStall();
    for (;;) {
      await this.#coming;
      const one = this.#take();
      if (one !== undefined) return one;
    }
  }

  #readOn(): void {
    this.#coming = this.#read();
    // Whoever waits for it hears of it.
    this.#coming.catch(() => {});
  }

  async #read(): Promise<void> {
    const next: T[] = [];
    let bytes = 0;
    while (next.length < AHEAD && (bytes < MAX_BYTES || next.length === 0)) {
      const { value: batch = [] } = await this.#passes!.next();
      const own = this.#own(batch);
      bytes += bytesOf(own);
      next.push(...own);
    }
    this.#next = next;
  }
}

function bytesOf(batch: Sized[]): number {
  return batch.reduce((sum, { bytes }) => sum + bytes, 0);
}
