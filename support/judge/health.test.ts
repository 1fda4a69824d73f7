import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultHealth as limits } from '../schedule/health.fixture.ts';
import { caseOf, sliceOf } from './case.fixture.ts';
import { type HealthFacts, healthOf, signalFindings, startFindings } from './health.ts';
import { judge } from './judge.ts';
import { calmAndLoad, loadOf, storeOf, times } from './store.fixture.ts';
import type { HealthSignal } from './verdict.ts';

type Measured = Record<string, number[]>;

function factsOf(measured: Measured, changes: Partial<Omit<HealthFacts, 'store'>> = {}) {
  const scenarios = [{ name: 'relay', maxVUs: 50, isOpen: true }];
  const run = { scenarios, slices: [sliceOf('relay')], phases: calmAndLoad, named: ['calm'], errors: {}, limits };
  return { store: storeOf(measured), ...run, ...changes };
}

function signalsOf(measured: Measured, changes: Partial<Omit<HealthFacts, 'store'>> = {}): HealthSignal[] {
  return healthOf(factsOf(measured, changes)).signals;
}

function saturated(measured: Measured, changes: Partial<Omit<HealthFacts, 'store'>> = {}): string[] {
  return signalsOf(measured, changes).flatMap(({ ok, signal }) => (ok ? [] : [signal]));
}

const delay = 'generator_event_loop_delay{phase:load,scenario:relay}';
const cpu = 'generator_cpu_percent{phase:load,scenario:relay}';
const pause = 'generator_gc_pause{phase:load,scenario:relay}';
const machine = 'machine_cpu_percent{phase:load,scenario:relay}';
const steal = 'machine_steal_percent{phase:load,scenario:relay}';
const control = (phase: string) => `browser_control_paint{journey:light,phase:${phase}}`;
const lateness = 'generator_lateness{phase:load,scenario:relay}';

/** Each signal: what measures it, how many readings it needs, its limit. */
const signals: [signal: string, readings: (value: number, count: number) => Measured, needs: number, limit: number][] =
  [
    ['event-loop-delay', (value, count) => ({ [delay]: times(count, value) }), 5, 100],
    ['generator-cpu', (value, count) => ({ [cpu]: times(count, value) }), 5, 90],
    ['gc-pause', (value, count) => ({ [pause]: times(count, value) }), 5, 100],
    ['machine-cpu', (value, count) => ({ [machine]: times(count, value) }), 5, 95],
    ['steal', (value, count) => ({ [steal]: times(count, value) }), 5, 10],
    [
      'control-page',
      (value, count) => ({ [control('calm')]: times(4, 40), [control('load')]: times(count, value) }),
      4,
      120,
    ],
  ];

for (const [signal, readings, needs, limit] of signals) {
  test(`${signal} is saturated beyond its limit, not at it, and silent with too few readings`, () => {
    const [at, ...others] = signalsOf(readings(limit, needs));
    assert.deepEqual([others, at!.signal, at!.ok, at!.count], [[], signal, true, needs]);
    assert.deepEqual(saturated(readings(limit * 1.01, needs)), [signal]);
    assert.deepEqual(signalsOf(readings(limit * 10, needs - 1)), []);
  });
}

test('a signal is data: whose it is, what was observed and what is allowed, in its unit', () => {
  const measured = { [delay]: times(10, 250), [cpu]: times(10, 97), [machine]: times(10, 99) };
  const found = signalsOf(measured).map(({ cost: _, ...one }) => ({
    ...one,
    observed: Math.round(one.observed * 100) / 100,
  }));
  const own = { scenario: 'relay', count: 10, ok: false };
  assert.deepEqual(found, [
    { signal: 'event-loop-delay', observed: 250.11, allowed: 100, unit: 'ms', ...own },
    { signal: 'generator-cpu', observed: 0.97, allowed: 0.9, unit: 'ratio', ...own },
    { signal: 'machine-cpu', observed: 0.99, allowed: 0.95, unit: 'ratio', count: 10, ok: false },
  ]);
  const facts = factsOf(measured);
  const { ok: _, cost, ...signal } = signalsOf(measured)[0]!;
  assert.deepEqual(cost, { stallMs: signal.observed, worstShare: 1, meanShare: 1 });
  const doubt = { by: 'event-loop-delay', scenario: 'relay' } as const;
  const health = healthOf(facts);
  assert.deepEqual(signalFindings(health, [doubt])[0], { kind: 'saturated', severity: 'invalid', ...signal });
  assert.deepEqual(signalFindings(health, [])[0], { kind: 'saturated', severity: 'warning', ...signal });
});

test('a pause costs what collections took of the time, in their worst interval and in the mean; all of it where nobody knows', () => {
  const percent = 'generator_gc_percent{phase:load,scenario:relay}';
  const costOf = (measured: Measured) => signalsOf({ [pause]: times(10, 250), ...measured })[0]?.cost;
  const { stallMs, worstShare, meanShare, totalMs } = costOf({ [percent]: [...times(9, 10), 60] })!;
  const hundredths = [worstShare, meanShare].map((share) => Math.round(100 * share));
  assert.deepEqual([hundredths, Math.round(stallMs), totalMs], [[60, 15], 250, 2_500]);
  assert.deepEqual(costOf({}), { stallMs, worstShare: 1, meanShare: 1, totalMs });
});

test('one or two bad readings are a hiccup, however few there are', () => {
  for (const [key, bad, quiet] of [
    [delay, 900, 1],
    [cpu, 130, 5],
    [pause, 900, 1],
  ] as const) {
    for (const count of [5, 10, 20]) {
      assert.deepEqual(saturated({ [key]: [...times(count - 2, quiet), ...times(2, bad)] }), [], `${key} of ${count}`);
      assert.equal(
        saturated({ [key]: [...times(count - 3, quiet), ...times(3, bad)] }).length,
        1,
        `${key} of ${count}`,
      );
    }
  }
  // Of many, a tenth of the intervals may be bad.
  assert.deepEqual(saturated({ [delay]: [...times(90, 1), ...times(10, 900)] }), []);
  assert.deepEqual(saturated({ [delay]: [...times(89, 1), ...times(11, 900)] }), ['event-loop-delay']);
});

test('a hiccup that all slices of a scenario share is still one', () => {
  const slices = [0, 1, 2, 3].map((index) => sliceOf('relay', index));
  const hiccup = { [delay]: [...times(12, 1), ...times(8, 900)] };
  assert.deepEqual(saturated(hiccup, { slices }), []);
  assert.deepEqual(saturated(hiccup), ['event-loop-delay']);
  assert.deepEqual(signalsOf({ [delay]: times(19, 900) }, { slices }), [], 'fewer than five intervals each');
});

test('the machine is judged while there is load: the calm before it neither hides nor blames', () => {
  const calm = 'machine_cpu_percent{phase:calm,scenario:relay}';
  assert.deepEqual(saturated({ [calm]: times(20, 5), [machine]: times(10, 99) }), ['machine-cpu']);
  const [inCalm] = signalsOf({ [calm]: times(20, 100) });
  assert.deepEqual(
    [inCalm?.signal, inCalm?.phase, inCalm?.ok],
    ['machine-cpu', 'calm', false],
    'for what is compared with it',
  );
  assert.deepEqual(saturated({ [machine]: [...times(9, 100), 40] }), [], 'a busy machine with room to breathe');
});

test('a control page is judged against its own calm, and not below what noise can do', () => {
  const paints = (calm: number, load: number) => ({
    [control('calm')]: times(4, calm),
    [control('load')]: times(4, load),
  });
  assert.deepEqual(saturated(paints(5, 99)), []);
  assert.deepEqual(saturated(paints(5, 101)), ['control-page']);
  assert.deepEqual(saturated(paints(100, 299)), []);
  assert.deepEqual(saturated(paints(100, 303)), ['control-page']);
  assert.deepEqual(signalsOf({ [control('calm')]: times(3, 5), [control('load')]: times(9, 900) }), []);
  assert.deepEqual(
    signalsOf({ [control('load')]: times(9, 900) }),
    [],
    'without calm there is nothing to compare with',
  );
});

test('what the generator ran out of is named, other errors are not its', () => {
  const errors = { 'generator: EMFILE': 3, 'generator: EADDRNOTAVAIL': 1, ECONNREFUSED: 9, 'HTTP 503': 2 };
  const exhausted = { signal: 'exhausted', allowed: 0, unit: 'count', ok: false } as const;
  assert.deepEqual(signalsOf({}, { errors }), [
    { ...exhausted, detail: 'EMFILE', observed: 3, count: 3 },
    { ...exhausted, detail: 'EADDRNOTAVAIL', observed: 1, count: 1 },
  ]);
  assert.deepEqual(signalsOf({}, { errors: { ECONNREFUSED: 9 } }), []);
});

test('of a signal that many processes show, the worst is the reason; all stand in the health', () => {
  const measured = {
    [delay]: times(10, 250),
    'generator_event_loop_delay{phase:load,scenario:light}': times(10, 500),
    'generator_event_loop_delay{phase:load,scenario:power}': times(10, 300),
    [cpu]: times(10, 99),
  };
  const names = ['relay', 'light', 'power'];
  const facts = factsOf(measured, {
    scenarios: names.map((name) => ({ name, maxVUs: 5, isOpen: true })),
    slices: names.map((name) => sliceOf(name)),
    errors: { 'generator: EMFILE': 1, 'generator: ENFILE': 1 },
  });
  const health = healthOf(facts);
  assert.equal(health.signals.filter(({ ok }) => !ok).length, 6);
  assert.deepEqual(
    signalFindings(health, []).map((one) => one.kind === 'saturated' && (one.scenario ?? one.detail)),
    ['light', 'relay', 'EMFILE', 'ENFILE'],
  );
});

test('a scenario of which no slice reported has no signals', () => {
  assert.deepEqual(signalsOf({}, { slices: [] }), []);
  assert.deepEqual(saturated({ [delay]: times(9, 1) }, { slices: [] }), []);
});

/** Judges a run of two scenarios; what holds whatever the table measures. */
function verdictOf(measured: Measured, errors: Record<string, number> = {}) {
  const { verdict, findings } = judge(
    caseOf({
      store: storeOf({
        'iterations{scenario:relay}': [100],
        'http_reqs{scenario:relay}': [100],
        'http_req_blocked{scenario:relay}': times(100, 5),
        'http_req_duration{scenario:relay}': times(100, 5),
        [lateness]: times(100, 1),
        [delay]: times(10, 1),
        [cpu]: times(10, 20),
        [pause]: times(10, 2),
        [machine]: times(20, 50),
        [steal]: times(20, 0),
        ...measured,
      }),
      scenarios: [loadOf('relay'), loadOf('light')],
      thresholds: { 'http_req_duration{scenario:relay}': ['p(95)<500'] },
      errors,
    }),
  );
  return { status: verdict.status, kinds: findings.map(({ kind, severity }) => `${kind}: ${severity}`) };
}

const slow = { 'http_req_duration{scenario:relay}': times(100, 3_000) };
const dropped = { 'dropped_iterations{scenario:relay}': [25] };
const blocked = { [delay]: times(10, 900) };
const blockedElsewhere = { 'generator_event_loop_delay{phase:load,scenario:light}': times(10, 900) };
const late = { [lateness]: times(100, 400) };

/** A slow target and a slow generator are never confused. */
const blame: [what: string, ...Parameters<typeof verdictOf>, status: string, kinds: string[]][] = [
  ['nothing wrong', {}, {}, 'pass', []],
  ['a slow target', slow, {}, 'fail', ['threshold: fail']],
  ['a target that cannot keep up', { ...slow, ...dropped }, {}, 'fail', ['dropped: fail', 'threshold: fail']],
  ['a target out of descriptors', slow, { 'HTTP 503': 9, ECONNRESET: 9 }, 'fail', ['threshold: fail']],
  ['a blocked generator, and all holds', blocked, {}, 'pass', ['saturated: warning']],
  ['a generator out of descriptors once', {}, { 'generator: EMFILE': 1 }, 'pass', ['saturated: warning']],
  [
    'a generator out of descriptors for half of its work: that was never sent',
    {},
    { 'generator: EMFILE': 50 },
    'invalid',
    ['saturated: warning', 'saturated: invalid'],
  ],
  ['both', { ...slow, ...blocked }, {}, 'invalid', ['saturated: invalid', 'threshold: invalid']],
  [
    'a slow target beside a process of another scenario',
    { ...slow, ...blockedElsewhere },
    {},
    'fail',
    ['saturated: warning', 'threshold: fail'],
  ],
  ['drops of a late generator', { ...late, ...dropped }, {}, 'invalid', ['lateness: invalid', 'dropped: invalid']],
  [
    'drops of a generator out of ports',
    dropped,
    { 'generator: EADDRNOTAVAIL': 4 },
    'invalid',
    ['saturated: invalid', 'dropped: invalid'],
  ],
  [
    'drops beside a process of the same scenario that is blocked',
    { ...blocked, ...dropped },
    {},
    'invalid',
    ['saturated: invalid', 'dropped: invalid'],
  ],
  [
    'drops on a saturated machine',
    { [machine]: times(20, 100), ...dropped },
    {},
    'invalid',
    ['saturated: invalid', 'dropped: invalid'],
  ],
  [
    'drops on a machine whose time is stolen',
    { [steal]: times(20, 40), ...dropped },
    {},
    'invalid',
    ['saturated: invalid', 'dropped: invalid'],
  ],
  [
    'drops while another scenario’s process is blocked: these are still the target’s',
    { ...blockedElsewhere, ...dropped },
    {},
    'fail',
    ['saturated: warning', 'dropped: fail'],
  ],
  [
    'a container throttled most of the time, and a miss',
    { ...slow, 'machine_throttled_percent{phase:load,scenario:relay}': times(20, 80) },
    {},
    'invalid',
    ['saturated: invalid', 'threshold: invalid'],
  ],
  [
    'one long collection of garbage beside a target that is slow by a factor',
    { ...slow, [pause]: [...times(10, 5), ...times(3, 127)] },
    {},
    'fail',
    ['saturated: warning', 'threshold: fail'],
  ],
  [
    'one long collection of garbage beside a close miss',
    { 'http_req_duration{scenario:relay}': times(100, 520), [pause]: [...times(10, 5), ...times(3, 127)] },
    {},
    'invalid',
    ['saturated: invalid', 'threshold: invalid'],
  ],
  [
    'one long collection of garbage, and all holds',
    { [pause]: [...times(10, 5), ...times(3, 144)] },
    {},
    'pass',
    ['saturated: warning'],
  ],
  [
    'a generator so late that half of the load was not sent, and all holds',
    { [lateness]: [...times(50, 1), ...times(50, 4_000)] },
    {},
    'invalid',
    ['lateness: warning', 'saturated: invalid'],
  ],
];

for (const [what, measured, errors, status, kinds] of blame) {
  test(`${what}: ${status}`, () => {
    assert.deepEqual(verdictOf(measured, errors), { status, kinds });
  });
}

test('of merged shards each machine is looked at by itself, and the worst is told of', () => {
  const shard = (number: number, percent: number, startedAt: number) => ({
    shard: number,
    startedAt,
    store: storeOf({ [machine]: times(10, percent) }),
    slices: [sliceOf('relay')],
    errors: (number === 2 ? { 'generator: EMFILE': 3 } : {}) as Record<string, number>,
  });
  const merged = [...Array.from({ length: 99 }, (_, i) => shard(i + 2, 20, 2_000)), shard(1, 99, 1_000)];
  const all = { [machine]: [...times(990, 20), ...times(10, 99)] };
  assert.deepEqual(saturated(all), [], 'together they are idle');
  const facts = factsOf(all, { shards: { merged } });
  const health = healthOf(facts);
  assert.deepEqual(
    health.signals.map(({ signal, shard, ok }) => [signal, shard, ok]),
    [
      ['machine-cpu', 1, false],
      ['exhausted', 2, false],
    ],
  );
  assert.equal(health.shardSpreadMs, 1_000);
  const kinds = (maxShardSpreadMs: number) =>
    startFindings({ ...facts, limits: { ...limits, maxShardSpreadMs } }, health).map(({ kind }) => kind);
  assert.deepEqual(kinds(1_000), []);
  assert.deepEqual(kinds(999), ['shard-spread']);
});
