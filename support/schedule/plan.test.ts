import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ClosedPlan,
  durationOf,
  expectedLoad,
  flat,
  type Plan,
  rateAt,
  shareOf,
  totalArrivals,
  vuSteps,
} from './plan.ts';

const open = {
  arrivals: 'uniform',
  timeUnitMs: 1000,
  preAllocatedVUs: 1,
  maxVUs: 1,
  maxLatenessMs: 0,
  startTimeMs: 500,
  gracefulStopMs: 0,
} as const;
const closed = { startTimeMs: 500, gracefulStopMs: 30_000, gracefulRampDownMs: 0 };
const constantRate: Plan = { line: flat(20, 3000), ...open };
const steps = [
  { durationMs: 2000, target: 10 },
  { durationMs: 0, target: 30 },
  { durationMs: 1000, target: 30 },
];
const rampingRate: Plan = { line: { start: 0, stages: steps }, ...open };
const rampingVus: ClosedPlan = {
  line: {
    start: 0,
    stages: [
      { durationMs: 3000, target: 3 },
      { durationMs: 1000, target: 3 },
      { durationMs: 0, target: 2 },
      { durationMs: 2000, target: 0 },
    ],
  },
  ...closed,
};
const perVu: Plan = { line: flat(4, 10_000), iterations: { perVu: 5 }, ...closed };

test('durationOf counts the start time but not the graceful stop', () => {
  assert.equal(durationOf(constantRate), 3500);
  assert.equal(durationOf(rampingRate), 3500);
  assert.equal(durationOf(rampingVus), 6500);
  assert.equal(durationOf(perVu), 10_500);
});

test('totalArrivals is the area under the rate', () => {
  assert.equal(totalArrivals(constantRate), 60);
  assert.equal(totalArrivals({ ...constantRate, timeUnitMs: 60_000 }), 1);
  assert.equal(totalArrivals(rampingRate), 40);
  assert.equal(totalArrivals({ ...constantRate, line: flat(0, 3000) }), 0);
  assert.equal(totalArrivals(perVu), 0);
  assert.equal(totalArrivals({ ...constantRate, arrivals: 'bursts', burstSize: 20 }), 60);
  assert.equal(totalArrivals({ ...constantRate, arrivals: 'bursts', burstSize: 25 }), 75);
});

test('totalArrivals takes no rounding error for an arrival', () => {
  const stages = Array.from({ length: 10 }, () => ({ durationMs: 1000, target: 0.1 }));
  assert.equal(totalArrivals({ ...rampingRate, line: { start: 0.1, stages } }), 1);
  const long = [...stages, ...stages, ...stages];
  assert.equal(totalArrivals({ ...rampingRate, line: { start: 0.1, stages: long } }), 3);
});

test('rateAt is in arrivals per second, follows ramps and jumps, and is 0 outside the plan', () => {
  const points = [
    [0, 0],
    [499, 0],
    [500, 0],
    [1500, 5],
    [2500, 30],
    [3499, 30],
    [3500, 0],
  ] as const;
  for (const [at, rate] of points) assert.equal(rateAt(rampingRate, at), rate, `at ${at} ms`);
  assert.equal(rateAt({ ...constantRate, timeUnitMs: 60_000, line: flat(90, 3000) }, 600), 1.5);
  assert.equal(rateAt(rampingVus, 1000), 0);
});

test('vuSteps change the count when the ramp reaches it', () => {
  assert.deepEqual(
    [...vuSteps(rampingVus)],
    [
      { atMs: 500, vus: 0 },
      { atMs: 1500, vus: 1 },
      { atMs: 2500, vus: 2 },
      { atMs: 3500, vus: 3 },
      { atMs: 4500, vus: 2 },
      { atMs: 5500, vus: 1 },
      { atMs: 6500, vus: 0 },
    ],
  );
});

test('shareOf deals out everything, for any number of slices', () => {
  for (let total = 0; total < 20; total++) {
    for (let of = 1; of < 9; of++) {
      const shares = Array.from({ length: of }, (_, index) => shareOf(total, { index, of }));
      assert.equal(
        shares.reduce((a, b) => a + b),
        total,
        `${total} over ${of}: ${shares}`,
      );
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }
  }
});

test('what a slice is about to do is known of fast loads: the whole load is fast, however many slices share it', () => {
  const rate = (perUnit: number) => ({ ...constantRate, maxVUs: 400, line: flat(perUnit, 3000) });
  const one = { index: 0, of: 1 };
  const four = { index: 3, of: 4 };
  for (const [plan, slice, expected] of [
    [rate(99), one, undefined],
    [{ ...rate(5_999), timeUnitMs: 60_000 }, one, undefined],
    [{ ...rate(6_000), timeUnitMs: 60_000 }, one, { perSecond: 100, atOnce: 2 }],
    [rate(5_000), one, { perSecond: 5_000, atOnce: 100 }],
    [{ ...rate(5_000), startTimeMs: 60_000 }, one, { perSecond: 5_000, atOnce: 0 }],
    [rate(5_000), four, { perSecond: 1_250, atOnce: 25 }],
    [{ ...rate(5_000), maxVUs: 40 }, four, { perSecond: 1_250, atOnce: 10 }],
    [{ ...rate(1), arrivals: 'bursts', burstSize: 99 }, one, undefined],
    [{ ...rate(1), arrivals: 'bursts', burstSize: 200 }, four, { perSecond: 50, atOnce: 50 }],
    [rampingRate, one, undefined],
    [{ ...rampingRate, line: { start: 200, stages: steps } }, one, { perSecond: 200, atOnce: 1 }],
    [perVu, one, undefined],
    [{ ...perVu, line: flat(300, 10_000) }, four, { perSecond: 75, atOnce: 75 }],
    [{ ...perVu, line: flat(3_000, 10_000) }, one, { perSecond: 3_000, atOnce: 500 }],
    [
      { ...rampingVus, line: { start: 8, stages: [{ durationMs: 1, target: 200 }] } },
      four,
      { perSecond: 50, atOnce: 2 },
    ],
  ] as const) {
    assert.deepEqual(expectedLoad(plan as Plan, slice), expected);
  }
});
