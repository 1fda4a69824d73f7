import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isComparable, withRegressions } from './regressions.ts';
import { calmAndLoad, storeOf, times } from './store.fixture.ts';
import type { Finding, HealthSignal, Regression } from './verdict.ts';

const store = storeOf({
  'http_req_duration{scenario:relay}': times(20, 5),
  'http_req_failed{scenario:relay}': times(20, 0),
  'checks{scenario:relay}': times(20, 1),
  'http_reqs{scenario:relay}': [20],
  'browser_control_paint{scenario:relay}': times(20, 5),
});

const MEASURED: Record<Regression['aspect'], Pick<Regression, 'metric' | 'stat' | 'baseline' | 'limit' | 'noise'>> = {
  'response-time': { metric: 'http_req_duration', stat: 'p(95)', baseline: 20, limit: 0.5, noise: 0.1 },
  errors: { metric: 'http_req_failed', stat: 'rate', baseline: 0.01, limit: 0.1, noise: 0.01 },
  throughput: { metric: 'http_reqs', stat: 'rate', baseline: 100, limit: 0.4, noise: 0.1 },
};

type Regressed = Extract<Finding, { kind: 'regression' }>;

function worse(aspect: Regression['aspect'], observed: number, changes: Partial<Regression> = {}): Regressed {
  const sure = { change: 1, p: 0.0001, runs: 10, blocks: 12 };
  return { kind: 'regression', severity: 'fail', aspect, observed, ...MEASURED[aspect], ...sure, ...changes };
}

function signal(name: HealthSignal['signal'], changes: Partial<HealthSignal> = {}): HealthSignal {
  return { signal: name, observed: 200, allowed: 100, unit: 'ms', count: 20, ok: false, ...changes };
}

/** A pause of 100 ms, in 1 % of the time. */
const pause = signal('gc-pause', { scenario: 'relay', cost: { stallMs: 100, worstShare: 0.1, meanShare: 0.01 } });
const full = signal('machine-cpu', { observed: 1, allowed: 0.95, unit: 'ratio' });
const undelivered = signal('delivered', { scenario: 'relay', observed: 0.5, allowed: 0.9, unit: 'ratio' });
const missing: Finding = { kind: 'missing-slice', severity: 'invalid', scenario: 'relay', slice: 1, of: 2, cause: 'x' };
const late = (severity: 'invalid' | 'warning'): Finding => ({
  kind: 'late-start',
  severity,
  scenario: 'relay',
  slice: 1,
  lateMs: 2_000,
  allowedMs: 1_000,
});

function judged(regression: Finding, signals: HealthSignal[] = [], findings: Finding[] = []) {
  const health = { signals, scenarios: [], startSpreadMs: 0, generatorCpuSeconds: 0 };
  return withRegressions([regression], { findings, health, phases: calmAndLoad, store });
}

/** A critical regression fails the run, unless the generator may have caused it. */
const table: [what: string, regression: Finding, signals: HealthSignal[], findings: Finding[], doubts: string[]][] = [
  ['a healthy generator', worse('response-time', 40), [], [], []],
  ['a pause that may have made it', worse('response-time', 40), [pause], [], ['gc-pause']],
  ['a pause that is too short for it', worse('response-time', 400), [pause], [], []],
  ['a pause that explains a part: without it, worse still', worse('response-time', 270), [pause], [], []],
  [
    'what is left without the pause may be chance',
    worse('response-time', 270, { noise: 2 }),
    [pause],
    [],
    ['gc-pause'],
  ],
  ['a pause elsewhere', worse('response-time', 40), [{ ...pause, scenario: 'other' }], [], []],
  ['a pause in the calm', worse('response-time', 40), [{ ...pause, phase: 'calm' }], [], []],
  ['a full machine', worse('response-time', 4_000), [full], [], ['machine-cpu']],
  ['a signal that is within its limit', worse('response-time', 40), [{ ...full, ok: true }], [], []],
  ['slower although there was less load', worse('response-time', 40), [undelivered], [], []],
  ['slower although a slice was missing', worse('response-time', 40), [], [missing], []],
  ['less done where less was asked', worse('throughput', 50), [undelivered], [], ['delivered']],
  ['less done with a slice missing', worse('throughput', 50), [], [missing], ['missing-slice']],
  ['less done beside a full machine', worse('throughput', 50), [full], [], ['machine-cpu']],
  ['less done beside a pause of a tenth of the time', worse('throughput', 50), [pause], [], []],
  ['about as much beside that pause', worse('throughput', 58), [pause], [], ['gc-pause']],
  ['less done while a slice was late', worse('throughput', 50), [], [late('warning')], ['late-start']],
  ['errors beside a full machine', worse('errors', 0.5), [full], [], ['machine-cpu']],
  ['errors beside a pause that touched fewer', worse('errors', 0.5), [pause], [], []],
  ['errors beside a pause that may have made the difference', worse('errors', 0.11), [pause], [], ['gc-pause']],
  [
    'failures that are kept of successes',
    worse('errors', 0.5, { metric: 'checks' }),
    [undelivered],
    [],
    // Less load makes fewer fail.
    [],
  ],
  ['the generator’s own figure', worse('response-time', 40, { metric: 'browser_control_paint' }), [full], [], []],
];

for (const [what, regression, signals, findings, doubts] of table) {
  test(`${what}: ${doubts.length > 0 ? 'undecided' : 'a regression'}`, () => {
    const { added } = judged(regression, signals, findings);
    const found = added.find((one) => one.kind === 'regression');
    assert.ok(found?.kind === 'regression');
    assert.equal(found.severity, doubts.length > 0 ? 'invalid' : 'fail');
    assert.deepEqual(found.doubts?.map(({ by }) => by) ?? [], doubts);
  });
}

test('a slight regression stays a warning, decided or not, and makes no signal a reason', () => {
  const slight = worse('response-time', 26, { severity: 'warning', limit: 0.2 });
  const told: Finding = { kind: 'saturated', severity: 'warning', ...signalOf(full) };
  const { kept, added } = judged(slight, [full], [told]);
  assert.deepEqual(kept, [told]);
  assert.deepEqual(
    added.map(({ severity }) => severity),
    ['warning'],
  );
  assert.deepEqual(
    judged(slight, [], []).added.map((one) => one.kind === 'regression' && one.doubts),
    [undefined],
  );
});

test('a signal, or a late start, that made a regression undecided is a reason, once', () => {
  const told: Finding = { kind: 'saturated', severity: 'warning', ...signalOf(full) };
  const other: Finding = { kind: 'saturated', severity: 'warning', ...signalOf(signal('steal')) };
  const all = [full, signal('steal', { ok: true })];
  const { kept, added } = judged(worse('response-time', 40), all, [other, told]);
  assert.deepEqual(kept, [other]);
  assert.deepEqual(
    added.map(({ kind, severity }) => [kind, severity]),
    [
      ['saturated', 'invalid'],
      ['regression', 'invalid'],
    ],
  );
  const decisive: Finding = { ...told, severity: 'invalid' };
  assert.deepEqual(judged(worse('response-time', 40), [full], [decisive]).kept, [decisive]);
  assert.equal(judged(worse('response-time', 40), [full], [decisive]).added.length, 1);
  assert.deepEqual(
    judged(worse('throughput', 50), [], [late('warning')]).added.map(({ kind, severity }) => [kind, severity]),
    [
      ['late-start', 'invalid'],
      ['regression', 'invalid'],
    ],
  );
});

test('what never reached the load that was asked for has nothing to compare', () => {
  const nothing: Finding = { kind: 'nothing-measured', severity: 'invalid' };
  const cut: Finding = { kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 1, ofMs: 2 };
  for (const finding of [nothing, cut]) assert.equal(isComparable([late('warning'), finding]), false);
  for (const findings of [[], [late('invalid'), missing]]) assert.ok(isComparable(findings));
});

function signalOf({ ok: _, cost: __, ...rest }: HealthSignal) {
  return rest;
}

test('a load that was not sent in a step of a capacity stays a warning beside a comparison', () => {
  const { ok: _, cost: __, ...rest } = undelivered;
  const warning: Finding = { kind: 'saturated', severity: 'warning', ...rest };
  const mild = { ...worse('response-time', 25), severity: 'warning' } as Finding;
  const { kept, added } = judged(mild, [undelivered], [warning]);
  assert.deepEqual(
    [kept, added.map(({ kind, severity }) => [kind, severity])],
    [[warning], [['regression', 'warning']]],
  );
});
