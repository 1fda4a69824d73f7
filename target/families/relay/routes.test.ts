import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type TestDatabase, testDatabase } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { MAX_CHANGES } from './change.ts';
import { TestDevice } from './device.fixture.ts';
import { PAGE_SIZE } from './routes.ts';

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

/** Devices of an account that no other test uses. */
function devices(howMany: number): TestDevice[] {
  const token = randomUUID();
  return Array.from({ length: howMany }, () => new TestDevice(target.url, token));
}

const ids = (changes: { id: string }[]) => changes.map(({ id }) => id);

test('an acknowledged change is read by the other device as it was sent, and not by its own', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  const change = writer.change();
  const pushed = await writer.push([change]);
  assert.equal(pushed.status, 200);
  assert.deepEqual(pushed.body.accepted, [change.id]);
  assert.deepEqual(pushed.body.rejected, []);
  assert.equal(pushed.body.success, true);

  const pulled = await reader.pull();
  assert.deepEqual(pulled.body.changes, [{ ...change, device_id: writer.id }]);
  assert.equal(pulled.body.has_more, false);
  assert.deepEqual((await writer.pull()).body.changes, []);
});

test('the cursor is exclusive, never moves back, and is the pulled one when the account is empty', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  assert.equal((await reader.pull(7)).body.timestamp, 7);
  await writer.push([writer.change()]);
  const first = await reader.pull();
  const second = await reader.pull(first.body.timestamp);
  assert.deepEqual(second.body.changes, []);
  assert.equal(second.body.timestamp, first.body.timestamp);
  const later = first.body.timestamp + 1_000_000;
  assert.equal((await reader.pull(later)).body.timestamp, later);
});

test('a change may come from another device than the push', async () => {
  const [gateway, sensor] = devices(2) as [TestDevice, TestDevice];
  const change = sensor.change({ device_id: sensor.id });
  await gateway.push([change]);
  assert.deepEqual((await sensor.pull()).body.changes, []);
  assert.deepEqual(ids((await gateway.pull()).body.changes), [change.id]);
});

test('accounts do not see each other', async () => {
  const [writer] = devices(1) as [TestDevice];
  const [stranger] = devices(1) as [TestDevice];
  const change = writer.change();
  await writer.push([change]);
  assert.deepEqual((await stranger.pull()).body.changes, []);
  // The same id is free in another account.
  assert.deepEqual((await stranger.push([change])).body.accepted, [change.id]);
});

test('pages of 100, in order, nothing lost and nothing twice', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  const changes = Array.from({ length: 2 * PAGE_SIZE + 1 }, () => writer.change());
  await writer.push(changes);
  const sizes = [];
  const seen = [];
  let cursor = 0;
  for (let more = true; more; ) {
    const { body } = await reader.pull(cursor);
    sizes.push(body.changes.length);
    seen.push(...ids(body.changes));
    cursor = body.timestamp;
    more = body.has_more;
  }
  assert.deepEqual(sizes, [PAGE_SIZE, PAGE_SIZE, 1]);
  assert.deepEqual(seen, ids(changes));
});

test('exactly one full page has no more', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  await writer.push(Array.from({ length: PAGE_SIZE }, () => writer.change()));
  const { body } = await reader.pull();
  assert.equal(body.changes.length, PAGE_SIZE);
  assert.equal(body.has_more, false);
});

test('a reader that follows the cursor while many devices push gets every change exactly once', async () => {
  const [reader, ...writers] = devices(9) as [TestDevice, ...TestDevice[]];
  const acknowledged: string[] = [];
  let writing = true;
  const written = Promise.all(
    // Long pushes beside short ones: a short one that began later could commit before.
    writers.map(async (writer, index) => {
      const size = index % 2 === 0 ? 1 : 25;
      for (let sent = 0; sent < 50; sent += size) {
        const { body } = await writer.push(Array.from({ length: size }, () => writer.change()));
        acknowledged.push(...body.accepted);
      }
    }),
  ).finally(() => {
    writing = false;
  });

  const seen: string[] = [];
  let cursor = 0;
  for (let last = false; !last; ) {
    last = !writing;
    let more = true;
    while (more) {
      const { body } = await reader.pull(cursor);
      seen.push(...ids(body.changes));
      cursor = body.timestamp;
      more = body.has_more;
    }
  }
  await written;
  assert.equal(acknowledged.length, 8 * 50);
  assert.deepEqual(seen.toSorted(), acknowledged.toSorted());
});

test('an id that is stored already is rejected, within one push too', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  const change = writer.change();
  await writer.push([change]);
  const fresh = writer.change();
  const again = await writer.push([{ ...writer.change(), id: change.id }, fresh, { ...writer.change(), id: fresh.id }]);
  assert.equal(again.status, 200);
  assert.equal(again.body.success, false);
  assert.deepEqual(again.body.accepted, [fresh.id]);
  const reason = 'Duplicate or outdated change';
  assert.deepEqual(again.body.rejected, [
    { id: change.id, reason },
    { id: fresh.id, reason },
  ]);
  assert.deepEqual(ids((await reader.pull()).body.changes), [change.id, fresh.id]);
});

test("a change as old as one of its device's for the same entity is outdated; a concurrent one is not", async () => {
  const [one, two] = devices(2) as [TestDevice, TestDevice];
  const entity = randomUUID();
  const at = (device: TestDevice, vector: Record<string, number>, fields = {}) =>
    device.change({ entity_id: entity, version_vector: vector, ...fields });
  const accepts = async (device: TestDevice, ...changes: ReturnType<typeof at>[]) =>
    (await device.push(changes)).body.accepted.length;

  assert.equal(await accepts(one, at(one, { [one.id]: 2 })), 1);
  assert.equal(await accepts(one, at(one, { [one.id]: 2 })), 0, 'equal');
  assert.equal(await accepts(one, at(one, { [one.id]: 1 })), 0, 'older');
  assert.equal(await accepts(one, at(one, { [one.id]: 3 }), at(one, { [one.id]: 4 })), 2, 'in a row');
  assert.equal(await accepts(one, at(one, { [one.id]: 5 }), at(one, { [one.id]: 5 })), 1, 'equal in one push');
  assert.equal(await accepts(two, at(two, { [two.id]: 1 })), 1, 'concurrent');
  assert.equal(await accepts(one, at(one, { [one.id]: 1 }, { entity_type: 'invoice' })), 1, 'another entity');
  assert.equal(await accepts(one, at(one, {}), at(one, {})), 2, 'no counter of its own');
});

test('an empty push is accepted', async () => {
  const [writer] = devices(1) as [TestDevice];
  const { status, body } = await writer.push([]);
  assert.equal(status, 200);
  assert.deepEqual(body.accepted, []);
});

test('texts survive as they are: quotes, backslashes, NULL, other scripts', async () => {
  const [writer, reader] = devices(2) as [TestDevice, TestDevice];
  const changes = ['"', '\\', 'NULL', '{a,b}', 'žluťoučký 💶', "'; DROP TABLE x; --"].map((id) =>
    writer.change({ id, entity_id: id }),
  );
  await writer.push(changes);
  const { body } = await reader.pull();
  assert.deepEqual(
    body.changes,
    changes.map((change) => ({ ...change, device_id: writer.id })),
  );
});

test('another protocol version is a mismatch, on push and pull', async () => {
  const [device] = devices(1) as [TestDevice];
  for (const answer of [
    await device.push([], { protocol_version: '2.0.0' }),
    await device.pull(0, { protocol_version: '2.0.0' }),
  ]) {
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, 'PROTOCOL_MISMATCH');
    assert.match(answer.body.error.message, /"2\.0\.0".*1\.0\.0/);
    assert.equal(typeof answer.body.timestamp, 'number');
  }
});

test('an invalid request names its field', async () => {
  const [device] = devices(1) as [TestDevice];
  const broken = (fields: object) => device.push([device.change(), { ...device.change(), ...fields }]);
  const cases: [Promise<Awaited<ReturnType<TestDevice['push']>>>, string][] = [
    [device.push([], { protocol_version: undefined }), 'protocol_version'],
    [device.push([], { device_id: undefined }), 'device_id'],
    [device.push([], { timestamp: 'now' }), 'timestamp'],
    [device.push('x'), 'changes'],
    [device.push([null]), 'changes[0]'],
    [broken({ id: '' }), 'changes[1].id'],
    [broken({ id: 'a\0' }), 'changes[1].id'],
    [broken({ id: 'a'.repeat(201) }), 'changes[1].id'],
    [broken({ entity_type: 'vm' }), 'changes[1].entity_type'],
    [broken({ entity_id: 5 }), 'changes[1].entity_id'],
    [broken({ operation: 'UPSERT' }), 'changes[1].operation'],
    [broken({ encrypted_payload: 'not base64!' }), 'changes[1].encrypted_payload'],
    [broken({ version_vector: [] }), 'changes[1].version_vector'],
    [broken({ version_vector: { a: -1 } }), 'changes[1].version_vector["a"]'],
    [broken({ timestamp: null }), 'changes[1].timestamp'],
    [broken({ device_id: 7 }), 'changes[1].device_id'],
    [device.pull(0, { device_id: undefined }), 'device_id'],
    [device.pull(0, { since_timestamp: 1.5 }), 'since_timestamp'],
    [device.pull(0, { sync_vector: undefined }), 'sync_vector'],
  ];
  for (const [answering, field] of cases) {
    const { status, body } = await answering;
    assert.equal(status, 400, field);
    assert.equal(body.error.code, 'INVALID_REQUEST');
    assert.ok(body.error.message.startsWith(`${field} must be`), body.error.message);
  }
  assert.deepEqual(
    (await new TestDevice(target.url, device.token).pull()).body.changes,
    [],
    'nothing of them is stored',
  );
});

test('a body that is no JSON is invalid', async () => {
  for (const [type, body] of [
    ['application/json', '{'],
    ['application/json', ''],
    ['text/plain', 'push'],
  ] as const) {
    const response = await fetch(`${target.url}/sync/push`, {
      method: 'POST',
      headers: { 'content-type': type, authorization: 'Bearer some-account' },
      body,
    });
    assert.equal(response.status, 400);
    assert.equal((await response.json()).error.code, 'INVALID_REQUEST');
  }
});

test('1,000 changes are stored; one more, or a body over 5 MB, is too large', async () => {
  const [writer] = devices(1) as [TestDevice];
  const changes = Array.from({ length: MAX_CHANGES + 1 }, () => writer.change());
  const tooMany = await writer.push(changes);
  assert.equal(tooMany.status, 413);
  assert.equal(tooMany.body.error.code, 'PAYLOAD_TOO_LARGE');
  assert.match(tooMany.body.error.message, /1001 entries; at most 1000/);
  assert.equal((await writer.push(changes.slice(1))).body.accepted.length, MAX_CHANGES);

  const tooLong = await writer.push([writer.change({ encrypted_payload: 'A'.repeat(5 * 1024 * 1024) })]);
  assert.equal(tooLong.status, 413);
  assert.equal(tooLong.body.error.code, 'PAYLOAD_TOO_LARGE');
  assert.match(tooLong.body.error.message, /5 MB/);
});

test('without a valid token nothing is answered', async () => {
  for (const token of ['', 'short', 'at_never-issued']) {
    const device = new TestDevice(target.url, token);
    for (const { status, body } of [await device.push([]), await device.pull()]) {
      assert.equal(status, 401, token);
      assert.equal(body.error.code, 'UNAUTHORIZED');
    }
  }
});

test('version, regions and service level are open to everybody', async () => {
  const get = async (path: string) => {
    const response = await fetch(target.url + path);
    assert.equal(response.status, 200);
    return response.json();
  };
  assert.equal((await get('/sync/version')).protocol_version, '1.0.0');
  assert.equal((await get('/sync/regions')).regions.length, 1);
  const sla = await get('/sync/metrics/sla');
  assert.equal(sla.availability, 1);
  assert.ok(sla.requests_total > 0);
});

test('an unknown route is not found, in the shape of every error', async () => {
  const response = await fetch(`${target.url}/sync/pusher?x=1`);
  assert.equal(response.status, 404);
  assert.deepEqual((await response.json()).error, { code: 'NOT_FOUND', message: 'No route GET /sync/pusher.' });
});
