import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';
import { rehearse } from './executor.fixture.ts';
import { flat, type Plan } from './plan.ts';

const open = {
  arrivals: 'uniform',
  timeUnitMs: 1000,
  preAllocatedVUs: 5,
  maxVUs: 10,
  maxLatenessMs: 10_000,
  startTimeMs: 0,
  gracefulStopMs: 30_000,
} as const;
const arrivals: Plan = { line: flat(100, 1000), ...open };
const closed = { startTimeMs: 0, gracefulStopMs: 30_000, gracefulRampDownMs: 0 };
const loops: Plan = { line: flat(40, 1000), ...closed };
const never = () => new Promise<never>(() => {});

test('prepare makes the VUs a few at a time', async () => {
  let making = 0;
  let most = 0;
  const { clock, executor, created } = rehearse(loops, 1, {
    async createVu(id) {
      most = Math.max(most, ++making);
      await clock.wait(10);
      making--;
      return id;
    },
  });
  const prepared = executor.prepare();
  await clock.advance(100);
  await prepared;
  assert.equal(most, 16);
  assert.equal(executor.allocatedVUs, 40);
  assert.equal(created.length, 40);
});

test('prepare rejects with the error of createVu, and makes no more', async () => {
  const { executor, created } = rehearse(loops, 1, {
    createVu: () => Promise.reject(new Error('401 from /login')),
  });
  await assert.rejects(executor.prepare(), new Error('401 from /login'));
  assert.equal(created.length, 16);
});

test('an abort before the start starts nothing', async () => {
  for (const plan of [arrivals, loops]) {
    const { clock, executor, created, abort } = rehearse(plan, 1);
    abort();
    await executor.prepare();
    assert.deepEqual(await executor.run(0), { started: 0, completed: 0, dropped: 0, interrupted: 0 });
    assert.deepEqual(created, []);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('an abort starts nothing more and lets what runs come to its end', async () => {
  for (const plan of [arrivals, loops]) {
    const { clock, executor, starts, abort } = rehearse(plan, 30);
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(500);
    abort();
    const { length } = starts;
    await clock.advance(100);
    assert.deepEqual(await run, { started: length, completed: length, dropped: 0, interrupted: 0 });
    assert.equal(starts.length, length);
    assert.equal(clock.pendingTimers, 0);
  }
});

test('an abort waits no longer than 2 s, whatever the graceful stop, and not longer than that', async () => {
  for (const [gracefulStopMs, waitMs] of [
    [30_000, 2000],
    [300, 300],
  ] as const) {
    const { clock, executor, cuts, abort } = rehearse({ ...loops, gracefulStopMs }, 0, { run: never });
    await executor.prepare();
    let over = false;
    const run = executor.run(0).finally(() => {
      over = true;
    });
    await clock.advance(500);
    abort();
    await clock.advance(waitMs - 1);
    assert.equal(over, false);
    await clock.advance(1);
    assert.deepEqual(await run, { started: 40, completed: 0, dropped: 0, interrupted: 40 });
    assert.ok(cuts.length === 40 && cuts.every(({ why }) => why === 'stopped'));
  }
});

test('an abort during the graceful stop shortens it, and it is the abort that cuts off', async () => {
  const { clock, executor, cuts, abort } = rehearse({ ...loops, gracefulStopMs: 3000 }, 0, { run: never });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1500);
  abort();
  await clock.advance(2001);
  assert.equal((await run).interrupted, 40);
  assert.ok(clock.now() < 4000);
  assert.equal(cuts[0]?.why, 'stopped');
});

test('an abort during the graceful stop never lengthens it', async () => {
  const { clock, executor, abort } = rehearse({ ...loops, gracefulStopMs: 3000 }, 0, { run: never });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(3900);
  abort();
  await clock.advance(102);
  assert.equal((await run).interrupted, 40);
});

test('work that aborts the run is counted once, and so is everything else', async () => {
  const { clock, executor, abort } = rehearse(arrivals, 0, {
    async run(_vu, { index }) {
      if (index === 20) abort();
    },
  });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(100);
  clock.block(150); // so that the abort comes in the midst of many that are due
  await clock.advance(10);
  const { started, completed, dropped } = await run;
  assert.equal(completed, started);
  assert.equal(started + dropped, 26);
});

test('the run ends in time even while VUs are still being made', async () => {
  const plan = { ...arrivals, gracefulStopMs: 100 };
  const { clock, executor } = rehearse(plan, 0, { run: never, createVu: (id) => (id === 6 ? never() : id) });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1101);
  assert.deepEqual(await run, { started: 9, completed: 0, dropped: 91, interrupted: 9 });
});

test('an abort after the end does nothing', async () => {
  const { clock, executor, abort } = rehearse(loops, 10);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(1100);
  const counts = await run;
  abort();
  assert.equal(clock.pendingTimers, 0);
  assert.deepEqual(executor.counts, counts);
});

test('an abort drops what waits', async () => {
  const { clock, executor, starts, drops, abort } = rehearse(arrivals, 0, { run: never });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(205);
  clock.block(10); // two more fall due, unnoticed
  abort();
  await clock.advance(2001);
  assert.deepEqual(await run, { started: 10, completed: 0, dropped: 12, interrupted: 10 });
  assert.equal(starts.length, 10);
  assert.deepEqual(
    drops.map(({ index, why, count }) => [index, why, count]),
    Array.from({ length: 12 }, (_, n) => [10 + n, 'stopped', 1]),
  );
});

test('a run that rejects or throws ends with that error, after the others had their time', async () => {
  const faults = {
    rejects: () => Promise.reject(new Error('broken check')),
    throws: () => {
      throw new Error('broken check');
    },
  };
  for (const fault of Object.values(faults)) {
    for (const plan of [arrivals, loops]) {
      const { clock, executor, starts } = rehearse(plan, 0, {
        run: (_vu, { index }) => (index === 3 ? fault() : clock.wait(100)),
      });
      await executor.prepare();
      const run = executor.run(0);
      run.catch(() => {});
      await clock.advance(60);
      const { length } = starts;
      assert.ok(length >= 4);
      await clock.advance(100);
      await assert.rejects(run, new Error('broken check'));
      assert.equal(starts.length, length);
      assert.deepEqual(executor.counts, { started: length, completed: length - 1, dropped: 0, interrupted: 1 });
    }
  }
});

test('a VU that cannot be made during the run ends it with that error', async () => {
  const { clock, executor, drops } = rehearse(arrivals, 200, {
    createVu: (id) => (id < 5 ? id : Promise.reject(new Error('no account left'))),
  });
  await executor.prepare();
  const run = executor.run(0);
  run.catch(() => {});
  await clock.advance(500);
  await assert.rejects(run, new Error('no account left'));
  assert.deepEqual(executor.counts, { started: 5, completed: 5, dropped: 1, interrupted: 0 });
  assert.deepEqual(drops, [{ dueAt: 50, index: 5, why: 'stopped', count: 1 }]);
});

test('plans of every kind are done on the real clock', async () => {
  const common = { ...closed, startTimeMs: 20, gracefulStopMs: 5000 };
  const plans: [which: string, plan: Plan, exactly?: number][] = [
    ['a rate', { ...arrivals, line: flat(1000, 150), maxVUs: 100, startTimeMs: 20 }, 150],
    ['a ramp of it', { ...open, line: { start: 0, stages: [{ durationMs: 200, target: 1000 }] } }, 100],
    // Long enough for a machine that stands still for a moment.
    ['VUs', { ...common, line: flat(3, 500) }],
    ['a ramp of them', { ...common, line: { start: 1, stages: [{ durationMs: 500, target: 4 }] } }],
    ['iterations of each', { ...common, line: flat(3, 5000), iterations: { perVu: 7 } }, 21],
    ['iterations of all', { ...common, line: flat(3, 5000), iterations: { shared: 7 } }, 7],
  ];
  for (const [which, plan, exactly] of plans) {
    const { executor, starts } = rehearse(plan, 0, {
      clock: systemClock,
      run: () => new Promise((resolve) => setTimeout(resolve, 2)),
    });
    await executor.prepare();
    const startAt = performance.now() + 10;
    const { started, completed, dropped, interrupted } = await executor.run(startAt);
    assert.deepEqual([completed, dropped, interrupted], [started, 0, 0], which);
    if (exactly !== undefined) assert.equal(started, exactly, which);
    else assert.ok(new Set(starts.map(({ vuId }) => vuId)).size >= 3, which);
    assert.ok(
      starts.every((start) => start.startAt >= start.dueAt && start.dueAt >= startAt + plan.startTimeMs),
      which,
    );
  }
});

test('iterations that end at once do not starve timers', async () => {
  const { executor } = rehearse({ ...loops, line: flat(2, 60) }, 0, { clock: systemClock, run: async () => {} });
  await executor.prepare();
  const order: string[] = [];
  const run = executor.run(performance.now()).then(() => order.push('end of the run'));
  setTimeout(() => order.push('timer'), 5);
  await run;
  assert.deepEqual(order, ['timer', 'end of the run']);
});

test('ten million arrivals that fell due unnoticed are dropped at once', async () => {
  const { clock, executor, drops, abort } = rehearse({ ...arrivals, line: flat(1e6, 20_000) }, 0);
  const run = executor.run(0);
  clock.block(10_000);
  abort();
  await clock.advance(1);
  assert.deepEqual(await run, { started: 0, completed: 0, dropped: 10_000_001, interrupted: 0 });
  assert.deepEqual(drops, [{ dueAt: 0, index: 0, why: 'stopped', count: 10_000_001 }]);
});
