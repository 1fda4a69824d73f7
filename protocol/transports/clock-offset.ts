/** How far another clock is ahead of ours, by messages that were sent there and answered with its time. */
export class ClockOffset {
  /** Of the target's clock against ours, ms: what to add to our time to have theirs. 0 before the first answer. */
  offsetMs = 0;
  /** Of the answer that the offset is from, which is exact to half of it; infinite before the first answer. */
  roundTripMs = Number.POSITIVE_INFINITY;

  /**
   * An answer. That with the smallest round trip counts: it had the least time to be under way longer in one direction.
   * All in ms since 1970: the first and last by our clock.
   */
  add(sentAt: number, serverTimestamp: number, receivedAt: number): void {
    const roundTripMs = receivedAt - sentAt;
    if (roundTripMs >= this.roundTripMs) return;
    this.roundTripMs = roundTripMs;
    this.offsetMs = serverTimestamp - (sentAt + receivedAt) / 2;
  }
}
