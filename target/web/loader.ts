const RETRY_MS = 2_000;

/** Loads something whenever it may be out of date: one call at a time, and again until it has succeeded. */
export class Loader {
  readonly #read: () => Promise<void>;
  readonly #onEnd: (error: unknown) => void;
  #running = false;
  #again = false;
  #stopped = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hasLoaded = false;

  /** @param onEnd hears of every call's end, with the error if it failed */
  constructor(read: () => Promise<void>, onEnd: (error: unknown) => void) {
    this.#read = read;
    this.#onEnd = onEnd;
  }

  /** Whether it has succeeded at least once. */
  get hasLoaded(): boolean {
    return this.#hasLoaded;
  }

  /** Loads it; what is loaded already when this is called counts as out of date. */
  load(): void {
    if (this.#running) this.#again = true;
    else void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#running = true;
    this.#again = false;
    let error: unknown;
    try {
      await this.#read();
      this.#hasLoaded = true;
    } catch (reason) {
      error = reason;
    }
    this.#running = false;
    this.#onEnd(error);
    if (this.#stopped) return;
    if (error !== undefined) this.#retry = setTimeout(() => this.load(), RETRY_MS);
    else if (this.#again) this.load();
  }
}
