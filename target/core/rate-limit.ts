import { ApiError } from './api-error.ts';

const WINDOWS_MS: Record<string, number> = { s: 1_000, min: 60_000, h: 3_600_000 };

/** Counts requests per client in fixed windows that all clients share. */
export class RateLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  #used = new Map<string, number>();
  #windowEnd = 0;

  constructor(limit: number, windowMs: number, now: () => number = Date.now) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Reads `60/min`, `10/s`, `1000/h`; undefined when it is none of these. */
  static parse(value: string): RateLimit | undefined {
    const [, limit, unit] = /^([1-9]\d*)\/(s|min|h)$/.exec(value) ?? [];
    return limit && unit ? new RateLimit(Number(limit), WINDOWS_MS[unit]!) : undefined;
  }

  /** Counts one request. @throws {ApiError} 429 with Retry-After (seconds) when the client has none left. */
  take(client: string): void {
    const now = this.#now();
    if (now >= this.#windowEnd) {
      this.#used.clear();
      this.#windowEnd = now + this.#windowMs;
    }
    const used = (this.#used.get(client) ?? 0) + 1;
    this.#used.set(client, used);
    if (used > this.#limit) {
      const seconds = Math.ceil((this.#windowEnd - now) / 1_000);
      const message = `More than ${this.#limit} requests; try again in ${seconds} s.`;
      throw new ApiError(429, 'RATE_LIMIT_EXCEEDED', message, { 'retry-after': String(seconds) });
    }
  }
}
