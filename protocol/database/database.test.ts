import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { consult } from '../../support/check/oracles.ts';
import type { Evidence } from '../../support/measure/evidence.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { declaredOracles } from '../../support/oracle.ts';
import { Secrets } from '../../support/secrets/secrets.ts';
import { targetSettings } from '../../support/target.ts';
import type { SliceContext } from '../../support/test.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { type TestDatabase, testDatabase } from '../../target/core/target.fixture.ts';
import { transactionPooler } from '../apis/database/pooler.fixture.ts';
import { isPooler } from '../apis/database/pooler.ts';
import { Schema, withClient } from '../apis/database/schema.ts';
import { databaseSettings, shownDatabase } from '../apis/database/settings.ts';
import { testSlice, testVu, withSettings } from '../slice.fixture.ts';
import { postgresMetrics } from '../transports/postgres.ts';
import { Clerk, Office } from './clerk.ts';
import { database as family } from './family.ts';
import { orderOptions, transferOptions } from './options.ts';
import { checkDatabase, checkFacts, type DatabaseFacts } from './preflight.ts';
import { Bank, Teller } from './teller.ts';
import './account-totals.oracle.ts';
import './committed-sums.oracle.ts';
import './committed-rows.oracle.ts';

let server: TestDatabase;
let admin: pg.Client;
before(async () => {
  server = await testDatabase();
  admin = new pg.Client(server.url);
  await admin.connect();
});
after(async () => {
  await admin?.end();
  await server?.stop();
});

function sliceOf<O>(options: O, url = server.url): SliceContext<O> {
  const recorder = new Recorder('test', 'load', metricDefinitions(postgresMetrics));
  return { ...withSettings(testSlice('http://127.0.0.1'), { LOAD_DATABASE_URL: url }), recorder, options };
}

/** The schemas of loads that there are. */
async function schemas(): Promise<string[]> {
  const { rows } = await admin.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tandem\\_load\\_%'");
  return rows.map(({ nspname }) => nspname);
}

/** As a run does before the last look: clocks of two machines may differ that much. */
const rest = () => sleep(300);

/** What an oracle says of pieces of evidence. */
function judged(oracle: string, evidence: Evidence[string]) {
  return consult([oracle], [{ [oracle]: evidence }], declaredOracles)[0]!;
}

test('clerks do all that they can do without an error, and what they added is there', async () => {
  const slice = sliceOf(orderOptions.parse({ rows: 200, connections: 3 }));
  const office = await Office.open(slice);
  const clerks = [0, 1].map((id) => new Clerk(testVu(slice, id), office));
  for (const clerk of clerks) {
    for (let round = 0; round < 3; round++) {
      await Promise.all([
        clerk.read(),
        clerk.join(),
        clerk.aggregate(),
        clerk.search(),
        clerk.insert(),
        clerk.update(),
      ]);
      await clerk.transaction();
    }
  }
  await rest();
  for (const clerk of clerks) await clerk.settle();
  assert.deepEqual(slice.recorder.errors, {});
  const evidence = clerks.flatMap((clerk) => clerk.evidence()['committed-rows'] ?? []);
  const { status, checked } = judged('committed-rows', evidence);
  assert.deepEqual([status, checked], ['ok', 12]);
  await admin.query(`DELETE FROM ${(await schemas())[0]}.entries WHERE name LIKE 'test-1-%'`);
  await clerks[0]!.settle();
  assert.equal(
    judged(
      'committed-rows',
      clerks.flatMap((clerk) => clerk.evidence()['committed-rows'] ?? []),
    ).violations,
    6,
  );
  const changes = () => judged('committed-sums', [office.evidence()['committed-sums']]).violations;
  assert.equal(changes(), 0);
  // An order lost a change, while another one got one too many.
  const orders = `${(await schemas())[0]}.orders`;
  await admin.query(
    `UPDATE ${orders} SET total_cents = total_cents + CASE id WHEN 7 THEN 1 ELSE -1 END WHERE id IN (7, 8)`,
  );
  await clerks[0]!.settle();
  assert.equal(changes(), 2);
  await office.close();
  assert.deepEqual(await schemas(), []);
});

test('answers of other rows, and of rows as they were before, fail a check', async () => {
  const slice = sliceOf(orderOptions.parse({ rows: 105, connections: 1 }));
  const office = await Office.open(slice);
  const vu = testVu(slice);
  const clerk = new Clerk(vu, office);
  const { orders, customers } = {
    orders: `${office.database.name}.orders`,
    customers: `${office.database.name}.customers`,
  };
  const failures = async (operation: 'read' | 'join' | 'aggregate' | 'search') => {
    for (let round = 0; round < 10; round++) await clerk[operation]();
    return vu.takeOutcome() === 'ok' ? 0 : 1;
  };
  for (const operation of ['read', 'join', 'aggregate', 'search'] as const) {
    assert.equal(await failures(operation), 0, operation);
  }
  await admin.query(`UPDATE ${orders} SET total_cents = -1, note = 'word' || (id + 500) % 1000`);
  await admin.query(`UPDATE ${customers} SET name = name || '0'`);
  assert.deepEqual([await failures('read'), await failures('join'), await failures('search')], [1, 1, 1]);
  await admin.query(`DELETE FROM ${orders} WHERE id % 10 < 9 AND id > 50`);
  assert.equal(await failures('aggregate'), 1);
  await office.close();
});

test('who only reads has nothing to be judged', async () => {
  const office = await Office.open(sliceOf(orderOptions.parse({ rows: 100, connections: 1 })));
  const clerk = new Clerk(testVu(sliceOf({})), office);
  await clerk.read();
  await clerk.settle();
  assert.deepEqual([clerk.evidence()['committed-rows'], office.evidence()['committed-sums']], [null, null]);
  await office.close();
});

test('tellers move money at every level, in any order, and none is lost', async () => {
  const url = `${server.url}&options=-c%20deadlock_timeout%3D10ms`;
  const slice = sliceOf(transferOptions.parse({ accounts: 3, connections: 4, unordered: 1 }), url);
  const bank = await Bank.open(slice);
  const tellers = [0, 1, 2, 3].map((id) => new Teller(testVu(slice, id), bank));
  for (let round = 0; round < 8; round++) {
    await Promise.all(tellers.map((teller) => teller.transfer()));
    await tellers[0]!.audit();
  }
  await rest();
  for (const teller of tellers) await teller.settle();
  assert.deepEqual(slice.recorder.errors, {});
  const evidence = tellers.map((teller) => teller.evidence());
  const totals = judged(
    'account-totals',
    evidence.flatMap((one) => one['account-totals']),
  );
  assert.deepEqual([totals.status, totals.checked], ['ok', 9]);
  const rows = judged(
    'committed-rows',
    evidence.flatMap((one) => one['committed-rows'] ?? []),
  );
  assert.deepEqual([rows.status, rows.checked], ['ok', 32]);
  const changes = () => judged('committed-sums', [bank.evidence()['committed-sums']]).violations;
  assert.equal(changes(), 0);
  const accounts = `${bank.database.name}.accounts`;
  await admin.query(`UPDATE ${accounts} SET balance = balance + CASE id WHEN 0 THEN 1 ELSE -1 END WHERE id < 2`);
  await tellers[0]!.settle();
  assert.equal(changes(), 2);
  await admin.query(`UPDATE ${accounts} SET balance = balance - 1 WHERE id = 0`);
  await tellers[0]!.audit();
  assert.equal(judged('account-totals', tellers[0]!.evidence()['account-totals']).violations, 1);
  await bank.close();
});

test('behind a pooler that gives connections to others between transactions: no error, nothing left, and what is lost is found', async (t) => {
  const url = await transactionPooler(t, server.url, 6);
  assert.deepEqual([await isPooler(url), await isPooler(server.url)], [true, false]);
  // It has room for more than PostgreSQL itself.
  assert.deepEqual(await told(url, 10_000), []);
  const slice = sliceOf(orderOptions.parse({ rows: 200, connections: 8 }), url);
  const offices = await Promise.all([Office.open(slice), Office.open(slice)]);
  const clerks = offices.map((office, id) => new Clerk(testVu(slice, id), office));
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      clerks.flatMap((clerk) => [clerk.read(), clerk.search(), clerk.insert(), clerk.update(), clerk.transaction()]),
    );
  }
  await rest();
  const found = async () => {
    for (const clerk of clerks) await clerk.settle();
    const { status, checked } = judged(
      'committed-rows',
      clerks.flatMap((clerk) => clerk.evidence()['committed-rows'] ?? []),
    );
    const sums = judged(
      'committed-sums',
      offices.map((office) => office.evidence()['committed-sums']),
    );
    return [status, checked, sums.status];
  };
  assert.deepEqual([await found(), slice.recorder.errors], [['ok', 12, 'ok'], {}]);
  const [schema] = await schemas();
  await admin.query(`DELETE FROM ${schema}.entries WHERE name LIKE 'test-1-1'`);
  assert.deepEqual(await found(), ['violated', 12, 'ok']);
  await offices[0]!.close();
  assert.deepEqual(await schemas(), [schema], 'it is in use');
  await offices[1]!.close();
  assert.deepEqual(await schemas(), []);
  // What is set on a connection, everybody has who is given it.
  const { rows } = await withClient(url, (client) => client.query("SELECT current_setting('statement_timeout') AS it"));
  assert.equal(rows[0].it, '0');
});

test('slices share a schema: the last one drops it', async () => {
  const open = () => Schema.open(server.url, 'run', 'mine', 'CREATE TABLE things (id int)');
  const [one, other] = await Promise.all([open(), open()]);
  assert.equal(one.name, other.name);
  assert.match(one.name, /^tandem_load_run_[0-9a-f]{12}$/);
  await one.close();
  assert.deepEqual(await schemas(), [one.name]);
  await other.close();
  assert.deepEqual(await schemas(), []);
});

test('who uses a schema keeps no old rows, whatever level transactions have there', async () => {
  for (const level of ['read committed', 'repeatable read', 'serializable']) {
    const url = new URL(server.url);
    url.searchParams.set('options', `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`);
    const schema = await Schema.open(url.href, 'kept', 'mine', '');
    const { rows } = await admin.query(
      `SELECT state, backend_xmin FROM pg_stat_activity JOIN pg_locks USING (pid)
        WHERE locktype = 'advisory' AND datname = current_database()`,
    );
    await schema.close();
    assert.deepEqual(rows, [{ state: 'idle in transaction', backend_xmin: null }], level);
  }
});

test('a schema whose connection was cut is still in use, as soon as there is a new one', async () => {
  const open = () => Schema.open(server.url, 'cut', 'mine', 'CREATE TABLE things (id int)');
  const holders = async () => {
    // Other databases of the server are other tests'.
    const { rows } = await admin.query(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY pid`,
    );
    return rows.map(({ pid }) => pid as number);
  };
  // What never comes, as after a test that has failed before, holds up nobody.
  const signal = AbortSignal.timeout(60_000);
  // A process of PostgreSQL's ends a moment after its connection.
  const free = async () => {
    while ((await holders()).length > 0) await sleep(10, undefined, { signal });
  };
  await free();
  const [one, other] = [await open(), await open()];
  const before = await holders();
  assert.equal(before.length, 2);
  await admin.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [before]);
  const after = async () => (await holders()).filter((pid) => !before.includes(pid));
  while ((await after()).length < 2) await sleep(10, undefined, { signal });
  await one.close();
  assert.deepEqual(await told(server.url), []);
  assert.deepEqual(await schemas(), [other.name]);
  await other.close();
  assert.deepEqual(await schemas(), []);
  await free();
});

test('a schema that cannot be made leaves nothing', async () => {
  await assert.rejects(() => Schema.open(server.url, 'run', 'wrong', 'CREATE TABLE'), { code: '42601' });
  assert.deepEqual(await schemas(), []);
});

/** What a preflight of that database tells. */
async function told(url: string | undefined, connections = 4): Promise<string[]> {
  const { target } = withSettings(testSlice('http://127.0.0.1'), { LOAD_DATABASE_URL: url });
  const sentences: string[] = [];
  await checkDatabase({ scenario: 'queries', target, options: { connections }, of: 1 }, (one) => sentences.push(one));
  return sentences;
}

test('a schema that a killed run left behind is dropped and told of; one in use is not', async () => {
  const used = await Schema.open(server.url, 'running', 'mine', 'CREATE TABLE things (id int)');
  await admin.query(
    `CREATE SCHEMA tandem_load_gone_1; COMMENT ON SCHEMA tandem_load_gone_1 IS 'run gone, made yesterday'`,
  );
  await admin.query(`CREATE SCHEMA tandem_load_gone_2; COMMENT ON SCHEMA tandem_load_gone_2 IS 'run old, made before'`);
  // Somebody else's, whatever their names.
  await admin.query(
    "CREATE SCHEMA tandem_load_mine; CREATE SCHEMA tandem_loadx; COMMENT ON SCHEMA tandem_loadx IS 'run x, made up'",
  );
  assert.deepEqual(await told(server.url), [
    'Schema tandem_load_gone_1 was left behind (run gone, made yesterday): dropped.',
    'Schema tandem_load_gone_2 was left behind (run old, made before): dropped.',
  ]);
  assert.deepEqual((await schemas()).toSorted(), ['tandem_load_mine', used.name].toSorted());
  assert.deepEqual(await told(server.url), []);
  await admin.query('DROP SCHEMA tandem_loadx; DROP SCHEMA tandem_load_mine');
  await used.close();
});

test('one of another user is told of', async (t) => {
  const made = `CREATE SCHEMA tandem_load_others; COMMENT ON SCHEMA tandem_load_others IS 'run old, made before'`;
  const url = await login(t, made, 'GRANT CREATE ON DATABASE');
  assert.deepEqual(await told(url), [
    'Schema tandem_load_others was left behind (run old, made before), and belongs to another user: drop it with DROP SCHEMA tandem_load_others CASCADE.',
  ]);
  await admin.query('DROP SCHEMA tandem_load_others');
});

/** A user of its own, after SQL of the administrator's; with a grant on the database, or none. */
async function login(t: TestContext, sql: string, grant?: string): Promise<string> {
  const name = `clerk_${process.pid}`;
  const url = new URL(server.url);
  await admin.query(`${sql}; CREATE ROLE ${name} LOGIN`);
  if (grant) await admin.query(`${grant} ${url.pathname.slice(1)} TO ${name}`);
  t.after(() => admin.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`));
  url.username = name;
  return url.href;
}

const refused = async (url: string | undefined, sentence: string | RegExp, connections?: number) =>
  assert.rejects(
    () => told(url, connections),
    ({ message }: Error) => {
      if (typeof sentence === 'string') assert.equal(message, sentence);
      else assert.match(message, sentence);
      assert.doesNotMatch(message, /hunter2/);
      return true;
    },
  );

test('a database that cannot take the load is told of in one sentence', async (t) => {
  const shown = `LOAD_DATABASE_URL ${shownDatabase(server.url)}`;
  await refused(
    undefined,
    'LOAD_DATABASE_URL is not set; queries needs a URL such as postgres://user:password@127.0.0.1:5432/ledger.',
  );
  await refused(
    'postgres://me:hunter2@127.0.0.1:1/ledger',
    'LOAD_DATABASE_URL 127.0.0.1:1/ledger cannot be used: ECONNREFUSED.',
  );
  await refused(
    'postgres://me:hunter2@127.0.0.1:1/ledger?sslrootcert=/no/such.pem',
    'LOAD_DATABASE_URL 127.0.0.1:1/ledger names a file that cannot be read (ENOENT /no/such.pem); correct its path in the URL.',
  );
  const other = new URL(server.url);
  other.pathname = '/nowhere';
  await refused(
    other.href,
    `LOAD_DATABASE_URL ${shownDatabase(other.href)} has no such database (3D000 invalid_catalog_name); correct its name in the URL.`,
  );
  const user = await login(t, 'SELECT 1');
  await refused(user, `${shown} does not let this user create a schema; allowed is one with GRANT CREATE ON DATABASE.`);
  await refused(
    server.url,
    /^scenarios\.queries\.options\.connections is 10000, but LOAD_DATABASE_URL \S+ has max_connections \d+, of which \d+ are reserved and \d+ in use; allowed is at most \d+, or a larger max_connections\.$/,
    10_000,
  );
});

test('the loads of a run share what connections there are', async () => {
  const { target } = sliceOf({});
  const check = (scenario: string, connections: number) =>
    checkDatabase({ scenario, target, options: { connections }, of: 1 }, () => {});
  const { rows } = await admin.query("SELECT current_setting('max_connections')::int AS most");
  const half = Math.ceil(rows[0].most / 2);
  await check('queries', half);
  await assert.rejects(check('transfers', half), {
    message: new RegExp(
      `^scenarios\\.transfers\\.options\\.connections is ${half}, but .*, ${half + 2} for other scenarios and `,
    ),
  });
  await check('transfers', 1);
});

test('a wrong password, and a missing one, are told of and never shown', async (t) => {
  // As PostgreSQL asks for a password, and refuses it.
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  const askForPassword = message('R', Buffer.from([0, 0, 0, 3]));
  const fields = 'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "me" with hunter2\0\0';
  const port = await listening(t, (socket) => {
    socket.once('data', () => {
      socket.write(askForPassword);
      socket.once('data', () => socket.end(message('E', Buffer.from(fields))));
    });
  });
  await refused(
    `postgres://me:hunter2@127.0.0.1:${port}/ledger`,
    `LOAD_DATABASE_URL 127.0.0.1:${port}/ledger does not take this user and password (28P01 invalid_password); correct them in the URL.`,
  );
});

/** A server on a port of its own that does this with its connections. */
async function listening(t: TestContext, serve: Parameters<typeof createServer>[1]): Promise<number> {
  const one: Server = createServer(serve as never);
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => one.close(resolve)));
  return (one.address() as { port: number }).port;
}

test('versions, recovery, read-only databases and room for connections', () => {
  const sound: DatabaseFacts = {
    ...{ versionNumber: 130_000, version: '13.0', inRecovery: false, readOnly: false, mayCreateSchemas: true },
    ...{ maxConnections: 20, reserved: 3, inUse: 5 },
  };
  const check = (facts: Partial<DatabaseFacts>, connections = 10) =>
    checkFacts('X', { ...sound, ...facts }, { scenario: 'queries', options: { connections }, of: 1 });
  check({});
  const wrong: [facts: Partial<DatabaseFacts>, sentence: string][] = [
    [{ versionNumber: 120_022, version: '12.22 (Debian)' }, 'X is PostgreSQL 12.22 (Debian); allowed is 13 or newer.'],
    [{ inRecovery: true, readOnly: true }, 'X is in recovery and can only be read; allowed is a primary.'],
    [
      { readOnly: true },
      'X only lets read, by its default_transaction_read_only; allowed is one that can be written to.',
    ],
    [
      { mayCreateSchemas: false },
      'X does not let this user create a schema; allowed is one with GRANT CREATE ON DATABASE.',
    ],
    [
      { inUse: 6 },
      'scenarios.queries.options.connections is 10, but X has max_connections 20, of which 3 are reserved and 6 in use; allowed is at most 9, or a larger max_connections.',
    ],
    [
      { inUse: 17 },
      'scenarios.queries.options.connections is 10, but X has max_connections 20, of which 3 are reserved and 17 in use; allowed is a larger max_connections.',
    ],
  ];
  for (const [facts, message] of wrong) assert.throws(() => check(facts), { message });
  const besides = () => checkFacts('X', sound, { scenario: 'queries', options: { connections: 5 }, of: 1 }, 6);
  assert.throws(besides, {
    message:
      'scenarios.queries.options.connections is 5, but X has max_connections 20, of which 3 are reserved, 6 for other scenarios and 5 in use; allowed is at most 4, or a larger max_connections.',
  });
  const few = { scenario: 'queries', options: { connections: 2 }, of: 3 };
  assert.throws(() => checkFacts('X', sound, few), {
    message: 'scenarios.queries.options.connections is 2, and it runs in 3 slices; allowed is one for each at least.',
  });
  checkFacts('X', sound, { ...few, of: 2 });
});

test('the address is waited for: a PostgreSQL answers, and nobody else does', async (t) => {
  const { endpoint } = databaseSettings.declared[0]!;
  const target = testSlice('http://127.0.0.1').target;
  await endpoint!.reach(server.url, target, 5_000);
  await assert.rejects(() => endpoint!.reach('postgres://127.0.0.1:1/x', target, 5_000), { code: 'ECONNREFUSED' });
  const port = await listening(t, (socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await assert.rejects(() => endpoint!.reach(`postgres://me:hunter2@127.0.0.1:${port}/x`, target, 5_000), {
    message: `LOAD_DATABASE_URL 127.0.0.1:${port}/x is no PostgreSQL: something else answers there; allowed is a URL such as postgres://user:password@127.0.0.1:5432/ledger.`,
  });
});

test('what is shown of a URL is server and database alone, and the URL and its password are secrets', () => {
  const shown: [url: string, as: string][] = [
    ['postgres://me:hunter2@db.example:6000/ledger?sslmode=require', 'db.example:6000/ledger'],
    ['postgresql://me:hunter2@[::1]/', '[::1]:5432/me'],
    ['postgres://postgres@localhost/x?host=%2Frun%2Fpg', '/run/pg/.s.PGSQL.5432/x'],
    ['postgres://100%me:hunter2%@db.example/', 'db.example:5432/100%me'],
  ];
  for (const [url, as] of shown) assert.equal(shownDatabase(url), as);
  const urls: [url: string, ...parts: string[]][] = [
    ['postgres://me:correct%20horse%21@db.example/ledger', 'correct horse!', 'correct%20horse%21'],
    // As pg takes it, too.
    ['postgres://db.example/ledger?user=me&password=correct%20horse%21', 'correct horse!', 'correct%20horse%21'],
    ['postgres://me:p@ss-word1@db.example/ledger', 'p@ss-word1'],
    ['postgres://me:100%word1@db.example/ledger?sslpassword=hunter2b', '100%word1', 'hunter2b'],
  ];
  for (const [url, ...parts] of urls) {
    const secrets = new Secrets();
    secrets.addGiven({ given: [['LOAD_DATABASE_URL', url]], declared: databaseSettings.declared });
    for (const text of [url, ...parts]) assert.equal(secrets.clean(`with ${text} in`), 'with *** in');
  }
  const { given, declared } = targetSettings({ LOAD_DATABASE_URL: urls[0]![0] }, import.meta.dirname, [family]);
  assert.ok(given?.some(([name]) => name === 'LOAD_DATABASE_URL') && declared?.includes(databaseSettings.declared[0]!));
});

test('what is no URL of PostgreSQL is refused without being shown', () => {
  for (const url of ['mysql://me:hunter2@db.example/ledger', 'postgres://me:hunt@er/2@db.example/ledger']) {
    assert.throws(() => targetSettings({ LOAD_DATABASE_URL: url }, import.meta.dirname, [family]), {
      message:
        'LOAD_DATABASE_URL in the environment is not as it has to be; allowed is a URL such as postgres://user:password@127.0.0.1:5432/ledger.',
    });
  }
});
