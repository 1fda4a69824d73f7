import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { openDatabase } from './database.ts';
import { type Cluster, startCluster } from './postgres.ts';

let cluster: Cluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.stop());

async function message(url: string): Promise<string> {
  const error = await openDatabase(url).then(
    () => assert.fail('it was reached'),
    (error: Error) => error,
  );
  assert.equal(error.name, 'StartError');
  assert.doesNotMatch(error.message, /hunter2/);
  return error.message;
}

test('a PostgreSQL that cannot be reached is named by host and port', async () => {
  const unused = createServer().listen(0, '127.0.0.1');
  await once(unused, 'listening');
  const { port } = unused.address() as AddressInfo;
  unused.close();
  assert.equal(
    await message(`postgres://ada:hunter2@127.0.0.1:${port}/db`),
    `DATABASE_URL: PostgreSQL at 127.0.0.1:${port} cannot be reached: connection refused.`,
  );
  assert.equal(
    await message('postgres://ada:hunter2@db.invalid/db'),
    'DATABASE_URL: PostgreSQL at db.invalid:5432 cannot be reached: no such host.',
  );
  assert.equal(
    await message('postgres://ada:hunter2@localhost/db?host=/nowhere'),
    'DATABASE_URL: PostgreSQL at /nowhere cannot be reached: no such socket.',
  );
});

test('one that refuses is quoted', async () => {
  const host = encodeURIComponent(cluster.folder);
  assert.equal(
    await message(`postgres://ada:hunter2@localhost/db?host=${host}`),
    `DATABASE_URL: PostgreSQL at ${cluster.folder} refuses the target: role "ada" does not exist.`,
  );
});

test('another kind of URL is not repeated', async () => {
  for (const url of ['mysql://ada:hunter2@127.0.0.1/db', 'hunter2']) {
    assert.match(await message(url), /^DATABASE_URL is not a PostgreSQL URL; allowed is postgres:\/\//);
  }
});

test('targets that start at the same time on one database do not disturb each other', async () => {
  const url = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(cluster.folder)}`;
  const databases = await Promise.all([openDatabase(url), openDatabase(url), openDatabase(url)]);
  for (const { pool } of databases) assert.deepEqual((await pool.query('SELECT * FROM tandem.changes')).rows, []);
  await Promise.all(databases.map((database) => database.stop()));
});
