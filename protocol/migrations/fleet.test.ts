import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, describe, mock, type TestContext, test } from 'node:test';
import { consult } from '../../support/check/oracles.ts';
import type { OracleResult } from '../../support/measure/evidence.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import type { Packed } from '../../support/measure/series.ts';
import { readOptions } from '../../support/options.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { serve } from '../../support/server.fixture.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { parseFaults, startTarget, type Target } from '../../target/target.ts';
import { VmApi, vmMetrics } from '../apis/vms/api.ts';
import '../apis/event-delivery.oracle.ts';
import { recorded, testSlice, testVu, withSettings } from '../slice.fixture.ts';
import { dwcpMetrics } from './api.ts';
import { Fleet } from './fleet.ts';
import type { Breach, BrokenMigration, FoundVm } from './history.ts';
import './migration-continuity.oracle.ts';
import { migrationMetrics } from './migrating-vm.ts';
import { migrationOptions } from './options.ts';
import { dwcpStreamMetrics } from './stream.ts';

let database: TestDatabase;
let honest: Target;
/** Before a VM of this name is searched for; whether the search is answered. */
const beforeSearch = new Map<string, () => boolean | Promise<boolean>>();
before(async () => {
  const { search } = VmApi.prototype;
  mock.method(VmApi.prototype, 'search', async function (this: VmApi, ...asked: Parameters<typeof search>) {
    const isAnswered = (await beforeSearch.get(asked[0])?.()) ?? true;
    return isAnswered ? search.apply(this, asked) : undefined;
  });
  database = await testDatabase();
  honest = await start();
});
after(async () => {
  await honest?.stop();
  await database?.stop();
});

/** A migration takes the shortest time there is, 200 ms. */
function start(faults = ''): Promise<Target> {
  const options = { webFolder: 'none', databaseUrl: database.url, timeScale: 0.001 };
  return startTarget({ ...options, faults: parseFaults(faults) });
}

interface BedOptions {
  faults?: string;
  vus?: number;
  options?: Record<string, unknown>;
  signal?: AbortSignal;
  /** Stands between the migrating VMs and the target's REST interface. */
  proxy?: Proxy;
  /** So many reads of a VM after a start, through the proxy, are answered as it was before. */
  staleReads?: number;
  streamUrl?: string;
}

/** What becomes of a start of a migration; counts them from 1. */
type Proxy = (count: number) => 'pass' | 'lose the request' | 'lose the answer' | { status: number; body: object };

/** Passes requests on, but for starts of migrations, and reads of VMs that are to be stale. */
async function behind(t: TestContext, proxy: Proxy, url: string, staleReads: number): Promise<string> {
  let starts = 0;
  let stale = 0;
  let before: Buffer | undefined;
  const made = await serve(t, (request, response) => {
    const isRead = request.method === 'GET' && /\/vms\/[^/?]+$/.test(request.url!);
    if (isRead && starts > 0 && before && stale < staleReads) {
      stale += 1;
      response.end(before);
      return;
    }
    const isStart = request.method === 'POST' && request.url!.endsWith('/dwcp/migrations');
    const act = isStart ? proxy(++starts) : 'pass';
    if (act === 'lose the request') {
      request.socket.destroy();
    } else if (typeof act === 'object') {
      response.writeHead(act.status).end(JSON.stringify(act.body));
    } else {
      const { method, headers } = request;
      const onward = httpRequest(url + request.url, { method, headers }, (answer) => {
        if (act === 'lose the answer') request.socket.destroy();
        else answer.pipe(response.writeHead(answer.statusCode!, answer.headers));
        const chunks: Buffer[] = [];
        if (isRead)
          answer
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('end', () => {
              if (starts === 0) before = Buffer.concat(chunks);
            });
      });
      request.pipe(onward.on('error', () => response.destroy()));
    }
  });
  return made.url;
}

/** Migrating VMs of a target that has these faults. */
async function bed(t: TestContext, given: BedOptions = {}) {
  const { faults, vus = 1, options, signal, proxy, staleReads = 0, streamUrl } = given;
  const target = faults ? await start(faults) : honest;
  const DWCP_WS_URL = streamUrl ?? `${target.url.replace('http', 'ws')}/dwcp/v3`;
  const plain = withSettings(testSlice(proxy ? await behind(t, proxy, target.url, staleReads) : target.url), {
    DWCP_WS_URL,
  });
  const metrics = { ...vmMetrics, ...dwcpMetrics, ...dwcpStreamMetrics, ...migrationMetrics };
  const slice = {
    ...plain,
    maxVUs: vus,
    recorder: new Recorder('test', 'load', metricDefinitions(metrics)),
    options: readOptions(migrationOptions, { pollInterval: '50ms', ...options }, 'options'),
    ...(signal && { signal }),
  };
  const fleet = await Fleet.open(slice);
  t.after(async () => {
    await fleet.close();
    if (target !== honest) await target.stop();
  });
  const migratingVms = await Promise.all(Array.from({ length: vus }, (_, id) => fleet.make(testVu(slice, id))));
  const vms = async () => {
    const { rows } = await target.database.pool.query<{ id: string; zone: string; status: string }>(
      'SELECT id, zone, status FROM tandem.vms WHERE name LIKE $1 ORDER BY name',
      [`tandem-${slice.runId}-%`],
    );
    return rows;
  };
  return {
    target,
    slice,
    fleet,
    migratingVms,
    migratingVm: migratingVms[0]!,
    vms,
    errors: slice.recorder.errors,
    recorded: () => recorded(slice),
    async judged(): Promise<OracleResult & { delivery: OracleResult | undefined }> {
      await Promise.all(migratingVms.map((migratingVm) => migratingVm.settle()));
      const slices = [JSON.parse(JSON.stringify(fleet.evidence()))];
      const results = consult(['migration-continuity', 'event-delivery'], slices, declaredOracles);
      const named = (name: string) => results.find((one) => one.name === name);
      const { promise: _, ...continuity } = named('migration-continuity')!;
      return { ...continuity, delivery: named('event-delivery') };
    },
  };
}

const none = { completed: 0, failed: 0, indeterminate: 0, unfinished: 0, unheard: 0, unsearched: 0 };
const countOf = (packed: Packed | undefined) => (packed?.t === 'counter' ? packed.sum : 0);

describe('an honest target', { concurrency: 8 }, () => {
  for (const follow of ['both', 'poll', 'stream'] as const) {
    test(`followed by ${follow}: VMs go from zone to zone, everything agrees, and nothing is left behind`, async (t) => {
      const made = await bed(t, { vus: 3, options: { follow, probeShare: 1 } });
      const before = new Map((await made.vms()).map(({ id, zone }) => [id, zone]));
      assert.equal(before.size, 3);
      for (let n = 0; n < 2; n++) {
        await Promise.all(
          made.migratingVms.map(async (migratingVm) => {
            await migratingVm.migrate();
            await migratingVm.batchStatus();
          }),
        );
      }
      await made.migratingVm.stats();
      await made.migratingVm.migrate();
      // The first has gone all the way round.
      assert.deepEqual(
        (await made.vms()).map(({ id, zone, status }) => [before.get(id), zone, status]),
        [
          ['us-west-1', 'us-west-1', 'running'],
          ['us-east-1', 'us-west-1', 'running'],
          ['eu-west-1', 'us-east-1', 'running'],
        ],
      );
      const series = made.recorded();
      assert.deepEqual(made.errors, {});
      assert.deepEqual(series.migration_success, { t: 'rate', passes: 7, total: 7 });
      assert.deepEqual(series.migrations_completed, { t: 'counter', sum: 7 });
      const seen = series.migration_blackout_seen;
      // Of a pause of 40 ms a busy machine may miss some.
      assert.ok(seen?.t === 'rate' && seen.total === 7 && seen.passes > 0);
      for (const name of [
        'migration_duration',
        'migration_blackout',
        'migration_start_duration',
        'migration_poll_duration',
      ]) {
        assert.equal(series[name]?.t, 'trend', name);
      }
      assert.equal(series.migration_event_latency?.t, follow === 'poll' ? undefined : 'trend');
      assert.equal(countOf(series.ws_sessions), follow === 'poll' ? 0 : 1);
      const { delivery, ...judged } = await made.judged();
      assert.equal(delivery?.status, follow === 'poll' ? undefined : 'ok');
      assert.deepEqual(judged, {
        name: 'migration-continuity',
        checked: 7,
        violations: 0,
        examples: [],
        status: 'ok',
        counts: { ...none, completed: 7 },
      });
      assert.deepEqual(await made.vms(), []);
    });
  }

  for (const follow of ['stream', 'poll']) {
    test(`followed by ${follow}: a start whose answer was lost is found and followed`, async (t) => {
      // 3 s: long enough to be found in the list of what is under way, also by a busy machine.
      const options = { follow, memoryMb: 150_000, bandwidthMbps: 300 };
      const made = await bed(t, { options, proxy: () => 'lose the answer' });
      await made.migratingVm.migrate();
      assert.deepEqual(made.recorded().migration_success, { t: 'rate', passes: 1, total: 1 });
      const { status, counts } = await made.judged();
      assert.deepEqual([status, counts], ['ok', { ...none, completed: 1 }]);
    });
  }

  test('another VM of its name is a copy that was left behind, and deleted in the end; one that goes away is not, nor one of a name that begins so', async (t) => {
    const made = await bed(t, { vus: 3 });
    const names = made.migratingVms.map((_, id) => `tandem-${made.slice.runId}-${made.slice.scenario}-${id}-1`);
    const api = new VmApi(made.fleet.http, testVu(made.slice, 3), made.fleet.token);
    const spec = { cpu_cores: 2, memory_mb: 512, disk_gb: 20, image: 'ubuntu-24.04', zone: 'us-west-1', tags: {} };
    for (const migratingVm of made.migratingVms) await migratingVm.migrate();
    const copy = await api.create({ ...spec, name: names[0]! });
    const other = await api.create({ ...spec, name: `${names[1]}0` });
    const late = await api.create({ ...spec, name: names[2]! });
    let looks = 0;
    beforeSearch.set(names[2]!, async () => {
      if (++looks === 2) await api.delete(late.vm!.id);
      return true;
    });
    const { violations, checked, examples } = await made.judged();
    const [{ breaches, copies }] = examples as [BrokenMigration];
    assert.deepEqual([checked, violations, breaches, copies], [3, 1, ['the VM is there twice'], [copy.vm!.id]]);
    assert.deepEqual(
      (await made.vms()).map(({ id }) => id),
      [other.vm!.id],
    );
    await api.delete(other.vm!.id);
  });

  test('where the target does not answer whether a second VM is there, the evidence says so; where it does later, not', async (t) => {
    const made = await bed(t, { vus: 2 });
    const [silent, slow] = made.migratingVms.map(
      (_, id) => `tandem-${made.slice.runId}-${made.slice.scenario}-${id}-1`,
    );
    let looks = 0;
    beforeSearch.set(silent!, () => false);
    beforeSearch.set(slow!, () => ++looks > 1);
    for (const migratingVm of made.migratingVms) await migratingVm.migrate();
    const { status, counts } = await made.judged();
    assert.deepEqual([status, counts], ['ok', { ...none, completed: 2, unsearched: 1 }]);
    assert.equal(looks, 2);
    assert.deepEqual(await made.vms(), []);
  });

  test('a start that never arrived is indeterminate; its VM is set aside, and deleted in the end', async (t) => {
    const made = await bed(t, { proxy: (count) => (count === 1 ? 'lose the request' : 'pass') });
    await made.migratingVm.migrate();
    await made.migratingVm.migrate();
    assert.equal((await made.vms()).length, 2);
    assert.deepEqual(made.recorded().migration_success, { t: 'rate', passes: 1, total: 2 });
    const { status, counts } = await made.judged();
    assert.deepEqual([status, counts], ['ok', { ...none, completed: 1, indeterminate: 1 }]);
    assert.deepEqual(await made.vms(), []);
  });

  test('a start that is refused is a failed migration of nothing, and the next one goes on with the VM', async (t) => {
    const made = await bed(t, { proxy: (count) => (count === 1 ? { status: 409, body: {} } : 'pass') });
    await made.migratingVm.migrate();
    assert.deepEqual(made.errors, {
      'HTTP 409': 1,
      'check: migration start: status is 202': 1,
      'check: migration: it completes': 1,
    });
    await made.migratingVm.migrate();
    assert.equal((await made.vms()).length, 1);
    assert.deepEqual((await made.judged()).counts, { ...none, completed: 1 });
  });

  test('a VM that is read as it was before for a moment is given that, and one that stays so is not where it should be', async (t) => {
    for (const [staleReads, status] of [
      [3, 'ok'],
      [1_000, 'violated'],
    ] as const) {
      const made = await bed(t, { proxy: () => 'pass', staleReads });
      const migrating = made.migratingVm.migrate();
      if (status === 'violated') agreeWithin(made, 500);
      await migrating;
      const judged = await made.judged();
      const breaches = (judged.examples as BrokenMigration[]).map((one) => one.breaches);
      assert.deepEqual([judged.status, breaches], [status, status === 'ok' ? [] : [['wrong zone']]]);
    }
  });

  test('a migration that ends while the stream is lost is looked at', async (t) => {
    const { port } = new URL(honest.url);
    const sockets = new Set<Socket>();
    let isCut = false;
    const tunnel = createServer((socket) => {
      if (isCut) {
        socket.destroy();
        return;
      }
      const onward = connect(Number(port), '127.0.0.1');
      for (const end of [socket, onward]) sockets.add(end.on('error', () => {}));
      socket.pipe(onward).pipe(socket);
    });
    await once(tunnel.listen(0, '127.0.0.1'), 'listening');
    const address = tunnel.address() as AddressInfo;
    const cut = () => {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    };
    t.after(() => {
      tunnel.close();
      cut();
    });
    const made = await bed(t, {
      options: { follow: 'stream', timeout: '10m' },
      streamUrl: `ws://127.0.0.1:${address.port}/dwcp/v3`,
    });
    const migrating = made.migratingVm.migrate();
    cut();
    let ended = false;
    while (!ended) ended = (await made.vms()).every(({ zone, status }) => status === 'running' && zone === 'us-east-1');
    isCut = false;
    await migrating;
    const { status, counts } = await made.judged();
    assert.deepEqual([status, counts], ['ok', { ...none, completed: 1 }]);
    assert.equal(made.errors['check: migration: the stream tells its end'], undefined);
  });
});

/** Faults, and what the oracle says of them. */
const broken: [fault: string, breach: Breach, options?: Record<string, unknown>][] = [
  ['migration-data-loss=1', 'data loss'],
  ['migration-wrong-zone=1', 'wrong zone'],
  ['migration-stuck=1', 'never ended', { timeout: '600ms' }],
];
for (const [fault, breach, options] of broken) {
  test(`${fault} is a violation: ${breach}`, async (t) => {
    const made = await bed(t, { faults: fault, vus: 2, options });
    await Promise.all(made.migratingVms.map((migratingVm) => migratingVm.migrate()));
    const { status, checked, violations, examples } = await made.judged();
    assert.deepEqual([status, checked, violations], ['violated', 2, 2]);
    for (const example of examples as BrokenMigration[]) {
      assert.deepEqual(example.breaches, [breach]);
      // How far a stuck one came by then is up to the machine.
      const isDone = breach !== 'never ended';
      assert.deepEqual([example.rest?.phase === 'done', example.stream?.phase === 'done'], [isDone, isDone]);
      if (breach === 'wrong zone') assert.notEqual((example.found as NonNullable<FoundVm>).zone, example.to);
    }
  });
}

/** Of migrations that have begun: how long stream and REST may take to say the same. To their end they have the time they had. */
function agreeWithin({ slice }: { slice: { options: { timeoutMs: number } } }, ms: number): void {
  slice.options.timeoutMs = ms;
}

for (const [fault, count] of [
  ['event-drop=0.3', 'lost'],
  ['event-duplicate=0.5', 'duplicated'],
  ['event-reorder=0.5', 'reordered'],
] as const) {
  test(`${fault} is found in the events, and no fault of the migrations`, async (t) => {
    const made = await bed(t, { faults: fault, vus: 6 });
    const migrating = made.migratingVms.map((migratingVm) => migratingVm.migrate());
    agreeWithin(made, 1_000);
    await Promise.all(migrating);
    const { status, checked, counts, delivery } = await made.judged();
    assert.deepEqual([status, checked, counts?.completed], ['ok', 6, 6]);
    assert.equal(delivery?.status, 'violated');
    const { lost, duplicated, reordered } = delivery?.counts ?? {};
    for (const [name, found] of Object.entries({ lost, duplicated, reordered })) {
      assert.equal(found! > 0, name === count, `${name}: ${found}`);
    }
  });
}

test('an end that the stream does not tell fails a check, and REST is believed', async (t) => {
  const made = await bed(t, { faults: 'event-drop=1' });
  const migrating = made.migratingVm.migrate();
  agreeWithin(made, 500);
  await migrating;
  assert.deepEqual(made.errors, { 'check: migration: the stream tells its end': 1 });
  assert.deepEqual(made.recorded().migration_success, { t: 'rate', passes: 1, total: 1 });
  const { status, counts } = await made.judged();
  assert.deepEqual([status, counts], ['ok', { ...none, completed: 1, unheard: 1 }]);
});

// Stuck: the first is under way when the second comes, however slow this machine is.
const second: [answer: string, act: ReturnType<Proxy>, refused: boolean, breaches: Breach[]][] = [
  ['is refused', 'pass', true, ['never ended']],
  ['is accepted', { status: 202, body: { job_id: 'second' } }, false, ['two at once', 'never ended']],
  ['is refused otherwise', { status: 400, body: {} }, false, ['never ended']],
];
for (const [answer, act, refused, breaches] of second) {
  test(`a second start that ${answer}: ${breaches.join(', ')}`, async (t) => {
    const proxy: Proxy = (count) => (count === 2 ? act : 'pass');
    const made = await bed(t, { faults: 'migration-stuck=1', options: { timeout: '600ms' }, proxy });
    await made.migratingVm.doubleStart();
    const check = 'checks{check:migration: another one is refused while one is under way}';
    assert.deepEqual(made.recorded()[check], { t: 'rate', passes: refused ? 1 : 0, total: 1 });
    const [example] = (await made.judged()).examples as BrokenMigration[];
    assert.deepEqual(example?.breaches, breaches);
  });
}

test('a run that is stopped waits for nothing, and says nothing of what is under way', async (t) => {
  const stop = new AbortController();
  const made = await bed(t, { faults: 'migration-stuck=1', signal: stop.signal });
  const migrating = made.migratingVm.migrate();
  stop.abort();
  await migrating;
  assert.equal(made.recorded().migration_success, undefined);
  const { status, counts } = await made.judged();
  assert.deepEqual([status, counts], ['unknown', { ...none, unfinished: 1 }]);
});

test('without VMs nothing migrates, and the check says so', async (t) => {
  const made = await bed(t, { faults: 'error=1', options: { follow: 'poll' } });
  await made.migratingVm.migrate();
  assert.equal(made.errors['check: migration: there is a running VM'], 1);
  assert.equal((await made.judged()).status, 'unknown');
});
