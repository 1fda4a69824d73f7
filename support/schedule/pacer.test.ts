import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrivalCurve } from './curve.ts';
import { Pacer } from './pacer.ts';
import { curveOf, durationOf, flat, type OpenPlan, type Slice, type Stage, totalArrivals } from './plan.ts';
import { random } from './random.ts';

const whole: Slice = { index: 0, of: 1 };

function ramping(start: number, stages: Stage[], changes: Partial<OpenPlan> = {}): OpenPlan {
  return {
    line: { start, stages },
    arrivals: 'uniform',
    timeUnitMs: 1000,
    preAllocatedVUs: 1,
    maxVUs: 1,
    maxLatenessMs: 0,
    startTimeMs: 0,
    gracefulStopMs: 0,
    ...changes,
  };
}

function constant(rate: number, durationMs: number, changes: Partial<OpenPlan> = {}): OpenPlan {
  return { ...ramping(0, [], changes), line: flat(rate, durationMs) };
}

function arrivals(plan: OpenPlan, slice = whole, seed = 1): { index: number; dueAt: number }[] {
  const list = [];
  for (const pacer = new Pacer(plan, slice, seed); pacer.dueAt !== Number.POSITIVE_INFINITY; pacer.advance()) {
    list.push({ index: pacer.index, dueAt: pacer.dueAt });
  }
  return list;
}

const dueTimes = (plan: OpenPlan, slice = whole, seed = 1) => arrivals(plan, slice, seed).map(({ dueAt }) => dueAt);

const stage = (durationMs: number, target: number): Stage => ({ durationMs, target });

const tables: { name: string; plan: OpenPlan; due: number[] }[] = [
  { name: 'a constant rate starts at 0 and stays off the end', plan: constant(4, 1000), due: [0, 250, 500, 750] },
  { name: 'the rate counts per time unit', plan: constant(2, 3000, { timeUnitMs: 2000 }), due: [0, 1000, 2000] },
  { name: 'a part of an arrival at the end is one', plan: constant(1, 1500), due: [0, 1000] },
  { name: 'a start time shifts it all', plan: constant(2, 1000, { startTimeMs: 700 }), due: [700, 1200] },
  { name: 'rate 0 brings nothing', plan: constant(0, 1000), due: [] },
  { name: 'no time brings nothing', plan: constant(100, 0), due: [] },
  { name: 'no stages bring nothing', plan: ramping(100, []), due: [] },
  // t²/1000 arrivals after t ms, hence √(1000·n)
  { name: 'a ramp up from 0', plan: ramping(0, [stage(100, 0.2)], { timeUnitMs: 1 }), due: rootsUpTo(10, 1000) },
  // the same, seen from its end
  {
    name: 'a ramp down to 0',
    plan: ramping(8, [stage(1000, 0)]),
    due: [0, 1000 - Math.sqrt(3 / 4) * 1000, 1000 - Math.sqrt(2 / 4) * 1000, 500],
  },
  {
    name: 'a level ramp is a constant rate',
    plan: ramping(4, [stage(500, 4), stage(500, 4)]),
    due: [0, 250, 500, 750],
  },
  {
    name: 'a stage of no length is a jump',
    plan: ramping(2, [stage(1000, 2), stage(0, 4), stage(1000, 4)]),
    due: [0, 500, 1000, 1250, 1500, 1750],
  },
  {
    name: 'a jump at the start replaces the start rate',
    plan: ramping(50, [stage(0, 2), stage(1000, 2)]),
    due: [0, 500],
  },
  { name: 'a jump at the end does nothing', plan: ramping(2, [stage(1000, 2), stage(0, 99)]), due: [0, 500] },
  {
    name: 'a pause in the middle holds the next arrival back',
    plan: ramping(2, [stage(1000, 2), stage(0, 0), stage(5000, 0), stage(0, 2), stage(1000, 2)]),
    due: [0, 500, 6000, 6500],
  },
  {
    name: 'a pause at the start holds the first arrival back',
    plan: ramping(0, [stage(5000, 0), stage(0, 2), stage(1000, 2)]),
    due: [5000, 5500],
  },
  {
    name: 'bursts come at the rate, all of a burst when its first is due',
    plan: constant(6, 1000, { arrivals: 'bursts', burstSize: 3 }),
    due: [0, 0, 0, 500, 500, 500],
  },
  {
    name: 'a part of a burst at the end is a whole one',
    plan: constant(4, 1000, { arrivals: 'bursts', burstSize: 3 }),
    due: [0, 0, 0, 750, 750, 750],
  },
  {
    name: 'a burst larger than the load comes once, at the start',
    plan: constant(1, 2000, { arrivals: 'bursts', burstSize: 4, startTimeMs: 700 }),
    due: [700, 700, 700, 700],
  },
  {
    name: 'bursts of one are uniform arrivals',
    plan: constant(4, 1000, { arrivals: 'bursts', burstSize: 1 }),
    due: [0, 250, 500, 750],
  },
  {
    name: 'bursts follow a ramp',
    plan: ramping(0, [stage(2000, 4)], { arrivals: 'bursts', burstSize: 2 }),
    due: [0, 0, Math.sqrt(2e6), Math.sqrt(2e6)],
  },
  {
    name: 'half an arrival is carried over into the next stage',
    plan: ramping(1, [stage(500, 1), stage(0, 2), stage(1000, 2)]),
    due: [0, 750, 1250],
  },
];

function rootsUpTo(count: number, scale: number): number[] {
  return Array.from({ length: count }, (_, n) => Math.sqrt(scale * n));
}

for (const { name, plan, due } of tables) {
  test(name, () => {
    const found = dueTimes(plan);
    assert.equal(found.length, due.length, `due at ${found}`);
    found.forEach((at, n) => {
      assert.ok(Math.abs(at - due[n]!) < 1e-9, `arrival ${n} is due at ${at}, should be ${due[n]}`);
    });
  });
}

test('a ramp down to 0 can be asked for its very end', () => {
  const durationMs = 1000 - 1e-7;
  const at = new ArrivalCurve([{ startMs: 0, durationMs, from: 6, to: 0 }], 1000).timeOf(3 - 1e-11);
  assert.ok(at > 999 && at <= durationMs, `due at ${at}`);
});

test('15 minutes at 2,000/s end on the exact half millisecond', () => {
  const plan = constant(2000, 900_000);
  let count = 0;
  let last = 0;
  for (const pacer = new Pacer(plan, whole, 1); pacer.dueAt !== Number.POSITIVE_INFINITY; pacer.advance()) {
    if (pacer.dueAt !== count / 2) assert.fail(`arrival ${count} is due at ${pacer.dueAt}`);
    last = pacer.dueAt;
    count++;
  }
  assert.equal(count, 1_800_000);
  assert.equal(last, 899_999.5);
});

test('a ramp too gentle to measure is as exact as none', () => {
  const level = dueTimes(constant(1000, 60_000));
  const gentle = dueTimes(ramping(1000, [stage(60_000, 1000 + 1e-9)]));
  assert.equal(gentle.length, level.length);
  gentle.forEach((at, n) => {
    assert.ok(Math.abs(at - level[n]!) < 1e-6, `arrival ${n}: ${at} against ${level[n]}`);
  });
});

test('a day of ramps loses nothing', () => {
  const stages = [stage(43_200_000, 40), stage(43_200_000, 0)];
  const plan = ramping(0, stages);
  assert.equal(totalArrivals(plan), 1_728_000);
  let middle = Number.NaN;
  let count = 0;
  for (const pacer = new Pacer(plan, whole, 1); pacer.dueAt !== Number.POSITIVE_INFINITY; pacer.advance()) {
    if (count === 864_000) middle = pacer.dueAt;
    count++;
  }
  assert.equal(count, 1_728_000);
  assert.ok(Math.abs(middle - 43_200_000) < 1e-6, `the middle one is due at ${middle}`);
});

/** A plan of 1 to 6 stages: jumps, pauses, level stretches and ramps, with crooked numbers. */
function anyPlan(seed: number) {
  const draw = random(seed, 'any plan');
  const value = () => (draw() < 0.25 ? 0 : draw() * 80);
  const stages: Stage[] = [];
  let target = value();
  const startRate = target;
  for (let left = draw.int(1, 6); left > 0; left--) {
    if (draw() < 0.7) target = value();
    stages.push(stage(draw() < 0.2 ? 0 : draw() * 1500, target));
  }
  return ramping(startRate, stages, { timeUnitMs: draw.pick([1000, 300, 7]) });
}

test('for any stages, arrivals come in order, within the plan, as many as the area under the rate', () => {
  for (let seed = 0; seed < 100; seed++) {
    const plan = anyPlan(seed);
    const due = dueTimes(plan);
    const { area } = curveOf(plan);
    assert.ok(due.length >= area - 1e-6 && due.length < area + 1, `plan ${seed}: ${due.length} for an area of ${area}`);
    const endsAt = durationOf(plan);
    const astray = due.findIndex((at, n) => at < (due[n - 1] ?? 0) || at > endsAt);
    assert.equal(astray, -1, `plan ${seed}, arrival ${astray}: ${due[astray]}`);
  }
});

/** Arrivals up to `tMs`, by adding up trapezoids. */
function areaUntil(plan: OpenPlan, tMs: number): number {
  let area = 0;
  let rest = tMs;
  let from = plan.line.start;
  for (const { durationMs, target } of plan.line.stages) {
    const within = Math.min(rest, durationMs);
    const to = durationMs === 0 ? target : from + ((target - from) * within) / durationMs;
    area += ((from + to) / 2) * (within / plan.timeUnitMs);
    rest -= within;
    from = target;
  }
  return area;
}

test('for any stages, arrival n is due where the area under the rate is n', () => {
  for (let seed = 0; seed < 100; seed++) {
    const plan = anyPlan(seed);
    const due = dueTimes(plan);
    const astray = due.findIndex((at, n) => Math.abs(areaUntil(plan, at) - n) >= 1e-5);
    assert.equal(astray, -1, `plan ${seed}: arrival ${astray} is due at ${due[astray]} ms`);
  }
});

test('the slices together are the whole load to the last bit, for any number of them', () => {
  const plans = [constant(333, 4000), ...[3, 4].map(anyPlan)];
  for (const plan of plans) {
    for (const kind of ['uniform', 'poisson', 'bursts'] as const) {
      const paced: OpenPlan = { ...plan, arrivals: kind, ...(kind === 'bursts' && { burstSize: 5 }) };
      const alone = arrivals(paced);
      for (const of of [2, 3, 7]) {
        const slices = Array.from({ length: of }, (_, index) => arrivals(paced, { index, of }));
        slices.forEach((slice, k) => {
          assert.ok(slice.every(({ index }) => index % of === k));
        });
        const merged = slices.flat().sort((a, b) => a.index - b.index);
        assert.deepEqual(merged, alone, `${kind} over ${of} slices`);
      }
    }
  }
});

test('for any stages and size, bursts are whole, in number what the total says, and never far from the rate', () => {
  for (let seed = 0; seed < 100; seed++) {
    const burstSize = 1 + (seed % 9);
    const plan: OpenPlan = { ...anyPlan(seed), arrivals: 'bursts', burstSize };
    const due = dueTimes(plan);
    const uniform = dueTimes({ ...plan, arrivals: 'uniform', burstSize: undefined });
    assert.equal(due.length, totalArrivals(plan), `plan ${seed}`);
    assert.equal(due.length, Math.ceil(uniform.length / burstSize) * burstSize, `plan ${seed}`);
    const astray = due.findIndex((at, n) => at !== uniform[n - (n % burstSize)]);
    assert.equal(astray, -1, `plan ${seed}, arrival ${astray}`);
  }
});

test('Poisson arrivals follow the seed', () => {
  const plan = constant(50, 2000, { arrivals: 'poisson' });
  assert.deepEqual(dueTimes(plan, whole, 7), dueTimes(plan, whole, 7));
  assert.notDeepEqual(dueTimes(plan, whole, 7), dueTimes(plan, whole, 8));
});

test('Poisson arrivals have the rate, and gaps as scattered as their mean', () => {
  const plan = constant(100, 1_000_000, { arrivals: 'poisson' });
  const due = dueTimes(plan);
  assert.equal(totalArrivals(plan), 100_000);
  assert.ok(Math.abs(due.length - 100_000) < 4 * Math.sqrt(100_000), `${due.length} arrivals`);
  const gaps = due.map((at, n) => at - (due[n - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  assert.ok(Math.abs(mean - 10) < 0.15, `mean ${mean}`);
  assert.ok(Math.abs(deviation / mean - 1) < 0.02, `deviation ${deviation}`);
});

test('Poisson arrivals follow the ramp: a quarter of them in its first half', () => {
  const due = dueTimes(ramping(0, [stage(100_000, 1000)], { arrivals: 'poisson' }));
  const early = due.filter((at) => at < 50_000).length;
  assert.ok(Math.abs(early / due.length - 0.25) < 0.01, `${early} of ${due.length}`);
});

test('passing over arrivals leaves the pacer where walking over them does', () => {
  const plans = [
    constant(100, 1000),
    constant(6, 5000, { arrivals: 'bursts', burstSize: 4, startTimeMs: 300 }),
    constant(50, 1000, { arrivals: 'poisson' }),
    ...Array.from({ length: 40 }, (_, seed) => anyPlan(seed)),
  ];
  for (const plan of plans) {
    for (const slice of [whole, { index: 1, of: 3 }]) {
      for (const ms of [Number.NEGATIVE_INFINITY, -1, 0, 20, 300, 555.5, 1e9]) {
        const [walked, leapt] = [new Pacer(plan, slice, 1), new Pacer(plan, slice, 1)];
        let count = 0;
        for (; walked.dueAt <= ms; count++) walked.advance();
        assert.equal(leapt.passOver(ms), count);
        assert.deepEqual([leapt.index, leapt.dueAt], [walked.index, walked.dueAt]);
      }
    }
  }
});
