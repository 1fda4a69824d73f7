import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { readProfile } from '../profile.ts';
import { timeline } from '../schedule/timeline.ts';

const known = { load: ['relay'], journey: [] };
const relay = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
const objectives = { iteration_failed: ['rate<0.05'] };
const crash = { name: 'crash', at: '10s', run: ['kill', '1'] };
const pause = { name: 'pause', at: '20s', run: ['pause'], undo: ['go', 'on'], for: '5s' };

/** @param durationMs of the run; default: the profile's own minute */
function planned(t: TestContext, drills: unknown, changes: object = {}, durationMs?: number) {
  const profile = { description: 'Of a test', scenarios: { relay }, thresholds: {}, objectives, drills, ...changes };
  const root = folderOf(t, { 'profiles/mine.json': profile });
  const file = readProfile(join(root, 'profiles'), 'mine', root, known);
  return timeline(file, known, { scale: 1, seed: '1', ...(durationMs !== undefined && { durationMs }) });
}

test('drills are due at an instant, or after a phase has begun, in a run of any length', (t) => {
  const drills = [
    crash,
    { ...pause, at: { phase: 'load', after: '5s' }, repeat: { every: '10s', times: 3 } },
    {
      name: 'kill',
      at: { phase: 'load' },
      run: 'kill-api',
      expect: { recovery: '<30s', outage: '<10s', failed: '<12.5%' },
    },
    { name: 'cut', at: '30s', run: 'partition=reset', for: '5s', every: '2s', stay: '4s', limit: '3s' },
  ];
  const made = planned(t, drills, { calm: '10s' }, 35_000);
  assert.deepEqual(made.drills, [
    ...[
      { name: 'crash', run: ['kill', '1'], atMs: [5_000], limitMs: 30_000, everyMs: 1_000, stayMs: 2_500, expect: {} },
    ],
    {
      ...{ name: 'pause', run: ['pause'], undo: ['go', 'on'], atMs: [7_500, 12_500, 17_500], forMs: 2_500 },
      ...{ limitMs: 30_000, everyMs: 1_000, stayMs: 2_500, expect: {} },
    },
    {
      ...{ name: 'kill', run: 'kill-api', atMs: [5_000], limitMs: 30_000, everyMs: 1_000, stayMs: 2_500 },
      expect: { recoveryMs: 30_000, outageMs: 10_000, failed: 0.125 },
    },
    {
      ...{ name: 'cut', run: 'partition=reset', atMs: [15_000], forMs: 2_500 },
      ...{ limitMs: 3_000, everyMs: 2_000, stayMs: 2_000, expect: {} },
    },
  ]);
  assert.equal(made.intervalMs, 1_000);
});

const names =
  'kill-api, kill-database, cut-database, partition, pause-database, memory-pressure, slow-disk, disk-full, clock-step';

/** Told of `profiles/mine.json: drills`. */
const wrong: [drills: unknown, sentence: string, changes?: object][] = [
  [{}, ' is {}; allowed is a list, [ … ].'],
  [[{ ...crash, name: 'a b' }], '[0].name is "a b"; allowed is a name of letters, digits, _ and -.'],
  [
    [{ ...crash, undoo: ['x'] }],
    '[0] has an unknown field "undoo"; did you mean "undo"? allowed: name, at, run, undo, for, repeat, limit, stay, every, expect.',
  ],
  [[{ ...crash, at: 'soon' }], '[0].at is "soon"; allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d.'],
  [
    [{ ...crash, at: 7 }],
    '[0].at is 7; allowed is a duration since the run’s start, or { "phase": "load", "after": "10s" }.',
  ],
  [
    [{ ...crash, at: { phase: 'load', aftr: '1s' } }],
    '[0].at has an unknown field "aftr"; did you mean "after"? allowed: phase, after.',
  ],
  [[{ ...crash, at: { phase: 'laod' } }], '[0].at.phase is "laod"; did you mean "load"? allowed: load.'],
  [[{ ...crash, run: [] }], '[0].run is []; allowed is a list of texts: a program and its arguments, without a shell.'],
  [
    [{ ...crash, run: 7 }],
    '[0].run is 7; allowed is a list, ["program", "argument"], or a drill of the embedded target, such as "kill-api".',
  ],
  [
    [{ ...crash, run: ['kill', 9] }],
    '[0].run[1] is 9; allowed is a list of texts: a program and its arguments, without a shell.',
  ],
  [
    [{ ...crash, run: 'kil-api' }],
    `[0].run is "kil-api", which is no drill of the embedded target; did you mean "kill-api"? allowed: ${names}; a command is a list, ["program", "argument"].`,
  ],
  [
    [{ ...crash, run: 'partition=rest', for: '5s' }],
    '[0].run is "partition=rest"; did you mean "reset"? allowed: drop, drop-requests, drop-answers, delay, reset.',
  ],
  [[{ ...crash, run: 'kill-api=1' }], '[0].run is "kill-api=1"; allowed is "kill-api" alone.'],
  [[{ ...crash, run: 'kill-api', for: '5s' }], '[0].for is 5s, but kill-api happens at an instant; allowed is none.'],
  [[{ ...crash, run: 'partition' }], '[0].for is missing: partition lasts; allowed is a duration such as 10s.'],
  [[{ ...pause, run: 'partition' }], '[0].undo does not go with partition, which ends by itself; allowed is none.'],
  [[{ ...crash, for: '5s' }], '[0].for is 5s, but there is no undo; allowed is the command that ends it.'],
  [[{ ...crash, undo: ['x'] }], '[0].undo is there, but not for; allowed is both: how long until it is undone.'],
  [
    [crash, crash],
    '[1].name is "crash", which is the name of another; allowed is a name for each, and repeat for one that comes again.',
  ],
  [
    [{ ...pause, repeat: { every: '5s', times: 2 } }],
    '[0].repeat.every is 5s, and each time lasts 5s: they would overlap; allowed is more than that.',
  ],
  [[{ ...crash, at: '60s' }], '[0] is 60 s after the start, and the run lasts 60 s; allowed is within it.'],
  [[{ ...pause, at: '56s' }], '[0] ends 61 s after the start, and the run lasts 60 s; allowed is within it.'],
  [
    [
      { name: 'slow', at: '10s', run: 'partition=delay', for: '5s', repeat: { every: '20s', times: 2 } },
      { name: 'cut', at: '34s', run: 'partition=reset', for: '5s' },
    ],
    '[1] overlaps drills[0], and whichever of two partition ends first ends both; allowed is one after the other.',
  ],
  [
    [{ ...crash, repeat: { every: '30s', times: 3 } }],
    '[0], in its last time, is 70 s after the start, and the run lasts 60 s; allowed is within it.',
  ],
  [
    [{ ...crash, expect: { recovery: '30s' } }],
    '[0].expect.recovery is "30s"; allowed is a duration to stay below, such as "<30s".',
  ],
  [
    [{ ...crash, expect: { failed: '<0.5' } }],
    '[0].expect.failed is "<0.5"; allowed is percent to stay below, such as "<5%".',
  ],
  [
    [{ ...crash, expect: { outage: '<0s' } }],
    '[0].expect.outage is "<0s"; allowed is a duration to stay below, such as "<30s".',
  ],
  [
    [{ ...crash, expect: { failed: '<0.0%' } }],
    '[0].expect.failed is "<0.0%"; allowed is percent to stay below, such as "<5%".',
  ],
  [
    [{ ...crash, expect: { recover: '<30s' } }],
    '[0].expect has an unknown field "recover"; did you mean "recovery"? allowed: recovery, outage, failed.',
  ],
  [
    [{ ...crash, run: 'partition=drop=all', for: '5s' }],
    '[0].run is "partition=drop=all"; allowed: drop, drop-requests, drop-answers, delay, reset.',
  ],
  [
    [{ ...crash, expect: { recovery: '<30s' } }],
    '[0].expect needs objectives; allowed is { "iteration_failed": ["rate<0.05"] } with it.',
    { objectives: undefined },
  ],
];

for (const [drills, sentence, changes] of wrong) {
  test(`drills ${JSON.stringify(drills)} are told of in a sentence`, (t) => {
    assert.throws(() => planned(t, drills, changes), { message: `profiles/mine.json: drills${sentence}` });
  });
}

test('in a run that is made shorter a target is watched for less long, and has as long to recover', (t) => {
  const told = (durationMs: number) => {
    const [one] = planned(t, [{ ...crash, stay: '10s', expect: { recovery: '<30s' } }], {}, durationMs).drills;
    return [one!.atMs, one!.stayMs, one!.everyMs, one!.expect.recoveryMs];
  };
  assert.deepEqual(told(30_000), [[5_000], 5_000, 1_000, 30_000]);
  assert.deepEqual(told(60_000), [[10_000], 10_000, 1_000, 30_000]);
  assert.deepEqual(told(120_000), [[20_000], 10_000, 1_000, 30_000]);
});

test('drills that overlap are different ones, or come one after the other', (t) => {
  const lasts = { at: '10s', for: '5s' };
  const drills = [
    { ...lasts, name: 'a', run: 'partition' },
    { ...lasts, name: 'b', run: 'pause-database' },
    { ...lasts, name: 'c', at: '16s', run: 'partition=delay' },
    { ...pause, at: '10s' },
    { ...pause, name: 'd', at: '10s' },
  ];
  assert.equal(planned(t, drills).drills.length, 5);
});

test('examples for Docker Compose, Kubernetes and a cache are drills', (t) => {
  const folder = join(import.meta.dirname, '..', '..', 'deploy', 'drills');
  for (const name of ['compose', 'kubernetes', 'redis']) {
    const drills = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
    const scenarios = { relay: { ...relay, duration: '10m' } };
    assert.equal(planned(t, drills, { scenarios }).drills.length, 3, name);
  }
});
