/** A machine that is full for some seconds of a run, and not in its mean. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuiltinMetric } from '../measure/metrics.ts';
import type { Phase } from '../measure/time-axis.ts';
import { caseOf, sliceOf } from './case.fixture.ts';
import { kindOf } from './findings/index.ts';
import { type Case, judge } from './judge.ts';
import { loadOf, storeOver, times } from './store.fixture.ts';
import { undecidedText } from './words/doubts.ts';

const phases: Phase[] = [
  { name: 'calm', startMs: 0, endMs: 20_000, load: 0 },
  { name: 'load', startMs: 20_000, endMs: 120_000, load: 1 },
];

interface Made {
  /** Of the seconds from and to which the machine is full, and of what slows the target; default: none. */
  full?: [from: number, to: number][];
  slow?: [from: number, to: number][];
  signal?: BuiltinMetric;
  thresholds?: Case['thresholds'];
  also?: (second: number) => Record<string, number[]>;
  slices?: Case['slices'];
  answers?: Case['answers'];
  shards?: Case['shards'];
}

/** A run of 120 s with 20 requests a second of 10 ms, or of 900. */
function run({ full = [], slow = [], signal = 'machine_cpu_percent', also = () => ({}), ...rest }: Made) {
  const isIn = (spans: [number, number][], second: number) => spans.some(([from, to]) => second >= from && second < to);
  const { verdict, findings } = judge(
    caseOf({
      durationMs: 120_000,
      phases,
      store: storeOver(120, (second) => {
        const phase = second < 20 ? 'calm' : 'load';
        const busy = signal === 'machine_cpu_percent' ? [100, 50] : [50, 0];
        return {
          [`${signal}{phase:${phase},scenario:relay}`]: [isIn(full, second) ? busy[0]! : busy[1]!],
          [`iterations{phase:${phase},scenario:relay}`]: [20],
          [`generator_lateness{phase:${phase},scenario:relay}`]: times(20, 1),
          [`http_req_blocked{phase:${phase},scenario:relay}`]: times(20, 1),
          [`http_req_duration{phase:${phase},scenario:relay}`]: times(20, isIn(slow, second) ? 900 : 10),
          [`http_reqs{phase:${phase},scenario:relay}`]: [20],
          ...also(second),
        };
      }),
      scenarios: [{ ...loadOf('relay'), endMs: 120_000, maxFailed: 0.1 }],
      thresholds: { http_req_duration: ['p(99)<500'] },
      ...rest,
    }),
  );
  return { status: verdict.status, thresholds: verdict.thresholds, findings };
}

test('what only the times of a full machine missed is undecided, with these times', () => {
  const { status, thresholds, findings } = run({ full: [[60, 70]], slow: [[59, 71]] });
  assert.equal(status, 'invalid');
  assert.deepEqual(
    findings.filter(({ kind }) => kind === 'saturated').map((one) => kindOf(one).sentence(one)),
    [
      'The generator was saturated: mean CPU use of the whole machine under load from 01:00 to 01:10 was 100 % over 10 readings; allowed 95 %.',
    ],
  );
  const [{ decided, doubts } = assert.fail('no threshold')] = thresholds;
  assert.equal(decided, false);
  assert.deepEqual(doubts, [
    { by: 'machine-cpu', observed: 1, allowed: 0.95, unit: 'ratio', times: [{ startMs: 60_000, endMs: 70_000 }] },
  ]);
  assert.equal(
    undecidedText(doubts!),
    'Undecided: machine CPU from 01:00 to 01:10 100 % (allowed 95 %) may be the cause.',
  );
});

test('steal and throttling likewise, and several times of it are one doubt', () => {
  for (const signal of ['machine_steal_percent', 'machine_throttled_percent'] as const) {
    const full: [number, number][] = [
      [40, 44],
      [60, 64],
    ];
    const { status, thresholds } = run({ signal, full, slow: full });
    assert.equal(status, 'invalid');
    assert.match(undecidedText(thresholds[0]!.doubts!), / from 00:40 to 00:44 and 1 time more 50 % \(allowed 10 %\)/);
  }
});

test('of merged shards each machine is looked at by itself: in their mean none is full', () => {
  const shard = (number: number, full: [from: number, to: number][]) => ({
    ...{ shard: number, startedAt: 1_000, slices: [sliceOf('relay')], errors: {} },
    store: storeOver(120, (second) => ({
      'machine_cpu_percent{phase:load,scenario:relay}': [full.some(([a, b]) => second >= a && second < b) ? 100 : 50],
    })),
  });
  const judged = (...full: [from: number, to: number][][]) => {
    const merged = full.map((own, i) => shard(i + 1, own));
    const shards = { expected: merged.length, merged, missingSlices: 0 };
    const slow: [number, number][] = [
      [62, 66],
      [90, 94],
    ];
    const { status, thresholds, findings } = run({ slow, shards });
    const told = findings.flatMap((one) => (one.kind === 'saturated' ? [[one.shard, one.times]] : []));
    return [status, thresholds[0]!.doubts?.map(({ by, shard: which }) => [by, which]), told];
  };
  const spans = [
    { startMs: 60_000, endMs: 68_000 },
    { startMs: 89_000, endMs: 95_000 },
  ];
  const [first, second] = [[60, 68] as [number, number], [89, 95] as [number, number]];
  const machine = (number: number) => [['machine-cpu', number]];
  assert.deepEqual(judged([], [first, second]), ['invalid', machine(2), [[2, spans]]]);
  assert.deepEqual(
    judged([second], [], [first]),
    ['invalid', machine(3), [[3, spans.slice(0, 1)]]],
    'the worst is told',
  );
  assert.deepEqual(judged([], [first]), ['fail', undefined, []], 'other times miss it too');
  assert.deepEqual(judged([], []), ['fail', undefined, []]);
});

const decided: [what: string, made: Made, status: string][] = [
  ['what other times miss as well is missed', { full: [[60, 70]], slow: [[50, 70]] }, 'fail'],
  ['two full seconds are a hiccup', { full: [[60, 62]], slow: [[60, 62]] }, 'fail'],
  ['seconds that are full at other times are no excuse', { full: [[60, 70]], slow: [[80, 90]] }, 'fail'],
  ['what holds in spite of a full machine holds', { full: [[60, 70]] }, 'pass'],
  [
    'the target’s own figures are what they are',
    {
      full: [[60, 70]],
      thresholds: { target_cpu_percent: ['p(99)<90'] },
      also: (second) => ({ 'target_cpu_percent{phase:load}': times(20, second >= 60 && second < 70 ? 99 : 10) }),
    },
    'fail',
  ],
];
for (const [what, made, expected] of decided) {
  test(`${what}: ${expected}`, () => {
    const { status, thresholds } = run(made);
    assert.equal(status, expected);
    assert.ok(thresholds.every((one) => one.decided));
  });
}

test('a threshold of a phase is about its times alone, and a reference that was inflated is none', () => {
  const inflated = { full: [[5, 15]], slow: [[5, 15]] } satisfies Made;
  const against = (phase: string) => ({ [`http_req_duration{phase:${phase}}`]: ['p(95)<500'] });
  assert.equal(run({ ...inflated, thresholds: against('calm') }).status, 'invalid');
  assert.equal(run({ ...inflated, thresholds: against('load') }).status, 'pass');
  const compared = { http_req_duration: ['p(90)<1.5*calm'] };
  const slowLoad = {
    full: [[5, 15]],
    slow: [
      [5, 15],
      [20, 120],
    ],
  } satisfies Made;

  assert.equal(run({ ...slowLoad, thresholds: compared }).status, 'invalid', 'it holds beside a calm that was slow');
  assert.equal(run({ ...slowLoad, full: [], thresholds: compared }).status, 'pass');
});

test('windows: those with such a time in them are unknown where they are missed', () => {
  const thresholds = { http_req_duration: [{ threshold: 'p(95)<500', every: '10s' }] };
  const slow: [number, number][] = [[61, 69]];
  const one = run({ full: [[60, 70]], slow, thresholds });
  assert.equal(one.status, 'invalid');
  assert.equal(one.thresholds[0]!.doubts![0]!.by, 'machine-cpu');
  assert.equal(run({ full: [[40, 50]], slow, thresholds }).status, 'fail');
});

test('of work that was asked for, those times may lack their part', () => {
  const lacking = (second: number): Record<string, number[]> =>
    second >= 60 && second < 70 ? { 'iterations{phase:load,scenario:relay}': [0] } : {};
  const asked = (spec: string) => ({ iterations: [spec] });
  for (const spec of ['count>2250', 'rate>19']) {
    assert.equal(run({ full: [[60, 70]], also: lacking, thresholds: asked(spec) }).status, 'invalid', spec);
    assert.equal(run({ also: lacking, thresholds: asked(spec) }).status, 'fail', spec);
  }
  assert.equal(run({ full: [[60, 70]], also: lacking, thresholds: asked('count>2600') }).status, 'fail');
});

test('arrivals that were dropped at such a time are nobody’s, others the target’s', () => {
  const dropped = (second: number): Record<string, number[]> =>
    second >= 60 && second < 70 ? { 'dropped_iterations{phase:load,scenario:relay}': [20] } : {};
  assert.equal(run({ also: dropped }).status, 'fail');
  assert.equal(run({ full: [[60, 70]], also: dropped }).status, 'invalid');
  assert.equal(run({ full: [[80, 90]], also: dropped }).status, 'fail');
});

const failedIn =
  (from: number, to: number) =>
  (second: number): Record<string, number[]> => ({
    'iteration_failed{op:read,phase:load,scenario:relay}': times(20, second >= from && second < to ? 1 : 0),
  });

test('what timed out at such a time is nobody’s, what fails at other times or with an answer the target’s', () => {
  const failing = (error: string) => [sliceOf('relay', 0, { errors: { [error]: 200 } })];
  const of = (made: Made) =>
    run({ thresholds: {}, slices: failing('request timed out'), also: failedIn(60, 75), ...made });
  assert.equal(of({}).status, 'fail');
  const saturated = (made: Made) => of(made).findings.filter((one) => one.kind === 'saturated');
  assert.equal(of({ full: [[60, 75]] }).status, 'invalid');
  assert.deepEqual(
    saturated({ full: [[60, 75]] }).map(({ times }) => times),
    [[{ startMs: 60_000, endMs: 75_000 }]],
  );
  const whole = saturated({ full: [[20, 120]] });
  assert.deepEqual(
    whole.map(({ severity, times }) => [severity, times]),
    [['invalid', undefined]],
    'of a machine that is full all the time its times are not told as well',
  );
  assert.equal(of({ full: [[80, 90]] }).status, 'fail');
  assert.equal(of({ full: [[60, 75]], also: failedIn(40, 75) }).status, 'fail', 'other times have too many as well');
  assert.equal(of({ full: [[60, 75]], slices: failing('HTTP 500') }).status, 'fail');
});

test('availability that only such a time missed is undecided', () => {
  const answers = { objectives: {}, availability: { everyMs: 10_000, requests: 0.99 } };
  const of = (made: Made) =>
    run({ thresholds: {}, answers, ...made }).findings.find(({ kind }) => kind === 'availability');
  const lost = failedIn(60, 65);
  assert.equal(of({ also: lost })!.severity, 'fail');
  assert.equal(of({ also: lost, full: [[60, 70]] })!.severity, 'invalid');
  assert.equal(of({ also: lost, full: [[80, 90]] })!.severity, 'fail');
  assert.equal(of({ also: failedIn(60, 61), full: [[60, 70]] }), undefined, 'it holds all the same');
});

const short: Phase[] = [
  { name: 'calm', startMs: 0, endMs: 2_000, load: 0 },
  { name: 'load', startMs: 2_000, endMs: 10_000, load: 1 },
];

/** A run of 10 s whose machine is full in its third second, in which requests may be slow. */
function briefly(second: { isSlow: boolean; later?: number }, thresholds: Case['thresholds']) {
  const { verdict, findings } = judge(
    caseOf({
      durationMs: 10_000,
      phases: short,
      store: storeOver(10, (at) => {
        const [phase, isFull] = [at < 2 ? 'calm' : 'load', at === 2];
        const slowMs = at === 2 && second.isSlow ? 900 : 10;
        return {
          [`machine_cpu_percent{phase:${phase},scenario:relay}`]: [isFull ? 100 : 50],
          [`iterations{phase:${phase},scenario:relay}`]: [5],
          [`generator_lateness{phase:${phase},scenario:relay}`]: times(5, 1),
          [`http_req_duration{phase:${phase},scenario:relay}`]: times(5, at > 5 ? (second.later ?? slowMs) : slowMs),
        };
      }),
      scenarios: [{ ...loadOf('relay'), endMs: 10_000 }],
      thresholds,
    }),
  );
  return { status: verdict.status, by: verdict.thresholds[0]!.doubts?.map(({ by }) => by), findings };
}

test('of a short run one full second is enough to doubt what it alone missed, and no reason to doubt what holds', () => {
  const asked = { 'http_req_duration{phase:load}': ['p(95)<500'] };
  const missed = briefly({ isSlow: true }, asked);
  assert.deepEqual([missed.status, missed.by], ['invalid', ['machine-cpu']]);
  assert.match(
    missed.findings.map((one) => kindOf(one).sentence(one)).join(),
    /saturated: .* from 00:02 to 00:03 was 100 %/,
  );
  assert.equal(briefly({ isSlow: true, later: 900 }, asked).status, 'fail', 'other seconds miss it too');
  assert.equal(briefly({ isSlow: false, later: 900 }, asked).status, 'fail');
  assert.equal(briefly({ isSlow: false }, asked).status, 'pass');
  const few = { 'http_req_duration{phase:load}': [{ threshold: 'p(95)<500', minSamples: 35 }] };
  assert.equal(briefly({ isSlow: true, later: 900 }, few).status, 'fail', 'too few are left, which miss it too');
  assert.equal(briefly({ isSlow: true }, few).status, 'invalid');
  const compared = { http_req_duration: [{ threshold: 'p(75)<3*calm', minSamples: 10 }] };
  assert.equal(briefly({ isSlow: true }, compared).status, 'pass', 'beside it the calm has too few, and it holds');
});
