import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { startTarget, type Target } from '../../target/target.ts';
import { areMerged, Replica } from '../apis/relay/replica.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { RoomClient } from './room.ts';
import { roomWire } from './room-wire.ts';

let database: TestDatabase;
let target: Target;
before(async () => {
  database = await testDatabase();
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url });
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

const EMPTY_STEP_2 = [0, 1, 2, 0, 0];

let clients = 0;

/** A replica in a room. */
function device(t: TestContext, url: string, timeoutMs = 10_000) {
  const slice = testSlice('http://127.0.0.1');
  clients += 1;
  const replica = new Replica(`device-${clients}`, clients);
  const room = new RoomClient(slice, replica, { wire: { ...roomWire('y-websocket', '', '', ''), url }, timeoutMs });
  t.after(() => room.close());
  return { replica, room, slice, errors: slice.recorder.errors };
}

const roomUrl = (name: string) => `${target.url.replace('http', 'ws')}/yjs/${name}?token=room-tests`;

/** Resolves when all of them hold the same. */
async function merged(...replicas: Replica[]): Promise<void> {
  while (!areMerged(replicas)) {
    await new Promise<void>((resolve) => {
      for (const replica of replicas) replica.onReceived = resolve;
    });
  }
}

/** A relay of a test's own: `act` gets each frame of each connection. */
async function relay(t: TestContext, act: (webSocket: WebSocket, frame: Buffer | undefined) => void): Promise<string> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (webSocket) => {
    act(webSocket, undefined);
    webSocket.on('message', (frame: Buffer) => act(webSocket, frame));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const webSocket of webSockets.clients) webSocket.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/room`;
}

test('replicas in one room hold the same, and are synced from sync step 2 on', async (t) => {
  const [one, other] = [device(t, roomUrl('a')), device(t, roomUrl('a'))];
  assert.equal(one.room.synced, false);
  assert.deepEqual(await Promise.all([one.room.connect(), other.room.connect()]), [true, true]);
  assert.equal(one.room.synced, true);
  one.replica.change('milk', { cents: 1 });
  other.replica.change('milk', { cents: 2 });
  other.replica.change('bread', { cents: 3 });
  await merged(one.replica, other.replica);
  assert.equal(one.replica.received, 2);
  assert.deepEqual([one.errors, other.errors], [{}, {}]);
});

test('rooms do not hear each other, and one that comes later gets everything', async (t) => {
  const [one, elsewhere, late] = [device(t, roomUrl('b')), device(t, roomUrl('c')), device(t, roomUrl('b'))];
  await Promise.all([one.room.connect(), elsewhere.room.connect()]);
  one.replica.change('milk', {});
  await late.room.connect();
  await merged(one.replica, late.replica);
  assert.equal(elsewhere.replica.received, 0);
});

test('what was changed without a connection is sent with the next one, in both directions', async (t) => {
  const [one, other] = [device(t, roomUrl('d')), device(t, roomUrl('d'))];
  one.replica.change('before', {});
  await Promise.all([one.room.connect(), other.room.connect()]);
  await merged(one.replica, other.replica);
  await one.room.close();
  assert.equal(one.room.synced, false);
  one.replica.change('meanwhile here', {});
  other.replica.change('meanwhile there', {});
  assert.equal(await one.room.connect(), true);
  await merged(one.replica, other.replica);
  assert.deepEqual(one.errors, {});
});

test('who is connected does not connect again, nor does one who is about to be', async (t) => {
  const one = device(t, roomUrl('e'));
  await Promise.all([one.room.connect(), one.room.connect()]);
  assert.equal(await one.room.connect(), true);
  assert.deepEqual(recorded(one.slice).ws_sessions, { t: 'counter', sum: 1 });
});

test('a token that is refused is an error with its name', async (t) => {
  const one = device(t, roomUrl('f').replace('room-tests', 'short'));
  assert.equal(await one.room.connect(), false);
  assert.deepEqual(one.errors, { 'WebSocket: HTTP 401': 1 });
});

test('a kind of message that a server has of its own is left alone, once the room is synced', async (t) => {
  const own = await relay(t, (webSocket, received) => {
    if (received) return;
    for (const frame of [EMPTY_STEP_2, [102, 1, 0]]) webSocket.send(Uint8Array.from(frame));
    webSocket.close(1001);
  });
  const one = device(t, own);
  await one.room.connect();
  while (one.room.synced) await new Promise(setImmediate);
  assert.deepEqual(one.errors, { 'WebSocket: closed by the target (1001 going away)': 1 });
});

test('a room that never sends sync step 2 is given up in time', async (t) => {
  const one = device(t, await relay(t, () => {}), 1_000);
  assert.equal(await one.room.connect(), false);
  assert.equal(one.room.synced, false);
  assert.deepEqual(one.errors, { 'WebSocket: no sync step 2 from the Yjs room': 1 });
});

const messages: [what: string, frame: number[], error: string | undefined][] = [
  ['awareness', [1, 1, 0], undefined],
  ['a question for awareness', [3], undefined],
  ['a denial', [2, 0, 2, 110, 111], 'the Yjs room denies access'],
  ['nothing', [], 'no valid Yjs message'],
  ['another kind of message', [9, 1, 0], 'no valid Yjs message'],
  ['another kind of sync message', [0, 7, 1, 0], 'no valid Yjs message'],
  ['a message that is cut off', [0, 2, 100, 1], 'no valid Yjs message'],
  ['an update that is none', [0, 2, 2, 255, 255], 'no valid Yjs message'],
];
for (const [what, frame, error] of messages) {
  test(`the room sends ${what}: ${error ?? 'fine'}`, async (t) => {
    const url = await relay(t, (webSocket, received) => {
      if (received) return;
      webSocket.send(Uint8Array.from(frame));
      webSocket.send(Uint8Array.from(EMPTY_STEP_2));
    });
    const one = device(t, url);
    assert.equal(await one.room.connect(), error === undefined);
    assert.deepEqual(one.errors, error ? { [`WebSocket: ${error}`]: 1 } : {});
  });
}
