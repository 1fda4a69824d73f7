import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { decodeUpdate } from 'yjs';
import { TestReplica } from '../families/crdt/yjs-replica.fixture.ts';
import { TestDevice } from '../families/relay/device.fixture.ts';
import { TestOperator } from '../families/vms/operator.fixture.ts';
import { parseFaults, startTarget, type Target } from '../target.ts';
import { randomNumbers } from './faults/random-numbers.ts';
import { assertStrikes, SEED, SHARE } from './faults.fixture.ts';
import { type TestDatabase, testDatabase } from './target.fixture.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

async function withFaults<T>(faults: string, run: (target: Target) => Promise<T>, faultsSeed?: number): Promise<T> {
  const options = { webFolder: 'none', databaseUrl: database.url, faults: parseFaults(faults), faultsSeed };
  const target = await startTarget(options);
  try {
    return await run(target);
  } finally {
    await target.stop();
  }
}

/** Two devices of an account that no other test uses. */
function twoDevices(target: Target): [writer: TestDevice, reader: TestDevice] {
  const token = randomUUID();
  return [new TestDevice(target.url, token), new TestDevice(target.url, token)];
}

/** Asserts that the fault strikes as its share says; `strikes` tells of each time whether it did. */
async function assertShare(fault: string, strikes: (target: Target) => Promise<boolean[]>): Promise<void> {
  assertStrikes(fault, await withFaults(`${fault}=${SHARE}`, strikes, SEED));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const ids = (changes: { id: string }[]) => changes.map(({ id }) => id);

async function durationMs(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work;
  return performance.now() - startedAt;
}

test('a list of faults is read', () => {
  assert.deepEqual(parseFaults(''), []);
  const faults = parseFaults('latency=80ms, error=0.05@1m,crash@10s,stall=1.5s@500ms');
  assert.deepEqual(
    faults.map((fault) => fault.beginsAfterMs),
    [0, 60_000, 10_000, 500],
  );
});

test('a fault that is not known, or whose value is wrong, is named with what is allowed', () => {
  const cases: [string, RegExp][] = [
    [
      'latncy=80ms',
      /^TARGET_FAULTS: "latncy=80ms" is not a fault; known are .*crash, .*latency, .* each as name\[=value\]/,
    ],
    ['=5', /"=5" is not a fault/],
    ['latency', /"latency": no value is not a duration such as 80ms, 2s or 1m; usage: latency=<duration>/],
    ['latency=80', /"80" is not a duration/],
    ['latency=-1s', /"-1s" is not a duration/],
    ['error=5', /"5" is not a number from 0 to 1; usage: error=<share>/],
    ['error=', /"" is not a number from 0 to 1/],
    ['empty-pull=yes', /it takes no value, "yes" was given; usage: empty-pull/],
    ['rate-limit=often', /"often" is not a limit such as 60\/min; usage: rate-limit=<requests>\/<s, min or h>/],
    ['freeze-replica=1', /it takes no value, "1" was given/],
    ['slow-paint=soon', /"soon" is not a duration/],
    ...[
      'reset',
      'lose-write',
      'duplicate-change',
      'reject-silently',
      'drop-update',
      'truncate-json',
      'event-drop',
      'event-duplicate',
      'event-reorder',
      'message-lost',
      'message-reorder',
      'migration-data-loss',
      'migration-stuck',
      'migration-wrong-zone',
      'vm-lost',
      'vm-resurrect',
      'illegal-state',
    ].map((name): [string, RegExp] => [
      `${name}=2`,
      new RegExp(`"2" is not a number from 0 to 1; usage: ${name}=<share>`),
    ]),
    ['slow-body=', /"" is not a duration/],
    ['crash@soon', /"soon" is not a duration/],
    ['error=0.1,crash=1', /"crash=1": it takes no value/],
  ];
  for (const [list, message] of cases) {
    assert.throws(() => parseFaults(list), { name: 'StartError', message });
  }
});

test('latency comes on top of every API answer, and of no other', async () => {
  await withFaults('latency=150ms', async (target) => {
    const device = new TestDevice(target.url, randomUUID());
    // Node's timers may be a millisecond early.
    assert.ok((await durationMs(device.pull())) >= 149);
    assert.ok((await durationMs(device.push([device.change()]))) >= 149);
    assert.equal((await fetch(`${target.url}/health`)).status, 200);
  });
});

/** Requests one after the other; gives for each whether `failed` says so. */
async function strikesOf(url: string, failed: (response: Response) => Promise<boolean> | boolean): Promise<boolean[]> {
  const strikes = [];
  for (let request = 0; request < 12; request++) strikes.push(await fetch(url).then(failed, () => true));
  return strikes;
}

test('errors are the share that was asked for, and not of health', async () => {
  await assertShare('error', ({ url }) => strikesOf(`${url}/sync/version`, ({ status }) => status === 500));
  await withFaults('error=1', async (target) => {
    const [device] = twoDevices(target);
    assert.equal((await device.pull()).body.error.code, 'INTERNAL_ERROR');
    assert.equal((await fetch(`${target.url}/health`)).status, 200);
  });
});

test('two faults of the same share do not always strike together', async () => {
  const truncated = await withFaults('error=0.3,truncate-json=0.3', ({ url }) =>
    strikesOf(`${url}/sync/version`, async (response) => response.status === 200 && !isJson(await response.text())),
  );
  assert.ok(truncated.includes(true));
});

test('a reset comes instead of the answer: what was asked is done', async () => {
  await assertShare('reset', ({ url }) => strikesOf(`${url}/sync/version`, () => false));
  await withFaults('reset=1', async (target) => {
    const [device] = twoDevices(target);
    const change = device.change();
    await assert.rejects(device.push([change]), ({ cause }) => (cause as { code: string }).code === 'ECONNRESET');
    const { rows } = await target.database.pool.query('SELECT FROM tandem.changes WHERE id = $1', [change.id]);
    assert.equal(rows.length, 1);
    assert.equal((await fetch(`${target.url}/health`)).status, 200);
  });
});

test('truncated JSON arrives complete, by its content-length, and cannot be read', async () => {
  await assertShare('truncate-json', ({ url }) =>
    strikesOf(`${url}/sync/version`, async (response) => {
      const text = await response.text();
      assert.equal(Number(response.headers.get('content-length')), text.length);
      return !isJson(text);
    }),
  );
  await withFaults('truncate-json=1', async ({ url }) => {
    assert.equal((await (await fetch(`${url}/health`)).json()).status, 'ok');
  });
});

test('a slow body begins at once, takes its time, and is whole', async () => {
  await withFaults('slow-body=200ms', async (target) => {
    const [writer, reader] = twoDevices(target);
    const change = writer.change();
    assert.deepEqual((await writer.push([change])).body.accepted, [change.id]);
    const response = await fetch(`${target.url}/sync/regions`);
    assert.ok(Number(response.headers.get('content-length')) > 10);
    // Ten pauses, each of which Node's timers may shorten by a millisecond.
    assert.ok((await durationMs(response.text())) >= 170);
    assert.deepEqual(ids((await reader.pull()).body.changes), [change.id]);
    assert.equal((await fetch(`${target.url}/health`)).status, 200);
  });
});

test('rate-limit is per account, and of push and pull', async () => {
  await withFaults('rate-limit=2/h', async (target) => {
    const [device] = twoDevices(target);
    assert.equal((await device.pull()).status, 200);
    assert.equal((await device.push([])).status, 200);
    const { status, headers, body } = await device.pull();
    assert.equal(status, 429);
    assert.equal(body.error.code, 'RATE_LIMIT_EXCEEDED');
    assert.match(headers.get('retry-after') ?? '', /^\d+$/);
    const [stranger] = twoDevices(target);
    assert.equal((await stranger.pull()).status, 200);
    assert.equal((await fetch(`${target.url}/sync/version`)).status, 200);
  });
});

/** Pushes 30 changes, 10 at a time; gives what was answered and what another device then reads. */
async function pushAndPull(target: Target) {
  const [writer, reader] = twoDevices(target);
  const pushed: string[] = [];
  const accepted: string[] = [];
  const rejected: string[] = [];
  for (let push = 0; push < 3; push++) {
    const changes = Array.from({ length: 10 }, () => writer.change());
    pushed.push(...ids(changes));
    const { body } = await writer.push(changes);
    accepted.push(...body.accepted);
    rejected.push(...ids(body.rejected));
  }
  const read: string[] = [];
  for (let cursor = 0, more = true; more; ) {
    const { body } = await reader.pull(cursor);
    read.push(...ids(body.changes));
    cursor = body.timestamp;
    more = body.has_more;
  }
  return { pushed, accepted, rejected, read };
}

test('a lost write is acknowledged in its place, and never read', async () => {
  await assertShare('lose-write', async (target) => {
    const { pushed, accepted, rejected, read } = await pushAndPull(target);
    assert.deepEqual(accepted, pushed);
    assert.deepEqual(rejected, []);
    return pushed.map((id) => !read.includes(id));
  });
});

test('a silently rejected change is in no list of the answer, and never read', async () => {
  await assertShare('reject-silently', async (target) => {
    const { pushed, accepted, rejected, read } = await pushAndPull(target);
    assert.deepEqual(accepted, read);
    assert.deepEqual(rejected, []);
    return pushed.map((id) => !accepted.includes(id));
  });
});

test('what withholds changes leaves refusals as they are', async () => {
  await withFaults('lose-write=1,reject-silently=1', async (target) => {
    const [device] = twoDevices(target);
    assert.equal((await device.push('no list')).status, 400);
    assert.equal((await device.push([null])).status, 400);
    assert.equal((await device.push([device.change()], { protocol_version: '0' })).status, 400);
    assert.equal((await new TestDevice(target.url, 'short').push([device.change()])).status, 401);
  });
});

test('a duplicate comes in the same page or in the next, and nothing is missing', async () => {
  const pages = await withFaults(
    `duplicate-change=${SHARE}`,
    async (target) => {
      const [writer, reader] = twoDevices(target);
      const changes = Array.from({ length: 30 }, () => writer.change());
      await writer.push(changes);
      const places = new Map(ids(changes).map((id, place) => [id, place]));
      const pages: number[][] = [];
      for (let cursor = 0, pull = 0; pull < 3; pull++) {
        const { body } = await reader.pull(cursor);
        pages.push(ids(body.changes).map((id) => places.get(id)!));
        cursor = body.timestamp;
      }
      return pages;
    },
    SEED,
  );
  const random = randomNumbers(SEED, 'duplicate-change');
  const [same, next]: [number[], number[]] = [[], []];
  for (let place = 0; place < 30; place++) {
    same.push(place);
    if (random() < SHARE) (random() < 0.5 ? same : next).push(place);
  }
  assert.deepEqual(pages, [same, next, []]);
  assert.ok(same.length > 30 && next.length > 0);
});

async function inRoom(
  target: Target,
  howMany: number,
  work: (replicas: TestReplica[]) => Promise<void>,
): Promise<void> {
  const [room, token] = [randomUUID(), randomUUID()];
  const replicas: TestReplica[] = [];
  for (let nth = 1; nth <= howMany; nth++) replicas.push(await TestReplica.enter(target.url, room, token));
  await work(replicas);
  await Promise.all(replicas.map((replica) => replica.leave()));
}

test('a dropped update misses one receiver, is stored, and never misses its sender', async () => {
  await assertShare('drop-update', async (target) => {
    const missed: boolean[] = [];
    await inRoom(target, 3, async ([writer, ...readers]) => {
      for (let write = 0; write < 12; write++) writer!.map.set(String(write), write);
      await writer!.until(() => writer!.updates.length === 12);
      const came = await Promise.all(
        readers.map(async (reader) => {
          // An answer comes after everything that was sent before it.
          await reader.resync();
          assert.equal(reader.map.size, 12);
          return new Set(reader.updates.map((update) => decodeUpdate(update).structs[0]!.id.clock));
        }),
      );
      for (let clock = 0; clock < 12; clock++) missed.push(...came.map((clocks) => !clocks.has(clock)));
    });
    return missed;
  });
});

test('a frozen replica, every second of a room, is synced once and gets nothing ever after', async () => {
  await withFaults('freeze-replica', async (target) => {
    await inRoom(target, 4, async ([one, two, three, four]) => {
      one!.map.set('by one', 1);
      two!.map.set('by two', 2);
      for (const replica of [one!, three!]) await replica.until(() => replica.map.size === 2);
      for (const frozen of [two!, four!]) {
        const synced = frozen.received[1];
        await frozen.resync();
        assert.equal(frozen.received[1], synced + 1);
        assert.deepEqual(frozen.updates, []);
      }
      assert.deepEqual(two!.map.toJSON(), { 'by two': 2 });
      assert.deepEqual(four!.map.toJSON(), {});
    });
  });
  await withFaults('', async (target) => {
    await inRoom(target, 2, async ([one, two]) => {
      one!.map.set('by one', 1);
      await two!.until(() => two!.map.size === 1);
    });
  });
});

test('who enters a room late gets what it holds, frozen or not', async () => {
  await withFaults('freeze-replica,drop-update=1', async (target) => {
    const [room, token] = [randomUUID(), randomUUID()];
    const early = await TestReplica.enter(target.url, room, token);
    early.map.set('a', 1);
    await early.until(() => early.updates.length === 1);
    const late = await TestReplica.enter(target.url, room, token);
    assert.deepEqual(late.map.toJSON(), { a: 1 });
    await Promise.all([early.leave(), late.leave()]);
  });
});

test('empty-pull acknowledges, moves the cursor, and never gives a change', async () => {
  await withFaults('empty-pull', async (target) => {
    const token = randomUUID();
    const writer = new TestDevice(target.url, token);
    const change = writer.change();
    assert.deepEqual((await writer.push([change])).body.accepted, [change.id]);
    const reader = new TestDevice(target.url, token);
    const { status, body } = await reader.pull();
    assert.equal(status, 200);
    assert.deepEqual(body.changes, []);
    assert.ok(body.timestamp > 0);
    assert.equal((await reader.pull(0, { protocol_version: '0' })).body.error.code, 'PROTOCOL_MISMATCH');
  });
});

const VM = { name: 'a-vm', cpu_cores: 1, memory_mb: 512, disk_gb: 10, image: 'debian', zone: 'us-west-1' };

/** All VMs of an operator, by id. */
async function vmsOf(operator: TestOperator): Promise<Map<string, { id: string; status: string }>> {
  const { data, pagination } = (await operator.get('/api/v1/vms?limit=100')).body as unknown as {
    data: { id: string; status: string }[];
    pagination: { total: number };
  };
  assert.equal(data.length, pagination.total);
  return new Map(data.map((vm) => [vm.id, vm]));
}

/** An operator with forty VMs that run and are stopped in turn, and their ids. */
async function withVms(target: Target): Promise<[TestOperator, ids: string[]]> {
  const operator = new TestOperator(target);
  const vm = (nth: number) => operator.vm({ status: nth % 2 ? 'stopped' : 'running' });
  return [operator, await Promise.all(Array.from({ length: 40 }, (_, nth) => vm(nth)))];
}

test('a lost VM was created, by the answer, and is not there', async () => {
  await assertShare('vm-lost', async (target) => {
    const operator = new TestOperator(target);
    const created: string[] = [];
    for (let nth = 0; nth < 20; nth++) {
      const { status, body } = await operator.post('/api/v1/vms', VM);
      assert.equal(status, 201);
      created.push(String(body.id));
    }
    const vms = await vmsOf(operator);
    const lost = created.map((id) => !vms.has(id));
    for (const id of created.slice(0, 10)) {
      assert.equal((await operator.get(`/api/v1/vms/${id}`)).status, vms.has(id) ? 200 : 404);
    }
    return lost;
  });
});

test('a resurrected VM was deleted, by the answer, and is as before; one that was not there stays away', async () => {
  await assertShare('vm-resurrect', async (target) => {
    const [operator, ids] = await withVms(target);
    const before = await vmsOf(operator);
    for (const id of ids) assert.equal((await operator.request('DELETE', `/api/v1/vms/${id}`)).status, 204);
    assert.equal((await operator.request('DELETE', `/api/v1/vms/${randomUUID()}`)).status, 404);
    const after = await vmsOf(operator);
    for (const [id, vm] of after) assert.deepEqual(vm, before.get(id));
    return ids.map((id) => after.has(id));
  });
});

test('a VM in an illegal state was started or stopped, by the answer, and has its old state or migrates', async () => {
  const random = randomNumbers(SEED, 'illegal-state');
  const strike = async (target: Target) => {
    const [operator, ids] = await withVms(target);
    const before = await vmsOf(operator);
    const expected = new Map<string, string>();
    for (const id of ids) {
      const was = before.get(id)!.status;
      const [action, status] = was === 'running' ? ['stop', 'stopped'] : ['start', 'running'];
      const answer = await operator.post(`/api/v1/vms/${id}/${action}`, {});
      assert.deepEqual([answer.status, answer.body.status], [200, status]);
      expected.set(id, random() < SHARE ? (random() < 0.5 ? was : 'migrating') : status!);
    }
    const after = await vmsOf(operator);
    for (const id of ids) assert.equal(after.get(id)!.status, expected.get(id));
    return ids.map((id) => `${before.get(id)!.status}, ${after.get(id)!.status}`);
  };
  const seen = new Set(await withFaults(`illegal-state=${SHARE}`, strike, SEED));
  assert.deepEqual([...seen].toSorted(), [
    'running, migrating',
    'running, running',
    'running, stopped',
    'stopped, migrating',
    'stopped, running',
    'stopped, stopped',
  ]);
});

test("a batch's VMs are lost and resurrected as others, and not when it fails", async () => {
  await withFaults('vm-lost=1,vm-resurrect=1', async (target) => {
    const operator = new TestOperator(target);
    const batch = (...operations: object[]) => operator.post('/api/v1/vms/batch', { operations });
    const id = await operator.vm();
    assert.equal((await batch({ action: 'create', data: VM }, { action: 'delete', id })).status, 201);
    const { data } = (await operator.get('/api/v1/vms')).body as unknown as { data: { id: string; status: string }[] };
    assert.deepEqual(
      data.map((vm) => [vm.id, vm.status]),
      [[id, 'running']],
    );
    assert.equal((await batch({ action: 'delete', id }, { action: 'start', id })).status, 409);
    assert.equal((await operator.row(id)).status, 'running');
  });
});

test('a stall holds up everything, health included', async () => {
  await withFaults('stall=200ms', async (target) => {
    const device = new TestDevice(target.url, randomUUID());
    await fetch(`${target.url}/health`);
    assert.ok((await durationMs(Promise.all([device.pull(), fetch(`${target.url}/health`)]))) >= 199);
    assert.equal((await device.pull()).status, 200);
  });
});

test('a fault with @when does nothing before it begins, counted from the first API request', async () => {
  await withFaults('error=1@100ms', async (target) => {
    await fetch(`${target.url}/health`);
    const device = new TestDevice(target.url, randomUUID());
    assert.equal((await device.pull()).status, 200);
    while ((await device.pull()).status === 200);
  });
});

test('a WebSocket begins a fault as a request does', async () => {
  await withFaults('drop-update=1', async (target) => {
    await inRoom(target, 2, async ([writer, reader]) => {
      writer!.map.set('a', 1);
      await writer!.until(() => writer!.updates.length === 1);
      // An answer comes after everything that was sent before it.
      await reader!.resync();
      assert.equal(reader!.updates.length, 0);
    });
  });
});
