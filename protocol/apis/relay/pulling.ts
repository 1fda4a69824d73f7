import type { VersionVector } from './version.ts';

/** What can be relied on in a change that the relay hands out. */
export interface PulledChange {
  id: string;
  entity_id: string;
  encrypted_payload: string;
  version_vector: VersionVector;
  entity_type?: string;
  operation?: string;
  timestamp?: number;
  device_id?: string;
}

/** As on the wire. */
export interface PullAnswer {
  protocol_version: string;
  changes: PulledChange[];
  has_more: boolean;
  timestamp: number;
}

/**
 * Where a device stands in what its relay has, page by page.
 *
 * Behind the last page the answer's `timestamp` is the cursor of the next pull. Between two pages relays differ: to some
 * the answer's `timestamp` is the page's end, to others the time of day, and their next page begins after the last change's
 * own `timestamp`; others of the same millisecond may be beyond the page. The earlier of the two loses nothing on either; what the
 * next page then brings again is left out here. So is what the next pull brings again since a device's clock is ahead of the relay's, or
 * since to some relays the cursor itself is in the next pull.
 */
export class Pulling {
  /** `since_timestamp` of the next pull. */
  since: number;
  /** Ids of the page before, when the next one begins ahead of its end. */
  #again: ReadonlySet<string> = new Set();
  /** Ids of what the pull before has brought and its cursor is not behind. */
  #ahead: ReadonlySet<string> = new Set();
  /** Of the last change that came. */
  #last: string | undefined;
  /** Of this pull, what is not earlier than the relay's own answer. */
  #later: Pick<PulledChange, 'id' | 'timestamp'>[] = [];

  constructor(since: number) {
    this.since = since;
  }

  /** Moves on behind a page. @returns its changes but those that only this way of paging has brought again */
  take({ changes, has_more: hasMore, timestamp }: Omit<PullAnswer, 'protocol_version'>): PulledChange[] {
    const fresh = changes.filter(({ id }) => !this.#again.has(id) && !this.#ahead.has(id));
    this.#again = new Set();
    const isLater = (change: Pick<PulledChange, 'timestamp'>) =>
      change.timestamp !== undefined && change.timestamp >= timestamp;
    for (const change of changes)
      if (isLater(change)) this.#later.push({ id: change.id, timestamp: change.timestamp! });
    if (!hasMore) {
      this.since = timestamp;
      const ahead = this.#later.filter(isLater).map(({ id }) => id);
      this.#last = changes.at(-1)?.id ?? this.#last;
      this.#ahead = new Set(this.#last === undefined ? ahead : [...ahead, this.#last]);
      this.#later = [];
      return fresh;
    }
    const last = changes.at(-1)?.timestamp ?? timestamp;
    const ends = last === timestamp ? [timestamp] : [timestamp, last - 1];
    const ahead = ends.filter((end) => end > this.since);
    // A page that brought nothing new would come for ever.
    if (ahead.length > 0) this.since = fresh.length > 0 ? Math.min(...ahead) : Math.max(...ahead);
    if (last > this.since || timestamp > this.since) this.#again = new Set(changes.map(({ id }) => id));
    return fresh;
  }
}
