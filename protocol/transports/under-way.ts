import { ownRequests, type Requests } from '../../support/test.ts';

/** Work that was begun and has no answer yet. */
export interface Pending {
  /** Of the iteration that has begun it. */
  requests: Requests | undefined;
  /** It is to last for longer than whoever began it. */
  readonly lasts?: boolean;
  /** Its place among the others; -1 when it is none of them. */
  place: number;
  /** Measuring ends: it has failed, and its age is the least that it takes. */
  cutOff(): void;
}

/** It does not look to its time itself. */
export interface Expiring extends Pending {
  /** On `performance.now()`'s clock. */
  readonly beganAt: number;
  /** Its time is up. */
  expire(): void;
}

/**
 * What has no answer yet. Not a Set: the tables that a busy Set leaves behind keep what was in them alive, and
 * collecting that garbage would cost more than all other bookkeeping.
 */
export class UnderWay<P extends Pending> {
  readonly #all: P[] = [];

  add(one: P): void {
    one.place = this.#all.push(one) - 1;
    if (one.lasts) return;
    one.requests = ownRequests();
    if (one.requests) one.requests.begun += 1;
  }

  /** The last one takes its place. */
  remove(one: P): void {
    const last = this.#all.pop()!;
    if (last !== one) {
      this.#all[one.place] = last;
      last.place = one.place;
    }
    one.place = -1;
    if (one.requests) one.requests.ended += 1;
  }

  /** Ends all that began at `instant` (ms, of `performance.now()`) or before. */
  expire(this: UnderWay<Expiring>, instant: number): void {
    for (const one of this.#all.filter(({ beganAt }) => beganAt <= instant)) one.expire();
  }

  /** Counts all of them as cut off. */
  cutOff(): void {
    for (const one of this.#all) one.cutOff();
  }
}
