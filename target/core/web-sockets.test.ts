import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { SyncSockets } from '../families/relay/sockets.ts';
import type { Accounts } from './accounts.ts';
import { WebSockets } from './web-sockets.ts';

test('who is silent is pinged, who stays silent is ended, and connections are looked at in turns', async (t) => {
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
  const [living, dead, talking] = [await connect(true), await connect(false), await connect(false)];
  assert.equal(webSockets.size, 3);
  /** What is sent is there before the answer to it. */
  const talk = async (socket: WebSocket) => {
    const answered = once(socket, 'message');
    socket.send('{"type":"ping"}');
    await answered;
  };
  const pings = { living: 0, dead: 0, talking: 0 };
  living.on('ping', () => (pings.living += 1));
  dead.on('ping', () => (pings.dead += 1));
  talking.on('ping', () => (pings.talking += 1));

  await talk(talking);
  const pinged = once(living, 'ping');
  t.mock.timers.tick(1_000);
  await pinged;
  assert.deepEqual(
    pings,
    { living: 1, dead: 0, talking: 0 },
    'a thirtieth of the time, a thirtieth of the connections',
  );
  const deadPinged = once(dead, 'ping');
  t.mock.timers.tick(29_000);
  await deadPinged;
  await talk(talking);
  await talk(living);
  assert.deepEqual(pings, { living: 1, dead: 1, talking: 0 });

  const closed = once(dead, 'close');
  t.mock.timers.tick(30_000);
  assert.equal((await closed)[0], 1006);
  const pingedAgain = Promise.all([once(living, 'ping'), once(talking, 'ping')]);
  t.mock.timers.tick(30_000);
  await pingedAgain;
  assert.deepEqual(pings, { living: 2, dead: 1, talking: 1 });
  assert.equal(webSockets.size, 2);
  for (const socket of [living, talking]) socket.terminate();
  await webSockets.close();
  server.close();
});
