import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { Accounts } from './accounts.ts';
import { SyncSockets } from './sync-sockets.ts';
import { WebSockets } from './web-sockets.ts';

test('a connection whose client does not answer pings is ended, one that does is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const everybody = { resolve: () => 'account' } as Partial<Accounts> as Accounts;
  const webSockets = new WebSockets(everybody, [new SyncSockets()]);
  webSockets.listen(server);
  const connect = async (autoPong: boolean) => {
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/sync?device_id=a`;
    const socket = new WebSocket(url, { autoPong });
    await once(socket, 'open');
    return socket;
  };
  const [living, dead] = [await connect(true), await connect(false)];
  const pinged = Promise.all([once(living, 'ping'), once(dead, 'ping')]);
  t.mock.timers.tick(30_000);
  await pinged;
  // The pong is on its way; an answer to what is sent after it says that it has arrived.
  const answered = once(living, 'message');
  living.send('{"type":"ping"}');
  await answered;
  const [closed, pingedAgain] = [once(dead, 'close'), once(living, 'ping')];
  t.mock.timers.tick(30_000);
  assert.equal((await closed)[0], 1006);
  await pingedAgain;
  assert.equal(living.readyState, WebSocket.OPEN);
  living.terminate();
  await webSockets.close();
  server.close();
});
