import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, runTarget } from './core/process.fixture.ts';
import { type TestDatabase, testDatabase } from './core/target.fixture.ts';
import { TestDevice } from './families/relay/device.fixture.ts';

let database: TestDatabase;
let folder: string;
before(async () => {
  database = await testDatabase();
  // Everything a target leaves behind would be in here.
  folder = await mkdtemp(join(tmpdir(), 'tandem-main-'));
  await chmod(folder, 0o1777);
});
after(async () => {
  await database?.stop();
  if (folder) await rm(folder, { recursive: true });
});

/** Gone when the test is over, also if it has failed; its PostgreSQL then ends by itself. */
function run(t: TestContext, env: Record<string, string>) {
  const target = runTarget({ TMPDIR: folder, ...env });
  t.after(() => target.kill('SIGKILL'));
  return target;
}

/** Folders of clusters, but for the copy that is kept. PostgreSQL's goes when it has ended: without folder there is no process either. */
async function clusters(): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('tandem-postgres-'));
}

test('SIGTERM: exit 0, nothing left behind', async (t) => {
  const target = run(t, {});
  const url = await listening(target);
  const device = new TestDevice(url, 'an-account');
  assert.equal((await device.push([device.change()])).status, 200);
  target.kill('SIGTERM');
  // Launchers pass on what the process group got already.
  target.kill('SIGTERM');
  assert.deepEqual(await once(target, 'exit'), [0, null]);
  assert.deepEqual(await clusters(), []);
});

test('SIGINT does as SIGTERM', async (t) => {
  const target = run(t, { DATABASE_URL: database.url });
  await listening(target);
  target.kill('SIGINT');
  assert.deepEqual(await once(target, 'exit'), [0, null]);
});

test('SIGTERM while it is starting: exit 0, nothing left behind', { timeout: 120_000 }, async (t) => {
  const target = run(t, {});
  while ((await clusters()).length === 0) await sleep(5, undefined, { signal: t.signal });
  target.kill('SIGTERM');
  assert.deepEqual(await once(target, 'exit'), [0, null]);
  assert.deepEqual(await clusters(), []);
});

test('the end of its standard input ends it when it was told so', async (t) => {
  const target = run(t, { DATABASE_URL: database.url, TARGET_STOP_WITH_STDIN: '1' });
  await listening(target);
  target.stdin.end();
  assert.deepEqual(await once(target, 'exit'), [0, null]);
});

test('SIGKILL: PostgreSQL ends all the same', { timeout: 120_000 }, async (t) => {
  const target = run(t, {});
  await listening(target);
  target.kill('SIGKILL');
  while ((await clusters()).length > 0) await sleep(20, undefined, { signal: t.signal });
});

test('crash: exit 1 at the first API request', async (t) => {
  const target = run(t, { TARGET_FAULTS: 'crash', DATABASE_URL: database.url });
  const url = await listening(target);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  const exit = once(target, 'exit');
  await assert.rejects(new TestDevice(url, 'an-account').pull());
  assert.deepEqual(await exit, [1, null]);
});

test('a target that cannot start: exit 1 and one sentence', async (t) => {
  const target = run(t, { PORT: 'http' });
  const [[code], stdout, stderr] = await Promise.all([once(target, 'exit'), text(target.stdout), text(target.stderr)]);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.equal(stderr, 'PORT is "http"; allowed is a number from 0 (any free port) to 65535.\n');
});
