import type { WebSocket } from 'ws';
import { type Connection, type SocketEndpoint, socketServer } from '../../core/web-sockets.ts';
import { MAX_MESSAGE_BYTES, type Messages } from './messages.ts';

/** `/echo`: every message comes back. */
export class Echo implements SocketEndpoint {
  readonly isOpen = true;
  readonly webSockets = socketServer(MAX_MESSAGE_BYTES, { compresses: true });
  readonly #onMessage: (this: WebSocket, message: Buffer, isBinary: boolean) => void;

  constructor(messages: Messages) {
    this.#onMessage = function (message, isBinary) {
      messages.send(this as Connection, message, isBinary);
    };
  }

  serves(path: string): boolean {
    return path === '/echo';
  }

  admit(): (connection: Connection) => void {
    return (connection) => connection.on('message', this.#onMessage);
  }
}
