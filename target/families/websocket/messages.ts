import type { Connection } from '../../core/web-sockets.ts';

/** Larger messages end their connection (1009). */
export const MAX_MESSAGE_BYTES = 2 * 1024 ** 2;
/** From here on a client does not read: it is disconnected. */
const MAX_UNREAD_BYTES = 16 * 1024 ** 2;
const TEXT = { binary: false };
const BINARY = { binary: true };

/** Sends one message to one connection. */
export type Send = (to: Connection, message: Buffer, isBinary: boolean) => void;

/** What the family's faults reach into. */
export interface WebsocketParts {
  messages: Pick<Messages, 'wrap'>;
}

/** The way of messages to their receivers. */
export class Messages {
  send: Send = send;

  /** Puts `wrapper` in the way: it is given what happens next, to do at will. */
  wrap(wrapper: (next: Send) => Send): void {
    this.send = wrapper(this.send);
  }
}

function send(to: Connection, message: Buffer, isBinary: boolean): void {
  if (to.bufferedAmount > MAX_UNREAD_BYTES) to.terminate();
  else to.send(message, isBinary ? BINARY : TEXT, ignore);
}

function ignore(): void {}
