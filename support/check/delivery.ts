import type { Judgement } from '../measure/evidence.ts';
import { summaryOf } from './summary.ts';

const MAX_EXAMPLES = 10;
/** Gaps in what one subscription got that are kept open for events that come late; older ones are lost for good. */
const MAX_GAPS = 100;

/** What a slice's subscriptions got, by the numbers of the events; evidence for {@link delivery}. */
export interface DeliveryEvidence {
  counts: DeliveryCounts;
  examples: BrokenDelivery[];
}

export interface DeliveryCounts {
  subscriptions: number;
  /** Of these: those whose last event was compared with what the target says is its last one. */
  confirmed: number;
  /** Different events that came and have a number. */
  events: number;
  lost: number;
  duplicated: number;
  reordered: number;
}

export interface BrokenDelivery {
  breach: 'lost' | 'duplicated' | 'reordered';
  channel: string;
  vuId: number;
  /** Of the event; of several that were lost in a row `[first, last]`. */
  sequence: number | [first: number, last: number];
  subscribedAfterMs: number;
  /** When it came, or the subscription ended without it. */
  afterMs: number;
}

/** Hears what a subscription lost, once each: events of these numbers, both included. */
export interface LossListener {
  lost(first: number, last: number): void;
}

/** What an event is to its subscription. `early`: it is older than the subscription. */
export type Arrival = 'in order' | 'reordered' | 'duplicated' | 'early';

/** The subscriptions of a slice. What went well is counted, and of what did not a few are kept. */
export class DeliveryHistory {
  readonly #now: () => number;
  readonly #evidence = emptyEvidence();
  #unnumbered = false;

  /** @param now ms since the run's start */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The target has confirmed a subscription.
   * @param sequence number of the channel's last event before it; undefined when the target does not tell: then the first that
   *   comes is the first
   */
  subscribed(vuId: number, channel: string, sequence: number | undefined, listener?: LossListener): Subscription {
    this.#evidence.counts.subscriptions += 1;
    return new Subscription(this, vuId, channel, sequence, this.#now(), listener);
  }

  /** An event without a number came. */
  unnumbered(): void {
    this.#unnumbered = true;
  }

  /** Null when the target does not number its events. */
  evidence(): DeliveryEvidence | null {
    return this.#unnumbered && this.#evidence.counts.events === 0 ? null : structuredClone(this.#evidence);
  }

  /** For subscriptions alone. */
  count(what: keyof DeliveryCounts, by = 1): void {
    this.#evidence.counts[what] += by;
  }

  /** For subscriptions alone. */
  keep(broken: Omit<BrokenDelivery, 'afterMs'>): void {
    const { examples } = this.#evidence;
    if (examples.length < MAX_EXAMPLES) examples.push({ ...broken, afterMs: Math.round(this.#now()) });
  }
}

/** A connection's subscription to a channel, from the target's confirmation to its end. There may be 60,000 in a process. */
export class Subscription {
  readonly #history: DeliveryHistory;
  readonly #vuId: number;
  readonly #channel: string;
  readonly #since: number;
  readonly #listener: LossListener | undefined;
  /** Events before this one are older than the subscription. */
  #first: number | undefined;
  /** The event that comes next, if all goes well. */
  #next = 0;
  /** What the target says was its last event; -1 before it does. */
  #last = -1;
  /** What has not come though later ones have: start and end (both included) of each gap, ascending. */
  #gaps: number[] | undefined;
  #lost = 0;

  /** Made by {@link DeliveryHistory.subscribed}. */
  constructor(
    history: DeliveryHistory,
    vuId: number,
    channel: string,
    sequence: number | undefined,
    subscribedAfterMs: number,
    listener?: LossListener,
  ) {
    this.#history = history;
    this.#vuId = vuId;
    this.#channel = channel;
    this.#since = Math.round(subscribedAfterMs);
    this.#listener = listener;
    if (sequence !== undefined) this.#begin(sequence + 1);
  }

  /** An event came. */
  take(sequence: number): Arrival {
    if (this.#first === undefined) this.#begin(sequence);
    if (sequence < this.#first!) return 'early';
    if (sequence >= this.#next) {
      this.#skipTo(sequence);
      this.#next = sequence + 1;
      this.#history.count('events');
      return 'in order';
    }
    if (this.#fill(sequence)) {
      this.#history.count('events');
      return this.#broken('reordered', sequence);
    }
    return this.#broken('duplicated', sequence);
  }

  /** The target says that this was its last event. It may still be under way: then it is no later than it should be. */
  confirm(sequence: number): void {
    this.#history.count('confirmed');
    if (this.#first === undefined) this.#begin(sequence + 1);
    this.#last = sequence;
  }

  /** The event that comes next, if all goes well. */
  get next(): number {
    return this.#next;
  }

  /** Nothing that should have come by now is missing. */
  get isComplete(): boolean {
    return this.#gaps === undefined && this.#last < this.#next;
  }

  /** Nothing comes any more: what is missing is lost. Once. @returns how many events that are */
  end(): number {
    const gaps = this.#gaps ?? [];
    for (let place = 0; place < gaps.length; place += 2) this.#lose(gaps[place]!, gaps[place + 1]!);
    if (this.#last >= this.#next) this.#lose(this.#next, this.#last);
    return this.#lost;
  }

  #begin(first: number): void {
    this.#first = first;
    this.#next = first;
  }

  #skipTo(sequence: number): void {
    if (sequence === this.#next) return;
    this.#gaps ??= [];
    this.#gaps.push(this.#next, sequence - 1);
    if (this.#gaps.length <= 2 * MAX_GAPS) return;
    const [first, last] = this.#gaps.splice(0, 2);
    this.#lose(first!, last!);
  }

  /** False when it was not missing. */
  #fill(sequence: number): boolean {
    const gaps = this.#gaps ?? [];
    const place = gaps.findIndex((bound, index) => index % 2 === 1 && sequence <= bound) - 1;
    const [first, last] = [gaps[place], gaps[place + 1]];
    if (first === undefined || last === undefined || sequence < first) return false;
    const rest = [];
    if (first < sequence) rest.push(first, sequence - 1);
    if (sequence < last) rest.push(sequence + 1, last);
    gaps.splice(place, 2, ...rest);
    if (gaps.length === 0) this.#gaps = undefined;
    return true;
  }

  #lose(first: number, last: number): void {
    const events = last - first + 1;
    this.#lost += events;
    this.#history.count('lost', events);
    this.#listener?.lost(first, last);
    this.#keep('lost', first === last ? first : [first, last]);
  }

  #broken(breach: 'reordered' | 'duplicated', sequence: number): Arrival {
    this.#history.count(breach);
    this.#keep(breach, sequence);
    return breach;
  }

  #keep(breach: BrokenDelivery['breach'], sequence: BrokenDelivery['sequence']): void {
    const [channel, vuId, subscribedAfterMs] = [this.#channel, this.#vuId, this.#since];
    this.#history.keep({ breach, channel, vuId, sequence, subscribedAfterMs });
  }
}

function emptyEvidence(): DeliveryEvidence {
  const counts = { subscriptions: 0, confirmed: 0, events: 0, lost: 0, duplicated: 0, reordered: 0 };
  return { counts, examples: [] };
}

/**
 * From the confirmation of its subscription to its end a connection gets every event of the channel, once, in order. One that
 * comes after its successor is reordered; one that has not come at the end is lost.
 */
export function delivery(slices: DeliveryEvidence[]): Judgement {
  const { counts, examples } = emptyEvidence();
  for (const slice of slices) {
    examples.push(...slice.examples);
    for (const key of Object.keys(counts) as (keyof DeliveryCounts)[]) counts[key] += slice.counts[key];
  }
  const checked = counts.events + counts.lost;
  const violations = counts.lost + counts.duplicated + counts.reordered;
  const shown: unknown[] = examples.slice(0, MAX_EXAMPLES);
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') {
    shown.push(
      counts.subscriptions > 0 ? 'no event was published while anybody listened' : 'no subscription was confirmed',
    );
  }
  const { events, lost, duplicated, reordered } = counts;
  const summary = summaryOf(
    [events + lost, 'events due'],
    lost > 0 && [lost, 'lost'],
    duplicated > 0 && [duplicated, 'twice'],
    reordered > 0 && [reordered, 'out of order'],
  );
  return { checked, violations, examples: shown, status, counts: { ...counts }, ...(violations > 0 && { summary }) };
}
