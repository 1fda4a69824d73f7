import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics, type MetricDefinition } from '../measure/metrics.ts';
import { caseOf } from './case.fixture.ts';
import { parseExpression } from './expression.ts';
import { type Case, judge } from './judge.ts';
import { calmAndLoad, loadOf, storeOf, times } from './store.fixture.ts';
import {
  type Claim,
  doubtsOf,
  mayTimeOut,
  type Push,
  type Quantity,
  quantityOf,
  RULES,
  type Rule,
  type Suspect,
  suspects,
} from './validity.ts';
import type { Finding, HealthSignal } from './verdict.ts';

const QUANTITIES: Quantity[] = [
  'slowness',
  'page',
  'failure',
  'success',
  'work',
  'lost',
  'target',
  'generator',
  'unknown',
];

/** Where each quantity goes, in the order of QUANTITIES: `u`p, `d`own, `b`oth, or nowhere. */
const TABLE: Record<keyof typeof RULES, [scope: Rule['scope'], pushes: string, timesOut: boolean]> = {
  lateness: ['process', 'u - u d d u - - b', true],
  'event-loop-delay': ['process', 'u - u d d u - - b', true],
  'gc-pause': ['process', 'u - u d d u - - b', false],
  'generator-cpu': ['process', 'u - u d d u - - b', true],
  'machine-cpu': ['machine', 'u u u d d u - - b', true],
  steal: ['machine', 'u u u d d u - - b', true],
  throttled: ['machine', 'u u u d d u - - b', true],
  'control-page': ['machine', 'u u u d d u - - b', true],
  exhausted: ['machine', '- - u d d u - - b', true],
  delivered: ['run', 'd d d u d d b - b', false],
  'late-start': ['run', 'd d d u d d b - b', false],
  'shard-spread': ['run', 'd d d u d d b - b', false],
  'missing-slice': ['run', 'd d d u d d b - b', false],
  'missing-shard': ['run', 'd d d u d d b - b', false],
  'foreign-shard': ['run', 'd d d u d d b - b', false],
  crashed: ['run', 'd d d u d d b - b', false],
  interrupted: ['run', 'b b b b b b b - b', false],
  aborted: ['run', '- - - - d d - - -', false],
  'less-asked': ['run', '- - - - d - - - -', false],
};
const PUSHES: Record<string, Push> = { u: 'up', d: 'down', b: 'both', '-': 'none' };

/** A figure on either side of its limit, asked for more of or less of. */
const CLAIMS: [name: string, operator: Claim['operator'], observed: number, limit: number, turnedBy: Push[]][] = [
  ['`<` missed', '<', 0.8, 0.5, ['up', 'both']],
  ['`<` held', '<', 0.2, 0.5, ['down', 'both']],
  ['`>` missed', '>', 0.2, 0.5, ['down', 'both']],
  ['`>` held', '>', 0.8, 0.5, ['up', 'both']],
  ['`==` missed', '==', 0.2, 0.5, ['up', 'down', 'both']],
  ['`==` held', '==', 0.5, 0.5, ['up', 'down', 'both']],
];

/** What a signal of the load is known of, and one of the calm before it. */
const underLoad = { names: ['load'], areQuiet: false, andLater: ['load'] };
const inCalm = { names: ['calm'], areQuiet: true, andLater: ['calm', 'load'] };
/** What is no signal concerns the whole run. */
const isFinding = (by: string) =>
  /^(late-start|shard-spread|missing-|foreign-|crashed|interrupted|aborted|less-asked)/.test(by);

/** `relay` and `light` measure everything that is asked for without naming one of them, `idle` nothing. */
const measures = (_: string, __: object, scenario: string) => scenario !== 'idle';

function doubts(suspect: Suspect, claim: Partial<Claim>): number {
  const missed = { metric: 'm', tags: {}, quantity: 'slowness', operator: '<', observed: 0.8, limit: 0.5 } as const;
  return doubtsOf({ ...missed, ...claim }, [suspect], measures).length;
}

test('the rule names every signal, once', () => {
  assert.deepEqual(Object.keys(TABLE).sort(), Object.keys(RULES).sort());
});

for (const [by, [scope, row, timesOut]] of Object.entries(TABLE) as [keyof typeof RULES, (typeof TABLE)['steal']][]) {
  const rule = RULES[by];
  const suspect: Suspect = {
    doubt: { by, ...(scope === 'process' && { scenario: 'relay' }) },
    rule,
    ...(!isFinding(by) && { phases: underLoad }),
  };

  test(`${by}: what it moves, and which claims that turns`, () => {
    assert.equal(rule.scope, scope);
    const pushes = row.split(' ').map((letter) => PUSHES[letter]!);
    for (const [at, quantity] of QUANTITIES.entries()) {
      const push = pushes[at]!;
      assert.equal(rule.pushes[quantity], push, quantity);
      for (const [name, operator, observed, limit, turnedBy] of CLAIMS) {
        const isKept = rule.ofMisses && name.endsWith('held');
        const expected = turnedBy.includes(push) && !isKept ? 1 : 0;
        assert.equal(doubts(suspect, { quantity, operator, observed, limit }), expected, `${quantity} ${name}`);
      }
    }
  });

  test(`${by}: whom it reaches`, () => {
    const quantity = rule.pushes.lost === 'none' ? 'work' : 'lost';
    const missedBy = rule.pushes[quantity] === 'down' ? ({ operator: '>', observed: 0.2 } as const) : {};
    const reaches = (tags: Claim['tags'], other = suspect, phases?: string[]) =>
      doubts(other, { quantity, tags, phases, ...missedBy }) === 1;
    const everybody = scope !== 'process';
    assert.ok(reaches({ scenario: 'relay' }));
    assert.ok(reaches({ journey: 'relay' }));
    assert.ok(reaches({}), 'it measured some of what is asked for without a name');
    assert.equal(reaches({ scenario: 'light' }), everybody);
    assert.equal(reaches({}, { ...suspect, doubt: { ...suspect.doubt, scenario: 'idle' } }), everybody);
    assert.ok(reaches({ scenario: 'relay' }, suspect, ['load']));
    assert.equal(reaches({ scenario: 'relay' }, suspect, ['calm']), isFinding(by), 'the calm was before it');
  });

  test(`${by}: whether work may have timed out for it`, () => {
    assert.equal(mayTimeOut(suspect, 'relay'), timesOut);
    assert.equal(mayTimeOut(suspect, 'light'), timesOut && scope !== 'process');
    assert.equal(mayTimeOut({ ...suspect, phases: inCalm }, 'relay'), false);
  });
}

/** A pause of 100 ms; the process was at work for a tenth of its worst interval, and 1 % in the mean. */
const cost = { stallMs: 100, worstShare: 0.1, meanShare: 0.01 };

test('a pause is no doubt of what is further off than it can have moved a figure', () => {
  const pause: Suspect = { doubt: { by: 'gc-pause', scenario: 'relay' }, rule: RULES['gc-pause'], cost };
  const table: [quantity: Quantity, operator: Claim['operator'], observed: number, limit: number, doubted: boolean][] =
    [
      // Twice 100 ms, and a tenth of 1,000 ms.
      ['slowness', '<', 1_000, 710, true],
      ['slowness', '<', 1_000, 690, false],
      ['slowness', '>', 1_000, 710, true],
      ['slowness', '>', 1_000, 690, false],
      // Twice 1 % of the samples.
      ['failure', '<', 0.06, 0.05, true],
      ['failure', '<', 0.08, 0.05, false],
      ['success', '>', 0.94, 0.95, true],
      ['success', '>', 0.92, 0.95, false],
      // A tenth more would have been done.
      ['work', '>', 95, 100, true],
      ['work', '>', 85, 100, false],
      // Of what is counted as lost nothing is known.
      ['lost', '<', 1_000, 1, true],
    ];
  for (const [quantity, operator, observed, limit, doubted] of table) {
    const claim = { quantity, operator, observed, limit };
    assert.equal(doubts(pause, claim), doubted ? 1 : 0, JSON.stringify(claim));
  }
  const short: Suspect = { ...pause, cost: { ...cost, totalMs: 150 } };
  assert.equal(doubts(short, { observed: 1_000, limit: 860 }), 1);
  assert.equal(doubts(short, { observed: 1_000, limit: 840 }), 0, 'all pauses together were 150 ms');
});

test('a reference that was inflated makes what holds beside it undecided, and is no excuse for a miss', () => {
  const calm = (more?: Suspect['cost']): Suspect => ({
    doubt: { by: 'event-loop-delay', scenario: 'light', phase: 'calm' },
    rule: RULES['event-loop-delay'],
    cost: more,
    phases: inCalm,
  });
  const tags = { journey: 'light' };
  const reference = { phase: 'calm', factor: 3 };
  const claim = { metric: 'browser_web_vital_lcp', tags, phases: ['load'], reference };
  const table: [what: string, claim: Partial<Claim>, suspect: Suspect, doubted: boolean][] = [
    ['it holds', { observed: 290, limit: 300 }, calm(), true],
    ['it is missed: with a quicker calm the more', { observed: 400, limit: 300 }, calm(), false],
    ['it holds by more than the pause can have made', { observed: 290, limit: 3_000 }, calm(cost), false],
    ['it holds by less', { observed: 2_800, limit: 3_000 }, calm(cost), true],
    ['it asks for more than in the calm', { operator: '>', observed: 290, limit: 300 }, calm(), true],
    ['another journey', { observed: 290, limit: 300, tags: { journey: 'power' } }, calm(), false],
    ['a figure of the load alone', { observed: 800, limit: 500, reference: undefined }, calm(), false],
    ['a figure of both', { observed: 800, limit: 500, reference: undefined, phases: undefined }, calm(), true],
  ];
  for (const [what, changes, suspect, doubted] of table) {
    assert.equal(doubts(suspect, { ...claim, ...changes }), doubted ? 1 : 0, what);
  }
  const loaded: Suspect = { ...calm(), doubt: { by: 'event-loop-delay', scenario: 'light' }, phases: underLoad };
  assert.equal(doubts(loaded, { ...claim, observed: 400, limit: 300 }), 1, 'slow under load, and missed');
  assert.equal(doubts(loaded, { ...claim, observed: 290, limit: 300 }), 0, 'slow under load, and holds all the same');
});

test('what a figure tells of', () => {
  const own = (type: MetricDefinition['type'], contains: MetricDefinition['contains'] = 'default') => ({
    type,
    contains,
  });
  const table: [definition: MetricDefinition, expression: string, quantity: Quantity][] = [
    [builtinMetrics.http_req_duration, 'p(95)<500', 'slowness'],
    [builtinMetrics.http_req_duration, 'count>100', 'work'],
    [builtinMetrics.http_req_failed, 'rate<0.1', 'failure'],
    [builtinMetrics.dropped_iterations, 'count<1', 'lost'],
    [builtinMetrics.checks, 'rate>0.9', 'success'],
    [builtinMetrics.iterations, 'rate>10', 'work'],
    [builtinMetrics.target_memory_bytes, 'max<1000', 'target'],
    [builtinMetrics.generator_lateness, 'p(99)<10', 'generator'],
    [builtinMetrics.browser_web_vital_cls, 'p(75)<0.1', 'page'],
    [builtinMetrics.browser_step_duration, 'p(75)<100', 'slowness'],
    [builtinMetrics.vus, 'max<10', 'unknown'],
    [own('trend', 'time'), 'p(95)>10', 'slowness'],
    [own('trend'), 'p(95)<10', 'slowness'],
    [own('trend'), 'p(95)>10', 'unknown'],
    [own('rate'), 'rate>0.9', 'success'],
    [own('rate'), 'rate<0.1', 'failure'],
    [own('counter'), 'count>0', 'work'],
    [own('counter'), 'count<1', 'lost'],
    [own('counter'), 'count==0', 'unknown'],
    [own('gauge'), 'value<1', 'unknown'],
  ];
  for (const [definition, expression, quantity] of table) {
    assert.equal(
      quantityOf(definition, parseExpression(expression)!),
      quantity,
      `${expression} of a ${definition.type}`,
    );
  }
});

test('each finding that may have moved figures is a suspect, and no other', () => {
  const findings: Finding[] = [
    { kind: 'late-start', severity: 'warning', scenario: 'relay', slice: 1, lateMs: 2_000, allowedMs: 1_000 },
    { kind: 'shard-spread', severity: 'invalid', spreadMs: 40_000, allowedMs: 30_000, first: 1, last: 2 },
    { kind: 'missing-slice', severity: 'invalid', scenario: 'relay', slice: 1, of: 2, cause: 'x' },
    { kind: 'missing-shard', severity: 'invalid', shards: [2], of: 2 },
    { kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 1, ofMs: 2 },
    { kind: 'nothing-measured', severity: 'invalid' },
    { kind: 'cut-off', severity: 'warning', scenario: 'relay', interrupted: 3 },
  ];
  assert.deepEqual(
    suspects([], findings, calmAndLoad).map(({ doubt }) => doubt),
    [
      { by: 'late-start', scenario: 'relay', observed: 2_000, allowed: 1_000, unit: 'ms' },
      { by: 'shard-spread', observed: 40_000, allowed: 30_000, unit: 'ms' },
      { by: 'missing-slice', scenario: 'relay' },
      { by: 'missing-shard' },
      { by: 'interrupted' },
    ],
  );
  const crashed = suspects(
    [],
    [{ kind: 'crashed', severity: 'invalid', scenario: 'relay', slice: 0, error: 'x' }],
    calmAndLoad,
  );
  // Of its own scenario nothing is known, of the others only that there was less load beside them.
  const missed = (scenario: string) =>
    doubtsOf(
      { metric: 'm', tags: { scenario }, quantity: 'slowness', operator: '<', observed: 2, limit: 1 },
      crashed,
      measures,
    ).length;
  assert.deepEqual([missed('relay'), missed('light')], [1, 0]);
  const healthy: HealthSignal = { signal: 'steal', observed: 0, allowed: 1, unit: 'ratio', count: 9, ok: true };
  assert.deepEqual(suspects([healthy], [], calmAndLoad), []);
});

type Measured = Record<string, number[]>;

/** Judges a run of these scenarios, each in one slice. */
function judged(measured: Measured, changes: Partial<Omit<Case, 'store'>> = {}) {
  const store = storeOf({ 'iterations{scenario:relay}': [100], ...measured });
  const { verdict, findings } = judge(caseOf({ store, ...changes }));
  return {
    status: verdict.status,
    undecided: verdict.thresholds.flatMap(({ expression, decided }) => (decided ? [] : [expression])),
    doubts: verdict.thresholds.flatMap((one) => one.doubts ?? []),
    kinds: findings.map(({ kind, severity }) => `${kind}: ${severity}`),
  };
}

const relay = {
  'checks{check:ok,scenario:relay}': times(100, 1),
  'http_req_duration{scenario:relay}': times(100, 400),
};
const asked = {
  'checks{scenario:relay}': ['rate>0.9'],
  'http_req_duration{scenario:relay}': ['p(95)<500', 'med>100', 'p(99)<300'],
  'iterations{scenario:relay}': ['count>50', 'rate>90'],
};

test('a load that was not delivered: what holds is undecided, but for how much was done; what is missed is missed', () => {
  const lateness = (late: number, ms: number) => ({
    'generator_lateness{phase:load,scenario:relay}': [...times(100 - late, 1), ...times(late, ms)],
  });
  const half = judged({ ...relay, ...lateness(50, 4_000) }, { thresholds: asked });
  // `p(99)<300` is missed beside a late generator; `rate>90` (10/s) may be missed for what was not sent.
  assert.deepEqual(half.undecided, ['rate>0.9', 'p(95)<500', 'med>100', 'p(99)<300', 'rate>90']);
  assert.equal(half.status, 'invalid');
  const all = judged({ ...relay, ...lateness(0, 0) }, { thresholds: asked });
  assert.deepEqual([all.undecided, all.status], [[], 'fail']);
});

test('of a run that was made smaller: what it misses of work is undecided where the whole would have done it, and all else is as it is', () => {
  const worked = (share: Case['share'], thresholds: Case['thresholds']) => {
    const { status, undecided, doubts, kinds } = judged(relay, { share, thresholds });
    assert.ok(kinds.includes('less-asked: warning'));
    return [status, undecided, doubts.map(({ by, observed }) => [by, observed])];
  };
  // 100 iterations in 10 s.
  const rate = { 'iterations{scenario:relay}': ['rate>40'] };
  const fifth = { load: 0.2, time: 1 };
  assert.deepEqual(worked(fifth, rate), ['invalid', ['rate>40'], [['less-asked', 0.2]]]);
  assert.deepEqual(worked({ load: 0.5, time: 1 }, rate), ['fail', [], []], 'the whole would miss it too');
  assert.deepEqual(worked({ load: 1, time: 0.2 }, rate), ['fail', [], []], 'as often as ever, only shorter');
  const number = { 'iterations{scenario:relay}': ['count>900'] };
  for (const [load, time] of [
    [1, 0.1],
    [0.4, 0.25],
  ] as const) {
    assert.deepEqual(worked({ load, time }, number), ['invalid', ['count>900'], [['less-asked', 0.1]]]);
  }
  assert.deepEqual(worked({ load: 1, time: 0.5 }, number), ['fail', [], []]);
  const holding = { 'iterations{scenario:relay}': ['count>90', 'rate<50'], http_req_duration: ['p(95)<500'] };
  assert.deepEqual(worked(fifth, holding), ['pass', [], []]);
  assert.deepEqual(worked(fifth, { http_req_duration: ['p(95)<300'] }), ['fail', [], []]);
});

test('a closed model whose own process was what the VUs waited for delivered less than was asked for', () => {
  const busy = (percent: number) => ({
    ...relay,
    'generator_busy_percent{phase:load,scenario:relay}': times(10, percent),
  });
  const closed = (vus: number) => ({
    thresholds: {
      ...asked,
      'http_req_duration{scenario:relay}': ['p(95)<500'],
      'iterations{scenario:relay}': ['count>50'],
    },
    scenarios: [{ ...loadOf('relay', vus), isOpen: false }],
  });
  const own = judged(busy(98), closed(2));
  assert.deepEqual(own.undecided, ['rate>0.9', 'p(95)<500']);
  assert.deepEqual([own.status, own.doubts[0]?.by, own.kinds], ['invalid', 'delivered', ['saturated: invalid']]);
  assert.deepEqual(judged(busy(60), closed(2)).status, 'pass', 'it idles, so the VUs wait for the target');
  assert.deepEqual(judged(busy(95), closed(500)).status, 'pass', 'so many wait that its own time is a small part');
  const open = { ...closed(2), scenarios: [loadOf('relay', 2)] };
  assert.deepEqual(judged(busy(98), open).status, 'pass', 'in an open model arrivals tell');
});

test('of a few browser sessions one or two that are late are a hiccup, three are not', () => {
  const visit = (late: number) => ({
    'iterations{scenario:visit}': [6],
    'browser_sessions{journey:visit}': [6],
    'browser_web_vital_lcp{journey:visit,phase:load}': times(6, 100),
    'generator_lateness{phase:load,scenario:visit}': [...times(6 - late, 1), ...times(late, 3_000)],
  });
  const journey = {
    scenarios: [{ ...loadOf('visit'), kind: 'journey' as const }],
    thresholds: { browser_web_vital_lcp: ['p(75)<2500'] },
  };
  assert.deepEqual([judged(visit(2), journey).status, judged(visit(2), journey).undecided], ['pass', []]);
  const three = judged(visit(3), journey);
  assert.deepEqual([three.status, three.undecided], ['invalid', ['p(75)<2500']]);
  assert.ok(three.kinds.includes('saturated: invalid'), three.kinds.join());
  // Too few to judge at all is told as that, not as the generator's doing.
  const few = judged({ ...visit(0), 'browser_web_vital_lcp{journey:visit,phase:load}': [100] }, journey);
  assert.deepEqual([few.status, few.kinds], ['invalid', ['no-data: invalid']]);
});

test('merged shards: one machine that was full is a doubt with its number, and none of what holds', () => {
  const cpu = 'machine_cpu_percent{phase:load,scenario:relay}';
  const end = { startLateMs: 0, durationMs: 10_000, interrupted: 0, cpuSeconds: 1 };
  const shard = (number: number, percent: number) => ({
    shard: number,
    startedAt: 1_000,
    store: storeOf({ [cpu]: times(10, percent) }),
    slices: [{ scenario: 'relay', slice: { index: number - 1 }, end }],
    errors: {},
  });
  const merged = (second: number) => ({
    shards: { expected: 2, merged: [shard(1, 20), shard(2, second)], missingSlices: 0 },
  });
  const measured = { ...relay, [cpu]: [...times(10, 20), ...times(10, 99)] };
  const miss = { 'http_req_duration{scenario:relay}': ['p(95)<300'] };
  const full = judged(measured, { thresholds: miss, ...merged(99) });
  assert.deepEqual([full.status, full.kinds], ['invalid', ['saturated: invalid', 'threshold: invalid']]);
  assert.deepEqual(
    full.doubts.map(({ by, shard }) => [by, shard]),
    [['machine-cpu', 2]],
  );
  const holds = { 'http_req_duration{scenario:relay}': ['p(95)<500'] };
  const held = judged(measured, { thresholds: holds, ...merged(99) });
  assert.deepEqual([held.status, held.kinds], ['pass', ['saturated: warning']]);
  assert.equal(judged(measured, { thresholds: miss, ...merged(50) }).status, 'fail', 'no machine by itself was full');
});

test('merged shards: the pauses of one machine make undecided what they can have made, and no more', () => {
  const end = { startLateMs: 0, durationMs: 10_000, interrupted: 0, cpuSeconds: 1 };
  const paused = storeOf({
    'generator_gc_pause{phase:load,scenario:relay}': times(20, 120),
    'generator_gc_percent{phase:load,scenario:relay}': times(10, 24),
  });
  const slices = [{ scenario: 'relay', slice: { index: 0 }, end }];
  const shards = { expected: 1, merged: [{ shard: 1, startedAt: 1_000, store: paused, slices, errors: {} }] };
  const judgedAt = (ms: number) =>
    judged(
      { ...relay, 'http_req_duration{scenario:relay}': times(100, ms) },
      {
        thresholds: { 'http_req_duration{scenario:relay}': ['p(95)<300'] },
        shards: { ...shards, missingSlices: 0 },
      },
    ).status;
  assert.deepEqual([judgedAt(500), judgedAt(2_000)], ['invalid', 'fail']);
});

test('what was wrong with the generator in a phase casts doubt on what is about it, compared with it, or about all', () => {
  const phases = ['base', 'spike', 'end'].map((name, i) => ({ name, startMs: i, endMs: i + 1, load: 1 }));
  const durations = (phase: string, ms: number) => ({
    [`http_req_duration{phase:${phase},scenario:relay}`]: times(40, ms),
  });
  const cpu = (phase: string, percent: number) => ({
    [`machine_cpu_percent{phase:${phase},scenario:relay}`]: times(20, percent),
  });
  const measured = { ...durations('base', 10), ...durations('spike', 90), ...durations('end', 14) };
  const thresholds = {
    'http_req_duration{phase:base}': ['p(95)<5'],
    'http_req_duration{phase:spike}': ['p(95)<50', 'p(95)<100'],
    'http_req_duration{phase:end}': ['p(95)<1.5*base', 'p(95)<1.1*base'],
    http_req_duration: ['p(95)<60'],
  };
  const undecided = (bad: string) =>
    judged(
      { ...measured, ...cpu('base', 20), ...cpu('spike', 20), ...cpu('end', 20), ...cpu(bad, 99) },
      { phases, thresholds },
    ).undecided;
  assert.deepEqual(undecided('spike'), ['p(95)<50', 'p(95)<60']);
  assert.deepEqual(undecided('base'), ['p(95)<5', 'p(95)<1.5*base', 'p(95)<60']);
  assert.deepEqual(undecided('end'), ['p(95)<1.1*base', 'p(95)<60']);
});

test('a load that fell short in a phase flatters it and those after it', () => {
  const phases = ['base', 'spike', 'end'].map((name, i) => ({ name, startMs: i, endMs: i + 1, load: 1 }));
  const of = (phase: string, late: number) => ({
    [`http_req_duration{phase:${phase},scenario:relay}`]: times(40, 10),
    [`generator_lateness{phase:${phase},scenario:relay}`]: [...times(40 - late, 1), ...times(late, 5_000)],
  });
  const thresholds = Object.fromEntries(
    phases.map(({ name }) => [`http_req_duration{phase:${name}}`, [`p(95)<${name.length}00`]]),
  );
  const { doubts, undecided } = judged(
    { ...of('base', 0), ...of('spike', 20), ...of('end', 0) },
    { phases, thresholds },
  );
  assert.deepEqual(undecided, ['p(95)<500', 'p(95)<300']);
  assert.deepEqual(
    doubts.map(({ by, phase }) => [by, phase]),
    [
      ['delivered', 'spike'],
      ['delivered', 'spike'],
    ],
  );
});

test('how much was done in a phase is no matter of what fell short before it', () => {
  const phases = { names: ['low'], areQuiet: false, andLater: ['low', 'full'] };
  const observed = { observed: 0.8, allowed: 0.9, unit: 'ratio' } as const;
  const short: Suspect = { doubt: { by: 'delivered', scenario: 'relay', ...observed }, rule: RULES.delivered, phases };
  const missed = { quantity: 'work', operator: '>', observed: 500, limit: 5_000 } as const;
  assert.equal(doubts(short, { ...missed, phases: ['full'] }), 0);
  assert.equal(doubts(short, { ...missed, phases: ['low'] }), 1);
  assert.equal(doubts(short, missed), 1);
  const held = { quantity: 'slowness', operator: '<', observed: 5, limit: 50 } as const;
  assert.equal(doubts(short, { ...held, phases: ['full'] }), 1);
});
