/** Shards of one run as processes of their own, what merging their blobs comes to, and every way in which they are no whole. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Verdict } from '../support/judge/verdict.ts';
import { Rendezvous } from '../support/schedule/rendezvous.ts';
import { serve } from '../support/server.fixture.ts';
import { getLoad, type Outcome, Project, pingProfile, reason } from './project.ts';

const SHARDS = 3;

/** Of all shards one says where the notes are kept, and takes that down when nobody needs it any more. */
const once = `
    setupRun: async (slice) => (await fetch(slice.target.apiUrl + '/set-up'), { set: 'home', by: slice.index }),
    teardownRun: async ({ set }) => void (await fetch(process.env.BASE_URL + '/take-down?' + set)),`;

/** Every write is acknowledged to one VU and read by the next one, whose slice is another shard's. */
const notes = `
  import { epochMs, load, SetHistory } from '../../../../support/test.ts';
  import { Http } from '../../../../protocol/transports/http.ts';

  load('notes', {
    oracles: ['notes-kept'],${once}
    setup: (slice) => new Http(slice, slice.target.apiUrl),
    teardown: (http) => http.close(),
    vu: (vu, http, { set } = { set: 'home' }) => ({ http, name: 'device' + vu.id, history: new SetHistory({ set, by: 'device' + vu.id, now: vu.slice.elapsedMs }) }),
    operations: {
      write: {
        weight: 1,
        async run(device) {
          const id = device.history.next();
          const answer = await device.http.request({ op: 'write', method: 'GET', path: '/write?' + id });
          if (answer.status === 200) device.history.acknowledged(id);
        },
      },
    },
    async settle(device) {
      device.readFrom = epochMs();
      const answer = await device.http.request({ op: 'read', method: 'GET', path: '/read' });
      for (const id of JSON.parse(answer.body.toString())) if (!id.startsWith(device.name)) device.history.found(id);
      device.complete = true;
    },
    evidence: (device) => ({ 'notes-kept': device.history.evidence(device.complete === true, device.readFrom) }),
  });`;

/** The project's own: no file of Tandem's knows it. */
const notesKept = `
  import { acknowledgedSet, oracle } from '../../../../support/test.ts';

  oracle('notes-kept', { promise: 'A note that was taken is there for everybody.', judge: acknowledgedSet });`;

/** As many devices as shards: what one writes the other ones read. */
const arrivals = { executor: 'constant-arrival-rate', rate: 40, duration: '1s', maxVUs: SHARDS };
const profile = pingProfile({
  phases: [
    { name: 'base', duration: '500ms', load: 1 },
    { name: 'spike', duration: '500ms', load: SHARDS },
  ],
  sharedProcesses: true,
  scenarios: {
    notes: { ...arrivals, rate: 20, duration: undefined, maxVUs: 1 },
    // In the same processes.
    ping: { ...arrivals, rate: 20, duration: undefined, maxVUs: 1 },
  },
  thresholds: {
    'http_req_failed{scenario:notes}': ['rate<0.05'],
    'iterations{scenario:notes}': ['count==40'],
    'iterations{phase:spike,scenario:notes}': ['count==30'],
    'http_req_duration{phase:spike}': ['med<1000000*base'],
  },
});

interface Service {
  url: string;
  /** Requests by the beginning of their path. */
  requests: Record<string, number>;
  /** How many had looked at what was kept when it was taken down. */
  readBefore?: number;
  /** Of the next writes that are acknowledged as many are not kept. */
  lose: number;
}

async function service(t: TestContext): Promise<Service> {
  const kept: string[] = [];
  const seen: Service = { url: '', requests: {}, lose: 0 };
  const { url } = await serve(t, (request, answer) => {
    const [path, id] = request.url!.split('?');
    seen.requests[path!] = (seen.requests[path!] ?? 0) + 1;
    if (path === '/take-down') seen.readBefore = seen.requests['/read'];
    if (path === '/write' && seen.lose > 0) seen.lose -= 1;
    else if (path === '/write') kept.push(id!);
    answer.end(path === '/read' ? JSON.stringify(kept) : '{"id":1}');
  });
  seen.url = url;
  return seen;
}

function projectOf(t: TestContext): Project {
  return new Project(t, {
    'profiles/ping.json': profile,
    'protocol/ping.load.ts': getLoad(),
    'protocol/notes.load.ts': notes,
    'protocol/notes-kept.oracle.ts': notesKept,
  });
}

function blobFolder(project: Project, shard: string): string {
  return join(project.folder, 'blobs', shard.replace('/', '-of-'));
}

/** One shard, whose blob is alone in a folder of its own. */
function runShard(project: Project, shard: string, env: Record<string, string>): Promise<Outcome> {
  return project.run(['--project=ping', `--shard=${shard}`], {
    PLAYWRIGHT_BLOB_OUTPUT_DIR: blobFolder(project, shard),
    ...env,
  });
}

const allShards = Array.from({ length: SHARDS }, (_, i) => `${i + 1}/${SHARDS}`);

function blobOf(project: Project, shard: string): string {
  const folder = blobFolder(project, shard);
  return join(folder, readdirSync(folder)[0]!);
}

/** A folder with copies of blobs. */
function collected(project: Project, name: string, blobs: string[]): string {
  const folder = join(project.folder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [i, blob] of blobs.entries()) copyFileSync(blob, join(folder, `report-${i}.zip`));
  return folder;
}

function partOf(project: Project, runId: string, shard: string): Verdict {
  const folder = join(project.folder, 'reports', `${runId}-shard-${shard.replace('/', '-of-')}`);
  return JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as Verdict;
}

const counted = (verdict: Verdict | undefined, metric: string) => verdict?.metrics[metric]?.values.count;

/** Two shards that do not wait for one another: a promise between them is broken, and one loses a process. @returns the blob of shard 2 */
async function brokenRun(t: TestContext): Promise<string> {
  const project = projectOf(t);
  const target = await service(t);
  target.lose = 3;
  project.write({
    // Whose shards do not meet, they share nothing.
    'protocol/notes.load.ts': notes.replace(once, ''),
    'protocol/ping.load.ts': getLoad().replace(
      'async run(http, vu) {',
      `async run(http, vu) {
          if (process.env.DIE && vu.slice.elapsedMs() > 600) process.kill(process.pid, 'SIGKILL');`,
    ),
    'profiles/ping.json': {
      ...profile,
      ...{ phases: undefined, sharedProcesses: undefined },
      scenarios: { notes: { ...arrivals, maxVUs: 2 }, ping: { ...arrivals, duration: '2s' } },
      thresholds: {},
      health: { ...profile.health, maxShardSpread: '1ms' },
    },
  });
  const env = { BASE_URL: target.url, LOAD_RUN_ID: 'broken' };
  const shards = ['1/2', '2/2'];
  const parts = await Promise.all([runShard(project, '1/2', env), runShard(project, '2/2', { ...env, DIE: '1' })]);
  assert.deepEqual(
    parts.map(({ exitCode }) => exitCode),
    [0, 1],
  );
  const blobs = shards.map((shard) => blobOf(project, shard));
  const { exitCode, verdict, output } = await project.merge(collected(project, 'all', blobs), {
    LOAD_RUN_ID: 'broken',
  });
  assert.deepEqual([exitCode, verdict?.status], [1, 'fail'], output);
  // Whoever looked before another shard's writes were acknowledged lost none of these.
  assert.equal(reason(verdict, 'oracle')?.violations, 3, output);
  assert.deepEqual(reason(verdict, 'missing-slice')?.slice, 1);
  assert.ok(reason(verdict, 'shard-spread'), output);
  // What the dead one streamed came along.
  const parted = shards.map((shard) => counted(partOf(project, 'broken', shard), 'iterations{scenario:ping}') ?? 0);
  assert.equal(
    counted(verdict, 'iterations{scenario:ping}'),
    parted.reduce((sum, one) => sum + one),
  );
  return blobs[1]!;
}

describe('three shards', () => {
  test('of one run', async (t) => {
    const project = projectOf(t);
    const target = await service(t);
    const rendezvous = await Rendezvous.listen(0, '127.0.0.1');
    t.after(() => rendezvous.close());
    const env = {
      BASE_URL: target.url,
      LOAD_RUN_ID: 'whole',
      LOAD_RENDEZVOUS: `http://127.0.0.1:${rendezvous.port}`,
    };
    const parts = await Promise.all(allShards.map((shard) => runShard(project, shard, env)));
    const blobs = allShards.map((shard) => blobOf(project, shard));
    const foreign = await brokenRun(t);
    const merge = (name: string, files: string[]) =>
      project.merge(collected(project, name, files), { LOAD_RUN_ID: 'whole' });

    await t.test('each report of their part, marked as such', () => {
      for (const [i, { exitCode, output }] of parts.entries()) {
        const part = partOf(project, 'whole', allShards[i]!);
        assert.equal(exitCode, 0, output);
        assert.deepEqual(part.partial, { shard: i + 1, of: SHARDS });
        assert.deepEqual(part.slices, { expected: 2, received: 2 });
        // A third is not what the threshold asks for, and a device alone has nobody to read its writes.
        assert.equal(part.thresholds.find(({ metric }) => metric === 'iterations{scenario:notes}')?.ok, false);
        assert.deepEqual([part.status, part.reasons], ['pass', []]);
        assert.match(output, new RegExp(`PART ${i + 1} OF ${SHARDS} `));
        assert.match(output, /no verdict of the whole/);
      }
    });

    await t.test('are what a single run would be', async () => {
      const { exitCode, output, verdict, folder } = await merge('all', blobs);
      assert.equal(exitCode, 0, output);
      assert.deepEqual([verdict?.status, verdict?.partial], ['pass', undefined], output);
      assert.deepEqual(verdict?.slices, { expected: 6, received: 6 });
      assert.equal(counted(verdict, 'iterations{scenario:ping}'), 40);
      assert.deepEqual(verdict?.shards, { expected: SHARDS, received: SHARDS });
      assert.equal(target.requests['/write'], 40);
      assert.deepEqual([target.requests['/set-up'], target.requests['/take-down'], target.readBefore], [1, 1, SHARDS]);
      assert.equal(counted(verdict, 'iterations{scenario:notes}'), 40);
      const phases = ['base', 'spike'].map((name) => counted(verdict, `iterations{phase:${name},scenario:notes}`));
      assert.deepEqual(phases, [10, 30], 'what was due in each, of all shards');
      assert.equal(verdict!.thresholds.find(({ reference }) => reference)?.reference?.phase, 'base');
      const [oracle] = verdict!.oracles;
      assert.deepEqual([oracle?.status, oracle?.checked, oracle?.counts?.unread], ['ok', 40, 0]);
      assert.equal(oracle?.promise, 'A note that was taken is there for everybody.');
      assert.ok(verdict!.health.shardSpreadMs! < 1_000, 'they met');
      assert.deepEqual(readdirSync(folder).sort(), readdirSync(`${folder}-shard-1-of-${SHARDS}`).sort());
    });

    await t.test('of which one is missing make no run', async () => {
      const { exitCode, verdict, output } = await merge('two', [blobs[0]!, blobs[2]!]);
      assert.equal(exitCode, 1);
      assert.equal(verdict?.status, 'invalid', output);
      assert.deepEqual(reason(verdict, 'missing-shard')?.shards, [2]);
      assert.match(output, /Shard 2 of 3 is missing; required: all 3/);
      assert.deepEqual(verdict?.slices, { expected: 6, received: 4 });
    });

    await t.test('of which one is given twice, and one is another run’s, make none either', async () => {
      const { exitCode, verdict, output } = await merge('mixed', [blobs[0]!, foreign, blobs[2]!, blobs[2]!]);
      assert.deepEqual([exitCode, verdict?.status], [1, 'invalid'], output);
      assert.deepEqual(
        verdict?.reasons.slice(0, 2).map(({ message }) => message.split('.')[0]),
        [
          'Shard 2 of 2 is not of the same run as the others: its run id is broken; required: whole',
          'Shard 3 of 3 is there more than once; required: each of them once',
        ],
      );
      assert.equal(counted(verdict, 'iterations{scenario:notes}'), 40 - 13);
    });

    await t.test('of which a blob is damaged make none: one sentence, and nothing is written', async () => {
      const untouched = readdirSync(join(project.folder, 'reports')).sort();
      const cut = collected(project, 'cut', blobs);
      const whole = readFileSync(blobs[1]!);
      writeFileSync(join(cut, 'report-1.zip'), whole.subarray(0, whole.length / 2));
      const { exitCode, output } = await project.merge(cut, { LOAD_RUN_ID: 'refused' });
      assert.equal(exitCode, 1);
      assert.match(output.trim(), /report-1\.zip is not a whole blob: /);
      assert.equal(output.trim().split('\n').length, 1, output);
      assert.deepEqual(readdirSync(join(project.folder, 'reports')).sort(), untouched);
      assert.equal(existsSync(join(project.folder, 'reports', 'refused')), false);
    });
  });
});
