import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { type Interval, Recorder } from '../measure/recorder.ts';
import { streamFile } from '../report/files.ts';
import { exampleOrigin, exampleTimeline } from '../report/record.fixture.ts';
import { secrets } from '../secrets/secrets.ts';
import { checkRunId } from './preparation.ts';
import { readStream, type StreamHeader, StreamWriter, unjudgedRuns } from './stream.ts';

/** No process has it. */
const NOBODY = 2 ** 30;
const target = { name: 'staging', url: 'http://a.test' };
const relay = { scenario: 'sync-relay', index: 0 };

function header(changes: Partial<StreamHeader> = {}): StreamHeader {
  const timeline = exampleTimeline();
  const slices = timeline.scenarios.map(({ name }) => ({
    scenario: name,
    index: 0,
    file: 'ping.load.ts',
    declaration: undefined,
  }));
  return {
    format: 1,
    runId: 'run-1',
    pid: NOBODY,
    openedAt: new Date(0).toISOString(),
    shard: '',
    timeline,
    slices,
    origin: exampleOrigin,
    ...changes,
  };
}

function interval(index: number): Interval {
  const recorder = new Recorder('sync-relay', 'load');
  recorder.add('iterations', 5);
  recorder.add('http_req_duration', 12);
  return { index, series: recorder.pack() };
}

interface Bed {
  reports: string;
  folder: string;
  writer: StreamWriter;
  warnings: string[];
}

function bed(t: TestContext, changes: Partial<StreamHeader> = {}, limits?: { followed: number; nothing: number }): Bed {
  const reports = folderOf(t, {});
  const folder = join(reports, 'run-1');
  const warnings: string[] = [];
  const writer = new StreamWriter(folder, header(changes), (line) => void warnings.push(line), limits);
  t.after(() => writer.close());
  writer.observed({ format: 1, runId: 'run-1', target });
  return { reports, folder, writer, warnings };
}

test('what was written is read, the newest of what was observed, without secrets', async (t) => {
  secrets.add('hunter-22');
  const { reports, folder, writer, warnings } = bed(t);
  writer.interval(relay, interval(0));
  writer.gauges([{ index: 0, series: {} }]);
  writer.observed({
    format: 1,
    runId: 'run-1',
    target,
    stopReason: 'at hunter-22',
    startedAt: new Date(5).toISOString(),
  });
  writer.interval(relay, interval(1));
  const { header: read, observation, kept } = await readStream(folder);
  assert.equal(read.runId, 'run-1');
  assert.equal(observation.stopReason, 'at ***');
  assert.deepEqual(read.timeline, JSON.parse(JSON.stringify(exampleTimeline())));
  assert.equal(observation.startedAt, new Date(5).toISOString());
  assert.deepEqual(observation.gauges, [{ index: 0, series: {} }]);
  assert.deepEqual(observation.streamed, [{ ...relay, intervals: [interval(0), interval(1)] }]);
  assert.equal(kept, undefined);
  assert.deepEqual(await unjudgedRuns(reports), ['run-1']);
  assert.deepEqual(warnings, []);
});

test('a last line that was cut off is passed over, one in the middle is not', async (t) => {
  const { folder, writer } = bed(t);
  writer.interval(relay, interval(0));
  const path = join(folder, streamFile);
  appendFileSync(path, '{"slice":{"scen');
  const { observation } = await readStream(folder);
  assert.deepEqual(observation.streamed[0]?.intervals, [interval(0)]);
  appendFileSync(path, '\n{"gauges":[]}\n');
  await assert.rejects(readStream(folder), /stream\.ndjson, line 4, cannot be read: /);
});

test('the longer it is, the less of an interval is kept, and that is known', async (t) => {
  for (const [limits, metrics, expected] of [
    [{ followed: 0, nothing: 1e6 }, ['iterations{scenario:sync-relay}'], 'followed'],
    [{ followed: 0, nothing: 0 }, undefined, 'nothing'],
  ] as const) {
    const { folder, writer } = bed(t, {}, limits);
    for (let index = 0; index < 3; index++) writer.interval(relay, interval(index));
    const size = readFileSync(join(folder, streamFile)).length;
    writer.gauges([{ index: 0, series: {} }]);
    const { observation, kept } = await readStream(folder);
    assert.equal(kept, expected);
    assert.deepEqual(observation.streamed[0] && Object.keys(observation.streamed[0].intervals[2]!.series), metrics);
    if (expected === 'nothing') assert.equal(readFileSync(join(folder, streamFile)).length, size);
  }
});

test('what cannot be written is told once', (t) => {
  const parent = folderOf(t, {});
  writeFileSync(join(parent, 'run-1'), '');
  const warnings: string[] = [];
  const writer = new StreamWriter(join(parent, 'run-1'), header(), (line) => void warnings.push(line));
  writer.interval(relay, interval(0));
  writer.beat();
  writer.close();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /stream\.ndjson cannot be written to: .* \(EEXIST\); the run goes on, but /);
});

test('a run that is under way is left alone; a process that was given its id later is not taken for it', async (t) => {
  const { reports, folder } = bed(t, { pid: process.pid });
  await assert.rejects(
    readStream(folder),
    /^Error: The run run-1 is still under way: process \d+ writes .*; wait for /,
  );
  assert.deepEqual(await unjudgedRuns(reports), []);
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(folder, streamFile), longAgo, longAgo);
  assert.equal((await readStream(folder)).header.runId, 'run-1');
  assert.deepEqual(await unjudgedRuns(reports), ['run-1']);
});

test('a second run of an id is refused while the first is under way, and not when that is over or was killed', async (t) => {
  const { folder } = bed(t, { pid: process.ppid });
  await assert.rejects(checkRunId('run-1', folder), {
    message: `LOAD_RUN_ID is "run-1", and process ${process.ppid} is a run of that id, here and now; allowed is another one, or to wait for its end.`,
  });
  const longAgo = new Date(Date.now() - 3_600_000);
  utimesSync(join(folder, streamFile), longAgo, longAgo);
  await checkRunId('run-1', folder);
  await checkRunId('run-1', bed(t).folder);
  await checkRunId('run-2', join(folder, '..', 'run-2'));
});

test('the latest run is the last that was judged: who asks for that is told which was killed after it', async (t) => {
  const { reports } = bed(t);
  mkdirSync(join(reports, 'run-0'));
  writeFileSync(join(reports, 'run-0', 'verdict.json'), '{}');
  symlinkSync('run-0', join(reports, 'latest'));
  await assert.rejects(
    readStream(join(reports, 'latest')),
    /latest has its verdict already; allowed is the id or the folder of a run that was killed before it could be judged, here run-1\.$/,
  );
});

test('what is no stream of a run that was not judged', async (t) => {
  const reports = folderOf(t, {});
  const folder = join(reports, 'a');
  await assert.rejects(
    readStream(folder),
    /a has no stream\.ndjson; allowed is the id or the folder of a run that was/,
  );
  mkdirSync(folder);
  writeFileSync(join(folder, 'verdict.json'), '{}');
  await assert.rejects(
    readStream(folder),
    /a has its verdict already; allowed is .* could be judged; there is none here\.$/,
  );
  const whole = JSON.stringify(header());
  const begun = JSON.stringify({ observed: { format: 1, runId: 'run-1', target } });
  const foreign = /stream\.ndjson, line 3, is not what this version of Tandem writes there\.$/;
  for (const [content, sentence] of [
    ['{"format":2}\n', /stream\.ndjson is no stream of a run, or one of another version of Tandem\.$/],
    ['no JSON\n', /is no stream of a run/],
    ['null\n', /is no stream of a run/],
    [whole.slice(0, 50), /is no stream of a run/],
    ['', /ends before its run began/],
    [`${whole}\n`, /ends before its run began: there is nothing to judge\.$/],
    [JSON.stringify({ ...header(), slices: [null] }), /is no stream of a run/],
    [JSON.stringify({ ...header(), openedAt: 'today' }), /is no stream of a run/],
    [JSON.stringify({ ...header(), shard: '/../../elsewhere' }), /is no stream of a run/],
    [`${whole}\n${begun}\nnull\n`, foreign],
    [`${whole}\n${begun}\n{}\n`, foreign],
    [`${whole}\n${begun}\n{"kept":"some"}\n`, foreign],
    [`${whole}\n${begun}\n${JSON.stringify({ slice: relay, interval: { index: 0 } })}\n`, foreign],
    [`${whole}\n${begun}\n${begun.replace('"format":1', '"format":2')}\n`, foreign],
  ] as const) {
    writeFileSync(join(folder, streamFile), content);
    await assert.rejects(readStream(folder), sentence);
  }
  rmSync(join(folder, streamFile));
  mkdirSync(join(folder, streamFile));
  await assert.rejects(readStream(folder), /stream\.ndjson cannot be read \(EISDIR\)\.$/);
});
