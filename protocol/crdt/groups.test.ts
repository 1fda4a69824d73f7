import assert from 'node:assert/strict';
import events from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { consult } from '../../support/check/oracles.ts';
import type { OracleResult } from '../../support/measure/evidence.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { type Packed, unpack } from '../../support/measure/series.ts';
import { readOptions } from '../../support/options.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import type { SliceContext } from '../../support/worker/vu.ts';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target/target.ts';
import { relayMetrics } from '../apis/relay/api.ts';
import '../apis/relay/acknowledged-writes.oracle.ts';
import { publishedRelay } from '../apis/relay/published-relay.fixture.ts';
import { Replica } from '../apis/relay/replica.ts';
import { recorded, testSlice, testVu, withSettings } from '../slice.fixture.ts';
import './convergence.oracle.ts';
import { conflictMetrics, type Group, type GroupOptions } from './group.ts';
import { Groups } from './groups.ts';
import { type ConflictOptions, conflictOptions, type Dialect } from './options.ts';

let database: TestDatabase;
let honest: Target;
before(async () => {
  database = await testDatabase();
  honest = await start();
});
after(async () => {
  await honest?.stop();
  await database?.stop();
});

function start(faults = ''): Promise<Target> {
  return startTarget({ webFolder: 'none', databaseUrl: database.url, faults: parseFaults(faults) });
}

interface Bed {
  slice: SliceContext<ConflictOptions>;
  group: Group;
  /** What was recorded since the last call. */
  recorded(): Record<string, Packed>;
  errors: Record<string, number>;
  /** The oracles' answer after the last look. */
  judged(): Promise<{ writes?: OracleResult; convergence: OracleResult }>;
}

/** A group that speaks `dialect` with a target that has these faults. */
async function bed(
  t: TestContext,
  {
    dialect,
    faults,
    url,
    token,
    timeout = '10s',
    vuId = 0,
    signal,
    changes,
  }: {
    dialect?: Dialect;
    faults?: string;
    /** Of another target. */
    url?: string;
    token?: string;
    timeout?: string;
    vuId?: number;
    signal?: AbortSignal;
    changes?: Partial<GroupOptions>;
  },
): Promise<Bed> {
  const target = faults ? await start(faults) : honest;
  const plain = testSlice(url ?? target.url, token);
  const slice: SliceContext<ConflictOptions> = {
    ...plain,
    ...(signal && { signal }),
    recorder: new Recorder('test', 'load', metricDefinitions({ ...relayMetrics, ...conflictMetrics })),
    options: readOptions(conflictOptions, { ...(dialect && { dialect }), convergenceTimeout: timeout }, 'options'),
  };
  const groups = await Groups.open(slice);
  t.after(async () => {
    await groups.close();
    if (target !== honest) await target.stop();
  });
  const group = await groups.make(testVu(slice, vuId), changes);
  return {
    slice,
    group,
    recorded: () => recorded(slice),
    errors: slice.recorder.errors,
    async judged() {
      await group.settle();
      const evidence = JSON.parse(JSON.stringify(group.evidence()));
      const results = consult(['acknowledged-writes', 'convergence'], [evidence], declaredOracles);
      const named = (name: string) => results.find((one) => one.name === name);
      return { writes: named('acknowledged-writes'), convergence: named('convergence')! };
    },
  };
}

const operations = ['concurrentModification', 'divergentVectors', 'rapidSequential'] as const;
const dialects = ['relay', 'yjs'] as const;

function sum(packed: Packed | undefined): number {
  return packed?.t === 'counter' ? packed.sum : 0;
}

for (const dialect of dialects) {
  const tag = `{dialect:${dialect}}`;

  test(`${dialect}: groups of every size converge after every operation, and every conflict is found`, async (t) => {
    const sizes = new Set<number>();
    // Their numbers decide how many devices they have: the first with four, with two and with three.
    for (const vuId of [0, 4, 11]) {
      const made = await bed(t, { dialect, vuId });
      for (const operation of operations) await made.group[operation]();
      await made.group.concurrentModification();
      const series = made.recorded();
      assert.deepEqual(made.errors, {});
      assert.deepEqual(series[`crdt_merge_success${tag}`], { t: 'rate', passes: 4, total: 4 });
      assert.deepEqual(series[`crdt_conflict_detection${tag}`], { t: 'rate', passes: 3, total: 3 });
      assert.equal((series[`crdt_convergence_time${tag}`] as { t: string }).t, 'trend');
      assert.equal(series[`crdt_convergence_time{dialect:${dialect},unfinished:yes}`], undefined);
      assert.deepEqual(series['checks{check:crdt: the last of a sequence wins}'], { t: 'rate', passes: 1, total: 1 });
      assert.deepEqual(series['checks{check:crdt: no conflict in a sequence}'], { t: 'rate', passes: 1, total: 1 });
      const expected = sum(series[`crdt_conflicts_expected${tag}`]);
      assert.ok(expected >= 3);
      assert.equal(sum(series[`crdt_conflicts_detected${tag}`]), expected);

      const { writes, convergence } = await made.judged();
      assert.deepEqual([convergence.status, convergence.checked], ['ok', 1]);
      const devices = convergence.counts!.replicas! - 1; // and the one that read at the end
      sizes.add(devices);
      assert.ok(devices >= 2 && devices <= 4);
      // Each of both concurrent modifications is one change a device, and the sequence three of one.
      const divergent = (devices * (devices + 1)) / 2;
      assert.equal(sum(series[`crdt_modifications${tag}`]), 2 * devices + divergent);
      if (dialect === 'relay') {
        assert.deepEqual([writes?.status, writes?.checked], ['ok', 2 * devices + divergent + 3]);
        assert.equal(writes?.counts?.readers, devices + 1);
      } else {
        assert.equal(writes, undefined, 'nothing acknowledges a write in a room');
      }
    }
    assert.deepEqual([...sizes].toSorted(), [2, 3, 4]);
  });

  test(`${dialect}: a fresh document after so many episodes, and evidence of both`, async (t) => {
    const made = await bed(t, { dialect, changes: { episodesPerDocument: 5 } });
    for (let episode = 0; episode < 7; episode++) await made.group.concurrentModification();
    assert.deepEqual(made.errors, {});
    const { convergence } = await made.judged();
    assert.deepEqual([convergence.status, convergence.checked], ['ok', 2]);
  });

  test(`${dialect}: a group that did nothing has no evidence`, async (t) => {
    const made = await bed(t, { dialect });
    const { writes, convergence } = await made.judged();
    assert.deepEqual([writes?.status, convergence.status], [dialect === 'relay' ? 'unknown' : undefined, 'unknown']);
  });

  test(`${dialect}: a run that is stopped leaves no verdict on the episode under way`, async (t) => {
    const stop = new AbortController();
    const faults = dialect === 'relay' ? 'empty-pull' : 'drop-update=1';
    const made = await bed(t, { dialect, faults, timeout: '1m', signal: stop.signal });
    const episode = made.group.concurrentModification();
    stop.abort();
    await episode;
    assert.equal(made.recorded()[`crdt_merge_success${tag}`], undefined);
    assert.equal(made.errors['check: crdt: replicas converge'], undefined);
    assert.equal((await made.judged()).convergence.status, 'unknown');
  });
}

test('without the option, the dialects take turns', async (t) => {
  for (const [vuId, dialect] of [
    [0, 'relay'],
    [1, 'yjs'],
    [2, 'relay'],
  ] as const) {
    const made = await bed(t, { vuId });
    await made.group.concurrentModification();
    assert.ok(made.recorded()[`crdt_merge_success{dialect:${dialect}}`], String(vuId));
  }
});

/** Faults, and what must come of them. */
const broken: {
  dialect: Dialect;
  faults: string;
  writes: 'violated' | undefined;
  /** What else is to be seen. */
  look?(made: Bed, series: Record<string, Packed>, convergence: OracleResult): void;
}[] = [
  { dialect: 'relay', faults: 'lose-write=1', writes: 'violated' },
  {
    dialect: 'relay',
    faults: 'empty-pull',
    writes: 'violated',
    look({ errors }, series) {
      assert.deepEqual(series['crdt_conflict_detection{dialect:relay}'], { t: 'rate', passes: 0, total: 5 });
      assert.equal(errors['check: crdt: the conflict is detected'], 5);
    },
  },
  { dialect: 'yjs', faults: 'drop-update=1', writes: undefined },
  {
    dialect: 'yjs',
    faults: 'freeze-replica',
    writes: undefined,
    look(_made, _series, { examples }) {
      const [{ replicas }] = examples as [{ replicas: { synced: boolean; received: number }[] }];
      assert.ok(replicas.some(({ synced, received }) => synced && received === 0));
    },
  },
];

/** One look, whatever time that takes: more of them would show the same. */
const once: Partial<GroupOptions> = { convergenceTimeoutMs: 0, settleDeadline: () => 0 };

describe('a target that does not bring the devices together', () => {
  for (const { dialect, faults, writes, look } of broken) {
    test(`${dialect}: ${faults} ends each episode in time, and the oracles see it`, async (t) => {
      const made = await bed(t, { dialect, faults, changes: once });
      for (let episode = 0; episode < 5; episode++) await made.group.concurrentModification();
      const series = made.recorded();
      const tag = `{dialect:${dialect}}`;
      assert.deepEqual(series[`crdt_merge_success${tag}`], { t: 'rate', passes: 0, total: 5 });
      assert.equal(series[`crdt_convergence_time${tag}`], undefined);
      assert.equal(unpack(series[`crdt_convergence_time{dialect:${dialect},unfinished:yes}`]!).count, 5);
      assert.equal(made.errors['check: crdt: replicas converge'], 5);
      const judged = await made.judged();
      assert.deepEqual([judged.writes?.status, judged.convergence.status], [writes, 'violated']);
      // Three that were left, and the one that the group stayed with.
      assert.deepEqual([judged.convergence.checked, judged.convergence.violations], [4, 4]);
      assert.match(JSON.stringify(judged.convergence.examples[0]), /"synced":true/);
      look?.(made, series, judged.convergence);
    });
  }
});

test('replicas that are equal and hold what nobody wrote: the check says so', async (t) => {
  const { change } = Replica.prototype;
  t.mock.method(Replica.prototype, 'change', function (this: Replica, entity: string, value: object) {
    change.call(this, entity, { ...value, payee: 'somebody else' });
  });
  const made = await bed(t, { dialect: 'relay' });
  await made.group.concurrentModification();
  assert.deepEqual(made.errors, { 'check: crdt: what is merged is what somebody wrote': 1 });
});

test('relay: changes that were answered with errors are pushed again until the group converges', async (t) => {
  const made = await bed(t, { dialect: 'relay', faults: 'error=0.3' });
  for (let episode = 0; episode < 10; episode++) await made.group.divergentVectors();
  assert.deepEqual(made.recorded()['crdt_merge_success{dialect:relay}'], { t: 'rate', passes: 10, total: 10 });
  assert.ok(made.errors['HTTP 500']! > 0);
  const { writes, convergence } = await made.judged();
  assert.deepEqual([writes?.status, convergence.status], ['ok', 'ok']);
});

test('relay: one that takes no second edit of an entity unless it is later brings groups of every size together', async (t) => {
  const { url, rejected } = await publishedRelay(t, { missesNone: true });
  for (const vuId of [0, 4, 11]) {
    const made = await bed(t, { dialect: 'relay', url, vuId });
    for (const operation of operations) await made.group[operation]();
    const series = made.recorded();
    assert.deepEqual(made.errors, {});
    assert.deepEqual(series['crdt_merge_success{dialect:relay}'], { t: 'rate', passes: 3, total: 3 });
    assert.deepEqual(series['crdt_conflict_detection{dialect:relay}'], { t: 'rate', passes: 2, total: 2 });
    const { writes, convergence } = await made.judged();
    assert.deepEqual([writes?.status, convergence.status, convergence.counts?.incomplete], ['ok', 'ok', 0]);
  }
  assert.notEqual(rejected.length, 0);
});

test('relay: devices of a configured account converge where the relay’s clock is minutes behind', async (t) => {
  const { url } = await publishedRelay(t, { behindMs: 5 * 60_000 });
  const made = await bed(t, { dialect: 'relay', url, token: 'a-real-token' });
  for (const operation of operations) await made.group[operation]();
  assert.deepEqual(made.errors, {});
  const { writes, convergence } = await made.judged();
  assert.deepEqual([writes?.status, convergence.status, convergence.counts?.incomplete], ['ok', 'ok', 0]);
});

test('relay: what is pushed anew since nobody knew whether it was stored is no part of the next episode', async (t) => {
  let isSilent = false;
  const { url } = await publishedRelay(t, { isSilent: () => isSilent, missesNone: true });
  const made = await bed(t, { dialect: 'relay', url });
  for (let episode = 0; episode < 15; episode++) {
    isSilent = true;
    const concurrent = made.group.concurrentModification();
    const failures = made.errors['HTTP 500'] ?? 0;
    while ((made.errors['HTTP 500'] ?? 0) === failures) await new Promise(setImmediate);
    isSilent = false;
    await concurrent;
    await made.group.rapidSequential();
  }
  assert.deepEqual(Object.keys(made.errors), ['HTTP 500', 'check: push: status is 200']);
  const { writes, convergence } = await made.judged();
  assert.deepEqual([writes?.status, convergence.status, convergence.counts?.incomplete], ['ok', 'ok', 0]);
});

test('relay: a change delivered twice is taken once', async (t) => {
  const made = await bed(t, { dialect: 'relay', faults: 'duplicate-change=1' });
  for (const operation of operations) await made.group[operation]();
  assert.deepEqual(made.errors, {});
  const { writes, convergence } = await made.judged();
  assert.deepEqual([writes?.status, convergence.status], ['ok', 'ok']);
  assert.ok(writes!.counts!.duplicates! > 0);
});

/** A server that takes all rooms for one. */
async function oneRoom(t: TestContext): Promise<string> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  const all = `${honest.url.replace('http', 'ws')}/yjs/all?token=${testSlice('http://any').runId}`;
  webSockets.on('connection', (client) => {
    const room = new WebSocket(all);
    const isOpen = events.once(room, 'open');
    client.on('message', (frame) => void isOpen.then(() => room.send(frame)));
    room.on('message', (frame) => client.send(frame));
    client.on('close', () => room.close());
  });
  await events.once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('yjs: rooms that are one converge, and hold what is of another document', async (t) => {
  const url = await oneRoom(t);
  const judged: OracleResult[] = [];
  for (const vuId of [0, 4]) {
    const made = await bed(t, { dialect: 'yjs', url, vuId });
    await made.group.concurrentModification();
    assert.deepEqual(made.errors, {});
    judged.push((await made.judged()).convergence);
  }
  assert.deepEqual(
    judged.map(({ status }) => status),
    ['ok', 'violated'],
  );
  assert.match(JSON.stringify(judged[1]!.examples), /"ofOthers":\["test-\d+-\d+-test-0-1-entity-\d"\]/);
});

test('yjs: a connection that was lost is made anew, and nothing is missing', async (t) => {
  const made = await bed(t, { dialect: 'yjs' });
  await made.group.concurrentModification();
  const before = sum(made.recorded().ws_sessions);
  await made.group.close();
  for (const operation of operations) await made.group[operation]();
  assert.equal(sum(made.recorded().ws_sessions), before);
  assert.deepEqual(made.errors, {});
  assert.equal((await made.judged()).convergence.status, 'ok');
});

test('yjs: without a room there is no episode, and the check says so', async (t) => {
  const made = await bed(t, { dialect: 'yjs' });
  await made.group.close();
  const groups = await Groups.open(withSettings(made.slice, { YJS_URL: 'ws://127.0.0.1:1/yjs' }));
  t.after(() => groups.close());
  const group = await groups.make(testVu(made.slice, 7));
  await group.concurrentModification();
  assert.ok(made.errors['WebSocket: ECONNREFUSED']! > 0);
  assert.ok(made.errors['check: room: the provider is synced']! > 0);
  assert.equal(made.recorded()['crdt_merge_success{dialect:yjs}'], undefined);
  assert.deepEqual(group.evidence(), { 'acknowledged-writes': null, convergence: [] });
});
