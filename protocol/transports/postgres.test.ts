import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { Recorder } from '../../support/measure/recorder.ts';
import { unpack } from '../../support/measure/series.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { type TestDatabase, testDatabase, testTarget } from '../../target/core/target.fixture.ts';
import { parseFaults } from '../../target/target.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { overPhases } from './phases.fixture.ts';
import { Postgres, type PostgresOptions, postgresMetrics, type Statement } from './postgres.ts';
import { databaseError } from './sqlstate.ts';

let database: TestDatabase;
let admin: pg.Client;
before(async () => {
  database = await testDatabase();
  admin = new pg.Client(database.url);
  await admin.connect();
  await admin.query(`
    CREATE TABLE items (id int PRIMARY KEY, value int NOT NULL);
    INSERT INTO items SELECT i, 0 FROM generate_series(0, 9) i;
    CREATE TABLE doomed (id int);
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()`);
});
after(async () => {
  await admin?.end();
  await database?.stop();
});

const read: Statement = { name: 'get', kind: 'read', text: 'SELECT id, value FROM items WHERE id <= $1 ORDER BY id' };
const add: Statement = { name: 'add', kind: 'write', text: 'UPDATE items SET value = value + 1 WHERE id = $1' };
const insert: Statement = { name: 'insert', kind: 'write', text: 'INSERT INTO items VALUES ($1, 0)' };
const sleep: Statement = { name: 'sleep', kind: 'read', text: 'SELECT pg_sleep($1)' };

function bed(t: TestContext, options: Partial<PostgresOptions> = {}, url = database.url) {
  const recorder = new Recorder('test', 'load', metricDefinitions(postgresMetrics));
  const slice = { ...testSlice('http://127.0.0.1'), recorder };
  const postgres = new Postgres(slice, url, { connections: 2, ...options });
  t.after(() => postgres.close());
  return { postgres, recorder, errors: recorder.errors, recorded: () => recorded(slice) };
}

/** How many samples a trend, or how large a sum a counter, has. */
function amount(of: ReturnType<typeof recorded>, key: string): number | undefined {
  const packed = of[key];
  if (packed?.t === 'rate') return packed.passes;
  return packed?.t === 'counter' ? packed.sum : packed && 1;
}

function longestMs(of: ReturnType<typeof recorded>, key: string): number {
  const series = unpack(of[key]!);
  return series.type === 'trend' ? series.trend.max : Number.NaN;
}

async function itemValue(id: number): Promise<number> {
  return (await admin.query('SELECT value FROM items WHERE id = $1', [id])).rows[0].value;
}

describe('a statement', () => {
  test('is measured by its name: queries, time, rows, the wait for a connection', async (t) => {
    const { postgres, errors, recorded } = bed(t);
    const answer = await postgres.query(read, [2]);
    assert.deepEqual([answer.rows.map(({ id }) => id), answer.count, answer.outcome], [[0, 1, 2], 3, 'ok']);
    assert.equal((await postgres.query(add, [0])).count, 1);
    const of = recorded();
    assert.equal(amount(of, 'db_queries{op:get}'), 1);
    assert.equal(amount(of, 'db_rows{op:get}'), 3);
    assert.equal(amount(of, 'db_rows{op:add}'), 1);
    assert.deepEqual(of['db_query_failed{op:add}'], { t: 'rate', passes: 0, total: 1 });
    const trends = ['db_read_duration{op:get}', 'db_write_duration{op:add}', 'db_connection_wait{op:get}'];
    for (const key of trends) assert.equal(of[key]?.t, 'trend', key);
    assert.equal(of['db_write_duration{op:get}'], undefined);
    assert.deepEqual(errors, {});
  });

  test('may be called commit, and has its values', async (t) => {
    const { postgres } = bed(t);
    const { rows } = await postgres.query({ name: 'commit', kind: 'write', text: 'SELECT $1::int AS given' }, [7]);
    assert.deepEqual(rows, [{ given: 7 }]);
  });

  test('that PostgreSQL refuses has failed, by its SQLSTATE and name, and the connection is kept', async (t) => {
    const { postgres, errors, recorded } = bed(t, { connections: 1 });
    const { error, outcome } = await postgres.query(insert, [0]);
    assert.deepEqual([error, outcome], ['23505 unique_violation', 'failed']);
    assert.deepEqual(errors, { '23505 unique_violation': 1 });
    assert.equal((await postgres.query(read, [0])).outcome, 'ok');
    assert.equal(amount(recorded(), 'db_query_failed{op:insert}'), 1);
  });

  test('whose connection ends may have happened when it writes, and the next one gets another connection', async (t) => {
    const { postgres, errors } = bed(t, { connections: 1 });
    const text = 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)';
    assert.equal((await postgres.query({ name: 'end', kind: 'write', text })).outcome, 'indeterminate');
    assert.equal((await postgres.query({ name: 'end-read', kind: 'read', text })).outcome, 'failed');
    assert.deepEqual(errors, { '57P01 admin_shutdown': 2 });
    assert.equal((await postgres.query(read, [0])).count, 1);
  });

  test('that is ended with its connection, whatever the reason, spoils no other', async (t) => {
    const { postgres, errors, recorded } = bed(
      t,
      { connections: 1 },
      `${database.url}&options=-c%20transaction_timeout%3D200ms`,
    );
    const write: Statement = { ...sleep, name: 'slow-write', kind: 'write' };
    const all = [sleep, read, write, read].map((one) => postgres.query(one, [one === read ? 0 : 60]));
    assert.deepEqual(
      (await Promise.all(all)).map(({ outcome }) => outcome),
      ['failed', 'ok', 'indeterminate', 'ok'],
    );
    const answer = await postgres.transaction('slow', 'read committed', async (transaction) => {
      await transaction.query(sleep, [60]);
    });
    assert.deepEqual([answer.error, answer.outcome], ['25P04 transaction_timeout', 'failed']);
    assert.deepEqual(errors, { '25P04 transaction_timeout': 3 });
    assert.equal(amount(recorded(), 'db_queries{op:rollback}'), undefined);
  });

  test('waits for a connection, and that is no part of its own time', async (t) => {
    const { postgres, recorded } = bed(t, { connections: 1 });
    await postgres.connect();
    const first = postgres.query(sleep, [0.3]);
    const second = postgres.query(read, [0]);
    // The pool gives connections away with the next turn.
    await setImmediate();
    const waiting = recorded();
    const gauges = ['db_pool_connections', 'db_pool_busy', 'db_pool_waiting'].map((name) => waiting[name]);
    assert.deepEqual(
      gauges.map((packed) => packed?.t === 'gauge' && packed.last),
      [1, 1, 1],
    );
    await Promise.all([first, second]);
    const of = recorded();
    assert.ok(longestMs(of, 'db_connection_wait{op:get}') >= 250);
    assert.ok(longestMs(of, 'db_read_duration{op:sleep}') >= 250);
  });

  test('that takes too long is ended by PostgreSQL', async (t) => {
    const { postgres, errors } = bed(t, { connections: 1, timeoutMs: 300 });
    await postgres.connect();
    const { error, outcome } = await postgres.query(sleep, [60]);
    assert.deepEqual([error, outcome], ['57014 query_canceled', 'failed']);
    assert.equal((await postgres.query(read, [0])).outcome, 'ok');
    assert.deepEqual(errors, { '57014 query_canceled': 1 });
  });

  test('without any answer is given up: before it was sent it has failed, a write may have happened', async (t) => {
    const options = { databaseUrl: database.url, faults: parseFaults('slow-query=10m') };
    const { addresses } = await testTarget(t, options);
    const { postgres, errors, recorded } = bed(t, { connections: 1, timeoutMs: 200 }, addresses.LOAD_DATABASE_URL);
    await postgres.connect();
    const answers = await Promise.all([postgres.query(add, [1]), postgres.query(add, [1])]);
    assert.deepEqual(
      answers.map(({ error, outcome }) => [error, outcome]),
      [
        ['timeout: no answer', 'indeterminate'],
        ['timeout: no connection', 'failed'],
      ],
    );
    assert.deepEqual(errors, { 'timeout: no answer': 1, 'timeout: no connection': 1 });
    const of = recorded();
    assert.equal(amount(of, 'db_queries{op:add}'), 1, 'what was not sent is none');
    assert.equal(unpack(of['db_connection_wait{op:add}']!).count, 2);
    assert.ok(longestMs(of, 'db_connection_wait{op:add}') >= 200, 'who gave up has waited as long as that');
  });

  test('that is cut off has failed, with its age as the least it takes; its answer is not counted', async (t) => {
    const { postgres, recorder, errors, recorded } = bed(t, { connections: 1 });
    await postgres.connect();
    const both = [postgres.query(sleep, [0.3]), postgres.query(read, [0])];
    await setImmediate();
    recorder.cutOff();
    assert.deepEqual(
      (await Promise.all(both)).map(({ outcome }) => outcome),
      ['ok', 'ok'],
    );
    const of = recorded();
    assert.deepEqual(
      ['db_read_duration', 'db_connection_wait'].map((name) =>
        ['sleep', 'get'].filter((op) => of[`${name}{op:${op},unfinished:yes}`]),
      ),
      [['sleep'], ['get']],
    );
    assert.equal(of['db_read_duration{op:sleep}'], undefined);
    assert.deepEqual(of['db_query_failed{op:sleep,unfinished:yes}'], { t: 'rate', passes: 1, total: 1 });
    assert.deepEqual(of['db_query_failed{op:get,unfinished:yes}'], { t: 'rate', passes: 1, total: 1 });
    assert.equal(of['db_query_failed{op:get}'], undefined);
    assert.deepEqual(errors, { 'query cut off by gracefulStop': 2 });
  });

  test('belongs to the phase in which its iteration was due; a transaction likewise', async (t) => {
    const { postgres, recorder } = bed(t);
    const store = await overPhases(recorder, async () => {
      await postgres.query(read, [0]);
      await postgres.transaction('move', 'read committed', async (transaction) => {
        await transaction.query(add, [8]);
      });
    });
    for (const phase of ['spike', 'drain']) {
      const trends = ['db_read_duration', 'db_write_duration', 'db_connection_wait', 'db_transaction_duration'];
      assert.deepEqual(
        trends.map((metric) => store.trend(metric, { phase }).count),
        // UPDATE and COMMIT are writes; BEGIN is what waits for the transaction's connection.
        [1, 2, 2, 1],
      );
      assert.equal(store.sum('db_queries', { phase }), 4);
    }
  });

  test('that pg cannot send has failed for that, is none that was sent, and has not happened', async (t) => {
    const { postgres, errors, recorded } = bed(t, { connections: 1 });
    const store: Statement = { name: 'store', kind: 'write', text: 'SELECT $1::json' };
    const answers = [
      await postgres.query(store, [{ total: 5n }]),
      await postgres.query(store, [{ total: 5 }]),
      await postgres.query({ ...store, text: 'SELECT $1::jsonb' }, ['1']),
      await postgres.query(store, ['1']),
    ];
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['failed', 'ok', 'failed', 'ok'],
    );
    assert.deepEqual(errors, {
      'query not sent: Do not know how to serialize a BigInt': 1,
      "query not sent: Prepared statements must be unique - 'store' was used for a different statement": 1,
    });
    const of = recorded();
    assert.equal(amount(of, 'db_queries{op:store}'), 2);
    assert.deepEqual(of['db_query_failed{op:store}'], { t: 'rate', passes: 2, total: 4 });
  });

  test('to a server that is not there has failed, by what the system says', async (t) => {
    const { postgres, errors, recorded } = bed(t, {}, 'postgres://me:hunter2@127.0.0.1:1/ledger');
    await postgres.connect();
    assert.deepEqual((await postgres.query(add, [1])).outcome, 'failed');
    assert.deepEqual(errors, { ECONNREFUSED: 1 });
    const of = recorded();
    assert.deepEqual(of['db_query_failed{op:add}'], { t: 'rate', passes: 1, total: 1 });
    assert.equal(of['db_connection_wait{op:add}'], undefined, 'who was refused has not waited');
  });
});

describe('a transaction', () => {
  test('that runs into another one is tried again, and counted, and no failure', async (t) => {
    const { postgres, errors, recorded } = bed(t);
    let tries = 0;
    const answer = await postgres.transaction('raise', 'repeatable read', async (transaction) => {
      await transaction.query(read, [2]);
      tries += 1;
      if (tries === 1) await admin.query('UPDATE items SET value = 10 WHERE id = 2');
      await transaction.query(add, [2]);
    });
    assert.deepEqual([answer.outcome, tries, await itemValue(2)], ['ok', 2, 11]);
    const of = recorded();
    assert.equal(amount(of, 'db_retries{op:raise,sqlstate:40001 serialization_failure}'), 1);
    assert.equal(of['db_transaction_duration{op:raise}']?.t, 'trend');
    assert.deepEqual(of['db_query_failed{op:add}'], { t: 'rate', passes: 0, total: 2 });
    assert.deepEqual(
      ['begin', 'rollback', 'commit'].map((op) => amount(of, `db_queries{op:${op}}`)),
      [2, 1, 1],
    );
    assert.deepEqual(errors, {});
  });

  test('that ends in a deadlock likewise', async (t) => {
    const { postgres, errors, recorded } = bed(t, {}, `${database.url}&options=-c%20deadlock_timeout%3D20ms`);
    await postgres.connect();
    let tries = 0;
    const news = new EventEmitter();
    const locked = once(news, 'locked');
    const move = (first: number, second: number) =>
      postgres.transaction('move', 'read committed', async (transaction) => {
        await transaction.query(add, [first]);
        tries += 1;
        if (tries === 2) news.emit('locked');
        await locked;
        await transaction.query(add, [second]);
      });
    const answers = await Promise.all([move(3, 4), move(4, 3)]);
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['ok', 'ok'],
    );
    assert.deepEqual([await itemValue(3), await itemValue(4)], [2, 2]);
    // One at least: who is tried again may lock its first row before the other wakes, and both are in a deadlock anew.
    assert.ok(tries > 2, `${tries} tries`);
    assert.equal(amount(recorded(), 'db_retries{op:move,sqlstate:40P01 deadlock_detected}'), tries - 2);
    assert.deepEqual(errors, {});
  });

  test('that never gets through is given up after ten tries, and has failed', async (t) => {
    const { postgres, errors, recorded } = bed(t);
    const answer = await postgres.transaction('raise', 'serializable', async (transaction) => {
      await transaction.query(read, [5]);
      await admin.query('UPDATE items SET value = value + 1 WHERE id = 5');
      await transaction.query(add, [5]);
    });
    assert.deepEqual([answer.error, answer.outcome], ['40001 serialization_failure', 'failed']);
    const of = recorded();
    assert.equal(amount(of, 'db_retries{op:raise,sqlstate:40001 serialization_failure}'), 9);
    assert.deepEqual(of['db_query_failed{op:add}'], { t: 'rate', passes: 1, total: 10 });
    assert.deepEqual(errors, { '40001 serialization_failure': 1 });
  });

  test('whose COMMIT is not answered may have happened; what ends before it has not', async (t) => {
    const { postgres, errors } = bed(t);
    const doom: Statement = { name: 'doom', kind: 'write', text: 'INSERT INTO doomed VALUES (1)' };
    const end: Statement = {
      name: 'end',
      kind: 'write',
      text: 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)',
    };
    const outcomeOf = async (statement: Statement) => {
      const work = (transaction: { query(one: Statement): Promise<unknown> }) => transaction.query(statement);
      return (await postgres.transaction('doomed', 'read committed', (one) => work(one).then(() => {}))).outcome;
    };
    assert.deepEqual([await outcomeOf(doom), await outcomeOf(end)], ['indeterminate', 'failed']);
    assert.deepEqual(errors, { '57P01 admin_shutdown': 2 });
  });

  test('whose time is up has taken that long at least; what fails otherwise has no time', async (t) => {
    const { postgres, recorded } = bed(t, { timeoutMs: 200 });
    await postgres.connect();
    const run = (op: string, statement: Statement, values: unknown[]) =>
      postgres.transaction(op, 'read committed', async (transaction) => {
        await transaction.query(statement, values);
      });
    const answers = [await run('slow', sleep, [60]), await run('refused', insert, [0]), await run('fine', read, [0])];
    assert.deepEqual(
      answers.map(({ outcome }) => outcome),
      ['failed', 'failed', 'ok'],
    );
    const of = recorded();
    assert.ok(longestMs(of, 'db_transaction_duration{op:slow,unfinished:yes}') >= 200);
    const names = Object.keys(of).filter((name) => name.startsWith('db_transaction_duration'));
    assert.deepEqual(names.sort(), [
      'db_transaction_duration{op:fine}',
      'db_transaction_duration{op:slow,unfinished:yes}',
    ]);
  });

  test('whose statements were sent together has failed once when their connection ends, and harms nobody', async (t) => {
    const { postgres, errors } = bed(t, { connections: 1 });
    const text = 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)';
    const both = (first: Statement) =>
      postgres.transaction('both', 'read committed', async (transaction) => {
        await Promise.all([transaction.query(first), transaction.query(read, [0])]);
      });
    const answers = [
      await both({ name: 'end', kind: 'write', text }),
      await both({ name: 'one', kind: 'read', text: 'SELECT 1' }),
    ];
    assert.deepEqual(
      answers.map(({ error, outcome }) => [error, outcome]),
      [
        ['57P01 admin_shutdown', 'failed'],
        [undefined, 'ok'],
      ],
    );
    assert.equal(errors['57P01 admin_shutdown'], 1);
  });

  test('is not committed when PostgreSQL says that it rolled it back', async (t) => {
    const { postgres } = bed(t);
    const answer = await postgres.transaction('careless', 'read committed', async (transaction) => {
      await transaction.query(add, [6]);
      await transaction.query(insert, [0]).catch(() => {});
    });
    assert.deepEqual([answer.error, answer.outcome], ['COMMIT answered with ROLLBACK', 'failed']);
    assert.equal(await itemValue(6), 0);
  });

  test('whose connection ends has failed, whatever its work sends then', async (t) => {
    const { postgres, errors } = bed(t);
    const text = 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)';
    const answer = await postgres.transaction('careless', 'read committed', async (transaction) => {
      await transaction.query(add, [9]);
      await transaction.query({ name: 'end', kind: 'write', text }).catch(() => {});
      await transaction.query(add, [9]).catch(() => {});
    });
    assert.deepEqual([answer.error, answer.outcome], ['57P01 admin_shutdown', 'failed']);
    assert.deepEqual([await itemValue(9), errors], [0, { '57P01 admin_shutdown': 1 }]);
    const again = await postgres.transaction('careful', 'read committed', async (transaction) => {
      await transaction.query(add, [9]);
    });
    assert.deepEqual([again.outcome, await itemValue(9)], ['ok', 1]);
  });

  test('whose work throws is rolled back, and its connection is as good as new', async (t) => {
    const { postgres } = bed(t, { connections: 1 });
    const broken = postgres.transaction('broken', 'read committed', async (transaction) => {
      await transaction.query(add, [7]);
      throw new Error('mine');
    });
    await assert.rejects(broken, new Error('mine'));
    assert.equal((await postgres.query(add, [7])).outcome, 'ok');
    assert.equal(await itemValue(7), 1);
  });
});

test('errors that have no code of PostgreSQL are named after what became of the connection', () => {
  const names: [error: object, name: string][] = [
    [{ code: '40001', severity: 'ERROR', message: 'x' }, '40001 serialization_failure'],
    [{ code: '99999', severity: 'ERROR', message: 'x' }, '99999'],
    [new Error('Connection terminated unexpectedly'), 'connection closed by the target'],
    [new Error('Connection terminated due to connection timeout'), 'timeout: connecting'],
    [Object.assign(new AggregateError([{ code: 'ECONNREFUSED', message: '' }]), {}), 'ECONNREFUSED'],
    [{ code: 'EMFILE', message: 'x' }, 'generator: EMFILE'],
  ];
  for (const [error, name] of names) assert.equal(databaseError(error), name);
});

test('what pg would put something of its own in the place of is refused', async (t) => {
  const slice = testSlice('http://127.0.0.1');
  const recorder = new Recorder('test', 'load', metricDefinitions(postgresMetrics));
  const making =
    (url: unknown, options: object, made = { ...slice, recorder }) =>
    () =>
      new Postgres(made, url as string, options as PostgresOptions);
  const sound = { connections: 1 };
  assert.throws(making(undefined, sound), new Error('Postgres: its URL is undefined; allowed is postgres://….'));
  assert.throws(making('', sound), new Error('Postgres: its URL is ""; allowed is postgres://….'));
  assert.throws(making(database.url, {}), /^Error: Postgres: connections is undefined; allowed is a whole number/);
  assert.throws(making(database.url, { connections: 0 }), /^Error: Postgres: connections is 0; allowed is a whole/);
  assert.throws(
    making(database.url, sound, slice),
    /^Error: Postgres records metrics .*; write metrics: postgresMetrics\.$/,
  );
  const { postgres, recorded } = bed(t);
  const asking = (statement: unknown) => () => postgres.query(statement as Statement);
  await assert.rejects(asking('SELECT 1'), /^Error: A statement is \{ name: /);
  await assert.rejects(
    asking({ ...read, kind: 'select' }),
    /^Error: The kind of statement get is "select"; allowed: read, /,
  );
  const level = 'SERIALIZABLE' as 'serializable';
  await assert.rejects(
    postgres.transaction('t', level, async () => {}),
    /^Error: The isolation of transaction t is "SERIALIZABLE"; .*serializable/,
  );
  for (let n = 0; n < 3; n++) assert.equal((await postgres.query({ ...read }, [0])).error, undefined);
  assert.equal(amount(recorded(), 'db_queries{op:get}'), 3);
});
