import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { recoverVms } from '../families/migrations/jobs.ts';
import { openDatabase } from './database.ts';
import { type TestDatabase, testDatabase, testTarget } from './target.fixture.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

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
  assert.equal(
    await message('postgres://ada:hunter2@127.0.0.1:1/db'),
    'DATABASE_URL: PostgreSQL at 127.0.0.1:1 cannot be reached: connection refused.',
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
  const host = new URL(database.url).searchParams.get('host')!;
  assert.equal(
    await message(`postgres://ada:hunter2@localhost/db?host=${encodeURIComponent(host)}`),
    `DATABASE_URL: PostgreSQL at ${host} refuses the target: role "ada" does not exist.`,
  );
});

test('another kind of URL is not repeated', async () => {
  for (const url of ['mysql://ada:hunter2@127.0.0.1/db', 'hunter2']) {
    assert.match(await message(url), /^DATABASE_URL is not a PostgreSQL URL; allowed is postgres:\/\//);
  }
});

test('targets that start at the same time on one database do not disturb each other', async (t) => {
  const targets = await Promise.all(Array.from({ length: 6 }, () => testTarget(t, { databaseUrl: database.url })));
  for (const { database } of targets) {
    assert.deepEqual((await database.pool.query('SELECT * FROM tandem.changes')).rows, []);
  }
});

test('who recovers the VMs holds nothing that one who makes the tables waits for', async (t) => {
  const { pool } = (await testTarget(t, { databaseUrl: database.url })).database;
  const client = await pool.connect();
  try {
    await client.query(`
      BEGIN; SELECT pg_advisory_xact_lock(hashtext('tandem schema')); LOCK TABLE tandem.vms IN SHARE ROW EXCLUSIVE MODE`);
    const recovering = recoverVms(pool);
    const waiting = `SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid
      WHERE NOT granted AND datname = current_database()`;
    while ((await client.query(waiting)).rowCount === 0);
    await client.query('LOCK TABLE tandem.migrations IN SHARE MODE; COMMIT');
    await recovering;
  } finally {
    client.release();
  }
});
