import type { Event } from './events.ts';
import type { Connection } from './web-sockets.ts';

/** From here on a client does not read: it is disconnected. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** Of an event with thousands of receivers so many get it at a time, 2 ms of work: others' pings are answered in between. */
const SENDS_PER_TURN = 250;
const TEXT = { binary: false };

/** Sends one event, as a message that is ready to go, to one who has subscribed. */
export type Deliver = (to: Connection, event: Event, message: Buffer) => void;

interface Broadcast {
  event: Event;
  message: Buffer;
  /** Those who have subscribed, as of now. */
  receivers: ReadonlySet<Connection>;
  /** Those who had when it was published, and the next of them to get it. */
  waiting: Connection[];
  next: number;
}

/** The way of events to their receivers. */
export class Delivery {
  #deliver: Deliver = send;
  readonly #broadcasts: Broadcast[] = [];

  /** Puts `wrapper` in the way: it is given what happens next, to do at will. */
  wrap(wrapper: (next: Deliver) => Deliver): void {
    this.#deliver = wrapper(this.#deliver);
  }

  /** Sends an event to everybody in `receivers`; each gets events in the order of the calls. */
  broadcast(event: Event, receivers: ReadonlySet<Connection>): void {
    const message = Buffer.from(JSON.stringify(event));
    this.#broadcasts.push({ event, message, receivers, waiting: [...receivers], next: 0 });
    if (this.#broadcasts.length === 1) this.#work();
  }

  #work(): void {
    for (let sends = 0; sends < SENDS_PER_TURN; sends++) {
      const broadcast = this.#broadcasts[0];
      if (!broadcast) return;
      const { event, message, receivers, waiting } = broadcast;
      const to = waiting[broadcast.next++];
      if (!to) this.#broadcasts.shift();
      else if (receivers.has(to)) this.#deliver(to, event, message);
    }
    if (this.#broadcasts.length > 0) setImmediate(() => this.#work());
  }
}

function send(to: Connection, _event: Event, message: Buffer): void {
  if (to.bufferedAmount > MAX_UNREAD_BYTES) to.terminate();
  else to.send(message, TEXT);
}
