/** Rooms of a real Hocuspocus server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Server } from '@hocuspocus/server';
import { WebSocketServer } from 'ws';
import type { SliceContext } from '../../support/worker/vu.ts';
import { areMerged, Replica } from '../apis/relay/replica.ts';
import { recorded, testSlice, withSettings } from '../slice.fixture.ts';
import { RoomClient } from './room.ts';
import { checkRooms, yjsDialectOf } from './room-dialect.ts';
import { roomWire } from './room-wire.ts';
import { roomSettings } from './settings.ts';

let clients = 0;

async function serve(t: TestContext): Promise<{ server: Server; slice: SliceContext }> {
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    quiet: true,
    stopOnSignals: false,
    async onAuthenticate({ token }) {
      if (token !== 'a-token') throw new Error('no');
    },
  });
  await server.listen();
  t.after(() => server.destroy());
  const slice = withSettings(testSlice('http://127.0.0.1'), { YJS_URL: `ws://127.0.0.1:${server.address.port}` });
  return { server, slice };
}

function device(t: TestContext, slice: SliceContext, room: string, token = 'a-token') {
  clients += 1;
  const replica = new Replica(`device-${clients}`, clients);
  const wire = roomWire('hocuspocus', roomSettings(slice.target).yjsUrl, room, token);
  const client = new RoomClient(slice, replica, { wire, timeoutMs: 10_000 });
  t.after(() => client.close());
  return { replica, client };
}

/** Resolves when all of them hold the same. */
async function merged(...replicas: Replica[]): Promise<void> {
  while (!areMerged(replicas)) {
    await new Promise<void>((resolve) => {
      for (const replica of replicas) replica.onReceived = resolve;
    });
  }
}

test('replicas in one room hold the same, others hear nothing, and who comes later gets everything', async (t) => {
  const { slice } = await serve(t);
  const [one, other, elsewhere, late] = ['a', 'a', 'b', 'a'].map((room) => device(t, slice, room));
  assert.ok(one && other && elsewhere && late);
  one.replica.change('before', { cents: 1 });
  const connected = await Promise.all([one, other, elsewhere].map(({ client }) => client.connect()));
  assert.deepEqual(connected, [true, true, true]);
  one.replica.change('milk', { cents: 2 });
  other.replica.change('bread', { cents: 3 });
  await merged(one.replica, other.replica);
  assert.equal(await late.client.connect(), true);
  await merged(one.replica, late.replica);
  assert.equal(elsewhere.replica.received, 0);
  assert.deepEqual(slice.recorder.errors, {});
});

test('a token that is refused, and a room that the target closes, are errors with their names', async (t) => {
  const { server, slice } = await serve(t);
  assert.equal(await device(t, slice, 'a', 'another').client.connect(), false);
  assert.deepEqual(slice.recorder.errors, { 'WebSocket: the Yjs room denies access': 1 });
  const { client } = device(t, slice, 'b');
  assert.equal(await client.connect(), true);
  server.hocuspocus.closeConnections('b');
  while (client.synced) await new Promise(setImmediate);
  assert.ok(Object.keys(slice.recorder.errors).includes('WebSocket: the Yjs room was closed by the target'));
});

test('its dialect is found out, unless it is configured, and nothing of that is measured', async (t) => {
  const { slice } = await serve(t);
  assert.equal(await yjsDialectOf(slice, 'probe', 'a-token'), 'hocuspocus');
  const configured = withSettings(slice, { YJS_DIALECT: 'y-websocket' });
  assert.equal(await yjsDialectOf(configured, 'probe', 'a-token'), 'y-websocket');
  assert.deepEqual(recorded(slice), {});
  assert.deepEqual(slice.recorder.errors, {});
});

test('an embedded target beside it does not make its rooms ours', async (t) => {
  const { slice } = await serve(t);
  const embedded = { ...slice, target: { ...slice.target, embedded: true } };
  assert.equal(await yjsDialectOf(embedded, 'probe', 'a-token'), 'y-websocket');
  const own = { ...embedded, target: { ...embedded.target, configured: ['YJS_URL'] } };
  assert.equal(await yjsDialectOf(own, 'probe', 'a-token'), 'hocuspocus');
});

test('it is taken before the load, in any dialect or in its own; what it refuses is one sentence', async (t) => {
  const { slice } = await serve(t);
  const { yjsUrl } = roomSettings(slice.target);
  await checkRooms(slice, 'probe', 'a-token');
  await checkRooms(withSettings(slice, { YJS_DIALECT: 'hocuspocus' }), 'probe', 'a-token');
  await assert.rejects(
    checkRooms(withSettings(slice, { YJS_DIALECT: 'hocuspocus' }), 'probe', 'another'),
    new Error(
      `YJS_URL ${yjsUrl}/ does not speak hocuspocus, as YJS_DIALECT says (the Yjs room denies access); allowed is a server that does.`,
    ),
  );
  assert.deepEqual([recorded(slice), slice.recorder.errors], [{}, {}]);
});

test('a server that speaks neither is one sentence that says what it did', async (t) => {
  const webSockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  webSockets.on('connection', (webSocket) => webSocket.send('hello'));
  await once(webSockets, 'listening');
  t.after(() => webSockets.close());
  const url = `ws://127.0.0.1:${(webSockets.address() as AddressInfo).port}/rooms`;
  const why = 'text where binary is due';
  await assert.rejects(
    checkRooms(withSettings(testSlice('http://127.0.0.1'), { YJS_URL: url }), 'probe', 'a-token'),
    new Error(
      `YJS_URL ${url} speaks neither y-websocket (${why}) nor hocuspocus (${why}); allowed is a server of Yjs rooms in one of these.`,
    ),
  );
});
