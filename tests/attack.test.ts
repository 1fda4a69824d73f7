/** npx tandem attack: a run like any other, from flags and targets alone. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VegetaMetrics } from '../scripts/attack/report.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { serve } from '../support/server.fixture.ts';
import { filesIn, Project, repository } from './project.ts';

function projectOf(t: TestContext): Project {
  return new Project(t, {
    'profiles/other.json': { description: 'another', scenarios: {}, thresholds: {} },
    'new.json': '{"new": true}',
  });
}

/** Counts what is asked of it; what is bad is answered with 500. */
async function counting(t: TestContext) {
  const asked: Record<string, number> = {};
  const { url } = await serve(t, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const what = `${request.method} ${request.url} ${request.headers['x-secret'] ?? ''}${body}`;
    // Whoever looks whether the target is there is no part of the attack.
    if (request.headers['x-attack']) asked[what] = (asked[what] ?? 0) + 1;
    if (request.url === '/bad') response.statusCode = 500;
    response.end('0123456789');
  });
  return { url, asked };
}

function verdictOf(project: Project): Verdict {
  return JSON.parse(readFileSync(join(project.folder, 'reports', 'latest', 'verdict.json'), 'utf8'));
}

test('targets from standard input at a rate, judged by limits in words, told as Vegeta does', async (t) => {
  const { url, asked } = await counting(t);
  const project = projectOf(t);
  const targets = `GET ${url}/a?token=in-a-query\nX-Secret: in-a-header-1\n\nPOST ${url}/b\n@new.json\n\nGET ${url}/c\nGET ${url}/bad\n`;
  const { exitCode, output, errors } = await project.pipedTandem(
    targets,
    ...['attack', '-rate=40/1s', '-duration=2s', '-header=X-Attack: 1', '-type=json'],
    ...['-slo=success>0.8', '-slo', 'p(90)<60s', '-name=nightly'],
  );
  const told = JSON.parse(output) as VegetaMetrics;
  const verdict = verdictOf(project);
  assert.equal(exitCode, 1, errors);
  assert.notEqual(verdict.status, 'pass');
  assert.equal(verdict.runId, 'nightly');
  assert.deepEqual(
    verdict.thresholds.map(({ metric, expression, ok, observed }) => [
      metric,
      expression,
      ok,
      metric.includes('failed') && observed,
    ]),
    [
      ['iteration_failed{scenario:attack}', 'rate<0.2', false, 0.25],
      ['iteration_response_time{scenario:attack}', 'p(90)<60000', true, false],
    ],
  );
  assert.deepEqual(asked, {
    'GET /a?token=in-a-query in-a-header-1': 20,
    'POST /b {"new": true}': 20,
    'GET /c ': 20,
    'GET /bad ': 20,
  });
  const { requests, success, status_codes, bytes_in, bytes_out, latencies } = told;
  assert.deepEqual(
    { requests, success, status_codes, errors: told.errors },
    { requests: 80, success: 0.75, status_codes: { '200': 60, '500': 20 }, errors: ['HTTP 500'] },
  );
  assert.deepEqual([bytes_in.total, bytes_out.total], [800, 20 * '{"new": true}'.length]);
  const { values } = verdict.metrics['iteration_response_time{scenario:attack}']!;
  const inMs = (ns: number) => ns / 1e6;
  assert.deepEqual([inMs(latencies['95th']), inMs(latencies.max)], [values['p(95)'], values.max]);
  for (const [name, content] of Object.entries(filesIn(join(project.folder, 'reports', 'nightly')))) {
    assert.ok(!/in-a-(query|header)/.test(content.toString('latin1')), `${name} shows a secret`);
  }
  // Refused: the verdict that is there is not its own.
  project.write({ 'profiles/attack.json': {} });
  const refused = await project.pipedTandem(
    targets,
    'attack',
    '-rate=1',
    '-duration=1s',
    '-type=json',
    '-name=nightly',
  );
  assert.deepEqual([refused.exitCode, refused.output], [1, '']);
  assert.match(refused.errors, /there is a profiles\/attack\.json; allowed is another name/);
});

test('as fast as it goes, with the buckets of a histogram; and what is wrong is said before anything is sent', async (t) => {
  const { url, asked } = await counting(t);
  const project = projectOf(t);
  project.write({ 'targets.txt': `GET ${url}/a\nPOST ${url}/b\n@none.json` });
  const attack = ['attack', '-targets=targets.txt', '-header=X-Attack: 1', '-rate=0', '-max-workers=2', '-duration=1s'];
  const refused = project.tandem(...attack);
  assert.deepEqual([refused.exitCode, asked, existsSync(join(project.folder, 'reports'))], [1, {}, false]);
  const aFile = 'allowed is @<file>, from the folder that the run is started in.';
  assert.equal(refused.output, `targets.txt: line 3: body file "none.json" cannot be read (ENOENT); ${aFile}\n`);
  const targets = `GET ${url}/a\nGET ${url}/b\n`;
  project.write({ 'targets.txt': targets });
  const lost = project.tandem(...attack, '-type=text', '-output=none/report.txt');
  assert.deepEqual([lost.exitCode, asked], [1, {}]);
  assert.equal(
    lost.output,
    '-output is "none/report.txt", which cannot be written (ENOENT); allowed is the path of a file.\n',
  );
  const pipe = join(project.folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `echo "get ${url}/a" > "$0"`, pipe]);
  assert.match(project.tandem('attack', '-duration=1s', `-targets=${pipe}`).output, /pipe: line 1: method is "get";/);
  attack[1] = '-targets=/dev/stdin';
  const { exitCode, output, errors } = await project.pipedTandem(
    targets,
    ...attack,
    '-slo=errors<=0',
    '-type=hist[0,1h]',
  );
  const verdict = verdictOf(project);
  // On a machine that has no time for it, it is invalid.
  assert.equal(exitCode, verdict.status === 'pass' ? 0 : 1, errors);
  assert.equal(verdict.thresholds[0]!.ok, true);
  const { '/a': a, '/b': b } = { '/a': asked['GET /a ']!, '/b': asked['GET /b ']! };
  assert.ok(a + b > 10 && Math.abs(a - b) <= 1, `${a} and ${b} in turns`);
  const [, count] = /^\[0s,\s+1h0m0s\]\s+(\d+)\s+100\.00%\s+#{75}$/m.exec(output) ?? [];
  assert.equal(Number(count), verdict.metrics['iteration_response_time{scenario:attack}']!.count);
});

test('a stream without end is read as far as it is sent; a certificate is found from where one is', async (t) => {
  const { url, asked } = await counting(t);
  const project = projectOf(t);
  const target = JSON.stringify({ method: 'GET', url: `${url}/a`, header: { 'X-Attack': ['1'] } });
  const pipe = join(project.folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const endless = spawn('sh', ['-c', 'yes "$1" > "$0"', pipe, target]);
  t.after(() => endless.kill('SIGKILL'));
  const ended = once(endless, 'exit');
  const attack = ['attack', '-rate=10', '-duration=1s'];
  const { errors } = await project.pipedTandem('', ...attack, `-targets=${pipe}`, '-type=text');
  assert.deepEqual(asked, { 'GET /a ': 10 }, errors);
  await ended;
  // It is read, and is no certificate: of another folder it would not be there.
  project.write({ 'load/profiles/other.json': {}, 'c.pem': 'none' });
  rmSync(join(project.folder, 'profiles'), { recursive: true });
  project.write({ 'load/playwright.config.ts': readFileSync(join(project.folder, 'playwright.config.ts'), 'utf8') });
  const wrong = await project.pipedTandem(`${target}\n`, ...attack, '-cert=c.pem');
  assert.match(wrong.output + wrong.errors, /TLS_CLIENT_CERT \S+c\.pem and .* cannot be used/);
  rmSync(join(project.folder, 'load'), { recursive: true });
  const nowhere = await project.pipedTandem(`${target}\n`, ...attack);
  assert.match(nowhere.errors, /^There is no folder profiles here or in load\/; allowed is the folder that .* made, /);
});

test('Ctrl-C while targets are waited for leaves nothing of them', async (t) => {
  const { folder } = new Project(t, { 'tmp/notes.txt': '', 'profiles/other.json': {} });
  const TMPDIR = join(folder, 'tmp');
  const tandem = [join(repository, 'scripts', 'tandem.mjs'), 'attack', '-rate=1', '-duration=1s'];
  const child = spawn(process.execPath, tandem, { cwd: folder, env: { ...process.env, TMPDIR } });
  t.after(() => child.kill('SIGKILL'));
  child.stdin.write('GET http://127.0.0.1:1/');
  const kept = () => readdirSync(TMPDIR).find((name) => name.startsWith('tandem-attack-'));
  const isWritten = (name: string | undefined) => name && existsSync(join(TMPDIR, name, 'stdin'));
  while (!isWritten(kept())) await sleep(20, undefined, { signal: t.signal });
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGINT']);
  assert.equal(kept(), undefined);
});
