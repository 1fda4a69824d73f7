import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { type Accounts, bearerToken } from './accounts.ts';
import { ApiError, errorBody, unauthorized } from './api-error.ts';

/** How long a client may take to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 500;
/** A connection that has not answered a ping when the next is due is dead: its client went without saying so. */
const PING_EVERY_MS = 30_000;

/** One kind of WebSocket that the server speaks. */
export interface SocketEndpoint {
  /** Does the handshakes and holds the connections; made with `noServer`. */
  readonly webSockets: WebSocketServer;
  /** Whether connections to this path are its own. */
  serves(path: string): boolean;
  /**
   * Reads where a client wants to go; gives what takes over its connection.
   * @throws {ApiError} when the URL leads nowhere
   */
  admit(url: URL, account: string): (webSocket: WebSocket) => void;
}

/** All WebSockets of a server: who may connect, and to what. The token is in the Authorization header or `?token=`. */
export class WebSockets {
  readonly #accounts: Accounts;
  readonly #endpoints: readonly SocketEndpoint[];
  readonly #alive = new WeakSet<WebSocket>();
  #pings: NodeJS.Timeout | undefined;

  constructor(accounts: Accounts, endpoints: readonly SocketEndpoint[]) {
    this.#accounts = accounts;
    this.#endpoints = endpoints;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#clients().length;
  }

  /** Takes over the upgrade requests of a server. */
  listen(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head).catch((error) => {
        if (error instanceof ApiError) refuse(socket, error);
        else socket.destroy();
      });
    });
    this.#pings = setInterval(() => this.#ping(), PING_EVERY_MS);
    this.#pings.unref();
  }

  /** Closes every connection ("going away"). */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    const closed = this.#clients().map((webSocket) => {
      webSocket.close(1001, 'The server is stopping.');
      return new Promise<void>((resolve) => {
        const impatience = setTimeout(() => webSocket.terminate(), CLOSE_TIMEOUT_MS);
        webSocket.once('close', () => {
          clearTimeout(impatience);
          resolve();
        });
      });
    });
    await Promise.all(closed);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Until the handshake is over nobody else listens for the errors of a client that has gone.
    const ignore = () => {};
    socket.on('error', ignore);
    const url = new URL(request.url ?? '/', 'http://target');
    const endpoint = this.#endpoints.find((each) => each.serves(url.pathname));
    if (!endpoint) throw new ApiError(404, 'NOT_FOUND', `No WebSocket at ${url.pathname}.`);
    const account = await this.#accounts.resolve(url.searchParams.get('token') ?? bearerToken(request.headers));
    if (!account) throw unauthorized();
    const connect = endpoint.admit(url, account);
    socket.off('error', ignore);
    endpoint.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      // A broken connection also emits 'close'; without a listener its error would end the process.
      webSocket.on('error', () => {});
      this.#alive.add(webSocket);
      webSocket.on('pong', () => this.#alive.add(webSocket));
      connect(webSocket);
    });
  }

  #ping(): void {
    for (const webSocket of this.#clients()) {
      if (this.#alive.delete(webSocket)) webSocket.ping();
      else webSocket.terminate();
    }
  }

  #clients(): WebSocket[] {
    return this.#endpoints.flatMap(({ webSockets }) => [...webSockets.clients]);
  }
}

function refuse(socket: Duplex, { status, code, message }: ApiError): void {
  const body = errorBody(code, message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
