import type { WebSocket } from 'ws';
import { invalid } from '../../core/api-error.ts';
import { type SocketEndpoint, socketServer } from '../../core/web-sockets.ts';

const MAX_MESSAGE_BYTES = 64 * 1024;

/** The relay's WebSockets: `/sync?device_id=`. */
export class SyncSockets implements SocketEndpoint {
  readonly webSockets = socketServer(MAX_MESSAGE_BYTES);
  readonly #devices = new Map<string, Map<WebSocket, string>>();

  serves(path: string): boolean {
    return path === '/sync';
  }

  admit(url: URL, account: string): (webSocket: WebSocket) => void {
    const device = url.searchParams.get('device_id');
    if (!device) throw invalid('device_id is missing.');
    return (webSocket) => this.#connect(webSocket, account, device);
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

  #connect(webSocket: WebSocket, account: string, device: string): void {
    const devices = this.#devices.get(account) ?? new Map<WebSocket, string>();
    this.#devices.set(account, devices.set(webSocket, device));
    webSocket.on('message', (data) => webSocket.send(answer(String(data), device)));
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
