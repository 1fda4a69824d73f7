/** For tests: WebSocket servers that do with messages what a test wants. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { Recorder } from '../../support/measure/recorder.ts';
import { readOptions } from '../../support/options.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import type { SliceContext } from '../../support/worker/vu.ts';
import { testSlice, withSettings } from '../slice.fixture.ts';
import { websocketMetrics } from './access.ts';
import { type WebsocketOptions, websocketOptions } from './options.ts';

/** @param count of the messages of this connection, from 0 */
export type Act = (webSocket: WebSocket, message: Buffer, count: number, isBinary: boolean) => void;

export const echo: Act = (webSocket, message, _count, isBinary) => webSocket.send(message, { binary: isBinary });

/** Gone when the test is over. @returns its URL, and the server */
export async function webSocketServer(
  t: TestContext,
  act: Act,
  options: ServerOptions = {},
): Promise<{ url: string; webSockets: WebSocketServer }> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server, ...options });
  webSockets.on('connection', (webSocket) => {
    let count = 0;
    webSocket.on('error', () => {});
    webSocket.on('message', (message: Buffer, isBinary) => act(webSocket, message, count++, isBinary));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const webSocket of webSockets.clients) webSocket.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, webSockets };
}

/** A slice whose load goes to this server. @param schedule of so many ms, which begins with one connection, or that which `beginsWith` says: to make them may take long */
export function messageSlice(
  url: string,
  options: object,
  schedule?: { endsAfterMs: number; webSockets: WebSocketServer; beginsWith?: number },
): SliceContext<WebsocketOptions> {
  let beganAt: number | undefined;
  let missing = schedule?.beginsWith ?? 1;
  schedule?.webSockets.on('connection', () => {
    missing -= 1;
    if (missing === 0) beganAt = performance.now();
  });
  const elapsedMs = () => (beganAt === undefined ? 0 : performance.now() - beganAt);
  const endsAfterMs = schedule?.endsAfterMs ?? Number.POSITIVE_INFINITY;
  return {
    ...withSettings(testSlice('http://127.0.0.1'), { WS_ECHO_URL: url, WS_BROADCAST_URL: url }),
    recorder: new Recorder('test', 'load', metricDefinitions(websocketMetrics)),
    options: readOptions(websocketOptions, { timeout: '5s', ...options }, 'scenarios.test.options'),
    endsAfterMs,
    elapsedMs,
    isOver: () => elapsedMs() >= endsAfterMs,
  };
}
