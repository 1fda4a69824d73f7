import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import pg from 'pg';
import { assertStrikes, SEED, SHARE } from '../../core/faults.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../core/target.fixture.ts';
import { parseFaults } from '../../target.ts';
import { DatabaseProxy } from './proxy.ts';

const COUNT = 12;

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query('CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)');
  await client.end();
});
after(() => database?.stop());

/** Where a target with these faults says that its database is. */
async function urlWith(t: TestContext, faults: string): Promise<string> {
  const options = { databaseUrl: database.url, faults: parseFaults(faults), faultsSeed: SEED };
  const { addresses } = await testTarget(t, options);
  return addresses.LOAD_DATABASE_URL!;
}

async function clientWith(t: TestContext, faults: string): Promise<pg.Client> {
  const client = new pg.Client(await urlWith(t, faults));
  await client.connect();
  t.after(() => client.end());
  await client.query('TRUNCATE accounts; INSERT INTO accounts SELECT i, 100 FROM generate_series(0, 1) i');
  return client;
}

/** Moves ten from the first account to the second; how much has left the one, and how much has come to the other. */
async function transfer(client: pg.Client): Promise<[left: number, come: number]> {
  const balances = async () => (await client.query('SELECT balance FROM accounts ORDER BY id')).rows;
  const [from, to] = await balances();
  await client.query('BEGIN');
  for (const [id, amount] of [
    [0, -10],
    [1, 10],
  ]) {
    const text = 'UPDATE accounts SET balance = balance + $2 WHERE id = $1';
    assert.equal((await client.query({ name: 'move', text, values: [id, amount] })).rowCount, 1);
  }
  const { command } = await client.query('COMMIT');
  assert.equal(command, 'COMMIT');
  const [fromNow, toNow] = await balances();
  return [from.balance - fromNow.balance, toNow.balance - to.balance];
}

async function transfers(client: pg.Client): Promise<string[]> {
  const all: string[] = [];
  for (let index = 0; index < COUNT; index++) all.push(String(await transfer(client)));
  return all;
}

test('without a fault the address is that of PostgreSQL itself', async (t) => {
  assert.equal(await urlWith(t, ''), database.url);
});

test('lost-commit undoes its share of the transactions, and says that they are committed', async (t) => {
  const moved = await transfers(await clientWith(t, `lost-commit=${SHARE}`));
  assert.deepEqual([...new Set(moved)].sort(), ['0,0', '10,10']);
  assertStrikes(
    'lost-commit',
    moved.map((one) => one === '0,0'),
  );
});

test('torn-transfer keeps the first of two updates of its share of the transactions', async (t) => {
  const moved = await transfers(await clientWith(t, `torn-transfer=${SHARE}`));
  assert.deepEqual([...new Set(moved)].sort(), ['10,0', '10,10']);
  assertStrikes(
    'torn-transfer',
    moved.map((one) => one === '10,0'),
  );
});

test('what failed by itself is not said to be committed', async (t) => {
  const client = await clientWith(t, 'lost-commit=1,torn-transfer=1');
  await client.query('BEGIN');
  await assert.rejects(() => client.query('INSERT INTO accounts VALUES (0, 1)'), { code: '23505' });
  assert.equal((await client.query('COMMIT')).command, 'ROLLBACK');
  const single = await client.query('UPDATE accounts SET balance = 7 RETURNING balance');
  assert.deepEqual(single.rows, [{ balance: 7 }, { balance: 7 }], 'no transaction, nothing to lose');
});

test('pool-exhausted lets no more in than that, until one has gone', async (t) => {
  const url = await urlWith(t, 'pool-exhausted=1');
  const [first, second, third] = [new pg.Client(url), new pg.Client(url), new pg.Client(url)];
  t.after(() => Promise.all([first, third].map((one) => one.end())));
  await first.connect();
  await assert.rejects(() => second.connect(), { code: '53300', severity: 'FATAL' });
  await first.end();
  await third.connect();
  assert.equal((await third.query('SELECT 1 AS one')).rows[0].one, 1);
});

test('slow-query delays what reads and changes', async (t) => {
  const client = await clientWith(t, 'slow-query=300ms');
  const since = performance.now();
  await client.query('SELECT 1');
  assert.ok(performance.now() - since >= 295);
});

test('slow-query delays nothing else', async (t) => {
  const client = await clientWith(t, 'slow-query=100m');
  for (const text of ['BEGIN', 'SHOW port', 'COMMIT']) assert.ok((await client.query(text)).command);
});

test('a fault does not strike before its time, which begins with the first connection', async (t) => {
  const moved = await transfers(await clientWith(t, 'lost-commit=1@10m,torn-transfer=1@10m,slow-query=1m@10m'));
  assert.deepEqual([...new Set(moved)], ['10,10']);
});

for (const [fault, value] of [
  ['lost-commit', '2'],
  ['torn-transfer', '2'],
  ['pool-exhausted', '0'],
  ['slow-query', '3'],
]) {
  test(`${fault} takes no ${value}`, () => {
    assert.throws(() => parseFaults(`${fault}=${value}`), {
      name: 'StartError',
      message: new RegExp(`usage: ${fault}=<`),
    });
  });
}

test('a database that wants TLS cannot have faults', async () => {
  const proxy = new DatabaseProxy('postgres://me:hunter2@localhost/ledger?sslmode=verify-full', () => {});
  assert.match(await proxy.listen('127.0.0.1'), /sslmode/);
  proxy.addRule({});
  await assert.rejects(() => proxy.listen('127.0.0.1'), {
    name: 'StartError',
    message:
      'TARGET_FAULTS names a fault of the database, and DATABASE_URL has sslmode=verify-full; allowed is one without TLS.',
  });
});
