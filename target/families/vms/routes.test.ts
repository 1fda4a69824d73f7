import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { hashToken } from '../../core/accounts.ts';
import { openDatabase } from '../../core/database.ts';
import { type Event, Events } from '../../core/events.ts';
import { schemaOf } from '../../core/server.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { startTarget, type Target } from '../../target.ts';
import { vms } from './family.ts';
import { TestOperator } from './operator.fixture.ts';
import { Provisioning } from './provisioning.ts';
import { VmStore } from './store.ts';
import type { NewVm, Vm } from './vm.ts';

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

const VMS = '/api/v1/vms';

/** A valid VM. */
function vm(fields: Partial<NewVm> = {}): NewVm {
  return {
    name: 'a-vm',
    cpu_cores: 2,
    memory_mb: 2_048,
    disk_gb: 20,
    image: 'debian-13',
    zone: 'us-west-1',
    tags: { team: 'blue' },
    ...fields,
  };
}

/** The VMs of a page. */
async function list(operator: TestOperator, query = ''): Promise<{ data: Vm[]; total: number }> {
  const { status, body } = await operator.get(`${VMS}?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  const { data, pagination } = body as unknown as { data: Vm[]; pagination: { total: number } };
  return { data, total: pagination.total };
}

/** Asks again until the VM has the status. */
async function until(operator: TestOperator, id: string, wanted: string): Promise<void> {
  while ((await operator.get(`${VMS}/${id}`)).body.status !== wanted);
}

const names = (vms: Vm[]) => vms.map(({ name }) => name);

test('a VM lives: created, ready, started, changed, stopped, deleted', async () => {
  const operator = new TestOperator(target);
  const before = Date.now();
  const created = await operator.post(VMS, vm());
  assert.equal(created.status, 201);
  const { id, created_at, updated_at, ...facts } = created.body as unknown as Record<string, string>;
  assert.deepEqual(facts, { ...vm(), status: 'creating', revision: 1 });
  for (const time of [created_at!, updated_at!]) {
    assert.equal(new Date(time).toISOString(), time);
    assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now(), `${time} after ${before}`);
  }

  await until(operator, id!, 'stopped');

  // Without a body, and with a content type nevertheless.
  const headers = { authorization: `Bearer ${operator.token}`, 'content-type': 'application/json' };
  const response = await fetch(`${target.url}${VMS}/${id}/start`, { method: 'POST', headers });
  assert.equal(response.status, 200);
  const started = await response.json();
  assert.deepEqual([started.status, started.revision], ['running', 3]);
  assert.ok(started.updated_at > updated_at!);

  const changes = { name: 'renamed', cpu_cores: 4, tags: { a: 'b' }, disk_gb: 999, status: 'stopped' };
  const patched = await operator.request('PATCH', `${VMS}/${id}`, changes);
  assert.equal(patched.status, 200);
  assert.deepEqual(patched.body, (await operator.get(`${VMS}/${id}`)).body);
  const { name, cpu_cores, memory_mb, disk_gb, tags, status, revision } = patched.body;
  assert.deepEqual(
    [name, cpu_cores, memory_mb, disk_gb, JSON.stringify(tags), status, revision],
    ['renamed', 4, 2_048, 20, '{"a":"b"}', 'running', 4],
  );
  const put = await operator.request('PUT', `${VMS}/${id}`, { memory_mb: 512 });
  assert.deepEqual([put.status, put.body.memory_mb, put.body.revision], [200, 512, 5]);

  assert.equal((await operator.post(`${VMS}/${id}/start`, {})).status, 409);
  assert.equal((await operator.post(`${VMS}/${id}/stop`, {})).body.status, 'stopped');
  const again = await operator.post(`${VMS}/${id}/stop`, {});
  assert.equal(again.body.error.message, `The VM ${id} is stopped; stop is allowed when it is running.`);

  assert.deepEqual(await operator.request('DELETE', `${VMS}/${id}`), { status: 204, body: undefined });
  await assertGone(operator, id!);
  assert.deepEqual(await list(operator), { data: [], total: 0 });
});

test('a VM that is being created is not started, stopped nor migrated, but changed and deleted', async () => {
  const operator = new TestOperator(target);
  const path = `${VMS}/${await operator.vm({ status: 'creating' })}`;
  for (const action of ['start', 'stop', 'migrate']) {
    const { status, body } = await operator.post(`${path}/${action}`, { target_zone: 'us-east-1' });
    assert.deepEqual([status, body.error.code], [409, 'ILLEGAL_STATE'], action);
    assert.match(body.error.message, /is creating; /);
  }
  assert.equal((await operator.request('PATCH', path, { cpu_cores: 4 })).body.status, 'creating');
  assert.equal((await operator.request('DELETE', path)).status, 204);
});

/** Asserts that every route answers 404 for this id. */
async function assertGone(operator: TestOperator, id: string): Promise<void> {
  const path = `${VMS}/${id}`;
  const answers = [
    await operator.get(path),
    await operator.get(`${path}/metrics`),
    await operator.request('PATCH', path, { cpu_cores: 1 }),
    await operator.request('PUT', path, { cpu_cores: 1 }),
    await operator.request('DELETE', path),
    await operator.post(`${path}/start`, {}),
    await operator.post(`${path}/stop`, {}),
    await operator.post(`${path}/migrate`, { target_zone: 'us-east-1' }),
    await operator.post(`${VMS}/batch`, { operations: [{ action: 'delete', id }] }),
  ];
  for (const { status, body } of answers) {
    assert.equal(status, 404, JSON.stringify(body));
    assert.equal(body.error.code, 'NOT_FOUND');
    assert.ok(body.error.message.includes(`no VM ${id}`), body.error.message);
  }
}

test("another account's VM is not there, an id that is none neither, and nobody comes in without a token", async () => {
  const [owner, stranger] = [new TestOperator(target), new TestOperator(target)];
  const id = await owner.vm();
  await assertGone(stranger, id);
  await assertGone(owner, 'no-uuid');
  assert.deepEqual(await list(stranger), { data: [], total: 0 });
  assert.equal((await stranger.get(`${VMS}/search?q=a-vm`)).body.total, 0);
  assert.equal((await stranger.get(`${VMS}/stats/aggregate`)).body.total_vms, 0);
  assert.deepEqual(await owner.row(id), { ...(await owner.row(id)), status: 'running', revision: 1 });
  assert.equal((await new TestOperator(target, 'short').get(VMS)).status, 401);
});

test('a migrating VM is neither changed, deleted, started nor stopped, and does not answer while it is switched over', async () => {
  const operator = new TestOperator(target);
  const id = await operator.vm({ status: 'migrating' });
  const phase = (name: string) =>
    target.database.pool.query(
      `INSERT INTO tandem.migrations
          (account, vm_id, source_zone, target_zone, status, phase, bandwidth_mbps, bytes_total, planned_ms)
        VALUES ('', $1, 'us-west-1', 'us-east-1', 'in_progress', $2, 1, 1, 1)
        ON CONFLICT (vm_id) WHERE status IN ('pending', 'in_progress') DO UPDATE SET phase = EXCLUDED.phase`,
      [id, name],
    );
  const path = `${VMS}/${id}`;
  for (const answer of [
    await operator.request('PATCH', path, { cpu_cores: 1 }),
    await operator.request('DELETE', path),
    await operator.post(`${path}/start`, {}),
    await operator.post(`${path}/stop`, {}),
    await operator.post(`${VMS}/batch`, { operations: [{ action: 'stop', id }] }),
  ]) {
    assert.equal(answer.status, 409);
    assert.match(answer.body.error.message, /is migrating; \w+ is allowed when it is /);
  }
  await phase('pre-copy');
  assert.equal((await operator.get(`${path}/metrics`)).status, 200);
  for (const blackout of ['stop-and-copy', 'switch-over']) {
    await phase(blackout);
    const { status, body } = await operator.get(`${path}/metrics`);
    assert.deepEqual([status, body.error.code], [503, 'VM_PAUSED']);
    const included = (await list(operator, 'include=metrics,migrations')).data as (Vm & Record<string, unknown>)[];
    assert.equal(included[0]!.metrics, null);
    const [migration] = included[0]!.migrations as Record<string, unknown>[];
    assert.deepEqual([migration!.phase, migration!.status], [blackout, 'in_progress']);
    assert.equal('phase' in included[0]!, false);
  }
  assert.equal('phase' in (await operator.get(path)).body, false);
});

test('metrics fit the VM: nothing is used of one that does not run', async () => {
  const operator = new TestOperator(target);
  const before = Date.now();
  for (const [status, works] of [
    ['running', true],
    ['stopped', false],
  ] as const) {
    const id = await operator.vm({ status, memoryMb: 1_000 });
    const { body } = await operator.get(`${VMS}/${id}/metrics`);
    assert.deepEqual([body.vm_id, body.status, body.disk_used_gb], [id, status, 4]);
    assert.equal(body.cpu_percent! > 0 && body.cpu_percent! < 100, works, String(body.cpu_percent));
    assert.equal(body.memory_used_mb! > 0 && body.memory_used_mb! < 1_000, works, String(body.memory_used_mb));
    assert.ok(body.timestamp! >= before && body.timestamp! <= Date.now());
  }
  const { data } = await list(operator, 'include=metrics');
  for (const each of data as (Vm & { metrics: { vm_id: string } })[]) assert.equal(each.metrics.vm_id, each.id);
});

test('a list is filtered, sorted and paged, in an order without ties', async () => {
  const operator = new TestOperator(target);
  const zones = ['us-west-1', 'us-east-1', 'eu-west-1'];
  const operations = Array.from({ length: 25 }, (_, index) => ({
    action: 'create',
    data: vm({
      name: `vm-${String(index).padStart(2, '0')}`,
      cpu_cores: 1 + (index % 3),
      memory_mb: 100 * (25 - index),
      zone: zones[index % 3]!,
    }),
  }));
  await operator.post(`${VMS}/batch`, { operations });
  const all = operations.map(({ data }) => data.name);
  await Promise.all((await list(operator, 'limit=100')).data.map(({ id }) => until(operator, id, 'stopped')));

  const standard = await list(operator);
  assert.deepEqual(names(standard.data), all.toReversed().slice(0, 20));
  assert.equal(standard.total, 25);
  assert.deepEqual(names((await list(operator, 'sort=created_at&order=asc&limit=100')).data), all);
  assert.deepEqual(names((await list(operator, 'sort=name&order=asc&limit=3&offset=5')).data), all.slice(5, 8));
  assert.deepEqual(names((await list(operator, 'sort=memory_mb&order=asc&limit=100')).data), all.toReversed());

  // Many are equal here; pages of one size or another show every VM once, and backwards the same.
  for (const sort of ['cpu_cores', 'status']) {
    const pages: Vm[] = [];
    for (let offset = 0; offset < 25; offset += 7) {
      pages.push(...(await list(operator, `sort=${sort}&limit=7&offset=${offset}`)).data);
    }
    assert.deepEqual(names(pages).toSorted(), all);
    assert.deepEqual(names((await list(operator, `sort=${sort}&order=asc&limit=100`)).data), names(pages).toReversed());
  }

  const id = (await list(operator, 'limit=1')).data[0]!.id;
  await operator.post(`${VMS}/${id}/start`, {});
  const east = await list(operator, 'zone=us-east-1&limit=2');
  assert.deepEqual([names(east.data), east.total], [['vm-22', 'vm-19'], 8]);
  assert.deepEqual(names((await list(operator, 'status=running')).data), ['vm-24']);
  assert.equal((await list(operator, 'zone=us-west-1&status=stopped')).total, 8);
  assert.deepEqual(await list(operator, 'status=migrating'), { data: [], total: 0 });
  assert.deepEqual(await list(operator, 'offset=1000'), { data: [], total: 25 });

  const sums = (await operator.get(`${VMS}/stats/aggregate`)).body;
  assert.deepEqual(sums, {
    total_vms: 25,
    by_status: { creating: 0, stopped: 24, running: 1, migrating: 0 },
    by_zone: { 'us-west-1': 9, 'us-east-1': 8, 'eu-west-1': 8 },
    total_cpu_cores: 9 + 2 * 8 + 3 * 8,
    total_memory_mb: (100 * 25 * 26) / 2,
    total_disk_gb: 500,
  });
});

test('a search finds a part of name, image or tag values, whatever the case, and takes nothing for a pattern', async () => {
  const operator = new TestOperator(target);
  const vms = [
    vm({ name: 'Web-1', tags: { env: 'Production' } }),
    vm({ name: 'db-100%', image: 'Postgres_17' }),
    vm({ name: "it's", tags: {} }),
  ];
  await operator.post(`${VMS}/batch`, { operations: vms.map((data) => ({ action: 'create', data })) });
  const found = async (words: string, limit = '') => {
    const { body } = await operator.get(`${VMS}/search?q=${encodeURIComponent(words)}${limit}`);
    return [names(body.data as unknown as Vm[]), body.total];
  };
  assert.deepEqual(await found('WEB'), [['Web-1'], 1]);
  assert.deepEqual(await found('product'), [['Web-1'], 1]);
  assert.deepEqual(await found('postgres'), [['db-100%'], 1]);
  assert.deepEqual(await found('%'), [['db-100%'], 1]);
  assert.deepEqual(await found('_'), [['db-100%'], 1]);
  assert.deepEqual(await found("'"), [["it's"], 1]);
  assert.deepEqual(await found('debian', '&limit=1'), [["it's"], 2]);
  assert.deepEqual(await found('env'), [[], 0]);
  const id = (await list(operator, 'sort=name&order=desc')).data.find(({ name }) => name === "it's")!.id;
  await operator.request('PATCH', `${VMS}/${id}`, { tags: { note: 'fresh' } });
  assert.deepEqual(await found('FRESH'), [["it's"], 1]);
});

test('what a request asks for in a wrong way is named, and nothing is done', async () => {
  const operator = new TestOperator(target);
  const id = await operator.vm({ status: 'stopped' });
  const create = (fields: object) => operator.post(VMS, { ...vm(), ...fields });
  const batch = (...operations: unknown[]) =>
    operator.post(`${VMS}/batch`, { operations: [{ action: 'create', data: vm() }, ...operations] });
  const query = (text: string) => operator.get(`${VMS}?${text}`);
  const patch = (fields: object) => operator.request('PATCH', `${VMS}/${id}`, fields);
  const cases: [ReturnType<typeof create>, string][] = [
    [operator.post(VMS, []), 'The body must be'],
    [create({ name: '' }), 'name must be'],
    [create({ name: 'a\0' }), 'name must be'],
    [create({ name: 'a'.repeat(201) }), 'name must be'],
    [create({ name: '\ud800' }), 'name must be'],
    [create({ cpu_cores: 0 }), 'cpu_cores must be a whole number from 1 to 256.'],
    [create({ cpu_cores: '2' }), 'cpu_cores must be'],
    [create({ memory_mb: 1.5 }), 'memory_mb must be'],
    [create({ memory_mb: 2 ** 40 }), 'memory_mb must be'],
    [create({ disk_gb: -1 }), 'disk_gb must be'],
    [create({ image: null }), 'image must be'],
    [create({ zone: 'mars' }), 'zone must be one of us-west-1, us-east-1, eu-west-1.'],
    [create({ tags: ['a'] }), 'tags must be'],
    [create({ tags: { a: 1 } }), 'tags["a"] must be'],
    [create({ tags: { '\ud800': 'a' } }), 'a key of tags must be'],
    [create({ tags: Object.fromEntries(Array.from({ length: 51 }, (_, key) => [key, 'a'])) }), 'tags has 51 entries'],
    [patch({}), 'The body must have one of name, cpu_cores, memory_mb, tags.'],
    [patch({ disk_gb: 3 }), 'The body must have one of'],
    [patch({ name: 1 }), 'name must be'],
    [patch({ cpu_cores: null }), 'cpu_cores must be'],
    [patch({ tags: 'a' }), 'tags must be'],
    [query('limit=0'), 'limit must be a whole number from 1 to 100.'],
    [query('limit=101'), 'limit must be'],
    [query('limit=1e1'), 'limit must be'],
    [query('limit='), 'limit must be'],
    [query('limit=1&limit=2'), 'limit must be'],
    [query('offset=-1'), 'offset must be'],
    [query('zone=mars'), 'zone must be'],
    [query('status=deleted'), 'status must be one of creating, stopped, running, migrating.'],
    [query('sort=id'), 'sort must be one of name, created_at, cpu_cores, memory_mb, status.'],
    [query(`sort=${encodeURIComponent('name; DROP TABLE tandem.vms; --')}`), 'sort must be'],
    [query(`sort=${encodeURIComponent('(SELECT 1)')}`), 'sort must be'],
    [query('sort=name&sort=status'), 'sort must be'],
    [query('sort=constructor'), 'sort must be'],
    [query(`order=${encodeURIComponent('desc, (SELECT pg_sleep(9))')}`), 'order must be one of asc, desc.'],
    [query('include=metrics,passwords'), 'include must be one of metrics, migrations.'],
    [query('include='), 'include must be'],
    [operator.get(`${VMS}/search`), 'q must be'],
    [operator.get(`${VMS}/search?q=`), 'q must be'],
    [operator.get(`${VMS}/search?q=a&limit=1000`), 'limit must be'],
    [operator.post(`${VMS}/batch`, {}), 'operations must be a list of 1 to 100 entries.'],
    [operator.post(`${VMS}/batch`, { operations: [] }), 'operations must be'],
    [operator.post(`${VMS}/batch`, { operations: Array(101).fill({ action: 'stop', id }) }), 'operations must be'],
    [batch(null), 'operations[1] must be an object.'],
    [batch({ action: 'migrate', id }), 'operations[1].action must be one of create, delete, start, stop, update.'],
    [batch({ action: 'create' }), 'operations[1].data must be'],
    [batch({ action: 'create', data: { ...vm(), zone: 'mars' } }), 'operations[1].data.zone must be'],
    [batch({ action: 'start' }), 'operations[1].id must be'],
    [batch({ action: 'update', id, data: {} }), 'operations[1].data must have one of'],
    [batch({ action: 'update', id, data: { cpu_cores: 0 } }), 'operations[1].data.cpu_cores must be'],
  ];
  for (const [answering, message] of cases) {
    const { status, body } = await answering;
    assert.equal(status, 400, message);
    assert.equal(body.error.code, 'INVALID_REQUEST');
    assert.ok(body.error.message.startsWith(message), `${body.error.message} instead of ${message}`);
  }
  const { data, total } = await list(operator);
  assert.deepEqual([total, data[0]!.id, data[0]!.revision], [1, id, 1]);
});

test('a batch does everything, in its order, and says what became of each', async () => {
  const operator = new TestOperator(target);
  const [a, b] = [await operator.vm({ status: 'stopped' }), await operator.vm({ status: 'running' })];
  const { status, body } = await operator.post(`${VMS}/batch`, {
    operations: [
      { action: 'start', id: a },
      { action: 'update', id: a, data: { cpu_cores: 8 } },
      { action: 'stop', id: a },
      { action: 'create', data: vm({ name: 'fresh' }) },
      { action: 'delete', id: b },
    ],
  });
  assert.equal(status, 201);
  const results = body.results as unknown as { action: string; id: string; status: string; vm?: Vm }[];
  assert.deepEqual(
    results.map(({ action, id, status, vm }) => [action, id, status, vm?.status, vm?.revision]),
    [
      ['start', a, 'ok', 'running', 2],
      ['update', a, 'ok', 'running', 3],
      ['stop', a, 'ok', 'stopped', 4],
      ['create', results[3]!.id, 'ok', 'creating', 1],
      ['delete', b, 'ok', undefined, undefined],
    ],
  );
  await until(operator, results[3]!.id, 'stopped');
  assert.equal((await list(operator)).total, 2);
  const again = await operator.post(`${VMS}/batch`, { operations: [{ action: 'start', id: a }] });
  assert.equal(again.status, 200);
});

test('a batch that fails anywhere has done nothing, and names the operation', async () => {
  const operator = new TestOperator(target);
  const [a, b] = [await operator.vm({ status: 'stopped' }), await operator.vm({ status: 'running' })];
  const before = await list(operator);
  const absent = randomUUID();
  const done = [
    { action: 'create', data: vm() },
    { action: 'start', id: a },
    { action: 'delete', id: b },
  ];
  for (const [failing, status, message] of [
    [{ action: 'stop', id: absent }, 404, `operations[3]: There is no VM ${absent}.`],
    [{ action: 'start', id: b }, 404, `operations[3]: There is no VM ${b}.`],
    [{ action: 'update', id: 'no-uuid', data: { name: 'x' } }, 404, 'operations[3]: There is no VM no-uuid.'],
    [{ action: 'start', id: a }, 409, `operations[3]: The VM ${a} is running; start is allowed when it is stopped.`],
  ] as const) {
    const answer = await operator.post(`${VMS}/batch`, { operations: [...done, failing] });
    assert.deepEqual([answer.status, answer.body.error.message], [status, message]);
    assert.deepEqual(await list(operator), before);
  }
});

test('of many at the same time only as many succeed as the states allow', async () => {
  const operator = new TestOperator(target);
  const id = await operator.vm({ status: 'stopped' });
  const race = async (howMany: number, ask: (nth: number) => Promise<{ status: number }>) => {
    const answers = await Promise.all(Array.from({ length: howMany }, (_, nth) => ask(nth)));
    return (wanted: number) => answers.filter(({ status }) => status === wanted).length;
  };
  const starts = await race(40, () => operator.post(`${VMS}/${id}/start`, {}));
  assert.deepEqual([starts(200), starts(409)], [1, 39]);
  const patches = await race(30, (nth) => operator.request('PATCH', `${VMS}/${id}`, { cpu_cores: nth + 1 }));
  assert.equal(patches(200), 30);
  assert.equal((await operator.row(id)).revision, 1 + 1 + 30);

  // Starts and stops against each other: every success is one change, and they take turns.
  const mixed = await race(40, (nth) => operator.post(`${VMS}/${id}/${nth % 2 ? 'start' : 'stop'}`, {}));
  const { revision, status } = await operator.row(id);
  assert.equal(mixed(200) + mixed(409), 40);
  assert.equal(revision, 32 + mixed(200));
  assert.equal(status, mixed(200) % 2 === 0 ? 'running' : 'stopped');

  // Batches that want the same VMs the other way round.
  const ids = await Promise.all(Array.from({ length: 10 }, () => operator.vm({ status: 'stopped' })));
  const update = (id: string) => ({ action: 'update', id, data: { cpu_cores: 3 } });
  const batches = await race(20, (nth) =>
    operator.post(`${VMS}/batch`, { operations: (nth % 2 ? ids : ids.toReversed()).map(update) }),
  );
  assert.equal(batches(200), 20);

  const deletes = await race(20, () => operator.request('DELETE', `${VMS}/${id}`));
  assert.deepEqual([deletes(204), deletes(404)], [1, 19]);
});

/** A store of a test's own, without a target. */
async function openStore(t: TestContext, events: Events): Promise<VmStore> {
  const { pool, stop } = await openDatabase(database.url, { schema: schemaOf([vms]) });
  const store = new VmStore(pool, events);
  t.after(async () => {
    await store.stop();
    await stop();
  });
  return store;
}

test('every change is an event, of its account and committed; a refusal is none', async (t) => {
  const events = new Events();
  const store = await openStore(t, events);
  const told: Event[] = [];
  const ready = new Promise<void>((resolve) => {
    events.listen((event, account) => {
      assert.equal(account, 'mine');
      told.push(event);
      if (told.filter(({ status }) => status === 'stopped').length === 5) resolve();
    });
  });
  const vms = await Promise.all(Array.from({ length: 5 }, () => store.run('mine', { action: 'create', data: vm() })));
  const { id } = vms[0]!;
  await ready;
  await store.runAll('mine', [
    { action: 'start', id },
    { action: 'stop', id },
  ]);
  const operations = [
    { action: 'start' as const, id },
    { action: 'start' as const, id },
  ];
  await assert.rejects(store.runAll('mine', operations), { status: 409 });
  await assert.rejects(store.run('mine', { action: 'stop', id }), { status: 409 });
  await store.run('mine', { action: 'update', id, data: { name: 'renamed' } });
  await store.run('mine', { action: 'delete', id });
  assert.deepEqual(
    told
      .filter(({ vm_id }) => vm_id === id)
      .map(({ type, name, status, zone, revision }) => [type, name, status, zone, revision]),
    [
      ['vm_status', 'a-vm', 'creating', 'us-west-1', 1],
      ['vm_status', 'a-vm', 'stopped', 'us-west-1', 2],
      ['vm_status', 'a-vm', 'running', 'us-west-1', 3],
      ['vm_status', 'a-vm', 'stopped', 'us-west-1', 4],
      ['vm_status', 'renamed', 'stopped', 'us-west-1', 5],
      ['vm_status', 'renamed', 'deleted', 'us-west-1', 6],
    ],
  );
  assert.deepEqual(
    told.map(({ sequence }) => sequence),
    told.map((_, index) => index + 1),
  );
});

test('a store that has stopped leaves what is being created to the next target', async (t) => {
  const operator = new TestOperator(target);
  const store = await openStore(t, new Events());
  const { id } = await store.run(`token:${hashToken(operator.token)}`, { action: 'create', data: vm() });
  await store.stop();
  // An operation that was under way.
  const late = await store.run(`token:${hashToken(operator.token)}`, { action: 'create', data: vm() });
  for (const each of [id, late.id]) assert.equal((await operator.row(each)).status, 'creating');
  await testTarget(t, { databaseUrl: database.url });
  for (const each of [id, late.id]) assert.equal((await operator.row(each)).status, 'stopped');
});

test('new VMs wait for a database that does not answer, and are told of once', async (context) => {
  const complaint = context.mock.method(console, 'error', () => {});
  const asked: string[][] = [];
  const pool = {
    async query({ values: [ids] }: { values: [string[]] }) {
      asked.push(ids);
      if (asked.length === 1) throw new Error('no answer');
      return { rows: ids.map((id) => ({ id, account: 'mine', status: 'stopped' })) };
    },
  };
  const told: string[] = [];
  await new Promise<void>((resolve) => {
    const provisioning = new Provisioning(pool as unknown as pg.Pool, (account, { id }) => {
      told.push(`${account} ${id}`);
      if (told.length === 2) resolve();
    });
    provisioning.add('a');
    provisioning.add('b');
  });
  assert.deepEqual(told, ['mine a', 'mine b']);
  assert.deepEqual(asked[0], ['a', 'b']);
  assert.equal(complaint.mock.calls[0]!.arguments[0], 'New VMs have to wait: no answer');
});

test('after all of this, the totals are what counting gives', async () => {
  const { rows } = await target.database.pool.query(`
    WITH told AS (
      SELECT account, zone, status, sum(vms), sum(cpu_cores), sum(memory_mb), sum(disk_gb)
      FROM tandem.vm_totals GROUP BY account, zone, status HAVING sum(vms) <> 0
    ), counted AS (
      SELECT account, zone, status, count(*), sum(cpu_cores), sum(memory_mb), sum(disk_gb)
      FROM tandem.vms GROUP BY account, zone, status
    )
    SELECT (SELECT count(*)::int FROM counted) AS groups,
      ARRAY (SELECT difference::text FROM (TABLE told EXCEPT TABLE counted) AS difference) ||
        ARRAY (SELECT difference::text FROM (TABLE counted EXCEPT TABLE told) AS difference) AS differences`);
  assert.ok(rows[0].groups > 5);
  assert.deepEqual(rows[0].differences, []);
});

test('health is at both addresses', async () => {
  const { status, body } = await new TestOperator(target).get('/api/v1/health');
  assert.deepEqual([status, body.status], [200, 'ok']);
});
