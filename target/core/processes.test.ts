import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { families } from '../families/index.ts';
import { TestOperator, type TestStream } from '../families/vms/operator.fixture.ts';
import { type Database, openDatabase } from './database.ts';
import { listening, runTarget } from './process.fixture.ts';
import { schemaOf } from './server.ts';
import { type TestDatabase, testDatabase } from './target.fixture.ts';

let shared: TestDatabase;
let database: Database;
before(async () => {
  shared = await testDatabase();
  database = await openDatabase(shared.url, { schema: schemaOf(families) });
});
after(async () => {
  await database.stop();
  await shared.stop();
});

const run = (env: Record<string, string> = {}) =>
  runTarget({ DATABASE_URL: shared.url, TARGET_PROCESSES: '2', TARGET_TIME_SCALE: '0.001', ...env });

/** Which process answers: when it was started. */
async function answering(url: string): Promise<string | undefined> {
  const metrics = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  return /^process_start_time_seconds (.+)$/m.exec(metrics)?.[1];
}

const PERSON = { email: 'ada@example.org', password: 'correct horse', name: 'Ada', organization_name: 'Engines' };

function auth(url: string, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  return fetch(`${url}/api/v1/auth/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** What the processes, in turns, answer a token. */
async function meInTurns(url: string, token: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let ask = 0; ask < 4; ask++) {
    const headers = { authorization: `Bearer ${token}`, connection: 'close' };
    statuses.push((await fetch(`${url}/api/v1/auth/me`, { headers })).status);
  }
  return statuses;
}

const numbers = (stream: TestStream, type: string) => stream.of(type).map(({ sequence }) => sequence);

describe('a target of two processes', { concurrency: true, timeout: 60_000 }, () => {
  test('one that dies ends the target with a sentence', async () => {
    const target = run({ TARGET_FAULTS: 'crash' });
    const url = await listening(target);
    const [exit, said] = [once(target, 'exit'), text(target.stderr)];
    await assert.rejects(fetch(`${url}/api/v1/vms`));
    assert.deepEqual(await exit, [1, null]);
    assert.match(await said, /^Process [12] of the target's 2 ended with exit code 1; the target stops\.\n$/);
    await assert.rejects(fetch(`${url}/health`));
  });

  test('without the first there are no others', async () => {
    const target = run();
    const url = await listening(target);
    target.kill('SIGKILL');
    await once(target, 'exit');
    const answers = () =>
      answering(url).then(
        () => true,
        () => false,
      );
    while (await answers()) await sleep(10);
  });

  test('a target that cannot start: exit 1 and one sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const target = run({ PORT: String(port) });
    const [[code], stdout, stderr] = await Promise.all([
      once(target, 'exit'),
      text(target.stdout),
      text(target.stderr),
    ]);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.equal(stderr, `PORT=${port} is in use on 127.0.0.1; set PORT to a free port, or to 0 for any.\n`);
    other.close();
  });
});

test('two processes serve the port, everybody sees the same numbers, and SIGTERM stops them all', async () => {
  const target = run();
  const url = await listening(target);
  const processes = new Set<string | undefined>();
  for (let ask = 0; ask < 4; ask++) processes.add(await answering(url));
  assert.equal(processes.size, 2);

  const { tokens } = await (await auth(url, 'register', PERSON)).json();
  assert.deepEqual(await meInTurns(url, tokens.access_token), [200, 200, 200, 200]);
  await auth(url, 'logout', { refresh_token: tokens.refresh_token });
  assert.deepEqual(await meInTurns(url, tokens.access_token), [401, 401, 401, 401], 'whoever was told of it');

  const operators = [1, 2].map(() => new TestOperator({ url, database }));
  const streams = await Promise.all(
    operators.map(async (operator) => {
      const subscribed: TestStream[] = [];
      // New connections go to the processes in turns.
      for (let nth = 0; nth < 4; nth++) subscribed.push(await operator.subscribe('/realtime', 'vm_status'));
      return subscribed;
    }),
  );
  const jobs = [await operators[0]!.subscribe('/dwcp/v3/stream', 'migrations')];
  jobs.push(await operators[0]!.subscribe('/dwcp/v3/stream', 'migrations'));
  const vms = await Promise.all(Array.from({ length: 10 }, (_, index) => operators[index % 2]!.vm()));
  const answers = await Promise.all(vms.map((vm, index) => operators[index % 2]!.migrate(vm)));
  assert.ok(answers.every(({ status }) => status === 202));
  for (const stream of streams.flat()) {
    await stream.until(() => stream.of('vm_status').length === 10);
    assert.deepEqual(numbers(stream, 'vm_status'), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  }
  for (const stream of jobs) {
    await stream.until(() => stream.of('migration').length === 25);
    assert.deepEqual(
      numbers(stream, 'migration'),
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
  }
  // Who comes late is told the same last number by both.
  for (let nth = 0; nth < 2; nth++) {
    const late = await operators[1]!.subscribe('/realtime', 'vm_status');
    assert.equal(late.messages[0]!.sequence, 10);
  }
  const closed = streams.flat().map(({ socket }) => once(socket, 'close'));
  target.kill('SIGTERM');
  assert.deepEqual(await once(target, 'exit'), [0, null]);
  for (const [code] of await Promise.all(closed)) assert.equal(code, 1001);
  await assert.rejects(fetch(`${url}/health`));
});
