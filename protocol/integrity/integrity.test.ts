import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { consult } from '../../support/check/oracles.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { readOptions } from '../../support/options.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { serve } from '../../support/server.fixture.ts';
import type { SliceContext } from '../../support/test.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults, type Target } from '../../target/target.ts';
import { recorded, testSlice, testVu, withSettings } from '../slice.fixture.ts';
import { Backup } from './backup.ts';
import { Inspector, integrityMetrics } from './inspector.ts';
import { type IntegrityOptions, integrityOptions } from './options.ts';
import { Absent, agree, comparable, compared } from './part.ts';
import { openParts } from './parts.ts';
import { RestoredDatabase } from './restored-database.ts';
import { Rows } from './rows.ts';
import { VmStream } from './vm-stream.ts';
import './integrity.oracle.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

function sliceOf(url: string, given: object = {}, databaseUrl?: string): SliceContext<IntegrityOptions> {
  const options = integrityOptions.parse({ every: '1ms', backup: 'none', ...given });
  const recorder = new Recorder('test', 'load', metricDefinitions(integrityMetrics));
  const slice = withSettings(testSlice(url), { ...(databaseUrl && { LOAD_DATABASE_URL: databaseUrl }) });
  return { ...slice, recorder, options };
}

/** What is seen of a target in so many rounds and a last look, by database and address. */
async function inspected({ url, addresses }: Target, rounds: number, drills: SliceContext['drills'] = []) {
  const slice = { ...sliceOf(url, {}, addresses.LOAD_DATABASE_URL), drills };
  const inspector = await Inspector.open(testVu(slice), slice);
  for (let round = 0; round < rounds; round++) await inspector.inspect();
  await inspector.settle();
  const evidence = inspector.evidence();
  await inspector.close();
  const [result] = consult(['integrity'], [evidence], declaredOracles);
  const examples = evidence.integrity.flatMap((one) => one.examples as Example[]);
  return { result: result!, examples, metrics: recorded(slice) };
}

interface Example {
  part: string;
  id: string;
  afterDrill?: string;
  [view: string]: unknown;
}

describe('what is said of parts', { concurrency: true, timeout: 60_000 }, () => {
  test('an honest target: all say the same, of VMs, agents, replicas and transfers', async (t) => {
    const target = await testTarget(t, { databaseUrl: database.url });
    const { result, metrics } = await inspected(target, 4, [{ name: 'over', endsAfterMs: 0 }]);
    assert.deepEqual([result.status, result.violations, result.examples], ['ok', 0, []]);
    assert.deepEqual(Object.keys(result.counts!), ['vms', 'agents', 'replicas', 'transfers']);
    for (const [part, checks] of Object.entries(result.counts!)) {
      assert.ok(checks >= 20, `${part}: ${checks}`);
      const sumOf = (metric: string) => (metrics[`${metric}{part:${part}}`] as { sum: number }).sum;
      assert.deepEqual([sumOf('integrity_checks'), sumOf('integrity_passed')], [checks, checks]);
    }
    // An hour until the next look, but a drill that is over.
    const drills = [{ name: 'soon', endsAfterMs: 50 }];
    const slice = { ...sliceOf(target.url, { every: '1h' }), drills, elapsedMs: () => 0 };
    const inspector = await Inspector.open(testVu(slice), slice);
    for (let round = 0; round < 2; round++) await inspector.inspect();
    await inspector.close();
    assert.ok(inspector.evidence().integrity.every(({ checks, passed }) => checks > 6 && passed === checks));
    // What is still being changed when the load is over is not yet what it will be.
    const late = await Inspector.open(testVu(slice), sliceOf(target.url));
    let isChanged = false;
    void late.inspect().then(() => {
      isChanged = true;
    });
    await late.settle();
    await late.close();
    assert.ok(isChanged && late.evidence().integrity.every(({ checks, passed }) => checks >= 6 && passed === checks));
    const rows = { vms: 'SELECT id FROM machines WHERE id = ANY ($1)' };
    const told: string[] = [];
    const { all } = await openParts(sliceOf(target.url, { rows }, database.url), 0, (sentence) => told.push(sentence));
    await Promise.all(all.map((part) => part.close()));
    assert.equal(all.length, 4);
    assert.match(
      told.join('\n'),
      /^test: vms are not compared with the database \S+, which does not have them as options\.rows\.vms asks for them \(42P01 undefined_table\)\.$/,
    );
  });

  test('what was acknowledged and is not so is named with its id, and by whom it is said', async (t) => {
    const faults = parseFaults('vm-resurrect=1,agent-lost=1,lose-write=1,lost-commit=0.5');
    const target = await testTarget(t, { databaseUrl: database.url, faults });
    const { result, examples } = await inspected(target, 2, [{ name: 'kill-database', endsAfterMs: 0 }]);
    assert.equal(result.status, 'violated');
    assert.deepEqual([...new Set(examples.map(({ part }) => part))].sort(), ['agents', 'replicas', 'transfers', 'vms']);
    for (const { part, id, acknowledged, database: row, afterDrill } of examples) {
      assert.notEqual(id, '');
      const found = [acknowledged, row].map((view) => view !== null);
      assert.deepEqual(found, part === 'vms' ? [false, true] : [true, false], JSON.stringify(examples));
      assert.equal(afterDrill, 'kill-database');
    }
    assert.equal(result.violations, examples.length, 'each once');
    const shown = result.examples.slice(0, 4) as Example[];
    assert.deepEqual(
      shown.map(({ part }) => part),
      ['vms', 'agents', 'replicas', 'transfers'],
      'some of each',
    );
  });

  test('an update that reads do not have, an event that did not come, a transfer that is torn', async (t) => {
    const faults = parseFaults('stale-update=1,event-drop=1,torn-transfer=1');
    const { examples } = await inspected(await testTarget(t, { databaseUrl: database.url, faults }), 2);
    const of = (part: string) => examples.find((one) => one.part === part) as Record<string, Record<string, unknown>>;
    assert.match(String(of('agents').acknowledged!.description), /^changed/);
    assert.equal(of('agents').api!.description, 'made');
    assert.deepEqual([of('vms').stream, of('vms').api!.id], [null, of('vms').id]);
    assert.match(String(of('transfers').id), /^account \d$/);
    assert.notEqual(of('transfers').transfers!.balance, of('transfers').database!.balance);
  });

  test('a part that the target does not have is said, and one that does not answer is not known', async (t) => {
    let status = 404;
    const { url } = await serve(t, (_request, response) => {
      response.statusCode = status;
      response.end('{}');
    });
    const told: string[] = [];
    const { all, backup } = await openParts(sliceOf(url), 0, (sentence) => told.push(sentence));
    assert.deepEqual([all, backup], [[], undefined]);
    assert.deepEqual(told, [
      'test: LOAD_DATABASE_URL is not set: nothing is compared with the database, no transfers are made, and no backup is restored.',
      'test: vms are not checked: GET /api/v1/vms is 404.',
      'test: agents are not checked: GET /api/v1/agents is 404.',
      'test: replicas are not checked: POST /sync/pull is 404.',
    ]);
    assert.equal(consult(['integrity'], [{ integrity: [] }], declaredOracles)[0]?.status, 'unknown');
    status = 503;
    await assert.rejects(
      openParts(sliceOf(url), 0, () => {}),
      new Error('vms are not checked: GET /api/v1/vms is 503.'),
    );
    const unseen = { part: 'vms', checks: 0, passed: 0, examples: [], why: 'HTTP 503' };
    const seen = { ...unseen, part: 'agents', checks: 3, passed: 3 };
    const [unknown] = consult(['integrity'], [{ integrity: [unseen, seen] }], declaredOracles);
    assert.deepEqual([unknown?.status, unknown?.examples], ['unknown', [{ part: 'vms', why: 'HTTP 503' }]]);
    const gone = { ...seen, why: 'ECONNREFUSED', isUnseen: true };
    const [last] = consult(['integrity'], [{ integrity: [gone] }], declaredOracles);
    assert.deepEqual([last?.status, last?.examples], ['unknown', [{ part: 'agents', why: 'ECONNREFUSED' }]]);
  });
});

test('what is told of as deleted is gone, by the API and the database; told of otherwise it is there', async (t) => {
  for (const [after, status] of [
    ['deleted', 'ok'],
    ['stopped', 'violated'],
  ] as const) {
    const vms = new Map<string, object>();
    const { url } = await serve(t, async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const [path, id] = /^\/api\/v1\/vms(?:\/(.+))?$/.exec(request.url!) ?? [];
      const made = path && request.method === 'POST' ? `vm-${vms.size + 1}` : id;
      const isList = request.url === '/api/v1/vms' && request.method === 'GET';
      if (made !== undefined) {
        const change = request.method === 'DELETE' ? { status: after } : text ? JSON.parse(text) : {};
        vms.set(made, { id: made, status: 'stopped', ...vms.get(made), ...change });
      }
      response.statusCode = isList || vms.has(made ?? '') ? 200 : 404;
      response.end(JSON.stringify(vms.get(made ?? '') ?? {}));
      return undefined;
    });
    const slice = sliceOf(url);
    const inspector = await Inspector.open(testVu(slice), slice);
    for (let round = 0; round < 2; round++) await inspector.inspect();
    await inspector.settle();
    await inspector.close();
    const [result] = consult(['integrity'], [inspector.evidence()], declaredOracles);
    assert.deepEqual([result?.status, result?.violations], [status, status === 'ok' ? 0 : 1]);
  }
  const select = `SELECT id, status FROM (VALUES ('a', 'deleted'), ('b', 'stopped')) AS rows (id, status) WHERE id = ANY ($1)`;
  const rows = await (await Rows.open(database.url, 'vms', select)).read(['a', 'b']);
  assert.deepEqual([...rows.keys()], ['b']);
});

test('options that cannot be are told of in a sentence', () => {
  const wrong: [given: object, sentence: string][] = [
    [
      { rows: { vms: 'SELECT id FROM machines' } },
      'options.rows.vms is "SELECT id FROM machines"; allowed is a SELECT whose $1 is a list of ids, and which has a column id.',
    ],
    [
      { rows: { agent: '' } },
      'options.rows has an unknown field "agent"; did you mean "agents"? allowed: agents, replicas, vms.',
    ],
    ...['pg_restore', [], ['sh', '']].map((backup): [object, string] => [
      { backup },
      `options.backup is ${JSON.stringify(backup)}; allowed is "pg_dump", "none", or a command as a list such as ["program", "argument"].`,
    ]),
  ];
  for (const [given, message] of wrong)
    assert.throws(() => readOptions(integrityOptions, given, 'options'), { name: 'Error', message });
});

test('what events say of a VM is the newest, in whatever order they come, as far as nothing was missed', () => {
  const stream = new VmStream(sliceOf('http://127.0.0.1'), undefined);
  const tell = (event: object) => stream.onMessage(Buffer.from(JSON.stringify({ channel: 'vm_status', ...event })));
  const beforeMs = performance.now();
  tell({ type: 'subscribed' });
  const sinceMs = performance.now();
  assert.equal(stream.viewOf('a', beforeMs - 1), undefined, 'it did not listen yet');
  assert.equal(stream.viewOf('a', sinceMs), null);
  for (const revision of [1, 3, 2]) tell({ vm_id: 'a', revision, sequence: revision, timestamp: 0 });
  tell({ channel: 'alerts', vm_id: 'a', revision: 4 });
  assert.deepEqual(stream.viewOf('a', sinceMs), { revision: 3 });
  for (const status of ['stopped', 'running']) tell({ vm_id: 'b', status, id: `event of ${status}` });
  assert.deepEqual(stream.viewOf('b', sinceMs), { status: 'running' });
  for (const status of ['deleted', 'running']) tell({ vm_id: 'b', status });
  assert.equal(stream.viewOf('b', sinceMs), null);
  stream.onMessage(Buffer.from('{'));
  stream.onEnd();
  assert.equal(stream.viewOf('a', sinceMs), undefined);
});

test('a confirmation may have another name, and what is said of a VM may stand in data', () => {
  const stream = new VmStream(sliceOf('http://127.0.0.1'), undefined);
  const tell = (event: object) => stream.onMessage(Buffer.from(JSON.stringify({ channel: 'vm_status', ...event })));
  tell({ type: 'subscription_confirmed', data: { server: 'a' } });
  const sinceMs = performance.now();
  tell({ type: 'vm_status', sequence: 1, data: { vm_id: 7, status: 'running' } });
  assert.deepEqual(stream.viewOf('7', sinceMs), { status: 'running' });
  tell({ type: 'vm_status', sequence: 2, data: { vm_id: 7, status: 'deleted' } });
  assert.equal(stream.viewOf('7', sinceMs), null);
});

test('what one alone tells of is no check', () => {
  const [alone, both] = [
    { id: 'a', views: { api: { id: 'a' } } },
    { id: 'b', views: { api: null, acknowledged: null } },
  ];
  assert.deepEqual(comparable([alone, both]), [both]);
});

test('all know it and say the same, or nobody does', () => {
  assert.ok(agree({ api: null, database: null }));
  assert.ok(!agree({ api: null, database: {} }));
  assert.ok(agree({ api: { id: 'a', cents: 3, more: 1 }, database: { id: 'a', cents: '3' } }));
  assert.ok(!agree({ acknowledged: { zone: 'a' }, api: { zone: 'b' } }));
  assert.ok(
    agree({ api: { at: '2026-01-02T03:04:05.678Z' }, database: { at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) } }),
  );
});

test('a value is the same however JSON and a driver spell it, and another one is not', () => {
  const at = new Date('2026-01-02T03:04:05.678Z');
  const pairs: [api: unknown, database: unknown, isSame: boolean][] = [
    [1.5, '1.50', true],
    [1.5, '1.51', false],
    [2 ** 53, '9007199254740993', true],
    [0, '', false],
    [0, null, false],
    ['1.50', '1.5', false],
    ['2026-01-02T03:04:05.678Z', at, true],
    ['2026-01-02T05:04:05.678901+02:00', at, true],
    ['2026-01-02 03:04:05.678+00', at, true],
    ['2026-01-02T03:04:05.678', at, true],
    ['2026-01-02T03:04:05Z', at, true],
    [at.getTime(), at, true],
    [Math.floor(at.getTime() / 1_000), at, true],
    ['2026-01-02T03:04:06Z', at, false],
    ['2026-01-02T03:04:05.878Z', at, false],
    ['yesterday', at, false],
    [null, at, false],
    [{ tier: 'web', owner: { n: 1 } }, { owner: { n: 1 }, tier: 'web' }, true],
    [{ tier: 'web' }, { tier: 'cache' }, false],
    [{ tier: 'web' }, {}, false],
    [[1, 2], [2, 1], false],
    [[], {}, false],
  ];
  for (const [said, row, isSame] of pairs)
    assert.equal(agree({ api: { it: said }, database: { it: row } }), isSame, JSON.stringify([said, row]));
});

test('days and instants without a zone are the database’s own, wherever this machine is; what stays a text does', async () => {
  const select = `SELECT id, d, t, z, far, n FROM (VALUES ('a', date '2026-01-02', timestamp '2026-01-02 03:04:05.5',
    timestamptz '2026-01-02 03:04:05.5+02', timestamp 'infinity', numeric '2.50')) AS rows (id, d, t, z, far, n) WHERE id = ANY ($1)`;
  const rows = await Rows.open(database.url, 'vms', select);
  const zone = process.env.TZ;
  process.env.TZ = 'America/New_York';
  try {
    const row = (await rows.read(['a'])).get('a')!;
    const api = {
      d: '2026-01-02',
      t: '2026-01-02T03:04:05.5Z',
      z: '2026-01-02T01:04:05.500Z',
      n: 2.5,
      far: 'infinity',
    };
    assert.ok(agree({ api, database: row }), JSON.stringify(row));
    for (const wrong of [{ d: '2026-01-03' }, { t: '2026-01-02T08:04:05.5Z' }, { z: '2026-01-02T03:04:05.5Z' }])
      assert.ok(!agree({ api: wrong, database: row }), JSON.stringify(wrong));
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test('of what differs an example shows what was compared, and nothing else that an answer holds', () => {
  const views = {
    acknowledged: { id: 'a', name: 'b' },
    api: { id: 'a', name: 'c', console_key: 'hush' },
    database: null,
  };
  assert.deepEqual(compared(views), { ...views, api: { id: 'a', name: 'c' } });
});

/** Copies the table, but for rows that are not wanted. */
const copying = (where: string) => [
  ...[process.execPath, '--input-type=module', '-e'],
  `import pg from 'pg';
  const [from, to] = [process.env.BACKUP_FROM, process.env.BACKUP_TO].map((url) => new pg.Client(url));
  await Promise.all([from.connect(), to.connect()]);
  await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await from.query("SET TRANSACTION SNAPSHOT '" + process.env.BACKUP_SNAPSHOT + "'");
  const { rows } = await from.query('SELECT * FROM things WHERE ${where} ORDER BY id DESC');
  await to.query('CREATE TABLE things (id int, name text)');
  for (const { id, name } of rows) await to.query('INSERT INTO things VALUES ($1, $2)', [id, name]);
  await Promise.all([from.end(), to.end()]);`,
];

describe('a backup', { timeout: 60_000 }, () => {
  let admin: pg.Client;
  before(async () => {
    admin = new pg.Client(database.url);
    await admin.connect();
    await admin.query("CREATE TABLE things AS SELECT i AS id, 'thing ' || i AS name FROM generate_series(1, 3) i");
  });
  after(() => admin?.end());
  const restored = async () =>
    (await admin.query("SELECT datname FROM pg_database WHERE datname LIKE 'tandem_restored_%'")).rows;
  const compared = async (backup: unknown, signal = new AbortController().signal) => {
    const made = await Backup.open(sliceOf('http://127.0.0.1', { backup }), database.url);
    const tables = await made!.compare(signal);
    return tables.filter(({ id }) => id === 'public.things').map(({ views }) => [agree(views), views.backup?.rows]);
  };

  test('of all rows is equal, in whatever order they are; one that lacks a row is not; and nothing is left of them', async () => {
    assert.deepEqual(await compared(copying('true')), [[true, '3']]);
    assert.deepEqual(await compared(copying('id > 1')), [[false, '2']]);
    await assert.rejects(compared(['false']), new Error('false ended with exit code 1: '));
    assert.deepEqual(await restored(), []);
  });

  test('that is interrupted leaves nothing, and what a killed run left is dropped', async () => {
    const over = new AbortController();
    const comparing = assert.rejects(compared([process.execPath, '-e', 'setInterval(() => {}, 1e6)'], over.signal), {
      name: 'AbortError',
    });
    while ((await restored()).length === 0);
    assert.deepEqual(await RestoredDatabase.dropLeftovers(database.url), [], 'it is in use');
    over.abort();
    await comparing;
    assert.deepEqual(await restored(), []);
    await admin.query('CREATE DATABASE tandem_restored_1');
    await admin.query("COMMENT ON DATABASE tandem_restored_1 IS 'backup of run 1'");
    assert.deepEqual(await RestoredDatabase.dropLeftovers(database.url), ['tandem_restored_1']);
  });

  test('of pg_dump is equal where there is one of that version; where there is none, that is said', async () => {
    const said = await compared('pg_dump').catch((error: unknown) => {
      assert.ok(error instanceof Absent, String(error));
      return error.message;
    });
    if (typeof said === 'string')
      assert.match(
        said,
        /^No backup of \S+ is restored and compared: it is PostgreSQL \S+, and there is no pg_dump of version 18 or newer; /,
      );
    else assert.deepEqual(said, [[true, '3']]);
  });
});
