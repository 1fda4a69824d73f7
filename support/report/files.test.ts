import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import promises, { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { explainWrite, folderOfRun, runFolder, writeRun } from './files.ts';

const root = await mkdtemp(join(tmpdir(), 'reports-'));
after(() => rm(root, { recursive: true, force: true }));
const reports = async (name: string) => {
  const dir = join(root, name);
  await mkdir(dir);
  return dir;
};

test('writes every file whole, leaves nothing beside them, and points latest at the newest run', async () => {
  const dir = await reports('two');
  await writeRun(join(dir, 'run-1'), { 'verdict.json': '{"n":1}', 'raw.bin': Buffer.from([1, 2]) });
  await writeRun(join(dir, 'run-2'), { 'verdict.json': '{"n":2}' });
  await writeRun(join(dir, 'run-2'), { 'verdict.json': '{"n":3}' });
  assert.deepEqual((await readdir(dir)).sort(), ['latest', 'run-1', 'run-2']);
  assert.deepEqual((await readdir(join(dir, 'run-1'))).sort(), ['raw.bin', 'verdict.json']);
  assert.equal(await readlink(join(dir, 'latest')), 'run-2');
  assert.equal(await readFile(join(dir, 'latest', 'verdict.json'), 'utf8'), '{"n":3}');
});

test('where latest cannot be a link, latest.txt names the run', async () => {
  const dir = await reports('nolink');
  await mkdir(join(dir, 'latest'));
  await writeFile(join(dir, 'latest', 'mine.txt'), 'kept');
  await writeRun(join(dir, 'run-1'), { 'a.txt': 'a' });
  assert.equal(await readFile(join(dir, 'latest.txt'), 'utf8'), 'run-1\n');
  assert.equal(await readFile(join(dir, 'latest', 'mine.txt'), 'utf8'), 'kept');
  assert.equal(folderOfRun(dir, 'latest'), join(dir, 'run-1'));
  // A link is newer than what stands there from before.
  await rm(join(dir, 'latest'), { recursive: true });
  await writeRun(join(dir, 'run-2'), { 'a.txt': 'a' });
  assert.equal(folderOfRun(dir, 'latest'), join(dir, 'latest'));
});

test('a path that cannot be a folder is one sentence', async () => {
  const dir = await reports('file');
  await writeFile(join(dir, 'reports'), '');
  const run = join(dir, 'reports', 'run-1');
  await assert.rejects(writeRun(run, { 'a.txt': 'a' }), {
    message: `results not written: ${run}: a part of its path is a file, not a folder (ENOTDIR); free its place or let it be written to, and run again.`,
  });
});

test('on a disk that fills up the file is named, nothing half-written stays, and a former run stands', async (t) => {
  const dir = await reports('full');
  const run = join(dir, 'run-1');
  await writeRun(run, { 'verdict.json': 'former' });
  const { writeFile: write } = promises;
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  t.mock.method(promises, 'writeFile', async (path: string, content: string, options: object) => {
    if (!path.endsWith('summary.md')) return write(path, content, options);
    await write(path, 'half');
    throw full;
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const files = { 'verdict.json': '{}', 'summary.md': 'whole' };
  const message = (path: string) =>
    `results not written: ${path}: the disk is full (ENOSPC); free its place or let it be written to, and run again.`;
  await assert.rejects(writeRun(run, files), { message: message(join(run, 'summary.md')) });
  await assert.rejects(writeRun(join(dir, 'run-2'), files), { message: message(join(dir, 'run-2', 'summary.md')) });
  assert.deepEqual((await readdir(dir)).sort(), ['latest', 'run-1']);
  assert.equal(await readFile(join(dir, 'latest', 'verdict.json'), 'utf8'), 'former');
});

test('on a disk that is full of what the run streamed its results take the place of that, where there is room enough then', async (t) => {
  const dir = await reports('streamed');
  const run = join(dir, 'run-1');
  const stream = join(run, 'stream.ndjson');
  await mkdir(run);
  const { writeFile: write } = promises;
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  t.mock.method(promises, 'writeFile', async (path: string, content: string, options: object) => {
    if (path.endsWith('verdict.json') && existsSync(stream)) throw full;
    return write(path, content, options);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const files = { 'verdict.json': 'é'.repeat(10) };
  await writeFile(stream, 'x'.repeat(19));
  await assert.rejects(writeRun(run, files, 'stream.ndjson'), /the disk is full/);
  assert.deepEqual(await readdir(run), ['stream.ndjson'], 'with which "tandem report" can judge it');
  await writeFile(stream, 'x'.repeat(20));
  await writeRun(run, files, 'stream.ndjson');
  assert.deepEqual(await readdir(run), ['verdict.json']);
  assert.equal(await readlink(join(dir, 'latest')), 'run-1');
});

test('a run takes the place of one of its name, but not of a file', async () => {
  const dir = await reports('taken');
  await writeRun(join(dir, 'run-1'), { 'verdict.json': '1', 'old.png': '' });
  await writeRun(join(dir, 'run-1'), { 'verdict.json': '2' });
  assert.deepEqual(await readdir(join(dir, 'run-1')), ['verdict.json']);
  await writeFile(join(dir, 'run-2'), 'kept');
  await assert.rejects(writeRun(join(dir, 'run-2'), { 'verdict.json': '{}' }), /run-2: a part of its path is a file/);
  assert.equal(await readFile(join(dir, 'run-2'), 'utf8'), 'kept');
  assert.deepEqual((await readdir(dir)).sort(), ['latest', 'run-1', 'run-2']);
});

test('a name with a folder in it is refused', async () => {
  const dir = await reports('names');
  for (const name of ['../out.txt', 'a/b', '..'])
    await assert.rejects(writeRun(join(dir, 'run-1'), { [name]: '' }), { message: `not a file name: ${name}` });
});

test('causes in words', () => {
  const because = (code: string) => explainWrite('r/v.json', Object.assign(new Error('x'), { code })).message;
  assert.match(because('ENOSPC'), /^results not written: r\/v\.json: the disk is full \(ENOSPC\);/);
  assert.match(because('EACCES'), /no permission to write there \(EACCES\)/);
  assert.match(because('EROFS'), /the file system is read-only \(EROFS\)/);
  assert.match(explainWrite('r', new Error('odd')).message, /^results not written: r: odd;/);
});

test('a run id that is a safe folder name stays; others become one, and never the same', () => {
  for (const safe of ['20250607-142233-k3f9', 'gh.123_1', '1234567890']) assert.equal(runFolder(safe), safe);
  const unsafe = [
    'feature/x #12',
    'feature-x-12 ',
    '../../etc',
    '..',
    '.',
    '',
    'latest',
    'Latest',
    'CON',
    'nul.txt',
    'a.',
    '.git',
    'x'.repeat(300),
    'a\0b',
  ];
  const names = unsafe.map(runFolder);
  for (const name of names) assert.match(name, /^[A-Za-z0-9][A-Za-z0-9._-]{0,98}-[0-9a-f]{8}$/);
  assert.equal(new Set(names).size, unsafe.length);
  assert.match(names[0]!, /^feature-x-12-[0-9a-f]{8}$/);
});

test('a run is named by its id, whatever that is, by its folder, or as the latest', async () => {
  const dir = await reports('named');
  const id = 'feature/x #12';
  const elsewhere = join(dir, '..', 'elsewhere');
  await writeRun(join(dir, runFolder(id)), { 'verdict.json': '{}' });
  const named = [id, 'run-1', 'nightly #4', 'latest', elsewhere, dir].map((run) => folderOfRun(dir, run));
  const own = [runFolder(id), 'run-1', runFolder('nightly #4'), 'latest'].map((name) => join(dir, name));
  assert.deepEqual(named, [...own, elsewhere, dir]);
});
