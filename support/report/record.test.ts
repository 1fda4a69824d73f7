import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricStore } from '../measure/store.ts';
import { originOf } from './origin.ts';
import { exampleRun, exampleStore, exampleTimeline } from './record.fixture.ts';
import { reason } from './verdict.fixture.ts';

test('a run as it was planned: windows, stages, planned rates, what failed sessions left', () => {
  const timeline = exampleTimeline();
  const files = ['light-session-3-trace.zip', 'light-session-3.png', 'light-session-12.png', 'other.png'];
  const { record } = exampleRun({}, timeline, exampleStore(timeline), files);
  assert.deepEqual(record.windows, [
    { name: 'calm', isQuiet: true, startMs: 0, endMs: 2_000 },
    { name: 'load', isQuiet: false, startMs: 2_000, endMs: 10_000 },
    { name: 'drain', isQuiet: true, startMs: 10_000, endMs: 10_500 },
  ]);
  assert.deepEqual(
    record.events.map(({ atMs, kind, text }) => `${atMs} ${kind}: ${text}`),
    [
      '2000 phase: The load begins',
      '2000 stage: sync-relay moves to 8/s',
      '6000 stage: sync-relay holds 8/s',
      '10000 load-end: The schedule ends',
    ],
  );
  const [relay, light] = record.scenarios;
  assert.deepEqual(relay!.plannedRates, [0, 0, 4.5, 5.5, 6.5, 7.5, 8, 8, 8, 8]);
  assert.deepEqual([light!.plannedRates, light!.startMs, light!.endMs], [null, 0, 10_000]);
  assert.deepEqual(record.failedSessions, [
    { session: 'light-session-3', trace: 'light-session-3-trace.zip', screenshot: 'light-session-3.png' },
    { session: 'light-session-12', screenshot: 'light-session-12.png' },
  ]);
});

test('a run that was cut: nothing that came after it, and the instant that ended it', () => {
  const finding = {
    kind: 'target-down',
    severity: 'fail',
    url: 'http://x',
    atMs: 4_500,
    forMs: 300,
    tries: 3,
  } as const;
  const down = reason({ ...finding, error: 'ECONNREFUSED' });
  const { record } = exampleRun({ durationMs: 5_000, reasons: [down] });
  assert.deepEqual(record.windows.at(-1), { name: 'load', isQuiet: false, startMs: 2_000, endMs: 5_000 });
  assert.deepEqual(
    record.events.map(({ kind }) => kind),
    ['phase', 'stage', 'target-down'],
  );
  assert.equal(record.events.at(-1)!.text, 'The target stopped answering');

  const never = exampleRun({ durationMs: 0, reasons: [] }, exampleTimeline(), new MetricStore()).record;
  assert.deepEqual([never.windows, never.events, never.intervals], [[], [], 0]);
});

test('runs are of equal load where they do the same, and break the same on purpose', () => {
  const load = (change: object) => JSON.stringify(exampleRun({}, { ...exampleTimeline(), ...change }).record.load);
  const drill = { name: 'api-crash', run: ['kill'], atMs: [4_000], limitMs: 1_000, everyMs: 1_000, stayMs: 5_000 };
  const broken = load({ drills: [{ ...drill, expect: {} }] });
  assert.equal(load({}), load({ drills: [] }));
  const scenarios = exampleTimeline().scenarios.map((one) => ({ ...one, executor: 'written otherwise' }));
  assert.equal(load({}), load({ scenarios }));
  assert.notEqual(broken, load({}));
  assert.notEqual(broken, load({ drills: [{ ...drill, atMs: [6_000], expect: {} }] }));
  assert.equal(
    broken,
    load({ drills: [{ ...drill, expect: { recoveryMs: 5_000 } }] }),
    'what is expected is asked, not done',
  );
});

test('where a run came from: a command that can be typed again, without its id; what is not known is null', async () => {
  const argv = ['/usr/bin/node', '/opt/playwright', 'test', '--project=smoke', '-g', "light's page"];
  const env = {
    LOAD_SEED: '42',
    LOAD_RUN_ID: 'x',
    LOAD_DASHBOARD: '1',
    TARGET_FAULTS: 'latency:p=0.5',
    LOAD_SCALE: '',
    API_TOKEN: 'secret',
  };
  const origin = await originOf(import.meta.dirname, '1.2.3', '/no/browser', { argv, env });
  assert.equal(
    origin.command,
    "LOAD_SEED=42 TARGET_FAULTS=latency:p=0.5 npx playwright test --project=smoke -g 'light'\\''s page'",
  );
  assert.equal(origin.versions.browser, null);
  assert.equal(origin.versions.playwright, '1.2.3');
  assert.ok(origin.machine!.cores > 0 && origin.machine!.memoryBytes > 0);
  const merged = await originOf('/', '1.2.3', process.execPath, {
    argv: [...argv.slice(0, 2), 'merge-reports'],
    env: {},
  });
  assert.deepEqual([merged.machine, merged.versions.commit, merged.versions.browser], [null, null, process.version]);
});
