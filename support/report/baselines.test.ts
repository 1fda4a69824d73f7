import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import type { Figure } from '../judge/comparable.ts';
import { storeOf } from '../judge/store.fixture.ts';
import type { Verdict } from '../judge/verdict.ts';
import { Baselines, type ComparableRun, comparableOf, json, readRun } from './baselines.ts';
import { acceptedText, baselineText, comparisonText, shapeOf, withBaseline } from './comparison.ts';
import { exampleOrigin, exampleRun } from './record.fixture.ts';
import { exampleVerdict, passedVerdict, reason, signal } from './verdict.fixture.ts';

const metric = 'http_req_duration{scenario:relay}';
/** p(95) and errors over 24 blocks; `at` moves them a little, as runs of one build differ. */
function figures(p95: number, at = 0): Figure[] {
  const blocks = (level: number) => Array.from({ length: 24 }, (_, block) => level + ((block * 7 + at * 5) % 11) / 10);
  return [
    { metric, stat: 'p(95)', aspect: 'response-time', value: p95 + at / 10, blocks: blocks(p95) },
    { metric: 'http_req_failed', stat: 'rate', aspect: 'errors', value: 0.001, blocks: blocks(0) },
  ];
}

const key: ComparableRun['key'] = {
  profile: 'medium',
  load: 'abc123',
  target: 'embedded',
  machine: 'Xeon, 2 cores, 8 GB, Linux 6.8 x64',
  browser: null,
  slices: 1,
};

function runOf(id: number | string, p95 = 20, overrides: Partial<ComparableRun> = {}): ComparableRun {
  const at = typeof id === 'number' ? id % 5 : 0;
  const run = { runId: `run-${id}`, startedAt: '2026-11-23T20:00:00.000Z', build: 'abc', figures: figures(p95, at) };
  return { schemaVersion: 1, status: 'pass', shard: null, key, run, ...overrides };
}

async function filled(folder: string, runs: number): Promise<Baselines> {
  const baselines = new Baselines(folder);
  for (let id = 0; id < runs; id++) await baselines.accept(runOf(id));
  return baselines;
}

const store = storeOf({ [metric]: [20], http_req_failed: [0] });
function compared(verdict: Verdict, run: ComparableRun, baselines: Baselines): Promise<Verdict> {
  return withBaseline(verdict, run, baselines, store);
}

const SHAPE = { columns: 120, color: false };

test('accepted runs come back, the newest last, 20 at most, each id once', async (t) => {
  const folder = join(folderOf(t, {}), 'baselines');
  const baselines = await filled(folder, 21);
  await baselines.accept(runOf(5, 30));
  const runs = await baselines.runs(key);
  assert.deepEqual(
    runs.map(({ runId }) => runId),
    [...Array.from({ length: 20 }, (_, i) => `run-${i + 1}`).filter((id) => id !== 'run-5'), 'run-5'],
  );
  assert.equal(runs.at(-1)!.figures[0]!.value, 30);
  const [name, ...more] = readdirSync(folder);
  assert.match(name!, /^medium-embedded-[0-9a-f]{8}\.json$/);
  assert.deepEqual(more, []);
  assert.match(readFileSync(join(folder, name!), 'utf8'), /"blocks": \[ 20, 20\.7, /);
});

test('what runs must have in common decides which are compared', async (t) => {
  const folder = folderOf(t, {});
  const baselines = await filled(folder, 3);
  for (const other of [
    { load: 'other' },
    { target: 'staging' },
    { browser: 'Chromium 157' },
    { slices: 2 },
    { machine: 'Epyc' },
    { profile: 'heavy' },
  ]) {
    assert.deepEqual(await baselines.runs({ ...key, ...other }), [], JSON.stringify(other));
  }
  assert.equal((await baselines.runs({ ...key })).length, 3);
});

test('failed and invalid runs and runs of two seconds are refused, with the reason', async (t) => {
  const baselines = new Baselines(join(folderOf(t, {}), 'baselines'));
  const refused = (run: ComparableRun, message: RegExp) => assert.rejects(baselines.accept(run), { message });
  await refused(
    runOf(1, 20, { status: 'fail' }),
    /^Run run-1 is not accepted: its verdict is fail; allowed is pass\.$/,
  );
  await refused(runOf(1, 20, { status: 'invalid' }), /its verdict is invalid; allowed is pass/);
  const { run } = runOf(1);
  const short = run.figures.map((one) => ({ ...one, blocks: [] }));
  await refused(
    runOf(1, 20, { run: { ...run, figures: short } }),
    /too short, none of its 2 figures has samples enough/,
  );
  assert.deepEqual(await baselines.all(), []);
  // As where a volume is not mounted.
  const folder = folderOf(t, {});
  symlinkSync(join(folder, 'gone', 'baselines'), join(folder, 'baselines'));
  await assert.rejects(new Baselines(join(folder, 'baselines')).accept(runOf(1)), {
    message: /^Run run-1 is not accepted: .+medium-embedded-\w+\.json cannot be written: .+ \(E[A-Z]+\)\.$/,
  });
});

test('a file edited by hand, of another version or under another name is one sentence', async (t) => {
  const folder = folderOf(t, {});
  const baselines = await filled(folder, 3);
  const [name] = readdirSync(folder);
  const file = join(folder, name!);
  const good = readFileSync(file, 'utf8');
  const table: [change: (text: string) => string, message: RegExp][] = [
    [(text) => text.slice(0, 200), /\.json: is no JSON \(.+\); allowed is the file as it was written\.$/],
    [
      (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 2'),
      /: schemaVersion is 2; allowed is 1, which is what this version of Tandem reads\.$/,
    ],
    [
      (text) => text.replace(/"value": 20,/, '"value": "fast",'),
      /: runs\[0\]\.figures\[0\]\.value is "fast"; allowed is a number\.$/,
    ],
    [
      (text) => text.replace(/"value": 20,/, '"value": -1,'),
      /runs\[0\]\.figures\[0\]\.value is -1; allowed is a number of at least 0\.$/,
    ],
    [
      (text) => text.replace('"errors"', '"mistakes"'),
      /aspect is "mistakes"; allowed is response-time, errors or throughput\.$/,
    ],
    [(text) => text.replace(/"runs": [\s\S]*/, '"runs": 3 }'), /: runs is 3; allowed is a list of runs\.$/],
    [
      (text) => text.replace('"slices": 1', '"slices": 1, "note": "mine"'),
      /: key has an unknown field "note"; allowed is none such\.$/,
    ],
    [
      (text) => text.replace('"slices": 1', '"slices": 4'),
      /: key is that of other runs; allowed is what "npx tandem baseline accept" wrote there\.$/,
    ],
    [() => '[]', /: the file is \[\]; allowed is an object, \{ … \}\.$/],
  ];
  for (const [change, message] of table) {
    writeFileSync(file, change(good));
    await assert.rejects(baselines.runs(key), { message });
    await assert.rejects(baselines.accept(runOf(9)), { message });
  }
  assert.equal(readFileSync(file, 'utf8'), '[]');
  const [{ baseline } = { baseline: undefined }] = await baselines.all();
  assert.match((baseline as Error).message, /the file is \[\]/);
  // One that was copied for another profile is compared with nothing, and not shown as if it were.
  writeFileSync(file, good);
  writeFileSync(join(folder, 'other.json'), good);
  const told = (await baselines.all()).map((one) => (one.baseline instanceof Error ? one.baseline.message : 'good'));
  assert.deepEqual(told.length, 2);
  assert.equal(told[0], 'good');
  assert.match(told[1]!, /other\.json: key is that of other runs; allowed is/);
});

test('a run is found by its id, its folder or latest; what is none is one sentence', async (t) => {
  const reports = folderOf(t, {
    'run-1/figures.json': json(runOf(1)),
    'run-2/verdict.json': '{}',
    'run-3/figures.json': '{}',
    // Beside them what another run of that id left, which was killed.
    'killed/figures.json': json(runOf(5)),
    'killed/stream.ndjson': '',
    'run-4/figures.json': json(runOf(4, 20, { shard: '1 of 3' })),
  });
  assert.deepEqual(await readRun(reports, 'run-1'), runOf(1));
  assert.deepEqual(await readRun('elsewhere', join(reports, 'run-1')), runOf(1));
  const refused = (name: string, message: RegExp) => assert.rejects(readRun(reports, name), { message });
  await refused(
    'gone',
    /^There is no run "gone": .+gone does not exist; allowed is a run's id, its folder, or latest\.$/,
  );
  await refused(
    'run-2',
    /run-2 has no figures\.json: it is no run, or one of an older Tandem; allowed is the folder of a finished run\.$/,
  );
  await refused('killed', /killed is of a run that has no verdict yet; .+ npx tandem report <run> first\.$/);
  await refused('run-4', /run-4 is shard 1 of 3 of a run; allowed is the whole run, as merge-reports writes it\.$/);
  await refused('run-3', /figures\.json: schemaVersion is missing; allowed is 1/);
});

test('what a run is compared by: its figures, and what it has in common with others', () => {
  const { verdict, record } = exampleRun();
  const one = comparableOf(verdict, record);
  assert.deepEqual(
    { ...one.key, load: '' },
    { ...key, load: '', browser: 'Chromium 156.0.8078.79', slices: 4, machine: 'Xeon, 2 cores, 7 GB, Linux 6.8 x64' },
  );
  assert.equal(one.status, 'fail');
  assert.equal(one.run.build, 'efabd63a12cd-dirty');
  assert.ok(
    one.run.figures.some(
      ({ metric, stat }) => metric === 'iteration_response_time{scenario:sync-relay}' && stat === 'p(95)',
    ),
  );
  assert.deepEqual(JSON.parse(json(one)).key, one.key);

  const loadOf = (change: object) =>
    comparableOf(verdict, { ...record, load: { scenarios: record.load, ...change } }).key.load;
  assert.notEqual(loadOf({}), loadOf({ scale: 2 }));
  const shards = { ...record, origin: { ...exampleOrigin, machine: null } };
  assert.equal(comparableOf(verdict, shards).key.machine, 'several machines');
  const partial = { ...verdict, partial: { shard: 1, of: 3 } };
  assert.deepEqual([one.shard, comparableOf(partial, record).shard], [null, '1 of 3']);
});

test('a critical regression fails a run that passed, a slight one warns, and a run like the others stays as it was', async (t) => {
  const baselines = await filled(folderOf(t, {}), 10);
  const judged = (p95: number) => compared(passedVerdict(), runOf('new', p95), baselines);
  const slow = await judged(40);
  assert.equal(slow.status, 'fail');
  assert.deepEqual(
    slow.reasons.map(({ kind }) => kind),
    ['regression'],
  );
  assert.match(
    slow.reasons[0]!.message,
    /^Worse than its baseline: p\(95\) of http_req_duration\{scenario:relay\} was 40\.0 ms against 20\.2 ms in 10 runs \(\+98 %\); allowed \+50 %, chance alone makes up to \+\d\.\d %, with p < 0\.0001 over \d+ time blocks\. Look at/,
  );
  const { message: _, kind: __, ...regression } = slow.reasons[0] as (typeof slow.reasons)[0] & { kind: 'regression' };
  assert.deepEqual(slow.regressions, [regression]);

  const slower = await judged(25);
  assert.equal(slower.status, 'pass');
  assert.deepEqual(
    slower.warnings.map(({ kind }) => kind),
    ['regression'],
  );
  assert.equal(slower.regressions.length, 1);
  assert.deepEqual(await judged(20), passedVerdict());
});

test('a critical regression that the generator may have caused is undecided, and makes a run that passed invalid', async (t) => {
  const baselines = await filled(folderOf(t, {}), 10);
  const full = signal('machine-cpu', 0.99, 0.95, 'ratio');
  const { ok: _, ...figures } = full;
  const warning = reason({ kind: 'saturated', severity: 'warning', ...figures });
  const passed = passedVerdict();
  const beside = (verdict: Verdict): Verdict => ({
    ...verdict,
    warnings: [...verdict.warnings, warning],
    health: { ...verdict.health, signals: [full] },
  });
  const undecided = await compared(beside(passed), runOf('new', 40), baselines);
  assert.equal(undecided.status, 'invalid');
  assert.deepEqual(
    undecided.reasons.map(({ kind, severity }) => [kind, severity]),
    [
      ['saturated', 'invalid'],
      ['regression', 'invalid'],
    ],
  );
  assert.deepEqual(undecided.warnings, []);
  assert.match(
    undecided.reasons[1]!.message,
    /time blocks\. Undecided: machine CPU 99 % \(allowed 95 %\) may be the cause\. Look at the health of the generator first\.$/,
  );
  assert.doesNotMatch(undecided.reasons[0]!.message, /It decided nothing here/);
  assert.equal(undecided.regressions[0]!.doubts?.[0]?.by, 'machine-cpu');

  // Beside what failed for another reason it stays undecided, and the run failed.
  const failed = await compared(beside(exampleVerdict()), runOf('new', 40), baselines);
  assert.equal(failed.status, 'fail');
  assert.equal(failed.regressions[0]!.severity, 'invalid');
  // A slight one that nobody can tell is no reason to throw the run away.
  const slight = await compared(beside(passed), runOf('new', 25), baselines);
  assert.equal(slight.status, 'pass');
  assert.equal(slight.warnings.length, 2);
});

test('a critical regression that the generator cannot have caused fails a run of which something else is undecided', async (t) => {
  const baselines = await filled(folderOf(t, {}), 10);
  const unmeasured = { metric: 'ws_ping', expression: 'p(95)<5', count: 0, needed: 20 } as const;
  const invalid = exampleVerdict({
    status: 'invalid',
    reasons: [reason({ kind: 'no-data', severity: 'invalid', ...unmeasured })],
  });
  const slow = await compared(invalid, runOf('new', 40), baselines);
  assert.equal(slow.status, 'fail');
  assert.deepEqual(
    slow.reasons.map(({ kind }) => kind),
    ['regression', 'no-data'],
  );
  assert.equal((await compared(invalid, runOf('new', 20), baselines)).status, 'invalid');
});

test('a run without a baseline, and one that was cut short or never reached its target, are not compared', async (t) => {
  const folder = folderOf(t, {});
  const empty = new Baselines(join(folder, 'none'));
  assert.deepEqual(await compared(passedVerdict(), runOf('new', 40), empty), passedVerdict());
  const baselines = await filled(folder, 10);
  const reasons = [
    reason({ kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 1, ofMs: 2 }),
    reason({ kind: 'target-unreached', severity: 'invalid', url: 'http://127.0.0.1:1', requests: 1, error: '' }),
  ];
  for (const one of reasons) {
    const invalid = exampleVerdict({ status: 'invalid', reasons: [one] });
    assert.equal(await compared(invalid, runOf('new', 40), baselines), invalid);
  }
  const shard = passedVerdict();
  assert.equal(await compared(shard, runOf('new', 40, { shard: '1 of 3' }), baselines), shard);
  const down = exampleVerdict({
    reasons: [{ kind: 'target-down', severity: 'fail', url: '', atMs: 1, forMs: 1, tries: 1, error: '', message: '' }],
  });
  assert.equal(await compared(down, runOf('new', 40), baselines), down);
});

test('a baseline that is thin or unreadable is a warning, and the run stands', async (t) => {
  const folder = folderOf(t, {});
  const thin = await compared(passedVerdict(), runOf('new', 40), await filled(folder, 2));
  assert.equal(thin.status, 'pass');
  assert.match(
    thin.warnings[0]!.message,
    /^Nothing was compared: the baseline holds 2 runs; required: at least 3, .+ npx tandem baseline accept <run>\.$/,
  );
  writeFileSync(join(folder, readdirSync(folder)[0]!), 'mine');
  const broken = await compared(passedVerdict(), runOf('new', 40), new Baselines(folder));
  assert.equal(broken.status, 'pass');
  assert.match(
    broken.warnings[0]!.message,
    /^Nothing was compared: .+\.json: is no JSON .+ Restore the file, or delete it and accept runs anew\.$/,
  );
});

test('what is said: accepted, shown, compared', async (t) => {
  const folder = folderOf(t, {});
  const baselines = await filled(folder, 2);
  const runs = await baselines.runs(key);
  assert.match(
    acceptedText(runOf(1), 'b.json', runs),
    /^Accepted run run-1: b\.json now holds 2 runs, 2 of build abc\. Runs are compared with it once it holds 3: accept 1 more run\.$/,
  );
  assert.match(
    comparisonText(runOf(0), runOf(1, 60), runs, SHAPE),
    /cannot be told[\s\S]+the baseline of a holds 2 runs of one build; required: at least 3/,
  );

  await filled(folder, 10);
  const alike = await baselines.runs(key);
  assert.match(acceptedText(runOf(1), 'b.json', alike), /The next run of its kind is compared with 10 runs\.$/);
  const [{ file, baseline } = { file: '', baseline: undefined }] = await baselines.all();
  const shown = baselineText(file, baseline as Exclude<typeof baseline, Error | undefined>, SHAPE);
  assert.match(
    shown,
    /: 10 runs\n {2}profile {2}medium\n[\s\S]+p\(95\) of http_req_duration\{scenario:relay\} +20\.2 ms +\+\d/,
  );

  const compared = comparisonText(runOf(0), runOf(1, 60), alike, SHAPE);
  assert.match(compared, /p\(95\) of .+ 20\.0 ms +60\.1 ms +\+201 % .+critical/);
  assert.match(compared, /b is worse than a in 1 of 2 figures\.\n$/);
  assert.match(comparisonText(runOf(0), runOf(1), alike, SHAPE), /b is not worse than a, as far as can be told\.\n$/);

  const elsewhere = runOf('else', 20, { key: { ...key, browser: 'Chromium 157', load: 'other' } });
  const own = { ...elsewhere, run: { ...elsewhere.run, figures: [{ ...figures(20)[0]!, metric: 'mine' }] } };
  assert.match(
    comparisonText(runOf(0), own, alike, SHAPE),
    /differ in their load \(what runs, when, how much\)\. [\s\S]+differ in their browser: none and Chromium 157\. [\s\S]+Only a has p\(95\) of [\s\S]+Only b has p\(95\) of mine\.\nThe runs have no figure in common: nothing was compared\.\n$/,
  );
  const short = { ...runOf(1), run: { ...runOf(1).run, figures: figures(20).map((one) => ({ ...one, blocks: [] })) } };
  assert.match(comparisonText(runOf(0), short, alike, SHAPE), /too short for time blocks/);
});

test('a text takes what its terminal has, and of one without a size what is usual', () => {
  const widths = [120, 0, undefined].map((columns) => shapeOf({ columns } as NodeJS.WriteStream).columns);
  assert.deepEqual(widths, [120, 100, 100]);
});
