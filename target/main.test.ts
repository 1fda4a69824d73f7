import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestDevice } from './device.fixture.ts';
import { type Cluster, startCluster } from './postgres.ts';

let cluster: Cluster;
let databaseUrl: string;
let folder: string;
before(async () => {
  cluster = await startCluster();
  databaseUrl = `postgres://postgres@localhost/postgres?host=${encodeURIComponent(cluster.folder)}`;
  // Everything a target leaves behind would be in here.
  folder = await mkdtemp(join(tmpdir(), 'tandem-main-'));
  await chmod(folder, 0o1777);
});
after(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true });
});

type Process = ChildProcessByStdio<null, Readable, Readable>;

function run(env: Record<string, string>): Process {
  const { PORT: _, HOST: __, DATABASE_URL: ___, TARGET_FAULTS: ____, RATE_LIMIT: _____, ...rest } = process.env;
  return spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'main.ts')], {
    env: { ...rest, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Waits for the one line; gives the URL in it. */
async function listening(target: Process): Promise<string> {
  const [line] = await once(target.stdout.setEncoding('utf8'), 'data');
  assert.match(line, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
  return line.trim().slice('listening on '.length);
}

async function failure(env: Record<string, string>): Promise<string> {
  const target = run(env);
  const [[code], stdout, stderr] = await Promise.all([once(target, 'exit'), text(target.stdout), text(target.stderr)]);
  assert.equal(code, 1, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^[^\n]+\.\n$/, 'one sentence');
  return stderr.trim();
}

/** Folders of clusters. PostgreSQL's goes when it has ended: without folder there is no process either. */
async function clusters(parent = folder): Promise<string[]> {
  return (await readdir(parent)).filter((name) => name.startsWith('tandem-'));
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal}: exit 0, nothing left behind`, { timeout: 20_000 }, async () => {
    const target = run({});
    const url = await listening(target);
    const device = new TestDevice(url, 'an-account');
    assert.equal((await device.push([device.change()])).status, 200);
    target.kill(signal);
    // Launchers pass on what the process group got already.
    target.kill(signal);
    assert.deepEqual(await once(target, 'exit'), [0, null]);
    assert.deepEqual(await clusters(), []);
  });
}

test('SIGTERM while it is starting: exit 0, nothing left behind', { timeout: 20_000 }, async ({ signal }) => {
  const target = run({});
  while ((await clusters()).length === 0) await sleep(5, undefined, { signal });
  target.kill('SIGTERM');
  assert.deepEqual(await once(target, 'exit'), [0, null]);
  assert.deepEqual(await clusters(), []);
});

test('SIGKILL: PostgreSQL ends all the same', { timeout: 20_000 }, async ({ signal }) => {
  const target = run({});
  await listening(target);
  target.kill('SIGKILL');
  while ((await clusters()).length > 0) await sleep(20, undefined, { signal });
});

test('crash: exit 1 at the first API request', { timeout: 20_000 }, async () => {
  const target = run({ TARGET_FAULTS: 'crash', DATABASE_URL: databaseUrl });
  const url = await listening(target);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  const exit = once(target, 'exit');
  await assert.rejects(new TestDevice(url, 'an-account').pull());
  assert.deepEqual(await exit, [1, null]);
});

test('a port in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  assert.equal(
    await failure({ PORT: String(port), DATABASE_URL: databaseUrl }),
    `PORT=${port} is in use on 127.0.0.1; set PORT to a free port, or to 0 for any.`,
  );
  assert.deepEqual(await clusters(), []);
  other.close();
});

test('a variable that cannot be read', async () => {
  assert.equal(await failure({ PORT: 'http' }), 'PORT is "http"; allowed is a number from 0 (any free port) to 65535.');
});

test('a DATABASE_URL that does not work', async () => {
  const message = await failure({ DATABASE_URL: 'postgres://ada:hunter2@localhost/db?host=/nowhere' });
  assert.match(message, /^DATABASE_URL: PostgreSQL at \/nowhere cannot be reached: /);
});

test('a folder whose path is too long for a socket is named', async () => {
  const long = join(folder, 'x'.repeat(110));
  await mkdir(long);
  const message = await failure({ TMPDIR: long });
  assert.match(message, /^PostgreSQL did not start: the path of its socket is too long \(.*; set TMPDIR to/);
  assert.deepEqual(await clusters(long), []);
});

test('a folder that the user of PostgreSQL cannot enter is named', {
  skip: process.getuid?.() !== 0,
  timeout: 20_000,
}, async () => {
  const closed = join(folder, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const message = await failure({ TMPDIR: closed });
  assert.match(
    message,
    /^PostgreSQL did not start: .*the user postgres cannot enter .*; set TMPDIR to a folder that it can\.$/,
  );
  assert.deepEqual(await clusters(closed), []);
});
