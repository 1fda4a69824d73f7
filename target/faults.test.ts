import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { TestDevice } from './device.fixture.ts';
import { parseFaults } from './faults.ts';
import { type Cluster, startCluster } from './postgres.ts';
import { startTarget, type Target } from './server.ts';

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.stop());

async function withFaults(faults: string, run: (target: Target) => Promise<void>): Promise<void> {
  const databaseUrl = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(cluster.folder)}`;
  const target = await startTarget({ webFolder: 'none', databaseUrl, faults: parseFaults(faults) });
  try {
    await run(target);
  } finally {
    await target.stop();
  }
}

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
    ['latncy=80ms', /^TARGET_FAULTS: "latncy=80ms" is not a fault; known are crash, empty-pull, .*latency=80ms/],
    ['=5', /"=5" is not a fault/],
    ['latency', /"latency": no value is not a duration such as 80ms, 2s or 1m; usage: latency=<duration>/],
    ['latency=80', /"80" is not a duration/],
    ['latency=-1s', /"-1s" is not a duration/],
    ['error=5', /"5" is not a number from 0 to 1; usage: error=<share>/],
    ['error=', /"" is not a number from 0 to 1/],
    ['empty-pull=yes', /it takes no value, "yes" was given; usage: empty-pull/],
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

test('errors are the share that was asked for, the same ones every time, and not of health', async () => {
  const outcomes = async (target: Target) => {
    const device = new TestDevice(target.url, randomUUID());
    const statuses = [];
    for (let index = 0; index < 100; index++) statuses.push((await device.pull()).status);
    return statuses;
  };
  const runs: number[][] = [];
  for (let run = 0; run < 2; run++) {
    await withFaults('error=0.3', async (target) => {
      runs.push(await outcomes(target));
      assert.equal((await fetch(`${target.url}/health`)).status, 200);
    });
  }
  assert.deepEqual(runs[0], runs[1]);
  const errors = runs[0]!.filter((status) => status === 500).length;
  assert.ok(errors > 15 && errors < 45, `${errors} of 100`);
  assert.equal(runs[0]!.filter((status) => status === 200).length, 100 - errors);
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
