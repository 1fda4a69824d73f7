import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhaseSpec } from '../profile/schema.ts';
import { startsBySecond } from './executor.fixture.ts';
import { Pacer } from './pacer.ts';
import { dayByHours, multiplied, plannedPhases } from './phases.ts';
import { durationOf, flat, type OpenPlan, type Plan, rateAt, totalArrivals, vusOf } from './plan.ts';

const spec: PhaseSpec[] = [
  { name: 'calm', duration: '10s', load: 0 },
  { name: 'baseline', duration: '20s', load: 1 },
  { name: 'climb', duration: '10s', load: [1, 5] },
  { name: 'spike', duration: '10s', load: 5 },
  { name: 'recovery', duration: '20s', load: 0.5 },
];
const phases = plannedPhases(spec);
const common = { startTimeMs: 0, gracefulStopMs: 1_000 };
const open = {
  ...common,
  arrivals: 'uniform',
  timeUnitMs: 1_000,
  preAllocatedVUs: 2,
  maxVUs: 4,
  maxLatenessMs: 10_000,
} as const;
const constant: OpenPlan = { ...open, line: flat(20, 70_000) };

test('phases follow one another', () => {
  assert.deepEqual(
    phases.map(({ name, startMs, endMs }) => [name, startMs, endMs]),
    [
      ['calm', 0, 10_000],
      ['baseline', 10_000, 30_000],
      ['climb', 30_000, 40_000],
      ['spike', 40_000, 50_000],
      ['recovery', 50_000, 70_000],
    ],
  );
});

test('a rate is multiplied by the factor of its time, and each phase has its arrivals to the last one', () => {
  const plan = multiplied(constant, phases);
  assert.equal(durationOf(plan), 70_000);
  const rates = [0, 9_999, 10_000, 29_999, 30_000, 35_000, 39_999.9, 40_000, 50_000, 69_999].map((ms) =>
    Math.round(rateAt(plan, ms)),
  );
  assert.deepEqual(rates, [0, 0, 20, 20, 20, 60, 100, 100, 10, 10]);
  assert.equal(totalArrivals(plan), 400 + 600 + 1_000 + 200);
  assert.deepEqual([vusOf(plan), plan.preAllocatedVUs], [20, 10]);
  for (const of of [1, 3]) {
    const due = { calm: 0, baseline: 0, climb: 0, spike: 0, recovery: 0 } as Record<string, number>;
    for (let index = 0; index < of; index++) {
      const pacer = new Pacer(plan, { index, of }, 1);
      for (; pacer.dueAt < 70_000; pacer.advance()) {
        due[phases.find(({ startMs, endMs }) => pacer.dueAt >= startMs && pacer.dueAt < endMs)!.name]! += 1;
      }
    }
    assert.deepEqual(due, { calm: 0, baseline: 400, climb: 600, spike: 1_000, recovery: 200 }, `${of} slices`);
  }
});

test('a ramp over a ramp is cut into straight stretches that follow the product', () => {
  const ramp: Plan = { ...open, line: { start: 10, stages: [{ durationMs: 70_000, target: 80 }] } };
  const plan = multiplied(ramp, phases);
  for (const ms of [10_000, 15_000, 31_234, 35_000, 39_000, 45_000, 60_000]) {
    const factor = ms < 30_000 ? 1 : ms < 40_000 ? 1 + (4 * (ms - 30_000)) / 10_000 : ms < 50_000 ? 5 : 0.5;
    const exact = (10 + ms / 1_000) * factor;
    assert.ok(
      Math.abs(rateAt(plan, ms) - exact) < 0.001 * exact,
      `${rateAt(plan, ms)} at ${ms}, ${exact} is asked for`,
    );
  }
});

test('a factor of 1 all the time leaves the plan as it is', () => {
  const plain = plannedPhases([
    { name: 'a', duration: '30s', load: 1 },
    { name: 'b', duration: '40s', load: [1, 1] },
  ]);
  assert.equal(multiplied(constant, plain), constant);
});

test('a day is as busy as its hours say, in straight lines, and can be short', () => {
  const day = { curve: 'day', day: '24s' } as const;
  const plan = multiplied(
    { ...constant, line: flat(20, 48_000) },
    plannedPhases([{ name: 'days', duration: '48s', load: day }]),
  );
  for (const hour of [0, 6, 9, 12, 20, 23, 24, 33]) {
    assert.ok(Math.abs(rateAt(plan, hour * 1_000) - 20 * dayByHours[hour % 24]!) < 1e-6, `hour ${hour}`);
  }
  assert.ok(Math.abs(rateAt(plan, 5_500) - 20 * 0.35) < 1e-6, 'between night and morning');
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const [own] = plannedPhases([{ name: 'own', duration: '12s', load: { ...day, hours, times: 2 } }]);
  assert.deepEqual([own!.factor.length, own!.factor[3]], [12, { startMs: 3_000, durationMs: 1_000, from: 6, to: 8 }]);
});

const short = plannedPhases([
  { name: 'calm', duration: '1s', load: 0 },
  { name: 'base', duration: '1s', load: 1 },
  { name: 'peak', duration: '1s', load: 3 },
  { name: 'end', duration: '1s', load: 1 },
]);

test('plans of every kind follow the phases', async () => {
  const closed = { ...common, gracefulRampDownMs: 500 };
  const ramp = (value: number) => ({
    start: value,
    stages: [500, 3_500].map((durationMs) => ({ durationMs, target: value })),
  });
  const all: [which: string, plan: Plan, starts: number[]][] = [
    ['a rate', { ...open, maxVUs: 50, line: flat(10, 4_000) }, [0, 10, 30, 10]],
    ['stages of it', { ...open, maxVUs: 50, line: ramp(10) }, [0, 10, 30, 10]],
    ['VUs', { ...closed, line: flat(2, 4_000) }, [0, 20, 60, 20]],
    ['stages of them', { ...closed, line: ramp(2) }, [0, 20, 60, 20]],
    ['iterations of all', { ...closed, line: flat(2, 4_000), iterations: { shared: 70 } }, [0, 20, 50, 0]],
    ['iterations of each', { ...closed, line: flat(2, 4_000), iterations: { perVu: 15 } }, [0, 20, 50, 0]],
  ];
  for (const [which, plan, expected] of all) {
    assert.deepEqual(await startsBySecond(multiplied(plan, short), 100), expected, which);
  }
});
