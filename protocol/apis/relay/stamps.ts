/**
 * Timestamps of a device's changes, ms since 1970: each later than the one before, also within a millisecond. A relay may
 * take a second edit of an entity with the same timestamp for outdated.
 */
export class Stamps {
  #last = 0;

  next(now = Date.now()): number {
    this.#last = Math.max(now, this.#last + 1);
    return this.#last;
  }
}
