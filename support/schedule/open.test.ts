import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rehearse } from './executor.fixture.ts';
import { flat, type OpenPlan } from './plan.ts';

function rate(ratePerSecond: number, durationMs: number, changes: Partial<OpenPlan> = {}): OpenPlan {
  return {
    line: flat(ratePerSecond, durationMs),
    arrivals: 'uniform',
    timeUnitMs: 1000,
    preAllocatedVUs: 100,
    maxVUs: 100,
    maxLatenessMs: 10_000,
    startTimeMs: 0,
    gracefulStopMs: 30_000,
    ...changes,
  };
}

const indices = (list: { index: number }[]) => list.map(({ index }) => index);
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

test('each arrival starts at its time: not early, and late by no more than a timer', async () => {
  const { clock, executor, starts } = rehearse(rate(700, 2000, { startTimeMs: 100 }), 20);
  await executor.prepare();
  const run = executor.run(50);
  await clock.advance(3000);
  assert.deepEqual(await run, { started: 1400, completed: 1400, dropped: 0, interrupted: 0 });
  assert.deepEqual(indices(starts), upTo(1400));
  starts.forEach(({ dueAt, startAt, ownWaitMs }, n) => {
    assert.ok(Math.abs(dueAt - (150 + n / 0.7)) < 1e-6, `arrival ${n} is due at ${dueAt}`);
    assert.ok(startAt >= dueAt && startAt < dueAt + 1.001, `arrival ${n}, due at ${dueAt}, started at ${startAt}`);
    assert.equal(ownWaitMs, startAt - dueAt);
  });
});

test('a run whose start has passed catches up', async () => {
  const { clock, executor, starts } = rehearse(rate(100, 1000), 1);
  clock.block(500);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1000);
  assert.equal((await run).completed, 100);
  assert.deepEqual([starts[0]?.dueAt, starts[0]?.startAt], [0, 501]);
});

test('the slices start the whole load, each on VUs of its own', async () => {
  const whole: number[] = [];
  for (let index = 0; index < 3; index++) {
    const plan = rate(100, 1000, { preAllocatedVUs: 10, maxVUs: 10, arrivals: 'poisson' });
    const { clock, executor, starts } = rehearse(plan, 5, { slice: { index, of: 3 } });
    await executor.prepare();
    assert.equal(executor.allocatedVUs, [4, 3, 3][index]);
    const run = executor.run(0);
    await clock.advance(1100);
    await run;
    assert.ok(starts.every((start) => start.index % 3 === index && start.vuId % 3 === index));
    whole.push(...indices(starts));
  }
  assert.deepEqual(
    whole.sort((a, b) => a - b),
    upTo(whole.length),
  );
});

test('VUs take turns', async () => {
  const { clock, executor, starts } = rehearse(rate(100, 100, { preAllocatedVUs: 3 }), 1);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(200);
  await run;
  assert.deepEqual(
    starts.map(({ vuId }) => vuId),
    [0, 1, 2, 0, 1, 2, 0, 1, 2, 0],
  );
});

test('arrivals without a free VU wait in line, and their wait counts', async () => {
  const plan = rate(10, 500, { preAllocatedVUs: 1, maxVUs: 1 });
  const { clock, executor, starts } = rehearse(plan, 150);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(390);
  assert.deepEqual([executor.activeVUs, executor.counts.started], [1, 3]);
  await clock.advance(1000);
  assert.deepEqual(await run, { started: 5, completed: 5, dropped: 0, interrupted: 0 });
  assert.deepEqual(
    starts.map(({ index, dueAt, startAt, ownWaitMs }) => [index, dueAt, startAt, ownWaitMs]),
    [
      [0, 0, 1, 1],
      [1, 100, 151, 0],
      [2, 200, 301, 0],
      [3, 300, 451, 0],
      [4, 400, 601, 0],
    ],
  );
});

test('an arrival is dropped when it has waited for the maximum, not before', async () => {
  const plan = rate(10, 1000, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 300, gracefulStopMs: 5000 });
  const { clock, executor, starts, drops } = rehearse(plan, 1000);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(399);
  assert.deepEqual(drops, []);
  await clock.advance(2);
  assert.deepEqual(drops, [{ dueAt: 100, index: 1, why: 'max-lateness', count: 1 }]);
  await clock.advance(5000);
  assert.deepEqual(await run, { started: 2, completed: 2, dropped: 8, interrupted: 0 });
  assert.deepEqual(indices(starts), [0, 8]);
  assert.deepEqual(indices(drops), [1, 2, 3, 4, 5, 6, 7, 9]);
});

test('with a maxLateness of 0, an arrival without a free VU is dropped at once', async () => {
  const plan = rate(10, 300, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 0 });
  const { clock, executor, drops } = rehearse(plan, 150);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(101);
  assert.deepEqual(drops, [{ dueAt: 100, index: 1, why: 'max-lateness', count: 1 }]);
  await clock.advance(1000);
  assert.deepEqual(await run, { started: 2, completed: 2, dropped: 1, interrupted: 0 });
});

test('a generator held up for 500 ms starts late, and loses nothing', async () => {
  const { clock, executor, starts } = rehearse(rate(1000, 2000), 5);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1000);
  clock.block(500);
  await clock.advance(2000);
  assert.deepEqual(await run, { started: 2000, completed: 2000, dropped: 0, interrupted: 0 });
  assert.deepEqual(indices(starts), upTo(2000));
  const late = starts.filter(({ startAt, dueAt }) => startAt - dueAt > 2);
  assert.ok(late.length >= 497, `${late.length} started late`);
  assert.equal(Math.round(Math.max(...late.map(({ startAt, dueAt }) => startAt - dueAt))), 499);
});

test('what a held-up generator starts later than maxLateness still finds a VU', async () => {
  const plan = rate(100, 2000, { preAllocatedVUs: 3, maxVUs: 3, maxLatenessMs: 300 });
  const { clock, executor, drops } = rehearse(plan, 15);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1000);
  clock.block(500);
  await clock.advance(3000);
  assert.equal((await run).completed, 200);
  assert.deepEqual(drops, []);
});

test('time in which the generator was held up hardly counts as time that an arrival has waited', async () => {
  for (const [heldUpMs, dropped] of [
    [500, 0],
    [0, 1],
  ] as const) {
    const plan = rate(10, 150, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 300 });
    const { clock, executor, starts } = rehearse(plan, 0, { run: (_vu, { index }) => clock.wait(index ? 10 : 750) });
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(200);
    assert.deepEqual([executor.counts.started, executor.counts.dropped], [1, 0]);
    clock.block(heldUpMs);
    await clock.advance(1000);
    assert.equal((await run).dropped, dropped, `held up for ${heldUpMs} ms`);
    assert.equal(starts.length, 2 - dropped);
  }
});

test('on a machine that is always late, an arrival is dropped all the same', async () => {
  const plan = rate(10, 150, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 300 });
  const { clock, executor, drops } = rehearse(plan, 60_000);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(120);
  const dropped: number[] = [];
  for (let turn = 1; turn <= 4; turn++) {
    clock.block(1000);
    await clock.advance(1);
    dropped.push(executor.counts.dropped);
  }
  // Each turn of a second costs a tenth of it.
  assert.deepEqual(dropped, [0, 0, 1, 1]);
  assert.deepEqual(drops, [{ dueAt: 100, index: 1, why: 'max-lateness', count: 1 }]);
  await clock.advance(60_000);
  assert.equal((await run).dropped, 1);
});

test('however short maxLateness is, being held up once drops nothing', async () => {
  const plan = rate(10, 150, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 20 });
  const { clock, executor } = rehearse(plan, 0, { run: (_vu, { index }) => clock.wait(index ? 10 : 505) });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(100);
  clock.block(400);
  await clock.advance(100);
  assert.deepEqual(await run, { started: 2, completed: 2, dropped: 0, interrupted: 0 });
});

test('a burst starts at its time, all of it at once', async () => {
  const plan = rate(100, 1000, { arrivals: 'bursts', burstSize: 50 });
  const { clock, executor, starts } = rehearse(plan, 20);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(501);
  assert.equal(executor.activeVUs, 50);
  await clock.advance(1000);
  assert.equal((await run).completed, 100);
  assert.deepEqual(new Set(starts.map(({ dueAt }) => dueAt)), new Set([0, 500]));
});

test('held up over the end of the schedule, it still starts every arrival', async () => {
  const { clock, executor } = rehearse(rate(1000, 1000, { preAllocatedVUs: 50, maxVUs: 50, maxLatenessMs: 200 }), 5);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(800);
  clock.block(500);
  await clock.advance(1000);
  assert.deepEqual(await run, { started: 1000, completed: 1000, dropped: 0, interrupted: 0 });
});

test('VUs are made when they are needed, and no more than allowed', async () => {
  const plan = rate(10, 1000, { preAllocatedVUs: 1, maxVUs: 3 });
  const { clock, executor, created, starts } = rehearse(plan, 1000);
  await executor.prepare();
  assert.deepEqual(created, [0]);
  const run = executor.run(0);
  await clock.advance(99);
  assert.equal(executor.allocatedVUs, 1);
  await clock.advance(10);
  assert.deepEqual(created, [0, 1]);
  await clock.advance(500);
  assert.deepEqual(created, [0, 1, 2]);
  await clock.advance(10_000);
  assert.equal((await run).completed, 10);
  assert.deepEqual(created, [0, 1, 2]);
  assert.deepEqual(starts[1], { index: 1, vuId: 1, dueAt: 100, startAt: 100, ownWaitMs: 0, abandoned: false });
});

test('a wait for VUs that our own work holds is our own, one for VUs that the target holds is not', async () => {
  /** One VU; of the 100 ms that it is held, the process is at work for so many. Due every 50 ms. */
  const waits = async (busyMs: number): Promise<number[][]> => {
    const plan = rate(20, 250, { preAllocatedVUs: 1, maxVUs: 1 });
    const rehearsal = rehearse(plan, 0, {
      run: async () => {
        await rehearsal.clock.wait(100 - busyMs);
        rehearsal.clock.block(busyMs);
      },
    });
    await rehearsal.executor.prepare();
    const run = rehearsal.executor.run(0);
    await rehearsal.clock.advance(2_000);
    await run;
    return rehearsal.starts.slice(1).map(({ dueAt, startAt, ownWaitMs }) => [startAt - dueAt, ownWaitMs]);
  };
  for (const [waitMs, ownMs] of await waits(99)) assert.ok(ownMs! > 0.9 * waitMs!, `${ownMs} of ${waitMs}`);
  for (const [waitMs, ownMs] of await waits(20)) assert.ok(ownMs! < 25 && waitMs! >= 50, `${ownMs} of ${waitMs}`);
});

test('a dropped arrival says how much of its wait was our own', async () => {
  const plan = rate(10, 300, { preAllocatedVUs: 1, maxVUs: 1, maxLatenessMs: 500 });
  const own: number[] = [];
  const { clock, executor } = rehearse(plan, 60_000, {
    onDropped: (_dueAt, _index, _why, _count, ownWaitMs) => own.push(ownWaitMs),
  });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(70_000);
  assert.equal((await run).dropped, 2);
  assert.ok(own.length === 2 && own.every((ms) => ms < 10), own.join());
});

test('VUs that take long to make are made side by side, but never more of them than arrivals wait', async () => {
  const plan = rate(100, 1000, { preAllocatedVUs: 0, maxVUs: 90 });
  let making = 0;
  let most = 0;
  const { clock, executor, created } = rehearse(plan, 1, {
    async createVu(id) {
      most = Math.max(most, ++making);
      await clock.wait(1000);
      making--;
      return id;
    },
  });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(31);
  assert.deepEqual([created.length, executor.counts.started, executor.allocatedVUs], [4, 0, 0]);
  await clock.advance(5000);
  assert.equal((await run).completed, 100);
  assert.equal(most, 16);
});

test('after the end the line is still served, until the graceful stop is over', async () => {
  const plan = rate(10, 500, { preAllocatedVUs: 1, maxVUs: 1, gracefulStopMs: 300 });
  const { clock, executor, starts, drops } = rehearse(plan, 240);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(2000);
  // 0 to 240, 480, 720, and the one that ends at 961 is cut off at 800
  assert.deepEqual(await run, { started: 4, completed: 3, dropped: 1, interrupted: 1 });
  assert.deepEqual(indices(starts), [0, 1, 2, 3]);
  assert.deepEqual(drops, [{ dueAt: 400, index: 4, why: 'gracefulStop', count: 1 }]);
});

test('when the last of the line are dropped, the run is over', async () => {
  const plan = rate(10, 200, { preAllocatedVUs: 0, maxLatenessMs: 300 });
  const { clock, executor } = rehearse(plan, 1, { createVu: () => new Promise(() => {}) });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(500);
  assert.deepEqual(await run, { started: 0, completed: 0, dropped: 2, interrupted: 0 });
  assert.equal(clock.pendingTimers, 0);
});

test('a run lasts as long as its schedule, also when that ends in silence', async () => {
  const stages = [
    { durationMs: 100, target: 10 },
    { durationMs: 0, target: 0 },
    { durationMs: 900, target: 0 },
  ];
  const plan = rate(10, 0, { line: { start: 10, stages } });
  const { clock, executor } = rehearse(plan, 1);
  await executor.prepare();
  let over = false;
  const run = executor.run(0).finally(() => {
    over = true;
  });
  await clock.advance(990);
  assert.equal(over, false);
  await clock.advance(20);
  assert.equal((await run).completed, 1);
});

test('fewer VUs than slices are refused, unless the slice has nothing to do', () => {
  const plan = rate(10, 1000, { preAllocatedVUs: 2, maxVUs: 2 });
  assert.throws(
    () => rehearse(plan, 1, { slice: { index: 2, of: 4 } }),
    new RangeError('maxVUs is 2, which leaves no VU to slice 3 of 4; allow at least 4 VUs'),
  );
  rehearse(plan, 1, { slice: { index: 1, of: 4 } });
  rehearse(rate(0, 1000, { maxVUs: 2 }), 1, { slice: { index: 2, of: 4 } });
});

test('a load that is steered arrives when and as much as it is told, slices together as one alone', async () => {
  const plan = rate(400, 60_000, { steered: 10, startTimeMs: 500 });
  const steps = [
    { startMs: 500, endMs: 1_500, load: 10 },
    { startMs: 2_000, endMs: 3_000, load: 33.3 },
  ];
  const dues: number[] = [];
  for (let index = 0; index < 3; index++) {
    const { clock, executor, starts } = rehearse(plan, 5, { slice: { index, of: 3 } });
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(100);
    executor.steer(steps[0]!);
    await clock.advance(1_800);
    executor.steer(steps[1]!);
    await clock.advance(1_300);
    executor.end();
    await clock.advance(10);
    const { started, completed, dropped } = await run;
    assert.deepEqual([started, dropped], [completed, 0]);
    dues.push(...starts.map(({ dueAt }) => dueAt));
    assert.equal(clock.pendingTimers, 0);
  }
  const within = (from: number, to: number) => dues.filter((at) => at >= from && at < to).length;
  assert.deepEqual([within(500, 1_500), within(2_000, 3_000), dues.length], [100, 333, 433]);
});

test('a schedule that is over before its time starts nothing more, and drops nothing', async () => {
  const { clock, executor, starts, drops } = rehearse(rate(10, 60_000), 250);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1_050);
  executor.end();
  await clock.advance(5_000);
  assert.deepEqual(await run, { started: 11, completed: 11, dropped: 0, interrupted: 0 });
  assert.deepEqual([starts.length, drops.length, clock.pendingTimers], [11, 0, 0]);
});
