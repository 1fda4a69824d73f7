import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { assertStrikes, SEED, SHARE } from '../../core/faults.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults } from '../../target.ts';
import { agent, graph, pipeline, TestBuilder } from './builder.fixture.ts';

const COUNT = 12;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** Which of `COUNT` times a fault strikes. */
type Strikes = (builder: TestBuilder, other: TestBuilder) => Promise<boolean[]>;

async function times(strikes: (index: number) => Promise<boolean>): Promise<boolean[]> {
  const struck: boolean[] = [];
  for (let index = 0; index < COUNT; index++) struck.push(await strikes(index));
  return struck;
}

const cases: Record<string, Strikes> = {
  'agent-lost': (builder) =>
    times(async () => {
      const { status, body } = await builder.post('/agents', agent());
      assert.equal(status, 201);
      return (await builder.get(`/agents/${body.id}`)).status === 404;
    }),
  'stale-update': async (builder) => {
    const id = await builder.create('/agents', agent());
    return times(async (index) => {
      const { status, body } = await builder.put(`/agents/${id}`, { name: `name ${index}` });
      assert.deepEqual([status, body.name], [200, `name ${index}`]);
      return (await builder.get(`/agents/${id}`)).body.name !== `name ${index}`;
    });
  },
  'tenant-leak': async (builder, other) => {
    const id = await other.create('/agents', agent());
    return times(async () => (await builder.ids('/agents')).includes(id));
  },
  'list-misses': async (builder) => {
    const ids: string[] = [];
    for (let count = 0; count < COUNT; count++) ids.push(await builder.create('/agents', agent()));
    const listed = await builder.ids('/agents?page_size=100');
    assert.deepEqual(await builder.ids('/agents?page_size=100'), listed, 'what is missed once is missed again');
    for (const id of ids) assert.equal((await builder.get(`/agents/${id}`)).status, 200);
    return ids.map((id) => !listed.includes(id));
  },
};

async function strikesOf(t: TestContext, faults: string, strikes: Strikes): Promise<boolean[]> {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults), faultsSeed: SEED });
  const struck = await strikes(new TestBuilder(target.url), new TestBuilder(target.url));
  await target.stop();
  return struck;
}

for (const [fault, strikes] of Object.entries(cases)) {
  test(`${fault} strikes its share of the time`, async (t) => {
    assertStrikes(fault, await strikesOf(t, `${fault}=${SHARE}`, strikes));
  });

  test(`${fault} takes a share alone`, () => {
    const message = new RegExp(`"2" is not a number from 0 to 1; usage: ${fault}=<share>`);
    assert.throws(() => parseFaults(`${fault}=2`), { name: 'StartError', message });
  });

  test(`${fault} does not strike before its time`, async (t) => {
    assert.ok(!(await strikesOf(t, `${fault}=1@10m`, strikes)).includes(true));
  });
}

test('agent-lost leaves pipelines alone', async (t) => {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('agent-lost=1') });
  const builder = new TestBuilder(target.url);
  const id = await builder.create('/pipelines', pipeline());
  assert.equal((await builder.get(`/pipelines/${id}`)).status, 200);
});

test('stale-update keeps the graph that was saved before', async (t) => {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('stale-update=1') });
  const builder = new TestBuilder(target.url);
  const id = await builder.create('/pipelines', pipeline());
  const saved = await builder.put(`/pipelines/${id}/graph`, graph());
  assert.deepEqual([saved.status, saved.body.data.connections], [200, graph().connections]);
  assert.deepEqual((await builder.get(`/pipelines/${id}`)).body.data.nodes, []);
});

test("tenant-leak shows by its id what is another's, and lets nobody change it", async (t) => {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('tenant-leak=1') });
  const [ada, eve] = [new TestBuilder(target.url), new TestBuilder(target.url)];
  const id = await ada.create('/agents', agent());
  assert.deepEqual(
    [(await eve.get(`/agents/${id}`)).status, (await eve.put(`/agents/${id}`, { name: 'x' })).status],
    [200, 403],
  );
});

test('a list that misses counts what it misses', async (t) => {
  const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults('list-misses=1') });
  const builder = new TestBuilder(target.url);
  await builder.create('/agents', agent());
  const { body } = await builder.get('/agents');
  assert.deepEqual([body.records, body.total], [[], 1]);
});
