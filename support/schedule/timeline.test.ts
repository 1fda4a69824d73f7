import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhaseSpec, ProfileSpec, ScenarioSpec } from '../profile/schema.ts';
import { defaultHealth } from './health.fixture.ts';
import { Pacer } from './pacer.ts';
import { durationOf, isOpen, type OpenPlan, rateAt, shareOf, totalArrivals, valuesOf, vusOf } from './plan.ts';
import { type RunShape, runShape } from './run-shape.ts';
import { mostShards, slicesOfShard } from './slices.ts';
import { asSteered } from './steered.ts';
import { timeline } from './timeline.ts';
import { workOf } from './work.ts';

const known = { load: ['relay', 'vms'], journey: ['reader', 'writer'] };
const asIs: RunShape = { scale: 1, seed: '1' };

const arrivals = { executor: 'constant-arrival-rate', rate: 100, duration: '2m', maxVUs: 50 } as const;
const sessions = { executor: 'constant-arrival-rate', rate: 6, timeUnit: '1m', maxSessions: 4 } as const;

function timelineOf(
  scenarios: Record<string, ScenarioSpec>,
  profile: Partial<ProfileSpec> = {},
  shape: Partial<RunShape> = {},
) {
  const spec: ProfileSpec = { description: 'Of a test', scenarios, thresholds: {}, ...profile };
  return timeline({ name: 'mine', path: 'profiles/mine.json', spec }, known, { ...asIs, ...shape });
}

function planOf(...[scenarios, profile, shape]: Parameters<typeof timelineOf>) {
  return timelineOf(scenarios, profile, shape).scenarios.map(({ plan }) => plan);
}

test('defaults are filled in', () => {
  const made = timelineOf({ relay: arrivals });
  assert.deepEqual(made, {
    profile: 'mine',
    path: 'profiles/mine.json',
    description: 'Of a test',
    seed: '1',
    phases: [{ name: 'load', startMs: 0, endMs: 120_000, load: 1 }],
    durationMs: 120_000,
    intervalMs: 1_000,
    slices: 1,
    shards: 1,
    detailed: true,
    scenarios: [
      {
        name: 'relay',
        kind: 'load',
        executor: 'constant-arrival-rate',
        plan: {
          startTimeMs: 0,
          gracefulStopMs: 30_000,
          arrivals: 'uniform',
          timeUnitMs: 1_000,
          preAllocatedVUs: 50,
          maxVUs: 50,
          maxLatenessMs: 10_000,
          line: { start: 100, stages: [{ durationMs: 120_000, target: 100 }] },
        },
        slices: 1,
        mix: undefined,
        options: {},
        maxFailed: 0.5,
      },
    ],
    thresholds: {},
    answers: { objectives: {} },
    drills: [],
    health: { ...defaultHealth, maxShardSpreadMs: 12_000 },
  });
});

test('machines may begin as far apart as leaves the shortest time with load most of it', () => {
  const allowed = (...given: Parameters<typeof timelineOf>) => timelineOf(...given).health.maxShardSpreadMs;
  const lasting = (duration: string) => ({ relay: { ...arrivals, duration } });
  assert.equal(allowed(lasting('1h')), 30_000, 'no more than that');
  assert.equal(allowed(lasting('30s')), 3_000);
  assert.equal(allowed(lasting('30s'), {}, { durationMs: 60_000 }), 6_000, 'of the run as it is');
  assert.equal(allowed(lasting('5s')), 1_000, 'what is sent within a second is sent');
  assert.equal(allowed({ relay: arrivals, vms: { ...arrivals, startTime: '1m', duration: '20s' } }), 2_000);
  const phases = [
    { name: 'idle', duration: '1s', load: 0 },
    { name: 'baseline', duration: '10m', load: 1 },
    { name: 'spike', duration: '15s', load: 5 },
  ];
  assert.equal(allowed({ relay: { ...arrivals, duration: undefined } }, { phases }), 1_500);
  assert.equal(allowed(lasting('30s'), { health: { minDelivered: 0.8 } }), 6_000);
  assert.equal(allowed(lasting('30s'), { health: { maxShardSpread: '30s' } }), 30_000, 'as the profile says');
});

test('what a profile says goes before the defaults', () => {
  const health = {
    maxLateness: '1s',
    maxStartSpread: '2s',
    maxShardSpread: '6s',
    maxDropped: 0.1,
    minDelivered: 0.8,
    maxEventLoopDelay: '4s',
    maxGeneratorCpu: 80,
    maxGcPause: '5s',
    maxMachineCpu: 70,
    maxSteal: 0,
    maxThrottled: 0,
    maxControlSlowdown: 2,
    targetDownAfter: '3s',
  };
  const relay = { ...arrivals, mix: { push: 1 }, options: { room: 'a' }, gracefulStop: '0s', maxLateness: '1s' };
  const made = timelineOf({ relay }, { health }, { seed: 'abc' });
  assert.deepEqual(made.health, {
    maxLatenessMs: 1_000,
    maxStartSpreadMs: 2_000,
    maxShardSpreadMs: 6_000,
    maxDropped: 0.1,
    minDelivered: 0.8,
    maxEventLoopDelayMs: 4_000,
    maxGeneratorCpuPercent: 80,
    maxGcPauseMs: 5_000,
    maxMachineCpuPercent: 70,
    maxStealPercent: 0,
    maxThrottledPercent: 0,
    maxControlSlowdown: 2,
    targetDownAfterMs: 3_000,
  });
  const [{ mix, options, plan }] = made.scenarios as [(typeof made.scenarios)[0]];
  assert.deepEqual([made.seed, mix, options], ['abc', { push: 1 }, { room: 'a' }]);
  assert.deepEqual([plan.gracefulStopMs, 'maxLatenessMs' in plan && plan.maxLatenessMs], [0, 1_000]);
});

test('loads begin when calm is over; a journey without a duration runs from the start until the last of them ends', () => {
  const made = timelineOf(
    {
      relay: arrivals,
      vms: { executor: 'constant-vus', vus: 2, duration: '1m', startTime: '90s' },
      reader: sessions,
      writer: { ...sessions, startTime: '5s' },
    },
    { calm: '30s' },
  );
  assert.deepEqual(
    made.scenarios.map(({ name, plan }) => [name, plan.startTimeMs, durationOf(plan)]),
    [
      ['relay', 30_000, 150_000],
      ['vms', 120_000, 180_000],
      ['reader', 0, 180_000],
      ['writer', 5_000, 180_000],
    ],
  );
  assert.deepEqual(made.phases, [
    { name: 'calm', startMs: 0, endMs: 30_000, load: 0 },
    { name: 'load', startMs: 30_000, endMs: 180_000, load: 1 },
  ]);
  assert.equal(made.durationMs, 180_000);
});

test('a journey goes through calm at what it starts with, then through its own schedule', () => {
  const stages = [{ duration: '1m', target: 10 }];
  const calm = { calm: '30s' };
  const lead = (target: number) => [
    { durationMs: 30_000, target },
    { durationMs: 60_000, target: 10 },
  ];
  const stagesOf = (scenario: ScenarioSpec, profile: Partial<ProfileSpec>) => {
    const [plan] = planOf({ reader: scenario }, profile);
    return plan!.line.stages;
  };
  const rate = { executor: 'ramping-arrival-rate', stages, maxSessions: 3 } as const;
  assert.deepEqual(stagesOf({ ...rate, startRate: 4 }, calm), lead(4));
  assert.deepEqual(stagesOf(rate, calm), lead(0));
  assert.deepEqual(stagesOf({ executor: 'ramping-vus', stages, startVUs: 2 }, calm), lead(2));
  assert.deepEqual(stagesOf({ executor: 'ramping-vus', stages }, calm), lead(1));
  assert.deepEqual(stagesOf(rate, {}), [{ durationMs: 60_000, target: 10 }]);
  assert.deepEqual(stagesOf({ ...rate, startRate: 10 }, calm), [{ durationMs: 90_000, target: 10 }], 'as one stage');
  const [constant] = planOf({ reader: { ...sessions, duration: '1m' } }, calm);
  assert.equal(durationOf(constant!), 90_000);
});

test('LOAD_DURATION rescales everything, calm included, to exactly that length', () => {
  const scenarios: Record<string, ScenarioSpec> = {
    relay: { ...arrivals, startTime: '10s' },
    vms: {
      executor: 'ramping-vus',
      stages: [
        { duration: '10s', target: 5 },
        { duration: '0s', target: 2 },
        { duration: '110s', target: 2 },
      ],
    },
    reader: sessions,
    writer: { executor: 'shared-iterations', vus: 1, iterations: 5, maxDuration: '1m' },
  };
  for (const durationMs of [1_000, 60_000, 77_777, 3_600_000]) {
    const made = timelineOf(scenarios, { calm: '30s' }, { durationMs });
    const factor = durationMs / 160_000;
    assert.equal(made.durationMs, durationMs);
    const near = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} ${expected}`);
    near(made.phases[0]!.endMs, 30_000 * factor);
    for (const [i, [start, end]] of [
      [40_000, 160_000],
      [30_000, 150_000],
      [0, 160_000],
      [0, 60_000],
    ].entries()) {
      const { plan } = made.scenarios[i]!;
      near(plan.startTimeMs, start! * factor);
      near(durationOf(plan), end! * factor);
      assert.equal(plan.gracefulStopMs, 30_000);
    }
  }
});

test('a recovery may take as long as the profile says, however long the run: it is watched for less where that is shorter', () => {
  const phases = [
    { name: 'spike', duration: '1m', load: 5 },
    { name: 'end', duration: '3m', load: 1 },
  ];
  const recovery = { after: 'spike', within: '2m', stay: '1m' };
  const objectives = { http_req_failed: ['rate<0.1'] };
  const of = (durationMs: number) => {
    const relay: ScenarioSpec = { ...arrivals, duration: undefined };
    const made = timelineOf({ relay }, { phases, objectives, recovery }, { durationMs });
    const { withinMs, stayMs } = made.answers.recovery!;
    return [withinMs, stayMs];
  };
  assert.deepEqual(
    [of(240_000), of(480_000), of(24_000)],
    [
      [120_000, 60_000],
      [120_000, 60_000],
      [120_000, 6_000],
    ],
  );
});

test('what VUs that a phase takes away may still take is what they may at the end; a ramp says it itself', () => {
  const phases = [
    { name: 'day', duration: '1m', load: 1 },
    { name: 'night', duration: '1m', load: 0.2 },
  ];
  const rampDown = (relay: ScenarioSpec) => {
    const [plan] = planOf({ relay }, { phases });
    return 'gracefulRampDownMs' in plan! && plan.gracefulRampDownMs;
  };
  const loop = { executor: 'constant-vus', vus: 10 } as const;
  const ramp = { executor: 'ramping-vus' as const, stages: [{ duration: '2m', target: 10 }] };
  assert.deepEqual([rampDown(loop), rampDown({ ...loop, gracefulStop: '1m' })], [30_000, 60_000]);
  assert.deepEqual(rampDown({ ...ramp, gracefulStop: '1m' }), 30_000);
  assert.deepEqual(rampDown({ ...ramp, gracefulStop: '1m', gracefulRampDown: '5s' }), 5_000);
});

test('iterations without a maxDuration have a limit: it is no length, unless there is no other', () => {
  const ramp: ScenarioSpec = { executor: 'ramping-vus', stages: [{ duration: '15s', target: 5 }] };
  const limits = (scenarios: Record<string, ScenarioSpec>, shape: Partial<RunShape> = {}) => {
    const made = timelineOf(scenarios, {}, shape);
    return [made.durationMs, ...made.scenarios.map(({ plan }) => durationOf(plan))];
  };
  for (const executor of ['per-vu-iterations', 'shared-iterations'] as const) {
    const once: ScenarioSpec = { executor, vus: 2, iterations: 3 };
    assert.deepEqual(limits({ relay: ramp, vms: once }), [15_000, 15_000, 600_000]);
    assert.deepEqual(limits({ relay: ramp, vms: once }, { durationMs: 30_000 }), [30_000, 30_000, 600_000]);
    assert.deepEqual(limits({ relay: ramp, writer: once }, { durationMs: 1_500 }), [1_500, 1_500, 600_000]);
    // Its own is a length as any other.
    const own = { ...once, maxDuration: '30s' };
    assert.deepEqual(limits({ relay: ramp, vms: own }, { durationMs: 60_000 }), [60_000, 30_000, 60_000]);
    assert.deepEqual(limits({ relay: once }), [600_000, 600_000]);
    assert.deepEqual(limits({ relay: once, writer: once }, { durationMs: 20_000 }), [20_000, 20_000, 20_000]);
    // A journey without a duration lasts as long as the load may.
    assert.deepEqual(limits({ relay: once, reader: sessions }, { durationMs: 20_000 }), [20_000, 20_000, 20_000]);
    assert.deepEqual(limits({ relay: ramp, vms: once, reader: sessions }), [15_000, 15_000, 600_000, 15_000]);
  }
});

test('VUs that phases and LOAD_SCALE multiply are made whole once', () => {
  const phases = [0.2, 1, 2.5].map((load, n) => ({ name: `p${n}`, duration: '10s', load }));
  const vusAt = (one: ScenarioSpec, scale: number) => {
    const [plan] = planOf({ relay: one }, { phases }, { scale });
    return [...new Set(valuesOf(plan!.line))];
  };
  const closed: ScenarioSpec[] = [
    { executor: 'constant-vus', vus: 2 },
    { executor: 'ramping-vus', startVUs: 2, stages: [{ duration: '30s', target: 2 }] },
    { executor: 'shared-iterations', vus: 2, iterations: 70 },
  ];
  for (const one of closed) {
    assert.deepEqual(vusAt(one, 5), [2, 10, 25], `${one.executor}: of 0.4 of a VU there was one, and so five`);
    assert.deepEqual(vusAt(one, 1), [1, 2, 5], one.executor);
    assert.deepEqual(vusAt(one, 0.1), [1], one.executor);
  }
});

test('LOAD_SCALE changes rates and VUs; who has any VU keeps one', () => {
  const ramp = [{ duration: '1m', target: 10 }];
  const scenarios: Record<string, ScenarioSpec> = {
    relay: { ...arrivals, preAllocatedVUs: 10 },
    vms: { executor: 'ramping-arrival-rate', startRate: 20, stages: ramp, maxVUs: 3 },
    reader: { executor: 'ramping-vus', startVUs: 0, stages: ramp },
    writer: { executor: 'per-vu-iterations', vus: 6, iterations: 5 },
  };
  const figures = (scale: number) =>
    planOf(scenarios, {}, { scale }).map((plan) => {
      const values = valuesOf(plan.line);
      if (!isOpen(plan)) return { values, ...(plan.iterations && { iterations: plan.iterations }) };
      return { values, preAllocatedVUs: plan.preAllocatedVUs, maxVUs: plan.maxVUs };
    });
  assert.deepEqual(figures(0.5), [
    { values: [50, 50], preAllocatedVUs: 5, maxVUs: 25 },
    { values: [10, 5], preAllocatedVUs: 2, maxVUs: 2 },
    { values: [0, 5] },
    { values: [3, 3], iterations: { perVu: 5 } },
  ]);
  assert.deepEqual(figures(0.01), [
    { values: [1, 1], preAllocatedVUs: 1, maxVUs: 1 },
    { values: [0.2, 0.1], preAllocatedVUs: 1, maxVUs: 1 },
    { values: [0, 1] },
    { values: [1, 1], iterations: { perVu: 5 } },
  ]);
  assert.deepEqual(figures(3)[3], { values: [18, 18], iterations: { perVu: 5 } });
  // As many arrivals a VU as there were, or fewer.
  assert.deepEqual(figures(0.4)[1], { values: [8, 4], preAllocatedVUs: 2, maxVUs: 2 });
  assert.deepEqual(figures(0.1)[0], { values: [10, 10], preAllocatedVUs: 1, maxVUs: 5 });
});

test('a run of less than its profile says how much of it it is; of all or more it says nothing', () => {
  const shareOf = (shape: Partial<RunShape>) => timelineOf({ relay: arrivals }, {}, shape).share;
  assert.deepEqual(shareOf({ scale: 0.2 }), { load: 0.2, time: 1 });
  assert.deepEqual(shareOf({ durationMs: 30_000, scale: 2 }), { load: 1, time: 0.25 });
  assert.deepEqual(shareOf({ ratePerSecond: 10, scale: 2 }), { load: 0.2, time: 1 });
  for (const shape of [{}, { scale: 3 }, { durationMs: 120_000 }, { durationMs: 240_000 }, { ratePerSecond: 100 }]) {
    assert.equal(shareOf(shape), undefined);
  }
});

test('LOAD_RATE is the rate of the only load, in place of its own; journeys keep theirs', () => {
  const slow = { ...arrivals, rate: 5, timeUnit: '1m' };
  const [load, journey] = planOf({ relay: slow, reader: sessions }, {}, { ratePerSecond: 50, scale: 2 });
  assert.deepEqual(load, { ...planOf({ relay: arrivals })[0], maxVUs: 100, preAllocatedVUs: 100 });
  assert.deepEqual(journey, planOf({ reader: sessions, relay: slow }, {}, { scale: 2 })[0]);
  const allowed = 'allowed is a profile of one load, with constant-arrival-rate, or LOAD_SCALE in its place.';
  const refused: [Record<string, ScenarioSpec>, string][] = [
    [{ relay: arrivals, vms: arrivals }, 'profiles/mine.json has 2 loads'],
    [{ relay: { executor: 'constant-vus', vus: 1, duration: '1s' } }, 'the load of profiles/mine.json is constant-vus'],
    [{ reader: { ...sessions, duration: '1s' } }, 'profiles/mine.json has 0 loads'],
  ];
  for (const [scenarios, found] of refused) {
    const made = () => timelineOf(scenarios, {}, { ratePerSecond: 50 });
    assert.throws(made, new Error(`LOAD_RATE is 50/s, but ${found}; ${allowed}`));
  }
});

test('LOAD_SCALE changes how often bursts come, not their size, and leaves them the VUs they need', () => {
  const bursts = { ...arrivals, arrivals: 'bursts', burstSize: 40, preAllocatedVUs: 30 } as const;
  const figures = (scale: number) => {
    const { line, burstSize, preAllocatedVUs, maxVUs } = planOf({ relay: bursts }, {}, { scale })[0] as OpenPlan;
    return { rate: line.start, burstSize, preAllocatedVUs, maxVUs };
  };
  assert.deepEqual(figures(1), { rate: 100, burstSize: 40, preAllocatedVUs: 30, maxVUs: 50 });
  assert.deepEqual(figures(0.1), { rate: 10, burstSize: 40, preAllocatedVUs: 30, maxVUs: 40 });
  assert.deepEqual(figures(2), { rate: 200, burstSize: 40, preAllocatedVUs: 60, maxVUs: 100 });
});

test("a scenario has its own slices, at most the profile's or LOAD_SLICES, and no slice without a VU", () => {
  const slicesOf = (own: number | undefined, ofProfile: number | undefined, ofRun: number | undefined, maxVUs = 50) => {
    const made = timelineOf({ relay: { ...arrivals, maxVUs, slices: own } }, { slices: ofProfile }, { slices: ofRun });
    return [made.slices, made.scenarios[0]!.slices];
  };
  const table: [Parameters<typeof slicesOf>, number[]][] = [
    [
      [undefined, undefined, undefined],
      [1, 1],
    ],
    [
      [undefined, 4, undefined],
      [4, 4],
    ],
    [
      [2, 4, undefined],
      [4, 2],
    ],
    [
      [8, 4, 6],
      [6, 6],
    ],
    [
      [undefined, 4, 2],
      [2, 2],
    ],
    [
      [3, 4, 2],
      [2, 2],
    ],
    [
      [3, 4, 8],
      [8, 3],
    ],
    [
      [undefined, undefined, 8],
      [8, 8],
    ],
    [
      [undefined, 8, undefined, 5],
      [8, 5],
    ],
  ];
  for (const [args, slices] of table) assert.deepEqual(slicesOf(...args), slices, args.join());
  const refused = (own: number, allowed: number) => ({
    message: `profiles/mine.json: scenarios.relay.slices is ${own}; allowed is at most the profile's own slices, ${allowed}.`,
  });
  assert.throws(() => slicesOf(8, 4, undefined), refused(8, 4));
  assert.throws(() => slicesOf(2, undefined, undefined), refused(2, 1));
});

test('intervals are whole seconds, and no more than 300', () => {
  const table = [
    [40_000, 1_000],
    [300_000, 1_000],
    [300_001, 2_000],
    [3_600_000, 12_000],
    [500, 1_000],
  ] as const;
  for (const [durationMs, intervalMs] of table) {
    assert.equal(timelineOf({ relay: arrivals }, {}, { durationMs }).intervalMs, intervalMs, `${durationMs}`);
  }
});

test('a schedule of no length is refused', () => {
  const table: [Record<string, ScenarioSpec>, string][] = [
    [{ relay: { ...arrivals, duration: '0s' } }, 'relay.duration is 0s in all; allowed is a duration above 0s.'],
    [
      { relay: { executor: 'ramping-vus', stages: [{ duration: '0s', target: 5 }] } },
      'relay.stages is 0s in all; allowed is a duration above 0s.',
    ],
    [
      { relay: { executor: 'ramping-vus', startTime: '5s', stages: [{ duration: '0s', target: 5 }] } },
      'relay.stages is 0s in all; allowed is a duration above 0s.',
    ],
    [
      { relay: { executor: 'shared-iterations', vus: 1, iterations: 1, maxDuration: '0s' } },
      'relay.maxDuration is 0s in all; allowed is a duration above 0s.',
    ],
    [
      { relay: { executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '5s', target: 0 }] } },
      'relay.stages have a target of 0 in all; allowed is one above 0.',
    ],
    [
      { relay: { executor: 'ramping-arrival-rate', maxVUs: 1, stages: [{ duration: '5s', target: 0 }] } },
      'relay.stages have a target of 0 in all; allowed is one above 0.',
    ],
    [
      { reader: sessions },
      "reader.duration is missing, and no load runs after the journey's start; allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d.",
    ],
    [
      { relay: arrivals, reader: { ...sessions, startTime: '3m' } },
      "reader.duration is missing, and no load runs after the journey's start; allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d.",
    ],
  ];
  for (const [scenarios, sentence] of table) {
    assert.throws(() => timelineOf(scenarios), new Error(`profiles/mine.json: scenarios.${sentence}`));
  }
  timelineOf({ reader: sessions }, { calm: '10s' });
  const late = { executor: 'constant-vus', vus: 1, startTime: '5s' } as const;
  assert.throws(
    () => timelineOf({ relay: late }, { phases: [{ name: 'all', duration: '5s', load: 1 }] }),
    /scenarios\.relay\.startTime is 5s, and no phase is left then; allowed is a time before the last phase ends\.$/,
  );
  const reader = { executor: 'shared-iterations', vus: 1, iterations: 1, startTime: '5s' } as const;
  assert.throws(
    () => timelineOf({ reader }, { phases: [{ name: 'all', duration: '5s', load: 1 }] }),
    /scenarios\.reader\.maxDuration is missing, and no load runs after the journey's start; allowed is a duration such as/,
  );
});

test('a load that phases leave nothing of is refused', () => {
  const phases = [1, 0, 1].map((load, n) => ({ name: `p${n}`, duration: '5s', load }));
  const within = { startTime: '5s', duration: '5s' };
  const table: ScenarioSpec[] = [
    { executor: 'constant-vus', vus: 3, ...within },
    { ...arrivals, ...within },
    { executor: 'shared-iterations', vus: 2, iterations: 6, startTime: '5s', maxDuration: '5s' },
    { executor: 'ramping-vus', startTime: '6s', stages: [{ duration: '4s', target: 9 }] },
  ];
  for (const relay of table) {
    assert.throws(
      () => timelineOf({ relay }, { phases }),
      new Error(
        'profiles/mine.json: scenarios.relay runs in phases with a load of 0 alone; allowed is a schedule that reaches into others.',
      ),
    );
  }
  timelineOf({ relay: { ...table[0]!, duration: '5001ms' } as ScenarioSpec }, { phases });
});

test('a phase that is looked at for a drift has intervals enough, however short a part of the run it is', () => {
  const phases = [
    { name: 'long', duration: '58m', load: [1, 2] as [number, number] },
    { name: 'steady', duration: '2m', load: 1 },
  ];
  const drift = { limits: { target_memory_bytes: ['min<1%'] } };
  const interval = (asked: Parameters<typeof timelineOf>[1], shape: Parameters<typeof timelineOf>[2] = {}) =>
    timelineOf({ relay: { ...arrivals, duration: undefined } as ScenarioSpec }, { phases, ...asked }, shape).intervalMs;
  assert.deepEqual([interval({}), interval({ drift })], [12_000, 4_000]);
  assert.equal(interval({ drift: { ...drift, phase: 'long' } }), 12_000);
  assert.equal(interval({ drift }, { durationMs: 600_000 }), 1_000);
});

test('windows fit into the load of a profile', () => {
  const thresholds = { iterations: [{ threshold: 'count>1', every: '10s' }] };
  const relay = { relay: { ...arrivals, duration: '5s' } };
  const sentence = 'in a load of 5 s; allowed is at most its length.';
  assert.throws(
    () => timelineOf(relay, { thresholds, calm: '10s' }),
    new Error(`profiles/mine.json: thresholds "iterations" has windows of 10s ${sentence}`),
  );
  assert.throws(
    () => timelineOf(relay, { availability: { every: '6s', requests: 1 } }),
    new Error(`profiles/mine.json: availability has windows of 6s ${sentence}`),
  );
  assert.throws(
    () => timelineOf(relay, { availability: { windows: 1 } }),
    new Error(`profiles/mine.json: availability has windows of 10s ${sentence}`),
  );
  timelineOf(relay, { availability: { requests: 1 } });
  const phases = [1, 0].map((load, n) => ({ name: `p${n}`, duration: '5s', load }));
  assert.throws(
    () => timelineOf({ relay: { ...arrivals, duration: '10s' } }, { thresholds, phases }),
    new Error(`profiles/mine.json: thresholds "iterations" has windows of 10s ${sentence}`),
  );
  timelineOf({ relay: { ...arrivals, duration: '10s' } }, { thresholds }, { durationMs: 1_000 });
});

test('the steps of a capacity have a load that grows', () => {
  const phases = [3, 1, 5, 5, 0].map((load, n) => ({ name: `p${n}`, duration: '5s', load }));
  const stepsOf = (capacity: NonNullable<ProfileSpec['capacity']>) =>
    timelineOf({ relay: { ...arrivals, duration: '20s' } }, { phases, capacity }).answers.capacity!.steps;
  assert.deepEqual(stepsOf({}), ['p0', 'p2']);
  assert.deepEqual(stepsOf({ steps: ['p1', 'p0', 'p3'] }), ['p1', 'p0', 'p3']);
  const ramped = [1, [1, 5], 5, { curve: 'day', day: '5s' }, [5, 9]].map((load, n) => ({
    name: `p${n}`,
    duration: `${5 + n}s`,
    load: load as PhaseSpec['load'],
  }));
  const answers = (of: PhaseSpec[]) => {
    const asked = { capacity: {}, drift: { limits: { http_req_duration: ['p(95)<5%'] } } };
    const { capacity, drift } = timelineOf(
      { relay: { ...arrivals, duration: '5s' } },
      { phases: of, ...asked },
    ).answers;
    return [capacity!.steps, drift!.phases];
  };
  assert.deepEqual(answers(ramped), [['p0', 'p2'], ['p2']], 'on the way to a load it is none');
  assert.deepEqual(answers(ramped.slice(1, 2)), [['p1'], ['p1']], 'where nothing else is there');
  for (const [steps, name, peak] of [
    [['p2', 'p0'], 'p0', 5],
    [['p2', 'p3'], 'p3', 5],
    [['p4'], 'p4', 0],
  ] as const) {
    assert.throws(
      () => stepsOf({ steps: [...steps] }),
      new Error(
        `profiles/mine.json: capacity.steps has "${name}", whose load is not above ${peak}; allowed are phases of growing load, each above the one before.`,
      ),
    );
  }
});

test('steps of a capacity that come to the same whole VUs are of one load, and such as grow are not', () => {
  const phases = [1, 2, 3, 4, 0].map((load, n) => ({ name: `p${n}`, duration: '5s', load }));
  const vus: ScenarioSpec = { executor: 'constant-vus', vus: 2 };
  const repeatsOf = (scenarios: Record<string, ScenarioSpec>, shape: Partial<RunShape>, steps?: string[]) => {
    const { capacity } = timelineOf(scenarios, { phases, capacity: { ...(steps && { steps }) } }, shape).answers;
    return capacity!.repeats;
  };
  const relay = { ...arrivals, duration: '20s' };
  const counted: ScenarioSpec = { executor: 'shared-iterations', vus: 2, iterations: 90 };
  // Of ×1 to ×4 there are 1, 1, 2 and 2 VUs.
  assert.deepEqual(repeatsOf({ vms: vus }, { scale: 0.25 }), ['p1', 'p3']);
  assert.deepEqual(repeatsOf({ vms: vus }, { scale: 0.25, durationMs: 12_345 }), ['p1', 'p3']);
  assert.deepEqual(repeatsOf({ vms: counted }, { scale: 0.25 }), ['p1', 'p3']);
  assert.deepEqual(repeatsOf({ vms: vus }, { scale: 0.25 }, ['p0', 'p1', 'p2']), ['p1']);
  // Its people come at a rate of their own.
  assert.deepEqual(repeatsOf({ vms: vus, reader: sessions }, { scale: 0.25 }), ['p1', 'p3']);
  assert.equal(repeatsOf({ vms: vus }, {}), undefined);
  assert.equal(repeatsOf({ vms: vus, relay }, { scale: 0.25 }), undefined);
  assert.equal(repeatsOf({ vms: vus, reader: { ...sessions, scaled: true } }, { scale: 0.25 }), undefined);
});

test('the environment shapes a run', () => {
  assert.deepEqual(runShape({}), { scale: 1, seed: '1' });
  assert.deepEqual(runShape({ LOAD_DURATION: '', LOAD_SCALE: '', LOAD_SLICES: '', LOAD_SEED: '' }), {
    scale: 1,
    seed: '1',
  });
  assert.deepEqual(runShape({ LOAD_DURATION: '1m30s', LOAD_SCALE: '0.5', LOAD_SLICES: '4', LOAD_SEED: 'abc' }), {
    durationMs: 90_000,
    scale: 0.5,
    slices: 4,
    seed: 'abc',
  });
  const duration = 'allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d.';
  const scale = 'allowed is a number above 0, such as 0.5.';
  const slices = 'allowed is a whole number from 1 to 500.';
  const rate = 'allowed is a rate such as 50, 50/s or 3000/1m, above 0.';
  assert.equal(runShape({ LOAD_RATE: '3000/1m' }).ratePerSecond, 50);
  const table: [NodeJS.ProcessEnv, string][] = [
    [{ LOAD_DURATION: 'abc' }, `LOAD_DURATION is "abc"; ${duration}`],
    [{ LOAD_DURATION: '60' }, `LOAD_DURATION is "60"; ${duration}`],
    [{ LOAD_DURATION: '0s' }, `LOAD_DURATION is "0s"; ${duration}`],
    [{ LOAD_SCALE: 'half' }, `LOAD_SCALE is "half"; ${scale}`],
    [{ LOAD_SCALE: '0' }, `LOAD_SCALE is "0"; ${scale}`],
    [{ LOAD_SCALE: '-1' }, `LOAD_SCALE is "-1"; ${scale}`],
    [{ LOAD_SCALE: 'Infinity' }, `LOAD_SCALE is "Infinity"; ${scale}`],
    [{ LOAD_RATE: 'fast' }, `LOAD_RATE is "fast"; ${rate}`],
    [{ LOAD_RATE: '0' }, `LOAD_RATE is "0"; ${rate}`],
    [{ LOAD_SLICES: '1.5' }, `LOAD_SLICES is "1.5"; ${slices}`],
    [{ LOAD_SLICES: '0' }, `LOAD_SLICES is "0"; ${slices}`],
    [{ LOAD_SLICES: 'all' }, `LOAD_SLICES is "all"; ${slices}`],
  ];
  for (const [env, sentence] of table) assert.throws(() => runShape(env), new Error(sentence));
});

/** What a slice is to do: its VUs, and its arrivals or iterations. */
function shareOfSlice(plan: ReturnType<typeof planOf>[0], slice: { index: number; of: number }) {
  const vus = shareOf(vusOf(plan), slice);
  if (!isOpen(plan)) {
    const { left } = workOf(plan, slice);
    return { vus, due: Number.isFinite(left) ? left : 0 };
  }
  let due = 0;
  for (const pacer = new Pacer(plan, slice, 'seed'); Number.isFinite(pacer.dueAt); pacer.advance()) due += 1;
  return { vus, due };
}

test('all shards together do what the profile says, exactly, and each its part', () => {
  for (const slices of [1, 2, 3, 8]) {
    for (const shards of [1, 2, 3, 4, 7]) {
      for (const vus of [1, 2, 5, 9]) {
        const scenarios: Record<string, ScenarioSpec> = {
          relay: { executor: 'constant-arrival-rate', rate: 13, duration: '7s', maxVUs: vus + shards },
          vms: { executor: 'shared-iterations', vus, iterations: 41 },
          reader: { executor: 'per-vu-iterations', vus, iterations: 3 },
          writer: { executor: 'constant-arrival-rate', rate: 2, duration: '5s', maxSessions: vus },
        };
        const made = timelineOf(scenarios, { slices }, { shards });
        const which = `${slices} slices, ${shards} shards, ${vus} VUs`;
        const sessions = Array.from({ length: shards }, () => 0);
        for (const { name, kind, plan, slices: of } of made.scenarios) {
          const all = { vus: 0, due: 0 };
          const taken: number[] = [];
          for (let shard = 1; shard <= shards; shard++) {
            const own = slicesOfShard(made, name, shard);
            if (name === 'relay') assert.equal(own.length, of / shards, `${which}: every shard has as many of relay`);
            for (const index of own) {
              const share = shareOfSlice(plan, { index, of });
              assert.ok(share.vus > 0, `${which}: a slice of ${name} has nobody`);
              all.vus += share.vus;
              all.due += share.due;
              if (kind === 'journey') sessions[shard - 1]! += share.vus;
            }
            taken.push(...own);
          }
          const due = isOpen(plan) ? totalArrivals(plan) : shareOfSlice(plan, { index: 0, of: 1 }).due;
          assert.deepEqual(all, { vus: vusOf(plan), due: Math.ceil(due) }, `${which}: ${name}`);
          assert.deepEqual(
            taken.sort((a, b) => a - b),
            Array.from({ length: of }, (_, index) => index),
            `${which}: each slice of ${name} runs once`,
          );
        }
        assert.ok(Math.max(...sessions) - Math.min(...sessions) <= 1, `${which}: sessions ${sessions}`);
      }
    }
  }
});

test('so many shards have something to do', () => {
  const loads = {
    relay: { ...arrivals, maxVUs: 3 },
    vms: { executor: 'constant-vus', vus: 2, duration: '1m' },
  } as const;
  assert.equal(mostShards(timelineOf({ ...loads, reader: sessions })), 3);
  assert.equal(mostShards(timelineOf({ reader: { ...sessions, duration: '1m' } })), 4);
});

test('many shards report in longer intervals, and very many not everything, so that all of them together can be merged', () => {
  const reported = (shards: number) => {
    const { intervalMs, detailed } = timelineOf({ relay: { ...arrivals, duration: '15m' } }, {}, { shards });
    return [intervalMs, detailed];
  };
  assert.deepEqual([1, 4, 20, 21, 1_000].map(reported), [
    [3_000, true],
    [12_000, true],
    [60_000, true],
    [60_000, false],
    [60_000, false],
  ]);
});

test('windows are made of whole intervals', () => {
  const scenarios = { relay: { ...arrivals, duration: '30m' } };
  const lengthOf = (...windows: string[]) =>
    timelineOf(scenarios, {
      thresholds: { http_req_duration: windows.map((every) => ({ threshold: 'p(95)<500', every })) },
    }).intervalMs;
  assert.deepEqual([lengthOf(), lengthOf('10s'), lengthOf('12s', '8s'), lengthOf('60s')], [6_000, 5_000, 4_000, 6_000]);
});

test('a search has as many steps as it may need, and of its plans the most that they may come to', () => {
  const constant = { executor: 'constant-arrival-rate', rate: 2, maxVUs: 3 } as const;
  const scenarios: Record<string, ScenarioSpec> = {
    relay: constant,
    vms: { executor: 'constant-vus', vus: 5 },
    reader: sessions,
    writer: { ...sessions, scaled: true },
  };
  const profile = {
    calm: '5s',
    objectives: { http_req_duration: ['p(95)<500'] },
    capacity: { from: 1, to: 8, precision: 0.1, step: '8s', confirm: 1 },
  };
  const made = timelineOf(scenarios, profile, { scale: 2, durationMs: 184_500 });
  // 4 to bracket, 3 to narrow, 2 to confirm, and as many again: 18 steps of 2 s rest, 2 s to settle and 8 s, after the calm.
  assert.deepEqual([made.phases.length, made.durationMs, made.intervalMs], [37, 184_500, 1_000 * (184_500 / 221_000)]);
  const shown = made.phases.slice(0, 4).map(({ name, load }) => [name, load]);
  assert.deepEqual(shown, [
    ['calm', 0],
    ['rest_1', 0],
    ['step_1', 8],
    ['rest_2', 0],
  ]);
  const figures = made.scenarios.map(({ plan }) => [plan.line.start, vusOf(plan), plan.steered]);
  assert.deepEqual(figures, [
    [32, 48, 4],
    [80, 80, 10],
    [12, 8, undefined],
    [96, 64, 12],
  ]);
  assert.deepEqual([made.health.maxDropped, made.scenarios[0]!.maxFailed], [1, 1]);
  const ran = asSteered(made, [0, 0, 1, 0, 2, 0]);
  assert.deepEqual(
    ran.phases.map(({ load }) => load),
    [0, 0, 1, 0, 2, 0],
  );
  assert.deepEqual(ran.answers.capacity?.steps, ['step_1', 'step_2']);
  const [relay] = ran.scenarios;
  const rates = ran.phases.map(({ startMs, endMs }) => rateAt(relay!.plan, (startMs + endMs) / 2));
  assert.deepEqual(rates, [0, 0, 4, 0, 8, 0]);
  assert.equal(durationOf(relay!.plan), ran.durationMs);
});

test('a search takes one machine, and what its steps make together has a bound', () => {
  const scenarios = { relay: { executor: 'constant-arrival-rate', rate: 2, maxVUs: 3 } } as const;
  const searching = (to: number) => ({ objectives: { http_reqs: ['rate>1'] }, capacity: { from: 1, to } });
  assert.throws(() => timelineOf(scenarios, searching(8), { shards: 2 }), {
    message:
      '--shard: profiles/mine.json searches its capacity, which takes one machine; allowed is capacity.steps, phases of growing load, on several.',
  });
  assert.throws(
    () => timelineOf(scenarios, searching(1e6)),
    /^Error: profiles\/mine\.json: scenarios\.relay\.maxVUs makes 3,000,000; allowed is at most 1,000,000\.$/,
  );
});
