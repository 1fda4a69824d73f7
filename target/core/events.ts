/** An event as it goes to clients. Within its channel and account `sequence` counts 1, 2, 3 … without a gap. */
export interface Event {
  type: string;
  channel: string;
  /** Ms since 1970, when it was published. */
  timestamp: number;
  sequence: number;
  [field: string]: unknown;
}

/** @param account undefined for what concerns everybody */
export type Listener = (event: Event, account: string | undefined) => void;

/** An event that has no number yet. */
export interface Publication {
  channel: string;
  account: string | undefined;
  type: string;
  /** `timestamp` among them. */
  fields: Record<string, unknown>;
}

/** Numbers events and hands them to its listeners, in the order in which they were published. */
export class Events {
  readonly #listeners = new Set<Listener>();
  readonly #sequences = new Map<string, number>();
  readonly #submit: ((publication: Publication) => void) | undefined;

  /**
   * @param submit hands what is published to the process that numbers events, when that is another one; they come back by
   * `deliver`, as everybody's events do
   */
  constructor(submit?: (publication: Publication) => void) {
    this.#submit = submit;
  }

  /** Calls `listener` for every event from now on; the function returned ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param account undefined for what concerns everybody */
  publish(channel: string, account: string | undefined, type: string, fields: Record<string, unknown>): void {
    const stamped = { timestamp: Date.now(), ...fields };
    if (this.#submit) {
      this.#submit({ channel, account, type, fields: stamped });
      return;
    }
    const sequence = this.lastSequence(channel, account) + 1;
    this.deliver({ type, channel, sequence, ...stamped }, account);
  }

  /** Hands an event that has its number to the listeners. */
  deliver(event: Event, account: string | undefined): void {
    this.#sequences.set(keyOf(event.channel, account), event.sequence);
    for (const listener of this.#listeners) listener(event, account);
  }

  /** What a process that begins later has to know. */
  get sequences(): [key: string, last: number][] {
    return [...this.#sequences];
  }

  /** Goes on where another process is. */
  adopt(sequences: [key: string, last: number][]): void {
    for (const [key, last] of sequences) this.#sequences.set(key, Math.max(last, this.#sequences.get(key) ?? 0));
  }

  /** Number of the last event of a channel that the listeners have got; 0 before the first. */
  lastSequence(channel: string, account: string | undefined): number {
    return this.#sequences.get(keyOf(channel, account)) ?? 0;
  }
}

function keyOf(channel: string, account: string | undefined): string {
  return `${channel} ${account ?? ''}`;
}
