import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Accounts, bearerToken } from './accounts.ts';
import { errorBody } from './api-error.ts';

const MAX_MESSAGE_BYTES = 64 * 1024;
/** How long a client may take to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 500;

/** The relay's WebSockets: `/sync?device_id=`, with the token in the Authorization header or as `token`. */
export class SyncSockets {
  #accounts: Accounts;
  #webSockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  #devices = new Map<string, Map<WebSocket, string>>();

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#webSockets.clients.size;
  }

  /** Takes over the upgrade requests of a server. */
  listen(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head).catch(() => socket.destroy());
    });
  }

  /** Tells the account's other devices that `count` changes of `fromDevice` can be pulled. */
  announce(account: string, fromDevice: string, count: number): void {
    const devices = this.#devices.get(account);
    if (!devices) return;
    const message = event('sync_available', { device_id: fromDevice, count });
    for (const [webSocket, device] of devices) {
      if (device !== fromDevice) webSocket.send(message);
    }
  }

  /** Closes every connection ("going away"). */
  async close(): Promise<void> {
    const closed = [...this.#webSockets.clients].map((webSocket) => {
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
    if (url.pathname !== '/sync') return refuse(socket, 404, 'NOT_FOUND', `No WebSocket at ${url.pathname}.`);
    const account = await this.#accounts.resolve(url.searchParams.get('token') ?? bearerToken(request.headers));
    if (!account) return refuse(socket, 401, 'UNAUTHORIZED', 'A valid bearer token is required.');
    const device = url.searchParams.get('device_id');
    if (!device) return refuse(socket, 400, 'INVALID_REQUEST', 'device_id is missing.');
    socket.off('error', ignore);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#connect(webSocket, account, device));
  }

  #connect(webSocket: WebSocket, account: string, device: string): void {
    const devices = this.#devices.get(account) ?? new Map<WebSocket, string>();
    this.#devices.set(account, devices.set(webSocket, device));
    webSocket.on('message', (data) => webSocket.send(answer(String(data), device)));
    // A broken connection also emits 'close'; without a listener its error would end the process.
    webSocket.on('error', () => {});
    webSocket.on('close', () => {
      devices.delete(webSocket);
      if (devices.size === 0 && this.#devices.get(account) === devices) this.#devices.delete(account);
    });
  }
}

function answer(message: string, device: string): string {
  let type: unknown;
  let timestamp: unknown;
  try {
    ({ type, timestamp } = JSON.parse(message));
  } catch {
    return event('error', { message: 'A message must be a JSON object.' });
  }
  switch (type) {
    case 'ping':
      return event('pong', { client_timestamp: timestamp ?? null });
    case 'subscribe':
      return event('subscribe', { device_id: device });
    default:
      return event('error', { message: 'type must be one of ping, subscribe.' });
  }
}

function event(type: string, data: object): string {
  return JSON.stringify({ type, timestamp: Date.now(), data });
}

function refuse(socket: Duplex, status: number, code: string, message: string): void {
  const body = errorBody(code, message);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
