import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, afterEach, before, test } from 'node:test';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { TestReplica } from './yjs-replica.fixture.ts';
import { EMPTY_STEP_2, writeStep1, writeUpdate } from './yjs-wire.ts';

let database: TestDatabase;
let target: Target;
let replicas: TestReplica[] = [];
before(async () => {
  database = await testDatabase();
  target = await startTarget({ webFolder: 'none', databaseUrl: database.url });
});
afterEach(async () => {
  await Promise.all(replicas.map((replica) => replica.leave()));
  replicas = [];
});
after(async () => {
  await target?.stop();
  await database?.stop();
});

async function enter(room: string, token: string): Promise<TestReplica> {
  const replica = await TestReplica.enter(target.url, room, token);
  replicas.push(replica);
  return replica;
}

/** A room of an account that no other test uses. */
function newRoom(): { room: string; token: string } {
  return { room: `room-${randomUUID()}`, token: randomUUID() };
}

async function roomsInMemory(): Promise<number> {
  const metrics = await (await fetch(`${target.url}/metrics`)).text();
  return Number(/^yjs_rooms (\d+)$/m.exec(metrics)?.[1]);
}

async function storedUpdates(room: string): Promise<number> {
  const { rows } = await target.database.pool.query(
    'SELECT count(*)::int AS count FROM tandem.yjs_updates WHERE room = $1',
    [room],
  );
  return rows[0].count;
}

/** Updates of rooms that come in meanwhile have to wait. */
async function whileNothingIsStored<T>(work: () => Promise<T>): Promise<T> {
  const client = await target.database.pool.connect();
  try {
    await client.query('BEGIN; LOCK TABLE tandem.yjs_updates IN ACCESS EXCLUSIVE MODE');
    return await work();
  } finally {
    await client.query('COMMIT');
    client.release();
  }
}

function stateOf({ doc }: TestReplica): unknown {
  return { content: doc.getMap('map').toJSON(), vector: [...encodeStateVector(doc)] };
}

test('replicas that write at the same time converge, in content and state vector', async () => {
  const { room, token } = newRoom();
  const all = await Promise.all([enter(room, token), enter(room, token), enter(room, token)]);
  all.forEach((replica, index) => {
    for (let write = 0; write < 20; write++) {
      replica.map.set('contested', `${index}.${write}`);
      replica.map.set(`own ${index}.${write}`, write);
    }
    replica.map.delete(`own ${index}.0`);
  });
  const complete = (replica: TestReplica) => all.every((_, index) => !replica.map.has(`own ${index}.0`));
  for (const replica of all) await replica.until(() => replica.map.size === 1 + 3 * 19 && complete(replica));
  assert.deepEqual(stateOf(all[1]!), stateOf(all[0]!));
  assert.deepEqual(stateOf(all[2]!), stateOf(all[0]!));
});

test('what others are given is in the database, and comes back to its sender too', async () => {
  const { room, token } = newRoom();
  const [writer, reader] = [await enter(room, token), await enter(room, token)];
  writer.map.set('a', 1);
  await Promise.all([reader.until(() => reader.map.get('a') === 1), writer.until(() => writer.received[2] === 1)]);
  assert.equal(await storedUpdates(room), 1);
});

test('who comes later gets everything, and gives what the room does not have', async () => {
  const { room, token } = newRoom();
  const first = await enter(room, token);
  first.map.set('a', 1);
  first.map.set('b', 2);
  await first.until(() => first.received[2] === 2);
  const second = await enter(room, token);
  assert.deepEqual(second.map.toJSON(), { a: 1, b: 2 });

  // Written without a connection; the server asks for it with its own sync step 1.
  const { room: other } = newRoom();
  const socket = new WebSocket(`${target.url.replace('http', 'ws')}/yjs/${other}?token=${token}`);
  const offline = new Doc();
  offline.getMap('map').set('offline', true);
  socket.once('message', () => socket.send(writeUpdate(encodeStateAsUpdate(offline))));
  const reader = await enter(other, token);
  await reader.until(() => reader.map.get('offline') === true);
  socket.terminate();
});

test('a room leaves the memory with its last connection, and comes back from the database', async () => {
  // Those of other tests may be on their way out.
  while ((await roomsInMemory()) > 0);
  const { room, token } = newRoom();
  const [one, two] = [await enter(room, token), await enter(room, token)];
  one.map.set('a', 1);
  two.map.set('b', 2);
  await one.leave();
  assert.equal(await roomsInMemory(), 1);
  // Written in the last moment: the room stays until it is stored.
  two.map.set('c', 3);
  await two.leave();
  while ((await roomsInMemory()) > 0);
  const again = await enter(room, token);
  assert.deepEqual(again.map.toJSON(), { a: 1, b: 2, c: 3 });
  again.map.delete('a');
  await again.leave();
  while ((await roomsInMemory()) > 0);
  assert.deepEqual((await enter(room, token)).map.toJSON(), { b: 2, c: 3 });
});

test('a room is the account’s own, and its name may hold slashes and other scripts', async () => {
  const { room, token } = newRoom();
  const [mine, other, deeper] = [
    await enter(room, token),
    await enter(room, randomUUID()),
    await enter(`${room}/%C5%BElu%C5%A5`, token),
  ];
  mine.map.set('secret', 1);
  deeper.map.set('deeper', 1);
  await Promise.all([mine.until(() => mine.received[2] === 1), deeper.until(() => deeper.received[2] === 1)]);
  await Promise.all([other.resync(), deeper.resync()]);
  assert.deepEqual(other.map.toJSON(), {});
  assert.deepEqual(deeper.map.toJSON(), { deeper: 1 });
  const { rows } = await target.database.pool.query('SELECT room FROM tandem.yjs_updates WHERE room LIKE $1', [
    `${room}/%`,
  ]);
  assert.deepEqual(rows, [{ room: `${room}/žluť` }]);
});

test('an update whose predecessor is missing is kept until it comes, over a reload too', async () => {
  const { room, token } = newRoom();
  const author = new Doc();
  const updates: Uint8Array[] = [];
  author.on('update', (update: Uint8Array) => updates.push(update));
  author.getMap('map').set('a', 1);
  author.getMap('map').set('a', 2);
  const early = await enter(room, token);
  early.socket.send(writeUpdate(updates[1]!));
  await early.resync();
  await early.leave();
  while ((await roomsInMemory()) > 0);
  const late = await enter(room, token);
  assert.deepEqual(late.map.toJSON(), {});
  late.socket.send(writeUpdate(updates[0]!));
  await late.until(() => late.map.get('a') === 2);
});

test('nothing new is neither stored nor sent on', async () => {
  const { room, token } = newRoom();
  const [writer, reader] = [await enter(room, token), await enter(room, token)];
  writer.map.set('a', 1);
  writer.map.delete('a');
  await reader.until(() => reader.received[2] === 2);
  writer.socket.send(writeUpdate(encodeStateAsUpdate(writer.doc)));
  writer.socket.send(EMPTY_STEP_2);
  await writer.resync();
  await reader.resync();
  assert.equal(reader.received[2], 2);
  assert.equal(await storedUpdates(room), 2);
});

test('who is here, and where, is relayed, given on request, and taken back when a connection ends', async () => {
  const { room, token } = newRoom();
  const one = await enter(room, token);
  one.present({ name: 'Ada' });
  const two = await enter(room, token);
  const adas = () => two.awareness.getStates().get(one.doc.clientID);
  await two.until(() => adas()?.name === 'Ada');
  one.present({ name: 'Ada', cursor: 5 });
  await two.until(() => adas()?.cursor === 5);
  two.awareness.states.clear();
  two.awareness.meta.clear();
  two.queryAwareness();
  await two.until(() => adas()?.cursor === 5);
  one.socket.terminate();
  await two.until(() => adas() === undefined);
});

test('text is refused with 1003, what is no message of the protocol with 1007, and nobody else notices', async () => {
  const { room, token } = newRoom();
  const witness = await enter(room, token);
  const broken = new Doc();
  broken.getMap('map').set('x', 1);
  const cases: [string | Uint8Array, number][] = [
    ['{"type":"ping"}', 1003],
    [Uint8Array.of(), 1007],
    [Uint8Array.of(9), 1007],
    [Uint8Array.of(0, 7, 0), 1007],
    [Uint8Array.of(0, 2), 1007],
    [Uint8Array.of(0, 2, 200), 1007],
    [writeUpdate(Uint8Array.of(255, 255, 255)), 1007],
    [writeUpdate(encodeStateAsUpdate(broken).slice(0, -1)), 1007],
    [writeStep1(Uint8Array.of(5, 1)), 1007],
    [Uint8Array.of(1, 3, 1, 1, 1), 1007],
    [Buffer.alloc(6 * 1024 * 1024), 1009],
  ];
  for (const [message, code] of cases) {
    const replica = await enter(room, token);
    const closed = once(replica.socket, 'close');
    replica.socket.send(message);
    assert.equal((await closed)[0], code, String(message).slice(0, 50));
  }
  witness.map.set('fine', true);
  await witness.until(() => witness.received[2] >= 1);
  assert.equal((await enter(room, token)).map.get('fine'), true);
});

test('a connection that announces more clients than a provider has is closed', async () => {
  const { room, token } = newRoom();
  const replica = await enter(room, token);
  const closed = once(replica.socket, 'close');
  const states = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 101);
    for (let client = 1; client <= 101; client++) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, 1);
      encoding.writeVarString(encoder, '{}');
    }
  });
  replica.send((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, states);
  });
  assert.equal((await closed)[0], 1008);
});

test('an update that the database does not take is given to nobody: the room closes, and is whole again', async (t) => {
  t.mock.method(console, 'error', () => {});
  const { room, token } = newRoom();
  const [writer, reader] = [await enter(room, token), await enter(room, token)];
  writer.map.set('a', 1);
  await reader.until(() => reader.map.has('a'));
  const { pool } = target.database;
  await pool.query('ALTER TABLE tandem.yjs_updates RENAME TO away');
  const closed = Promise.all([once(writer.socket, 'close'), once(reader.socket, 'close')]);
  writer.map.set('b', 2);
  const codes = (await closed).map(([code]) => code);
  await pool.query('ALTER TABLE tandem.away RENAME TO yjs_updates');
  assert.deepEqual(codes, [1011, 1011]);
  assert.deepEqual(reader.map.toJSON(), { a: 1 });
  const again = await enter(room, token);
  assert.deepEqual(again.map.toJSON(), { a: 1 });
  applyUpdate(again.doc, encodeStateAsUpdate(writer.doc));
  const witness = await enter(room, token);
  await witness.until(() => witness.map.get('b') === 2);
});

test('who enters while an update is being stored is asked for what it has, too', async () => {
  const { room, token } = newRoom();
  const writer = await enter(room, token);
  const socket = await whileNothingIsStored(async () => {
    writer.map.set('a', 1);
    // Its pong says that the server has read the update.
    writer.socket.ping();
    await once(writer.socket, 'pong');
    const socket = new WebSocket(`${target.url.replace('http', 'ws')}/yjs/${room}?token=${token}`);
    const [greeting] = (await once(socket, 'message')) as [Buffer];
    assert.deepEqual([...greeting.subarray(0, 2)], [0, 0], 'sync step 1');
    return socket;
  });
  await writer.until(() => writer.updates.length === 1);
  socket.terminate();
});

test('a room reads no more than it may have waiting, and loses nothing', async () => {
  const { room, token } = newRoom();
  const [writer, reader] = [await enter(room, token), await enter(room, token)];
  await whileNothingIsStored(async () => {
    const large = new Uint8Array(4 * 1024 * 1024);
    for (let write = 0; write < 3; write++) writer.map.set(String(write), large);
    await (await fetch(`${target.url}/metrics`)).text();
    assert.equal(reader.map.size, 0);
  });
  await reader.until(() => reader.map.size === 3);
});

test('a client that does not read is disconnected', async () => {
  const { room, token } = newRoom();
  const [writer, reader] = [await enter(room, token), await enter(room, token)];
  reader.socket.pause();
  const closed = once(reader.socket, 'close');
  let written = 0;
  while (written < 8) {
    writer.present({ written: ++written, text: 'x'.repeat(4 * 1024 * 1024) });
    await once(writer.socket, 'message');
  }
  reader.socket.resume();
  assert.equal((await closed)[0], 1006);
});

test('an upgrade without account or room is refused', async () => {
  const refusal = async (path: string) => {
    const socket = new WebSocket(target.url.replace('http', 'ws') + path);
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    const body = JSON.parse((await response.toArray()).join(''));
    return [response.statusCode, body.error.code, body.error.message];
  };
  assert.equal((await refusal('/yjs/room'))[0], 401);
  assert.equal((await refusal('/yjs/room?token=at_never'))[1], 'UNAUTHORIZED');
  const named = [400, 'INVALID_REQUEST', 'The room in the path must be a text of 1 to 200 characters.'];
  assert.deepEqual(await refusal('/yjs/?token=an-account'), named);
  assert.deepEqual(await refusal(`/yjs/${'x'.repeat(201)}?token=an-account`), named);
  assert.match((await refusal('/yjs/%ff?token=an-account'))[2], /percent-encoded UTF-8\.$/);
  assert.equal((await refusal('/yjs?token=an-account'))[0], 404);
});
