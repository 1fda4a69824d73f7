import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Rehearsal, rehearse } from './executor.fixture.ts';
import { type ClosedPlan, flat, vusOf } from './plan.ts';

const loops = (vus: number, durationMs: number): ClosedPlan => ({
  line: flat(vus, durationMs),
  startTimeMs: 0,
  gracefulStopMs: 1000,
  gracefulRampDownMs: 0,
});
const perVuTimes = (vus: number, perVu: number, maxDurationMs = 10_000): ClosedPlan => ({
  ...loops(vus, maxDurationMs),
  iterations: { perVu },
});
const sharedTimes = (vus: number, shared: number, maxDurationMs = 10_000): ClosedPlan => ({
  ...loops(vus, maxDurationMs),
  iterations: { shared },
});

const perVu = (starts: Rehearsal['starts']) => {
  const counts: Record<number, number> = {};
  for (const { vuId } of starts) counts[vuId] = (counts[vuId] ?? 0) + 1;
  return counts;
};

test('every VU loops until the end, and starts nothing after it', async () => {
  const { clock, executor, starts } = rehearse({ ...loops(3, 1000), startTimeMs: 200 }, 100);
  await executor.prepare();
  assert.equal(executor.allocatedVUs, 3);
  const run = executor.run(0);
  await clock.advance(150);
  assert.equal(executor.activeVUs, 0);
  await clock.advance(100);
  assert.equal(executor.activeVUs, 3);
  await clock.advance(2000);
  assert.deepEqual(await run, { started: 30, completed: 30, dropped: 0, interrupted: 0 });
  assert.deepEqual(perVu(starts), { 0: 10, 1: 10, 2: 10 });
  assert.ok(starts.every(({ startAt, dueAt, ownWaitMs }) => startAt === dueAt && startAt < 1200 && ownWaitMs === 0));
  assert.equal(clock.pendingTimers, 0);
});

test('what runs over the graceful stop is interrupted, what does not is completed', async () => {
  for (const [workMs, completed, interrupted] of [
    [1999, 2, 0],
    [2001, 0, 2],
  ] as const) {
    const { clock, executor, cuts } = rehearse(loops(2, 1000), workMs);
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(2000);
    assert.deepEqual(await run, { started: 2, completed, dropped: 0, interrupted });
    await clock.advance(5000);
    assert.deepEqual(executor.counts, { started: 2, completed, dropped: 0, interrupted });
    assert.deepEqual(
      cuts,
      [0, 1].slice(0, interrupted).map((index) => ({ index, at: 2000, why: 'gracefulStop' })),
    );
  }
});

test('iterations of each: each VU does its number, and the run ends with the last', async () => {
  const { clock, executor, starts } = rehearse(perVuTimes(3, 4), 10);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(50);
  assert.deepEqual(await run, { started: 12, completed: 12, dropped: 0, interrupted: 0 });
  assert.deepEqual(perVu(starts), { 0: 4, 1: 4, 2: 4 });
  assert.equal(clock.pendingTimers, 0);
});

test('iterations of all: whoever is free takes the next', async () => {
  const plan = sharedTimes(3, 20);
  const { clock, executor, starts } = rehearse(plan, 0, { run: (vu) => clock.wait(vu === 0 ? 10 : 40) });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(500);
  assert.deepEqual(await run, { started: 20, completed: 20, dropped: 0, interrupted: 0 });
  const counts = perVu(starts);
  assert.ok(counts[0]! > 2 * counts[1]!, JSON.stringify(counts));
  assert.deepEqual(
    starts.map(({ index }) => index),
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test('iterations that there was no time for are dropped', async () => {
  for (const plan of [perVuTimes(2, 5, 250), sharedTimes(2, 10, 250)]) {
    const { clock, executor, drops } = rehearse(plan, 100);
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(1000);
    assert.deepEqual(await run, { started: 6, completed: 6, dropped: 4, interrupted: 0 });
    // Within the schedule, whose end may be that of its phase.
    assert.deepEqual(drops, [{ dueAt: 249, index: 6, why: 'gracefulStop', count: 4 }]);
  }
});

test('the slices together do the whole work, on VUs and under numbers of their own', async () => {
  const cases: [ClosedPlan, number][] = [
    [perVuTimes(5, 3), 15],
    [sharedTimes(5, 17), 17],
    [sharedTimes(2, 17), 17],
    [loops(5, 100), 50],
  ];
  for (const [plan, total] of cases) {
    const all: Rehearsal['starts'] = [];
    const vus: number[] = [];
    for (let index = 0; index < 4; index++) {
      const { clock, executor, starts, created } = rehearse(plan, 10, { slice: { index, of: 4 } });
      await executor.prepare();
      const run = executor.run(0);
      await clock.advance(1000);
      const { completed, started, dropped } = await run;
      assert.equal(completed, started);
      assert.equal(dropped, 0);
      assert.ok(created.every((id) => id % 4 === index));
      all.push(...starts);
      vus.push(...created);
    }
    assert.equal(all.length, total);
    const numbers = new Set(all.map(({ index }) => index));
    assert.equal(numbers.size, total);
    if (plan.iterations && 'shared' in plan.iterations) {
      assert.equal(Math.max(...numbers), total - 1);
      // Nobody has to do another slice's part as well.
      const each = Object.values(perVu(all));
      assert.ok(Math.max(...each) - Math.min(...each) <= 1, `${each}`);
    }
    assert.deepEqual(
      vus.sort((a, b) => a - b),
      Array.from({ length: vusOf(plan) }, (_, id) => id),
    );
  }
});

test('iterations that end at once leave the event loop its turn, and end with the schedule', async () => {
  const { clock, executor } = rehearse(loops(2, 50), 0, {
    // Each takes 0.5 ms of this process's time, and not one macrotask.
    run: async () => clock.block(0.5),
  });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1);
  let turns = 0;
  for (; clock.now() < 50; turns++) await setImmediate();
  await clock.advance(1);
  assert.equal((await run).started, 98);
  assert.ok(turns >= 5, `${turns} turns in 50 ms`);
});

test('a billion iterations that nobody does are dropped at once', async () => {
  const { clock, executor, drops } = rehearse(sharedTimes(2, 1e9, 250), 100);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1000);
  assert.deepEqual(await run, { started: 6, completed: 6, dropped: 1e9 - 6, interrupted: 0 });
  assert.equal(drops.length, 1);
});
