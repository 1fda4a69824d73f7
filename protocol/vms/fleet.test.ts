import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { consult } from '../../support/check/oracles.ts';
import type { Evidence } from '../../support/measure/evidence.ts';
import { readOptions } from '../../support/options.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { serve } from '../../support/server.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults } from '../../target/target.ts';
import { recorded, testSlice, testVu } from '../slice.fixture.ts';
import { Fleet } from './fleet.ts';
import { Fleets, fleetOptions } from './fleets.ts';
import './vm-lifecycle.oracle.ts';

const MIX = { list: 35, create: 20, start: 15, stop: 15, delete: 10, migrate: 5 } as const;
const EVERYTHING = { ...MIX, detail: 5, update: 5, search: 2, metrics: 2, aggregate: 1, batch: 1 } as const;
type Op = keyof typeof EVERYTHING;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** The real target. */
async function start(t: TestContext, faults = '') {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults) });
  const count = async (runId: string) => {
    const { rows } = await target.database.pool.query('SELECT FROM tandem.vms WHERE name LIKE $1', [
      `tandem-${runId}-%`,
    ]);
    return rows.length;
  };
  return { url: target.url, count };
}

interface BedOptions {
  vus?: number;
  options?: Record<string, unknown>;
  runId?: string;
}

/** Fleets at `url`, and what they recorded. */
async function bed(t: TestContext, url: string, { vus: howMany = 1, options = {}, runId }: BedOptions = {}) {
  const made = testSlice(url);
  const slice = { ...made, options: readOptions(fleetOptions(0), options, 'options'), ...(runId && { runId }) };
  const fleets = await Fleets.open(slice);
  t.after(() => fleets.close());
  const vus = Array.from({ length: howMany }, (_, id) => testVu(slice, id));
  const all = await Promise.all(vus.map((vu) => fleets.make(vu)));
  /** Every VU does so many iterations of the mix, all at the same time. Gives how many of each kind. */
  const work = async (iterations: number, mix: Partial<Record<Op, number>> = EVERYTHING) => {
    const done: Partial<Record<Op, number>> = {};
    await Promise.all(
      all.map(async (fleet, place) => {
        for (let n = 0; n < iterations; n++) {
          const op = vus[place]!.random.weighted(mix as Record<Op, number>);
          done[op] = (done[op] ?? 0) + 1;
          await fleet[op]();
        }
      }),
    );
    return done;
  };
  const settle = () => Promise.all(all.map((fleet) => fleet.settle()));
  /** What the oracle says of everything. */
  const judged = () => {
    const evidence: Evidence = { 'vm-lifecycle': all.flatMap((fleet) => fleet.evidence()['vm-lifecycle'] ?? []) };
    return consult(['vm-lifecycle'], [evidence], declaredOracles)[0]!;
  };
  /** Requests since the last time, by kind. */
  const requests = () =>
    Object.fromEntries(
      Object.entries(recorded(slice)).flatMap(([key, packed]) => {
        const op = /^http_reqs{op:(\w+)}$/.exec(key)?.[1];
        return op && packed.t === 'counter' ? [[op, packed.sum]] : [];
      }),
    ) as Partial<Record<Op | 'get', number>>;
  const fleet = all[0]!;
  return { slice, fleets, fleet, all, vu: vus[0]!, work, settle, judged, requests, errors: slice.recorder.errors };
}

test('with a right target there is nothing to complain of, and nothing is left of it', async (t) => {
  const target = await start(t);
  const made = await bed(t, target.url, { vus: 4 });
  await made.work(25);
  await made.settle();
  const { status, violations, checked, counts } = made.judged();
  assert.deepEqual([status, violations, counts?.unread, counts?.leftBehind], ['ok', 0, 0, 0]);
  assert.ok(checked > 50 && counts!.created! > 25, JSON.stringify({ checked, counts }));
  assert.deepEqual(made.errors, {});
  assert.equal(made.vu.takeOutcome(), 'ok');
  assert.equal(await target.count(made.slice.runId), 0);
});

test('VMs that are lost, come back or are in a wrong state: the oracle sees it, and tells where to look', async (t) => {
  const target = await start(t, 'vm-lost=0.3,vm-resurrect=0.6,illegal-state=0.9');
  const made = await bed(t, target.url, { vus: 3 });
  await made.work(40);
  await made.settle();
  const { status, violations, counts, examples } = made.judged();
  assert.equal(status, 'violated');
  const { lost, resurrected, illegalState } = counts as Record<string, number>;
  assert.ok(lost! > 0 && resurrected! > 0 && illegalState! > 0, JSON.stringify(counts));
  assert.equal(violations, lost! + resurrected! + illegalState!);
  const { promise, vm, id, lastWrite, expected, found } = examples[0] as Record<string, string>;
  assert.match(vm!, new RegExp(`^tandem-${made.slice.runId}-test-\\d-\\d+$`));
  assert.match(id!, /^[0-9a-f-]{36}$/);
  assert.ok(promise && lastWrite && expected !== found, JSON.stringify(examples[0]));
});

test('what was not answered, or not so that it could be read, is found out by reading and raises no alarm', async (t) => {
  const target = await start(t, 'reset=0.1,error=0.1,truncate-json=0.1');
  const made = await bed(t, target.url, { vus: 3 });
  await made.work(30);
  await made.settle();
  const { status, examples, counts } = made.judged();
  assert.deepEqual([status, examples], ['ok', []]);
  assert.ok(counts!.indeterminate! > 0);
  assert.equal(counts!.reconciled, counts!.indeterminate);
});

interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown>;
}

/** What becomes of a request: as it should, carried out and not answered, neither, or this status and not carried out. */
type Answered = undefined | 'unanswered' | 'lost' | number;

interface StubVm extends Record<string, unknown> {
  id: string;
  name: string;
  status: string;
  zone: string;
}

/** A control plane in memory: what is asked of a VM is done at once, and a rule may spoil it. */
async function cloud(t: TestContext, rule: (asked: Asked) => Answered = () => undefined) {
  const vms = new Map<string, StubVm>();
  let made = 0;
  const stub = {
    vms,
    rule,
    asked: [] as Asked[],
    total: true,
    url: '',
    listed: () => [...vms.values()],
    /** What a search finds; undefined: those of what is listed that have the words in their names. */
    found: undefined as ((words: string) => StubVm[]) | undefined,
    /** A page never has more. */
    maxPage: 1_000,
    statuses: {} as Record<string, number>,
    /** Of what was deleted it goes on to tell. */
    keepsDeleted: false,
    /** On the wire its ids are numbers, and no texts. */
    isNumbered: false,
  };
  const create = (data: object): StubVm => {
    made += 1;
    const vm = { ...data, id: `id-${made}`, status: 'stopped' } as StubVm;
    vms.set(vm.id, vm);
    return vm;
  };
  const remove = (id: string) => {
    if (stub.keepsDeleted) vms.get(id)!.status = 'deleted';
    else vms.delete(id);
  };
  const page = (query: URLSearchParams) => {
    const all = stub
      .listed()
      .filter((vm) => ['zone', 'status'].every((key) => vm[key] === (query.get(key) ?? vm[key])));
    const sort = query.get('sort') ?? '';
    if (sort in (all[0] ?? {})) all.sort((a, b) => Number(a[sort]) - Number(b[sort]));
    const offset = Number(query.get('offset'));
    const data = all.slice(offset, offset + Math.min(Number(query.get('limit')), stub.maxPage));
    return { data, ...(stub.total && { pagination: { total: all.length } }) };
  };
  const carryOut = ({ method, path, body }: Asked): [status: number, body?: unknown] => {
    const { pathname, searchParams } = new URL(path, 'http://stub');
    const [, id = '', action] = pathname.replace('/api/v1/vms', '').split('/');
    const vm = vms.get(id);
    if (id === '') return method === 'GET' ? [200, page(searchParams)] : [201, { ...create(body), status: 'creating' }];
    if (id === 'search') {
      const words = searchParams.get('q')!;
      const found = stub.found?.(words) ?? stub.listed().filter(({ name }) => name.includes(words));
      return [200, { data: found.slice(0, Number(searchParams.get('limit'))) }];
    }
    if (id === 'stats') return [200, { total_vms: vms.size }];
    if (id === 'batch') {
      const operations = body.operations as { id: string; data?: object }[];
      const results = operations.map(({ id, data }) => ({ id: data ? create(data).id : id }));
      for (const { id, data } of operations) if (!data) remove(id);
      return [200, { results }];
    }
    if (!vm) return [404, {}];
    if (method === 'DELETE') remove(id);
    if (method === 'DELETE') return [204];
    if (action === 'start') vm.status = 'running';
    if (action === 'stop') vm.status = 'stopped';
    if (action === 'migrate') vm.zone = body.target_zone as string;
    if (action === 'migrate') return [202, {}];
    if (method === 'PATCH') Object.assign(vm, body);
    return [200, action === 'metrics' ? {} : vm];
  };
  const { url } = await serve(t, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    let path = request.url!;
    if (stub.isNumbered) {
      path = path.replace(/vms\/(\d+)/, 'vms/id-$1');
      text = text.replace(/"id":(\d+)/g, '"id":"id-$1"');
    }
    const asked: Asked = { method: request.method!, path, body: text ? JSON.parse(text) : {} };
    stub.asked.push(asked);
    const answered = stub.rule(asked);
    const [status, body] = typeof answered === 'number' ? [answered, {}] : answered === 'lost' ? [0] : carryOut(asked);
    const { [asked.method]: told = status } = stub.statuses;
    if (answered === 'unanswered' || answered === 'lost') return request.socket.destroy();
    const said = body === undefined ? undefined : JSON.stringify(body);
    response.writeHead(told).end(stub.isNumbered ? said?.replace(/"id-(\d+)"/g, '$1') : said);
    return undefined;
  });
  stub.url = url;
  return stub;
}

test('the mix stays what it was asked to be, in a fleet that does not grow', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url, { options: { maxVms: 10 } });
  const iterations = 300;
  let nowMs = 0;
  // Long after each other: lists tell what has come.
  Object.assign(made.slice, { elapsedMs: () => (nowMs += 10_000) });
  const drawn = await made.work(iterations, MIX);
  const { list, create, start, stop, delete: deleted, migrate, get } = made.requests() as Record<string, number>;
  const share = (count: number | undefined) => Math.round((100 * count!) / iterations);
  const shares = [list, create, start, stop, migrate].map(share);
  const asked = [drawn.list, drawn.create, drawn.start, drawn.stop, drawn.migrate].map(share);
  for (const [place, found] of shares.entries()) {
    assert.ok(Math.abs(found - asked[place]!) <= 3, `list, create, start, stop, migrate: ${shares} % of ${asked} %`);
  }
  // What is created goes again, one way or the other; looks are requests beside the mix.
  assert.ok(create! - deleted! <= 10 && share(get) < 45, JSON.stringify({ create, deleted, get }));
  assert.equal(made.fleet.size, target.vms.size);
  assert.deepEqual(made.errors, {});
});

test('an operation that has no VM fit for it brings one about, and counts as what it is', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url);
  const { fleet, requests } = made;
  requests();
  for (const [op, done] of [
    ['start', { create: 1 }],
    // It is looked at whether it has been created.
    ['start', { get: 1, start: 1 }],
    ['start', { stop: 1 }],
    ['stop', { start: 1 }],
    ['migrate', { migrate: 1 }],
    ['update', { get: 1, update: 1 }],
    ['delete', { delete: 1, get: 1 }],
    ['delete', { create: 1 }],
    ['migrate', { get: 1, start: 1, migrate: 1 }],
    ['metrics', { metrics: 1 }],
    ['createAndRead', { create: 1, get: 1 }],
    ['batch', { batch: 1 }],
  ] as const) {
    await fleet[op]();
    assert.deepEqual(requests(), done, op);
  }
  assert.deepEqual(made.errors, {});
});

test('batches come and go: the fleet is bounded by its option and one batch', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url, { options: { maxVms: 5 } });
  const sizes: number[] = [];
  for (let n = 0; n < 40; n++) {
    await made.fleet.batch();
    sizes.push(made.fleet.size);
    assert.equal(made.fleet.size, target.vms.size);
  }
  assert.ok(Math.max(...sizes) < 5 + 50 + 10 && sizes.some((size, place) => size < sizes[place - 1]!), `${sizes}`);
  await made.settle();
  assert.deepEqual([made.judged().status, target.vms.size, made.errors], ['ok', 0, {}]);
});

type Target = Awaited<ReturnType<typeof cloud>>;
const only = (target: Target) => [...target.vms.values()][0]!;

/** What a target does between the work and the last look, and what that breaks. */
const misdeeds: [what: string, misdeed: (target: Target) => void, counts: Record<string, number>][] = [
  ['nothing', () => {}, {}],
  ['a VM is gone', (target) => target.vms.delete(only(target).id), { lost: 1 }],
  ['a VM runs', (target) => Object.assign(only(target), { status: 'running' }), { illegalState: 1 }],
  ['a VM has other tags', (target) => Object.assign(only(target), { tags: { owner: 'vu-1' } }), { changed: 1 }],
  ['a VM is there twice', (target) => target.vms.set('twin', { ...only(target), id: 'twin' }), { orphan: 1 }],
  [
    'a deleted VM is back',
    (target) => target.vms.set('id-1', { ...only(target), id: 'id-1', name: only(target).name.replace(/2$/, '1') }),
    { resurrected: 1 },
  ],
  [
    'VMs of other loads and runs come and go',
    (target) => {
      const { name } = only(target);
      for (const other of [name.replace('-test-0', '-realtime-0'), name.replace(/-0-2$/, '-0-x'), 'somebody’s']) {
        target.vms.set(other, { ...only(target), id: other, name: other, status: 'paused' });
      }
    },
    {},
  ],
  [
    'the account cannot be listed any more',
    (target) => {
      target.rule = ({ path }) => (path.includes('?limit') ? 500 : undefined);
    },
    { unswept: 1 },
  ],
  [
    'nothing can be read any more',
    (target) => {
      target.rule = ({ method }) => (method === 'GET' ? 500 : undefined);
    },
    { unread: 1, unswept: 1 },
  ],
];
for (const total of [true, false]) {
  test(`the last look finds what was done behind its back${total ? '' : ', also without a total'}`, async (t) => {
    for (const [what, misdeed, expected] of misdeeds) {
      const target = await cloud(t);
      target.total = total;
      const made = await bed(t, target.url);
      for (const op of ['create', 'detail', 'delete', 'create', 'detail'] as const) await made.fleet[op]();
      misdeed(target);
      await made.settle();
      const { counts, status } = made.judged();
      const found = Object.entries(counts!).filter(
        ([name, count]) => count > 0 && name !== 'created' && name !== 'deleted',
      );
      assert.deepEqual(Object.fromEntries(found), expected, what);
      const broken = found.some(([name]) => !name.startsWith('un'));
      assert.equal(status, broken ? 'violated' : 'ok', what);
      const own = [...target.vms.values()].filter(({ name }) => /-test-0-\d+$/.test(name));
      assert.deepEqual(own, [], `${what}: nothing is left`);
    }
  });
}

test('a VM that is told of as deleted is gone, and one that is told of otherwise then is back', async (t) => {
  for (const isBack of [false, true]) {
    const target = await cloud(t);
    target.keepsDeleted = true;
    const made = await bed(t, target.url, { options: { maxVms: 12 } });
    for (const op of ['create', 'detail', 'delete', 'batch', 'batch', 'create', 'list', 'search'] as const)
      await made.fleet[op]();
    if (isBack) target.vms.get('id-1')!.status = 'stopped';
    await made.settle();
    const { status, counts } = made.judged();
    assert.deepEqual([status, counts?.resurrected, counts?.lost], isBack ? ['violated', 1, 0] : ['ok', 0, 0]);
    if (!isBack) assert.deepEqual(made.errors, {});
  }
});

test('ids that are numbers are ids, and sent back as such', async (t) => {
  for (const isLost of [false, true]) {
    const target = await cloud(t);
    target.isNumbered = true;
    const made = await bed(t, target.url, { options: { maxVms: 12 } });
    const ops = [
      'create',
      'detail',
      'update',
      'start',
      'migrate',
      'stop',
      'delete',
      'batch',
      'batch',
      'search',
    ] as const;
    for (const op of [...ops, 'create', 'detail'] as const) await made.fleet[op]();
    if (isLost) target.vms.delete([...target.vms.keys()].at(-1)!);
    await made.settle();
    assert.deepEqual([made.judged().counts?.lost, target.vms.size], [isLost ? 1 : 0, 0]);
    assert.equal(made.judged().status, isLost ? 'violated' : 'ok');
    assert.ok(
      target.asked.some(({ path, body }) => path.endsWith('/batch') && JSON.stringify(body).includes('"delete"')),
    );
    if (!isLost) assert.deepEqual(made.errors, {});
  }
});

test('what a run of the same id left behind is none of its own', async (t) => {
  const target = await cloud(t);
  const first = await bed(t, target.url, { runId: 'same' });
  for (let n = 0; n < 120; n++) await first.fleet.create();
  const left = structuredClone([...target.vms.values()]);
  for (let n = 0; n < 130; n++) {
    const id = `left-${n}`;
    target.vms.set(id, { ...left[n % left.length]!, id, name: `tandem-same-test-0-${n}` });
  }
  const again = await bed(t, target.url, { runId: 'same' });
  await again.work(20);
  await again.settle();
  assert.deepEqual([again.judged().status, again.judged().counts?.orphan], ['ok', 0]);
  assert.ok(target.vms.has('left-7'));
});

test('a write that was not answered is found out, and nothing is guessed before', async (t) => {
  for (const op of ['create', 'start', 'stop', 'migrate', 'update', 'delete', 'batch'] as const) {
    for (const answered of ['unanswered', 'lost', 500] as const) {
      const target = await cloud(t);
      const made = await bed(t, target.url, { options: { maxVms: op === 'batch' ? 1 : 20 } });
      const { fleet } = made;
      for (const prepare of ['create', 'start', 'detail'] as const) await fleet[prepare]();
      if (op === 'start') await fleet.stop();
      const isIt = ({ method }: Asked) => method !== 'GET';
      target.rule = (asked) => (isIt(asked) ? answered : undefined);
      await fleet[op]();
      target.rule = () => undefined;
      const outcome = made.vu.takeOutcome();
      assert.equal(outcome, answered === 500 ? 'failed' : 'indeterminate', `${op} ${answered}`);
      for (let n = 0; n < 5; n++) await fleet[n % 2 ? 'stop' : 'start']();
      await made.settle();
      const { status, examples, counts } = made.judged();
      assert.deepEqual([status, examples], ['ok', []], `${op} ${answered}`);
      assert.ok(counts!.indeterminate! >= 1 && counts!.indeterminate === counts!.reconciled, `${op} ${answered}`);
      assert.equal(target.vms.size, 0);
    }
  }
});

test('a write that is done and answered with another status has failed by name, and is no broken promise', async (t) => {
  const stub = await cloud(t);
  stub.statuses = { DELETE: 200, PATCH: 202 };
  const made = await bed(t, stub.url);
  await made.work(15, { create: 3, update: 3, delete: 2 });
  await made.settle();
  const { status, examples } = made.judged();
  assert.deepEqual([status, examples], ['ok', []]);
  assert.ok(made.errors['check: delete: status is 204'] && made.errors['check: update: status is 200']);
});

test('a write that was not answered and comes late raises no alarm', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url);
  await made.fleet.create();
  await made.fleet.detail();
  target.rule = ({ path }) => (path.endsWith('/start') ? 'lost' : undefined);
  await made.fleet.start();
  await made.fleet.detail();
  only(target).status = 'running';
  await made.settle();
  assert.deepEqual([made.judged().status, made.judged().counts?.reconciled], ['ok', 1]);
});

test('of more VMs than can be read one by one the list tells, and those that it does not show are read', async (t) => {
  for (const [what, isListed, reads, counts] of [
    ['listed', true, 0, { lost: 0, unread: 0, reconciled: 1 }],
    ['not listed', false, 1, { lost: 0, unread: 0, reconciled: 1 }],
    ['no list', undefined, 0, { lost: 0, unread: 1, reconciled: 0 }],
  ] as const) {
    const target = await cloud(t);
    const made = await bed(t, target.url);
    const { http, unmeasured, token, prefix, maxVms } = made.fleets;
    const rows = () => new Map(isListed ? [[0, structuredClone([...target.vms.values()]) as never]] : []);
    const fleet = new Fleet(
      {
        ...{ http, unmeasured, token, prefix, maxVms, mayCleanUp: false },
        sweep: async () => (isListed === undefined ? undefined : rows()),
        sweepLater: async () => rows(),
        listsAll: true,
        restWithinMs: 60_000,
        mayReadBack: () => false,
        remove: async () => false,
      },
      made.vu,
    );
    for (const op of ['create', 'detail'] as const) await fleet[op]();
    target.rule = ({ method }) => (method === 'DELETE' ? 500 : undefined);
    await fleet.delete();
    made.requests();
    await fleet.settle();
    assert.equal(made.requests().get ?? 0, reads, what);
    const found = fleet.evidence()['vm-lifecycle']!.counts;
    assert.deepEqual({ lost: found.lost, unread: found.unread, reconciled: found.reconciled }, counts, what);
  }
});

test('a run that is stopped looks at nothing more, and is cleaned up all the same', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url);
  for (let n = 0; n < 3; n++) await made.fleet.create();
  assert.equal(made.judged().counts?.unread, 3);
  await made.fleets.close();
  assert.equal(target.vms.size, 0);
});

test('a mix that makes no VMs leaves the oracle out', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url);
  await made.work(5, { list: 1, search: 1, aggregate: 1 });
  await made.settle();
  assert.deepEqual(made.fleet.evidence(), { 'vm-lifecycle': null });
  assert.deepEqual(made.errors, {});
});

test('with VMs to begin with even a short run is of its mix, and the oracle knows them all', async (t) => {
  for (const [initialVms, isOfItsMix] of [
    [6, true],
    [0, false],
  ] as const) {
    const target = await start(t);
    const made = await bed(t, target.url, { vus: 8, options: { initialVms } });
    assert.deepEqual([recorded(made.slice), await target.count(made.slice.runId)], [{}, 8 * initialVms]);
    const iterations = await made.work(15, MIX);
    const asked = made.requests();
    const off = Object.entries(iterations).map(([op, count]) => Math.abs((asked[op as Op] ?? 0) - count));
    const shown = JSON.stringify({ initialVms, iterations, asked });
    assert.equal(Math.max(...off) <= 0.04 * 8 * 15, isOfItsMix, shown);
    await made.settle();
    const { status, counts } = made.judged();
    assert.deepEqual([status, counts?.leftBehind, await target.count(made.slice.runId)], ['ok', 0, 0]);
    assert.equal(counts?.created, asked.create! + 8 * initialVms);
  }
});

test('the first VMs are no part of the load, every second runs, and one that is lost is a broken promise', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url, { options: { initialVms: 4 } });
  const states = [...target.vms.values()].map(({ status }) => status);
  assert.deepEqual([states, recorded(made.slice)], [['stopped', 'running', 'stopped', 'running'], {}]);
  assert.deepEqual([made.fleet.size, made.vu.takeOutcome(), made.errors], [4, 'ok', {}]);
  target.vms.delete('id-3');
  await made.fleet.stop();
  assert.deepEqual(made.requests(), { stop: 1 });
  await made.settle();
  assert.deepEqual([made.judged().status, made.judged().counts?.lost, target.vms.size], ['violated', 1, 0]);
});

test('where no VM can be made, or none comes to be, before the load, the load begins with what there is', async (t) => {
  const isCreation = ({ method, path }: Asked) => method === 'POST' && path.endsWith('/vms');
  for (const [what, isIt, answered, size, creations] of [
    ['creations are not carried out', isCreation, 503, 0, 1],
    ['creations are refused', isCreation, 403, 0, 1],
    ['VMs do not start', ({ path }: Asked) => path.endsWith('/start'), 500, 4, 4],
    ['the account cannot be listed', ({ path }: Asked) => path.includes('?limit'), 500, 0, 0],
  ] as const) {
    const target = await cloud(t);
    target.rule = (asked) => (isIt(asked) ? answered : undefined);
    const made = await bed(t, target.url, { options: { initialVms: 4 } });
    const asked = target.asked.filter(isCreation).length;
    assert.deepEqual([made.fleet.size, asked, recorded(made.slice)], [size, creations, {}], what);
    target.rule = () => undefined;
    await made.work(10, MIX);
    await made.settle();
    assert.deepEqual([made.judged().counts?.lost, target.vms.size], [0, 0]);
  }
});

/** What the list shows in the place of the second VM, the first one being deleted. */
const listings: [what: string, shown: (vm: StubVm) => StubVm[], counts: Record<string, number>][] = [
  ['what there is', (vm) => [vm], {}],
  [
    'a deleted VM',
    (vm) => [{ ...vm, id: 'id-1', name: vm.name.replace(/2$/, '1'), created_at: 0 }, vm],
    { mislisted: 1 },
  ],
  ['no VM', () => [], { unlisted: 1 }],
  ['another zone', (vm) => [{ ...vm, zone: 'nowhere' }], { mislisted: 1 }],
  ['another state', (vm) => [{ ...vm, status: 'running' }], { mislisted: 1 }],
  ['other memory', (vm) => [{ ...vm, memory_mb: 1 }], { mislisted: 1 }],
];
test('in the end the list is what single reads are, and may be a moment old', async (t) => {
  const look = async (shown: (vm: StubVm) => StubVm[], sweeps = Number.POSITIVE_INFINITY, total = true) => {
    const target = await cloud(t);
    target.total = total;
    const made = await bed(t, target.url);
    for (const op of ['create', 'detail', 'delete', 'create', 'detail'] as const) await made.fleet[op]();
    let left = 2 * sweeps;
    target.listed = () => {
      left -= 1;
      return left >= 0 ? [...target.vms.values()].flatMap(shown) : [...target.vms.values()];
    };
    await made.settle();
    const { counts, status } = made.judged();
    const found = Object.entries(counts!).filter(([name, count]) => count > 0 && !/^(created|deleted)$/.test(name));
    assert.equal(status, found.length > 0 ? 'violated' : 'ok');
    return Object.fromEntries(found);
  };
  await Promise.all(
    listings.flatMap(([what, shown, counts]) => [
      look(shown).then((found) => assert.deepEqual(found, counts, what)),
      look(shown, 1).then((found) => assert.deepEqual(found, {}, `${what}, for a moment`)),
      // Its pages may skip a VM.
      look(shown, undefined, false).then((found) => assert.deepEqual(found, counts.unlisted ? {} : counts, what)),
    ]),
  );
});

test('whoever asks for a list of later gets one that was asked for a moment later', async (t) => {
  const { fleets } = await bed(t, (await cloud(t)).url);
  const [one, other] = await Promise.all([fleets.sweepLater(), wait(100).then(() => fleets.sweepLater())]);
  assert.notEqual(one, other);
});

for (const total of [true, false]) {
  test(`pages may be smaller than what was asked for${total ? '' : ', also without a total'}`, async (t) => {
    const target = await cloud(t);
    Object.assign(target, { total, maxPage: 2 });
    const made = await bed(t, target.url);
    for (let n = 0; n < 5; n++) await made.fleet.create();
    const { name } = [...target.vms.values()][4]!;
    target.vms.set('twin', { ...target.vms.get('id-5')!, id: 'twin' });
    await made.settle();
    const { counts, examples } = made.judged();
    const found = Object.entries(counts!).filter(([what, count]) => count > 0 && !/^(created|deleted)$/.test(what));
    assert.deepEqual(Object.fromEntries(found), { orphan: 1 });
    assert.equal((examples[0] as { vm: string }).vm, name);
  });
}

test('a list that is a moment old says nothing of a VM that was told to start since', async (t) => {
  const target = await cloud(t, ({ path }) => (path.endsWith('/start') ? 202 : undefined));
  const made = await bed(t, target.url);
  for (const op of ['create', 'detail', 'start'] as const) await made.fleet[op]();
  // As it was before it was stopped.
  target.listed = () => [{ ...only(target), status: 'running' }];
  for (let n = 0; n < 10; n++) await made.fleet.list();
  await made.fleet.detail();
  assert.deepEqual([made.errors, made.judged().violations], [{}, 0]);
});

test('a search finds the VM of a name, but for one that was made a moment ago or may be beyond the page', async (t) => {
  const target = await cloud(t);
  const made = await bed(t, target.url);
  await made.fleet.create();
  const [vm] = target.vms.values();
  target.listed = () => [];
  await made.fleet.search();
  assert.deepEqual(made.errors, {});
  const laterMs = 60_000;
  Object.assign(made.slice, { elapsedMs: () => performance.now() + laterMs });
  target.listed = () => [vm!];
  await made.fleet.search();
  target.listed = () => Array.from({ length: 100 }, (_, n) => ({ ...vm!, id: `another-${n}` }));
  await made.fleet.search();
  assert.deepEqual(made.errors, {});
  target.listed = () => [];
  await made.fleet.search();
  assert.deepEqual(made.errors, { 'check: search: finds the VM of the name': 1 });
});

test('in the end a VM is found by its name and a deleted one is not, where searches are asked for and answered', async (t) => {
  const look = async (
    found: (words: string, times: number) => StubVm[] | undefined,
    { searched = true, status = undefined as number | undefined } = {},
  ) => {
    const target = await cloud(t, ({ path }) => (path.includes('/search') ? status : undefined));
    const made = await bed(t, target.url);
    for (const op of ['create', 'detail', 'delete', 'create', 'detail'] as const) await made.fleet[op]();
    if (searched) await made.fleet.search();
    const times: Record<string, number> = {};
    target.found = (words) => {
      times[words] = (times[words] ?? 0) + 1;
      return found(words, times[words]) ?? target.listed().filter(({ name }) => name.includes(words));
    };
    await made.settle();
    const { counts } = made.judged();
    const broken = Object.entries(counts!).filter(([name, count]) => count > 0 && !/^(created|deleted)$/.test(name));
    return [Object.fromEntries(broken), Object.keys(times).length] as const;
  };
  const another = { id: 'another', name: 'another', status: 'stopped', zone: 'z', cpu_cores: 1, memory_mb: 1 };
  const gone = (words: string) => [{ ...another, id: 'id-1', name: words }];
  const [sound, lost, back, late, others, unsearched, unanswered] = await Promise.all([
    look(() => undefined),
    look((words) => (words.endsWith('2') ? [] : undefined)),
    look((words) => (words.endsWith('1') ? gone(words) : undefined)),
    look((words, times) => (times > 1 ? undefined : words.endsWith('1') ? gone(words) : [])),
    look(() => [another]),
    look(() => [], { searched: false }),
    look(() => [], { status: 404 }),
  ]);
  assert.deepEqual(sound, [{}, 2]);
  assert.deepEqual(lost, [{ unlisted: 1 }, 2]);
  assert.deepEqual(back, [{ mislisted: 1 }, 2]);
  assert.deepEqual(late, [{}, 2], 'a moment old');
  assert.deepEqual(others, [{}, 2], 'it may be beyond the page');
  assert.deepEqual(
    [unsearched, unanswered],
    [
      [{}, 0],
      [{}, 0],
    ],
  );
});

test('a VM that was told to start comes to run, within the time that it is given', async (t) => {
  const look = async (restWithin: string, arrives: boolean) => {
    const target = await cloud(t, ({ path }) => (path.endsWith('/start') ? 202 : undefined));
    const made = await bed(t, target.url, { options: { restWithin } });
    for (const op of ['create', 'detail', 'start'] as const) await made.fleet[op]();
    let reads = 0;
    target.rule = ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('id-1')) return undefined;
      reads += 1;
      if (arrives && reads === 3) only(target).status = 'running';
      return undefined;
    };
    await made.settle();
    return { ...made.judged(), left: target.vms.size };
  };
  const [never, late] = await Promise.all([look('500ms', false), look('60s', true)]);
  assert.deepEqual([never.status, never.counts?.stuck, never.left], ['violated', 1, 0]);
  const { expected, found, lastWrite } = never.examples[0] as Record<string, string>;
  assert.deepEqual([expected, found, lastWrite], ['running within 0.5 s (restWithin)', 'stopped', 'start → 202']);
  assert.deepEqual([late.status, late.counts?.stuck], ['ok', 0]);
});

test('a VM is stuck that is read after its time, of what was asked of it last, and is on its way', async (t) => {
  const laterMs = 120_000;
  for (const [what, spoil, counts] of [
    // It cannot be read: it may have arrived.
    ['unread', (target) => (target.rule = ({ method }) => (method === 'GET' ? 500 : undefined)), { unread: 1 }],
    ['read', () => {}, { stuck: 1 }],
  ] satisfies [string, (target: Target) => void, Record<string, number>][]) {
    const target = await cloud(t, ({ path }) => (path.endsWith('/start') ? 202 : undefined));
    const made = await bed(t, target.url);
    for (const op of ['create', 'detail', 'start'] as const) await made.fleet[op]();
    Object.assign(made.slice, { elapsedMs: () => performance.now() + laterMs });
    spoil(target);
    await made.settle();
    const { unread, stuck } = made.judged().counts!;
    assert.deepEqual({ unread, stuck }, { unread: 0, stuck: 0, ...counts }, what);
  }
  // It was never answered, and is seen to have happened long after the last that was.
  const target = await cloud(t);
  const made = await bed(t, target.url);
  for (const op of ['create', 'detail', 'start'] as const) await made.fleet[op]();
  Object.assign(made.slice, { elapsedMs: () => performance.now() + laterMs });
  let reads = 0;
  target.rule = ({ method, path, body }) => {
    if (path.endsWith('/migrate')) Object.assign(only(target), { status: 'migrating', zone: body.target_zone });
    if (path.endsWith('/migrate')) return 'lost';
    if (method === 'GET' && path.endsWith('id-1')) reads += 1;
    if (reads === 4) only(target).status = 'running';
    return undefined;
  };
  await made.fleet.migrate();
  await made.settle();
  assert.deepEqual([made.judged().violations, reads], [0, 4]);
});

test('a VM that was sent to another zone is there, and one that stays where it was has failed by name', async (t) => {
  const check = 'check: migrated VM is elsewhere';
  for (const [what, place, errors, counts] of [
    ['there', undefined, {}, { changed: 0 }],
    ['stayed', 'own', { [check]: 1 }, { changed: 0 }],
    ['elsewhere', 'nowhere', { 'check: VM is as it was left': 1 }, { changed: 1 }],
  ] as const) {
    const target = await cloud(t, ({ path }) => (place && path.endsWith('/migrate') ? 202 : undefined));
    const made = await bed(t, target.url);
    for (const op of ['create', 'detail', 'start', 'migrate'] as const) await made.fleet[op]();
    if (place === 'nowhere') only(target).zone = place;
    await made.fleet.detail();
    await made.settle();
    assert.deepEqual(made.errors, errors, what);
    assert.equal(made.judged().counts?.changed, counts.changed, what);
  }
});

test('the options are within their bounds; there is no other', () => {
  const read = (options: Record<string, unknown>) => readOptions(fleetOptions(6), options, 'scenarios.test.options');
  const restWithinMs = 60_000;
  assert.deepEqual(read({}), { maxVms: 20, initialVms: 6, restWithinMs });
  assert.deepEqual(read({ maxVms: 3 }), { maxVms: 3, initialVms: 3, restWithinMs });
  assert.deepEqual(read({ initialVms: 0, restWithin: '5m' }), { maxVms: 20, initialVms: 0, restWithinMs: 300_000 });
  for (const [name, values, allowed] of [
    ['maxVms', [0, 1.5, 1_001, '20', null], '1 to 1000'],
    ['initialVms', [-1, 0.5, '6', null], '0 to 1000'],
    ['initialVms', [21], '0 to 20'],
  ] as const) {
    for (const value of values) {
      const sentence = `scenarios.test.options.${name} is ${JSON.stringify(value)}; allowed is a whole number from ${allowed}.`;
      assert.throws(() => read({ [name]: value }), new Error(sentence));
    }
  }
  assert.throws(
    () => read({ maxVm: 1 }),
    /options has an unknown field "maxVm"; did you mean "maxVms"\? allowed: initialVms, maxVms, restWithin\.$/,
  );
});
