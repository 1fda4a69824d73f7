import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer, type Server as WebSocketServerOf } from 'ws';
import { type Accounts, bearerToken } from './accounts.ts';
import { ApiError, errorBody, unauthorized } from './api-error.ts';

/** How long clients may take to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 500;
/** How often a connection is looked at: one that was silent is pinged, one that then stays silent is dead. */
const LOOK_EVERY_MS = 30_000;
/** Connections are looked at in turns: pinging all of 100,000 at once would hold up everything else. */
const GROUPS = 30;

/** A connection of the server. What there is to know of it is kept in it: there may be 100,000, and each byte counts. */
export class Connection extends WebSocket {
  /** Whose it is. */
  account = '';
  /** Of the account, what it is about; empty when it is about all of it. */
  scope = '';
  /** Whether anything has come since it was looked at. */
  heard = false;
  /** Whether it was pinged since anything has come. */
  pinged = false;
  /** Those that are looked at together with it. */
  group: Set<Connection> | undefined;
}

/** One kind of WebSocket that the server speaks. */
export interface SocketEndpoint {
  /** Does the handshakes; made with `socketServer`. */
  readonly webSockets: WebSocketServerOf<typeof Connection>;
  /** Whether everybody may connect, with no account. */
  readonly isOpen?: boolean;
  /** Whether connections to this path are its own. */
  serves(path: string): boolean;
  /**
   * Reads where a client wants to go; gives what takes over its connection.
   * @throws {ApiError} when the URL leads nowhere
   */
  admit(url: URL, account: string): (connection: Connection) => void;
}

/**
 * Does the handshakes of an endpoint. A subprotocol is the first that a client names.
 * @param compresses whether it does where a client asks for it: a compressor costs a connection more memory than all the rest of it
 */
export function socketServer(
  maxMessageBytes: number,
  { compresses = false } = {},
): WebSocketServerOf<typeof Connection> {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: compresses && { threshold: 0 },
    maxPayload: maxMessageBytes,
    WebSocket: Connection,
  });
}

/** All WebSockets of a server: who may connect, and to what. The token is in the Authorization header or `?token=`. */
export class WebSockets {
  readonly #accounts: Accounts;
  readonly #endpoints: readonly SocketEndpoint[];
  readonly #groups = Array.from({ length: GROUPS }, () => new Set<Connection>());
  #connected = 0;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(accounts: Accounts, endpoints: readonly SocketEndpoint[]) {
    this.#accounts = accounts;
    this.#endpoints = endpoints;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#groups.reduce((sum, group) => sum + group.size, 0);
  }

  /** Takes over the upgrade requests of a server. */
  listen(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head).catch((error) => {
        if (error instanceof ApiError) refuse(socket, error);
        else socket.destroy();
      });
    });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS / GROUPS);
    this.#timer.unref();
  }

  /** Closes every connection ("going away"). */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    const connections = this.#groups.flatMap((group) => [...group]);
    const closed = connections.map((connection) => {
      connection.close(1001, 'The server is stopping.');
      return new Promise((resolve) => connection.once('close', resolve));
    });
    const timeout = new AbortController();
    const late = sleep(CLOSE_TIMEOUT_MS, undefined, timeout).then(
      () => connections.forEach(terminate),
      () => {},
    );
    await Promise.all(closed);
    timeout.abort();
    await late;
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Until the handshake is over nobody else listens for the errors of a client that has gone.
    socket.on('error', ignore);
    const url = new URL(request.url ?? '/', 'http://target');
    const endpoint = this.#endpoints.find((each) => each.serves(url.pathname));
    if (!endpoint) throw new ApiError(404, 'NOT_FOUND', `No WebSocket at ${url.pathname}.`);
    const account = endpoint.isOpen
      ? ''
      : await this.#accounts.resolve(url.searchParams.get('token') ?? bearerToken(request.headers));
    if (account === undefined) throw unauthorized();
    const connect = endpoint.admit(url, account);
    socket.off('error', ignore);
    endpoint.webSockets.handleUpgrade(request, socket, head, (connection) => {
      connection.account = account;
      connection.group = this.#groups[this.#connected++ % GROUPS]!.add(connection);
      // A broken connection also emits 'close'; without a listener its error would end the process.
      connection.on('error', ignore);
      connection.on('message', hear);
      connection.on('pong', hear);
      connection.on('close', leave);
      connect(connection);
    });
  }

  #look(): void {
    for (const connection of this.#groups[this.#looks++ % GROUPS]!) {
      if (connection.heard) {
        connection.heard = false;
        connection.pinged = false;
      } else if (connection.pinged) {
        connection.terminate();
      } else {
        connection.pinged = true;
        connection.ping();
      }
    }
  }
}

// The same functions for all connections, and not some of each one's own.

function ignore(): void {}

function hear(this: WebSocket): void {
  (this as Connection).heard = true;
}

function leave(this: WebSocket): void {
  const connection = this as Connection;
  connection.group?.delete(connection);
}

function terminate(connection: Connection): void {
  connection.terminate();
}

function refuse(socket: Duplex, { status, code, message }: ApiError): void {
  const body = errorBody(code, message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
