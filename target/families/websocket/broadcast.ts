import type { WebSocket } from 'ws';
import type { Events } from '../../core/events.ts';
import { type Connection, type SocketEndpoint, socketServer } from '../../core/web-sockets.ts';
import { MAX_MESSAGE_BYTES, type Messages } from './messages.ts';

const CHANNEL = 'broadcast';
const PATH = /^\/broadcast(?:\/[\w.-]+)?$/;

/** `/broadcast[/<room>]`: every message goes to all who are in the room, its sender included, in whatever process of the target. */
export class Broadcast implements SocketEndpoint {
  readonly isOpen = true;
  readonly webSockets = socketServer(MAX_MESSAGE_BYTES, { compresses: true });
  readonly #rooms = new Map<string, Set<Connection>>();
  readonly #onMessage: (this: WebSocket, message: Buffer, isBinary: boolean) => void;
  readonly #onClose: (this: WebSocket) => void;

  constructor(messages: Messages, events: Events) {
    const rooms = this.#rooms;
    this.#onMessage = function (message, isBinary) {
      const content = message.toString(isBinary ? 'base64' : 'utf8');
      events.publish(CHANNEL, (this as Connection).scope, CHANNEL, { content, isBinary });
    };
    events.listen(({ channel, content, isBinary }, room = '') => {
      if (channel !== CHANNEL) return;
      const message = Buffer.from(content as string, isBinary ? 'base64' : 'utf8');
      for (const member of rooms.get(room) ?? []) messages.send(member, message, isBinary === true);
    });
    this.#onClose = function () {
      const { scope } = this as Connection;
      const members = rooms.get(scope);
      members?.delete(this as Connection);
      if (members?.size === 0) rooms.delete(scope);
    };
  }

  serves(path: string): boolean {
    return PATH.test(path);
  }

  admit({ pathname }: URL): (connection: Connection) => void {
    return (connection) => {
      connection.scope = pathname;
      this.#rooms.set(pathname, (this.#rooms.get(pathname) ?? new Set()).add(connection));
      connection.on('message', this.#onMessage);
      connection.on('close', this.#onClose);
    };
  }
}
