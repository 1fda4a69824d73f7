import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newSeries } from '../measure/series.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { defaultHealth as limits } from '../schedule/health.fixture.ts';
import { caseOf, sliceOf } from './case.fixture.ts';
import { noData } from './findings/no-data.ts';
import { type Case, judge, type SliceFacts, statusOf } from './judge.ts';
import { calmAndLoad, loadOf, storeOf, storeOver, times } from './store.fixture.ts';
import type { Finding, OracleResult } from './verdict.ts';

/** What a good run of two slices measured. */
const good: Record<string, number[]> = {
  'iterations{scenario:relay}': [100],
  'generator_lateness{phase:load,scenario:relay}': times(100, 1),
  'http_reqs{scenario:relay}': [100],
  'http_req_blocked{scenario:relay}': times(100, 5),
  'http_req_duration{scenario:relay}': times(100, 5),
};

/** A run that passes, but for `changes`. */
function run(changes: Partial<Omit<Case, 'store'>> & { measured?: Record<string, number[]> } = {}) {
  const { measured = {}, ...rest } = changes;
  return judge(
    caseOf({
      store: storeOf({ ...good, ...measured }),
      slices: [sliceOf('relay'), sliceOf('relay', 1)],
      thresholds: { http_req_duration: ['p(95)<500'] },
      ...rest,
    }),
  );
}

const interrupted: Finding = { kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 1_000, ofMs: 10_000 };
const down: Finding = {
  kind: 'target-down',
  severity: 'fail',
  url: 'http://127.0.0.1:4000/health',
  atMs: 1_000,
  forMs: 5_000,
  tries: 6,
  error: 'ECONNREFUSED',
};
const crossed = { http_req_duration: ['p(95)<1'] };
const violated: OracleResult = {
  name: 'acknowledged-writes',
  checked: 10,
  violations: 2,
  examples: ['a', 'b'],
  status: 'violated',
};

test('a good run passes, with its figures', () => {
  const { verdict, findings } = run();
  assert.deepEqual(findings, []);
  const { metrics, thresholds, ...rest } = verdict;
  assert.deepEqual(rest, {
    schemaVersion: 2,
    status: 'pass',
    runId: 'run',
    profile: 'mine',
    target: { name: 'embedded', url: 'http://127.0.0.1:4000' },
    startedAt: '2025-01-01T00:00:00.000Z',
    durationMs: 10_000,
    seed: '1',
    phases: calmAndLoad,
    slices: { expected: 2, received: 2 },
    oracles: [],
    health: {
      scenarios: [
        { scenario: 'relay', latenessP99Ms: 1, latenessMaxMs: 1, dropped: 0, interrupted: 0, startSkewMs: 0 },
      ],
      startSpreadMs: 0,
      generatorCpuSeconds: 4,
      signals: [
        {
          signal: 'lateness',
          scenario: 'relay',
          observed: 1,
          allowed: 100,
          unit: 'ms',
          count: 100,
          ok: true,
          cost: { stallMs: 1, worstShare: 1, meanShare: 1 },
        },
        { signal: 'delivered', scenario: 'relay', observed: 1, allowed: 0.9, unit: 'ratio', count: 100, ok: true },
      ],
    },
    regressions: [],
    errors: {},
    failures: [],
  });
  assert.equal(thresholds[0]!.ok, true);
  assert.deepEqual(metrics.iterations!.values, { count: 100, rate: 10 });
});

test('a violated oracle or a lost target fails a run that is otherwise invalid; invalid goes before a crossed threshold', () => {
  const table: [Parameters<typeof run>[0], string][] = [
    [{ oracles: [violated], observed: [interrupted], thresholds: crossed }, 'fail'],
    [{ observed: [down, interrupted] }, 'fail'],
    [{ observed: [interrupted], thresholds: crossed }, 'invalid'],
    [{ thresholds: crossed }, 'fail'],
    [{ oracles: [{ ...violated, status: 'unknown' }] }, 'invalid'],
    [{ oracles: [{ ...violated, violations: 0, status: 'ok' }] }, 'pass'],
    [{ slices: [sliceOf('relay', 0, { interrupted: 3 })] }, 'pass'],
  ];
  for (const [changes, status] of table) assert.equal(run(changes).verdict.status, status, JSON.stringify(changes));
  assert.equal(statusOf([]), 'pass');
});

test('what oracles found', () => {
  assert.deepEqual(run({ oracles: [violated] }).findings, [
    { kind: 'oracle', severity: 'fail', oracle: 'acknowledged-writes', checked: 10, violations: 2, example: 'a' },
  ]);
  const unknown = { name: 'convergence', checked: 0, violations: 0, status: 'unknown' } as const;
  assert.deepEqual(run({ oracles: [{ ...unknown, examples: ['it crashed'] }] }).findings, [
    { kind: 'oracle-unknown', severity: 'invalid', oracle: 'convergence', error: 'it crashed' },
  ]);
  assert.deepEqual(run({ oracles: [{ ...unknown, examples: [] }] }).findings, [
    { kind: 'oracle-unknown', severity: 'invalid', oracle: 'convergence', error: 'nothing to check' },
  ]);
});

test('a late generator is a warning beside what holds, and makes a miss undecided', () => {
  const late = (ms: number, count = 3, thresholds: Case['thresholds'] = { http_req_duration: ['p(95)<500'] }) => {
    const lateness = [...times(100 - count, 1), ...times(count, ms)];
    return run({ thresholds, measured: { 'generator_lateness{phase:load,scenario:relay}': lateness } });
  };
  const missed = late(250, 3, crossed);
  assert.deepEqual(
    missed.findings.map(({ kind, severity }) => [kind, severity]),
    [
      ['lateness', 'invalid'],
      ['threshold', 'invalid'],
    ],
  );
  const [threshold] = missed.verdict.thresholds;
  assert.deepEqual([missed.verdict.status, threshold!.decided], ['invalid', false]);
  assert.equal(threshold!.doubts?.[0]?.by, 'lateness');
  assert.equal(late(250).verdict.status, 'pass');
  assert.equal(late(99).verdict.status, 'pass');
  assert.equal(late(250, 2).verdict.status, 'pass', 'two late iterations are a hiccup');
  const [finding, ...others] = late(250).findings;
  assert.deepEqual(others, []);
  const { p99Ms, ...rest } = finding as Extract<Finding, { kind: 'lateness' }>;
  assert.deepEqual(rest, { kind: 'lateness', severity: 'warning', scenario: 'relay', allowedMs: 100, count: 100 });
  assert.equal(Math.round(p99Ms), 250);
});

test('a process that is held up casts no doubt on what a page times by itself, a full machine does', () => {
  const steps = 'browser_step_duration{journey:relay,phase:load,scenario:relay,step:open}';
  const paints = 'browser_web_vital_lcp{journey:relay,phase:load,scenario:relay}';
  const thresholds = { browser_step_duration: ['p(75)<90'], browser_web_vital_lcp: ['p(75)<90'] };
  const decided = (unwell: Record<string, number[]>) =>
    run({
      measured: { [steps]: times(20, 100), [paints]: times(20, 100), ...unwell },
      thresholds,
    }).verdict.thresholds.map(({ metric, decided }) => [metric, decided]);
  const paused = decided({ 'generator_gc_pause{phase:load,scenario:relay}': times(20, 200) });
  assert.deepEqual(paused, [
    ['browser_step_duration', false],
    ['browser_web_vital_lcp', true],
  ]);
  const full = decided({ 'machine_cpu_percent{phase:load,scenario:relay}': times(20, 99) });
  assert.deepEqual(full, [
    ['browser_step_duration', false],
    ['browser_web_vital_lcp', false],
  ]);
});

test('dropped arrivals: of a healthy generator the target is to blame, of a late one nobody knows', () => {
  const dropped = { 'dropped_iterations{scenario:relay}': [25] };
  const finding = { kind: 'dropped', scenario: 'relay', dropped: 25, due: 125, maxVUs: 50, allowed: 0 };
  const healthy = run({ measured: dropped });
  assert.deepEqual(healthy.findings, [{ ...finding, severity: 'fail' }]);
  assert.equal(healthy.verdict.status, 'fail');
  const late = run({ measured: { ...dropped, 'generator_lateness{phase:load,scenario:relay}': times(100, 500) } });
  assert.deepEqual(
    late.findings.map(({ kind, severity }) => [kind, severity]),
    [
      ['lateness', 'invalid'],
      ['dropped', 'invalid'],
    ],
  );
  assert.equal(late.verdict.status, 'invalid');
  assert.deepEqual(run({ measured: dropped, limits: { ...limits, maxDropped: 0.2 } }).findings, []);
  assert.deepEqual(run({ measured: dropped, limits: { ...limits, maxDropped: 0.1 } }).findings, [
    { ...finding, severity: 'fail', allowed: 12 },
  ]);
});

test('a run that a threshold has ended is judged on what it has: what others were to count all along is undecided', () => {
  const slow = { metric: 'http_req_duration', expression: 'p(95)<1' };
  const aborted: Finding = { kind: 'aborted', severity: 'invalid', ...slow, atMs: 4_000, ofMs: 10_000 };
  const asked = { http_req_duration: ['p(95)<1', 'p(95)<500'], http_reqs: ['count>1000', 'count<1000'] };
  const ended = (changes: Parameters<typeof run>[0] = {}) => {
    const { verdict, findings } = run({ observed: [aborted], durationMs: 4_000, thresholds: asked, ...changes });
    const { status, thresholds } = verdict;
    return [status, findings.map(({ kind }) => kind), thresholds.map(({ ok, decided }) => (decided ? ok : null))];
  };
  assert.deepEqual(ended(), ['fail', ['aborted', 'threshold'], [false, true, null, null]]);
  // The generator may have made the miss: then nothing has failed.
  const late = { 'generator_lateness{phase:load,scenario:relay}': times(100, 250) };
  assert.deepEqual(ended({ measured: late }).slice(0, 1), ['invalid']);
  // It is a number itself that the run was ended for, and one of a phase that was over.
  const few = { ...aborted, metric: 'http_reqs', expression: 'count>1000' };
  assert.deepEqual(ended({ observed: [few] }), [
    'fail',
    ['aborted', 'threshold', 'threshold'],
    [false, true, false, null],
  ]);
  const phases = [
    { name: 'load', startMs: 0, endMs: 4_000, load: 1 },
    { name: 'more', startMs: 4_000, endMs: 10_000, load: 1 },
  ];
  const measured = { 'http_reqs{phase:load,scenario:relay}': [100] };
  const thresholds = { 'http_reqs{phase:load}': ['count>1000'], 'http_reqs{phase:more}': ['count>1000'] };
  const [status, , states] = ended({ phases, measured, thresholds });
  assert.deepEqual([status, states], ['fail', [false, null]]);
  // What was still under way then took another second.
  const { metrics } = run({ observed: [aborted], durationMs: 5_000, measured }).verdict;
  assert.deepEqual([metrics.http_reqs!.values.rate, metrics['http_reqs{scenario:relay}']!.values.rate], [50, 50]);
  // Who was not ended early was to do as much.
  assert.deepEqual(run({ thresholds: { http_reqs: ['count>1000'] } }).verdict.status, 'fail');
});

test('in windows of a run that a threshold has ended what was cut off may have turned them', () => {
  const slow = { metric: 'http_req_duration', expression: 'p(95)<1' };
  const aborted: Finding = { kind: 'aborted', severity: 'invalid', ...slow, atMs: 4_000, ofMs: 10_000 };
  const thresholds = {
    iterations: [{ threshold: 'rate>9', every: '1s' }],
    iteration_failed: [{ threshold: 'rate<0.3', every: '1s', minSamples: 1 }],
  };
  const ended = (observed: Finding[], failed: number) => {
    const store = storeOver(4, (index) => ({
      'iterations{phase:load,scenario:relay}': [index < 3 ? 10 : 5],
      'iteration_lateness{phase:load,scenario:relay}': times(10, 1),
      'iteration_failed{phase:load,scenario:relay}': Array.from({ length: index < 3 ? 10 : 5 }, (_, n) =>
        index === 3 && n < failed ? 1 : 0,
      ),
    }));
    const phases = [{ name: 'load', startMs: 0, endMs: 10_000, load: 1 }];
    const { verdict } = judge(caseOf({ store, phases, observed, durationMs: 4_000, thresholds }));
    return verdict.thresholds.map(({ ok, decided, windows }) => [decided ? ok : null, windows!.missed.length]);
  };
  assert.deepEqual(ended([aborted], 2), [
    [null, 0],
    [null, 0],
  ]);
  assert.deepEqual(ended([aborted], 4), [
    [null, 0],
    [false, 1],
  ]);
  assert.deepEqual(ended([], 2), [
    [false, 1],
    [false, 1],
  ]);
});

test('a slice that is missing or crashed makes a run invalid', () => {
  const missing = { scenario: 'relay', slice: 1, of: 2, cause: 'worker exited with 137' };
  const { verdict, findings } = run({ slices: [sliceOf('relay', 0)], missing: [missing] });
  assert.deepEqual(findings, [{ kind: 'missing-slice', severity: 'invalid', ...missing }]);
  assert.deepEqual([verdict.status, verdict.slices], ['invalid', { expected: 2, received: 1 }]);
  const crashed = run({
    slices: [sliceOf('relay', 0, { status: 'crashed', error: 'TypeError: x' }), sliceOf('relay', 1)],
  });
  assert.deepEqual(crashed.findings, [
    { kind: 'crashed', severity: 'invalid', scenario: 'relay', slice: 0, error: 'TypeError: x' },
  ]);
  const culprits: [error: string, culprit: string | undefined][] = [
    ['Error: the browser died', 'browser'],
    ['browserType.launch: Failed to launch: spawn EMFILE', 'machine'],
    ['browserType.launch: Target page, context or browser has been closed', 'browser'],
    ["Error: ENOSPC: no space left on device, open '/tmp/a'", 'machine'],
    ["Error: ENOENT: no such file or directory, open '/tmp/a'", undefined],
  ];
  for (const [error, culprit] of culprits) {
    const [finding] = run({ slices: [sliceOf('relay', 0, { status: 'crashed', error })] }).findings;
    assert.ok(finding?.kind === 'crashed');
    assert.equal(finding.culprit, culprit, error);
  }
});

test('slices that are missing for one cause are one finding with their number; another cause is another', () => {
  const of = (scenario: string, slice: number, cause: string) => ({ scenario, slice, of: 2, cause });
  const killed = [
    of('relay', 0, 'nothing after 3 s'),
    of('relay', 1, 'nothing after 4 s'),
    of('light', 0, 'nothing after 3 s'),
  ];
  const { findings, verdict } = run({ slices: [], missing: [...killed, of('light', 1, 'SIGKILL')] });
  assert.deepEqual(
    findings.filter(({ kind }) => kind === 'missing-slice'),
    [
      { kind: 'missing-slice', severity: 'invalid', ...killed[0], others: 2 },
      { kind: 'missing-slice', severity: 'invalid', ...of('light', 1, 'SIGKILL') },
    ],
  );
  assert.deepEqual(verdict.slices, { expected: 4, received: 0 });
});

test('a slice that began late makes a run invalid, one a little later does not', () => {
  const starts = (lateMs: number) =>
    run({ slices: [sliceOf('relay', 0), sliceOf('relay', 1, { startLateMs: 1 + lateMs })] });
  assert.deepEqual(starts(1_000).findings, []);
  assert.equal(starts(1_000).verdict.health.startSpreadMs, 1_000);
  assert.deepEqual(starts(1_001).findings, [
    { kind: 'late-start', severity: 'invalid', scenario: 'relay', slice: 1, lateMs: 1_001, allowedMs: 1_000 },
  ]);
});

test('a scenario in which nothing was due while others ran is told of, and one that dropped all, or was cut short, is not', () => {
  const told = (end: Partial<SliceFacts['end']>) =>
    run({
      scenarios: [loadOf('relay'), loadOf('nightly')],
      slices: [sliceOf('relay'), sliceOf('nightly', 0, { started: 0, ...end })],
      thresholds: {},
    }).findings.filter(({ kind }) => kind === 'idle');
  assert.deepEqual(told({}), [{ kind: 'idle', severity: 'warning', scenarios: ['nightly'] }]);
  for (const end of [{ started: 1 }, { dropped: 1 }, { status: 'stopped' }, { status: 'crashed' }] as const)
    assert.deepEqual(told(end), [], JSON.stringify(end));
});

test('a run that did nothing, and one whose requests nobody answered', () => {
  const nothing = { measured: { 'iterations{scenario:relay}': [] }, thresholds: {} };
  assert.deepEqual(run(nothing).findings, [{ kind: 'nothing-measured', severity: 'invalid' }]);
  const allCutOff = { ...nothing.measured, 'iteration_failed{scenario:relay,unfinished:yes}': [1, 1] };
  assert.deepEqual(
    run({ measured: allCutOff, thresholds: {} }).findings.map(({ kind }) => kind),
    ['no-success'],
  );
  const errors = { ETIMEDOUT: 2, ECONNREFUSED: 98 };
  const unanswered = { measured: { 'http_req_blocked{scenario:relay}': [] }, thresholds: {} };
  const unreached = { kind: 'target-unreached', severity: 'invalid', url: 'http://127.0.0.1:4000', requests: 100 };
  assert.deepEqual(run({ ...unanswered, errors }).findings, [{ ...unreached, error: 'ECONNREFUSED' }]);
  const checked = { 'check: status is 200': 100, ...errors };
  assert.deepEqual(run({ ...unanswered, errors: checked }).findings, [{ ...unreached, error: 'ECONNREFUSED' }]);
  const unsent = { 'check: status is 200': 100, 'request not sent: invalid request path': 100 };
  assert.deepEqual(run({ ...unanswered, errors: unsent }).findings, []);
  assert.deepEqual(run(unanswered).findings, [{ ...unreached, error: 'no error was named' }]);
  const browsersOnly = { 'http_req_blocked{scenario:relay}': [], 'http_reqs{scenario:relay}': [] };
  assert.deepEqual(run({ measured: browsersOnly, thresholds: {} }).findings, []);
});

test('iterations that were cut off are a warning', () => {
  const { verdict, findings } = run({
    slices: [sliceOf('relay', 0, { interrupted: 2 }), sliceOf('relay', 1, { interrupted: 1 })],
  });
  assert.deepEqual(findings, [{ kind: 'cut-off', severity: 'warning', scenario: 'relay', interrupted: 3 }]);
  assert.deepEqual([verdict.status, verdict.health.scenarios[0]!.interrupted], ['pass', 3]);
});

test('a threshold without data makes a run invalid', () => {
  const { verdict, findings } = run({ thresholds: { ws_connecting: ['p(95)<500'] } });
  assert.deepEqual([verdict.status, findings.map(({ kind }) => kind)], ['invalid', ['no-data']]);
  assert.equal(verdict.thresholds[0]!.ok, false);
});

test('a rate per second is over the schedule of its scenario', () => {
  const scenarios = [{ ...loadOf('relay'), startMs: 5_000, endMs: 15_000 }];
  const thresholds = { 'iterations{scenario:relay}': ['rate>=20'], iterations: ['rate>=20'] };
  const { verdict } = run({ scenarios, thresholds });
  assert.deepEqual(
    verdict.thresholds.map(({ observed, ok }) => [observed, ok]),
    [
      [20, true],
      [10, false],
    ],
  );
});

test('without any report there is still a verdict', () => {
  const missing = { scenario: 'relay', slice: 0, of: 1, cause: 'it ended before the start' };
  const { verdict, findings } = run({ slices: [], missing: [missing], measured: { 'iterations{scenario:relay}': [] } });
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ['missing-slice'],
  );
  assert.deepEqual([verdict.status, verdict.health.startSpreadMs], ['invalid', 0]);
  JSON.parse(JSON.stringify(verdict));
});

test('a part shows its thresholds and judges what it alone can: broken promises, and its own health', () => {
  const partial = { shard: 2, of: 4 };
  const unknown: OracleResult = { ...violated, status: 'unknown', violations: 0 };
  const { verdict, findings } = run({
    partial,
    thresholds: { ...crossed, iteration_duration: ['p(95)<500'] },
    oracles: [unknown],
    measured: { 'dropped_iterations{scenario:relay}': [7] },
  });
  assert.deepEqual([verdict.status, findings, verdict.partial], ['pass', [], partial]);
  assert.deepEqual(
    verdict.thresholds.map(({ ok }) => ok),
    [false, false],
  );
  assert.equal(run({ partial, oracles: [violated] }).verdict.status, 'fail');
  assert.equal(run({ partial, observed: [down] }).verdict.status, 'fail');
  assert.equal(run({ partial, observed: [interrupted] }).verdict.status, 'invalid');
  assert.equal(run({ partial, errors: { 'generator: EMFILE': 50 } }).verdict.status, 'invalid');
});

test('slices of missing shards were expected', () => {
  const missing: Finding = { kind: 'missing-shard', severity: 'invalid', shards: [2], of: 2 };
  const { verdict } = run({ shards: { expected: 2, merged: [], missingSlices: 3 }, observed: [missing] });
  assert.deepEqual(verdict.slices, { expected: 5, received: 2 });
  assert.deepEqual([verdict.status, verdict.shards], ['invalid', { expected: 2, received: 0 }]);
});

test('a front end that fails every session fails the run for that, not for want of samples', () => {
  const { verdict, findings } = run({
    measured: {
      'iterations{scenario:visit}': [2],
      'iteration_failed{scenario:visit}': [1, 1],
      'browser_sessions{journey:visit}': [2],
      'browser_session_failed{journey:visit}': [1, 1],
    },
    scenarios: [loadOf('relay'), { ...loadOf('visit'), kind: 'journey', oracles: ['screen'] }],
    slices: [sliceOf('relay', 0), sliceOf('visit', 0, { errors: { 'visit, step "open": Error: expect(locator)': 2 } })],
    thresholds: { browser_session_failed: ['rate<0.1'], browser_web_vital_lcp: ['p(75)<2500'] },
    oracles: [{ name: 'screen', checked: 0, violations: 0, examples: [], status: 'unknown', counts: {} }],
  });
  assert.equal(verdict.status, 'fail');
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ['no-success', 'threshold'],
  );
  assert.deepEqual(
    verdict.thresholds.map(({ decided }) => decided),
    [true, false],
  );
});

test('a search that its generator ended says at least what held: what was not sent in a step is its end, and no other reason', () => {
  const phases = [
    { name: 'rest_1', startMs: 0, endMs: 1_000, load: 0 },
    { name: 'step_1', startMs: 1_000, endMs: 4_000, load: 1 },
    { name: 'rest_2', startMs: 4_000, endMs: 5_000, load: 0 },
    { name: 'step_2', startMs: 5_000, endMs: 8_000, load: 2 },
    { name: 'rest_3', startMs: 8_000, endMs: 10_000, load: 0 },
  ];
  const store = storeOf(good);
  const axis = new TimeAxis(phases, 1_000);
  for (const [index, lateMs] of [
    [axis.indexAt(3_000), 1],
    [axis.indexAt(7_000), 5_000],
  ] as const) {
    const phase = axis.phaseOf(index);
    const packed = (metric: 'generator_lateness' | 'http_req_duration') => {
      const series = newSeries('trend');
      for (let n = 0; n < 50; n++) series.add(lateMs);
      return [`${metric}{phase:${phase},scenario:relay}`, series.pack()];
    };
    store.add({ index, series: Object.fromEntries([packed('generator_lateness'), packed('http_req_duration')]) });
  }
  const search = { from: 1, to: 4, precision: 0.1, confirm: 0, settleMs: 1_000 };
  const answers = {
    objectives: { http_req_duration: ['p(95)<500'] },
    capacity: { steps: ['step_1', 'step_2'], search },
  };
  const { findings, verdict } = run({ phases, store, answers, searchEnd: 'generator', thresholds: {} } as object);
  assert.deepEqual(findings.map(({ kind, severity }) => [kind, severity]).sort(), [
    ['capacity', 'warning'],
    ['lateness', 'warning'],
    ['saturated', 'warning'],
  ]);
  assert.deepEqual(
    [verdict.status, verdict.capacity!.held?.load, verdict.capacity!.missed, verdict.capacity!.isOpen],
    ['pass', 1, undefined, true],
  );
  assert.deepEqual(verdict.capacity!.search, { precision: 0.1, end: 'generator' });
  // One step alone, in which the generator was too slow: nothing is known, and that is the only reason.
  const [, , , last] = phases;
  const alone = { ...answers, capacity: { steps: ['step_2'], search } };
  const quiet = phases.map((phase) => (phase === last ? phase : { ...phase, load: 0 }));
  const only = run({ phases: quiet, store, answers: alone, searchEnd: 'generator', thresholds: {} } as object);
  assert.deepEqual(
    only.findings.flatMap(({ kind, severity }) => (severity === 'warning' ? [] : [kind])),
    ['capacity'],
  );
});

test('a counter whose values were all refused is no 0', () => {
  const store = storeOf(good, { lost: { type: 'counter', contains: 'default' } });
  const statusWith = (errors: Record<string, number>) =>
    run({ store, errors, thresholds: { lost: ['count<10'] } } as Parameters<typeof run>[0]).verdict.status;
  assert.equal(statusWith({}), 'pass');
  assert.equal(statusWith({ 'metric "lost": NaN is no number': 1 }), 'invalid');
});

test('a metric without samples names the values that were none of it, and no others', () => {
  const errors = { 'metric "size": NaN is no number': 40, 'metric "sizes": null is no number': 3, 'HTTP 500': 1 };
  const store = storeOf(good, { size: { type: 'trend', contains: 'default' } });
  const { findings } = run({ store, errors, thresholds: { size: ['p(95)<10'] } } as Parameters<typeof run>[0]);
  const refused = [{ name: 'NaN is no number', count: 40 }];
  assert.deepEqual(findings, [
    { kind: 'no-data', severity: 'invalid', metric: 'size', expression: 'p(95)<10', count: 0, needed: 20, refused },
  ]);
  assert.match(
    noData.sentence(findings[0] as Parameters<typeof noData.sentence>[0]),
    /Values that were not added: NaN is no number \(40\)\.$/,
  );
});
