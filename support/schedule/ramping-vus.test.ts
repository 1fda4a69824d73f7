import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rehearse } from './executor.fixture.ts';
import { type ClosedPlan, flat, vuSteps } from './plan.ts';

/** `stages` are written as `duration in ms:target`. */
function ramp(startVUs: number, stages: string, gracefulRampDownMs: number): ClosedPlan {
  return {
    line: {
      start: startVUs,
      stages: stages.split(' ').map((stage) => {
        const [durationMs, target] = stage.split(':').map(Number);
        return { durationMs: durationMs!, target: target! };
      }),
    },
    gracefulRampDownMs,
    startTimeMs: 0,
    gracefulStopMs: 500,
  };
}

/** VUs of the whole load that the plan has at `atMs`. */
function planned(plan: ClosedPlan, atMs: number): number {
  return [...vuSteps(plan)].filter((step) => step.atMs <= atMs).at(-1)?.vus ?? 0;
}

test('as many VUs loop as the ramp says', async () => {
  const plan = ramp(1, '1000:5 500:5 0:2 500:2 900:8 800:0', 0);
  const { clock, executor, created } = rehearse(plan, 2);
  await executor.prepare();
  assert.deepEqual(created, [0, 1, 2, 3, 4, 5, 6, 7]);
  const run = executor.run(0);
  // Half-way between whole steps of 250, 150 and 100 ms, and never where a VU is just leaving.
  let now = 0;
  for (const at of [125, 375, 625, 875, 1250, 1750, 2075, 2225, 2825, 2950, 3050, 3150]) {
    await clock.advance(at - now);
    now = at;
    assert.equal(executor.activeVUs, planned(plan, at), `at ${at} ms`);
  }
  await clock.advance(1000);
  const { started, completed, interrupted } = await run;
  assert.equal(started, completed + interrupted);
  assert.equal(clock.pendingTimers, 0);
});

test('the slices together follow the ramp', async () => {
  const plan = ramp(0, '1000:10', 0);
  for (const at of [50, 150, 350, 950]) {
    let active = 0;
    for (let index = 0; index < 3; index++) {
      const { clock, executor, abort } = rehearse(plan, 2, { slice: { index, of: 3 } });
      await executor.prepare();
      const run = executor.run(0);
      await clock.advance(at);
      active += executor.activeVUs;
      abort();
      await clock.advance(20);
      await run;
      assert.equal(clock.pendingTimers, 0);
    }
    assert.equal(active, planned(plan, at), `at ${at} ms`);
  }
});

test('the last to come is the first to go, and the others go on', async () => {
  const { clock, executor, starts } = rehearse(ramp(3, '500:3 0:1 500:1', 30_000), 10);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(2000);
  await run;
  assert.equal(clock.pendingTimers, 0);
  const last = (id: number) => starts.findLast(({ vuId }) => vuId === id)!.startAt;
  assert.ok(last(1) <= 501 && last(2) <= 501, `${last(1)} and ${last(2)}`);
  assert.ok(last(0) > 980, `${last(0)}`);
});

test('a VU that goes may finish its iteration within the graceful ramp-down, then it is interrupted', async () => {
  for (const [gracefulRampDownMs, completed, interrupted] of [
    [299, 1, 1],
    [301, 2, 0],
  ] as const) {
    // Each iteration takes 400 ms; the second VU is to go at 100 ms.
    const plan = ramp(2, '100:2 0:1 290:1', gracefulRampDownMs);
    const { clock, executor, cuts } = rehearse(plan, 400);
    await executor.prepare();
    const run = executor.run(0);
    await clock.advance(102);
    assert.equal(executor.activeVUs, 2);
    await clock.advance(2000);
    assert.deepEqual(await run, { started: 2, completed, dropped: 0, interrupted });
    const why = 'gracefulRampDown';
    assert.deepEqual(cuts, interrupted === 0 ? [] : [{ index: 1, at: 100 + gracefulRampDownMs, why }]);
  }
});

test('a VU that is wanted back in time goes on as if nothing had been', async () => {
  const plan = ramp(2, '100:2 0:1 100:1 0:2 700:2', 200);
  const { clock, executor, starts } = rehearse(plan, 400);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(3000);
  assert.deepEqual(await run, { started: 6, completed: 6, dropped: 0, interrupted: 0 });
  assert.equal(starts.filter(({ vuId }) => vuId === 1).length, 3);
});

test('a VU that is wanted back after it was interrupted goes on when its old iteration has ended', async () => {
  const plan = ramp(2, '100:2 0:1 100:1 0:2 700:2', 50);
  const { clock, executor, starts } = rehearse(plan, 400);
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(300);
  assert.deepEqual([executor.activeVUs, executor.counts.interrupted], [1, 1]);
  await clock.advance(3000);
  assert.deepEqual(await run, { started: 6, completed: 5, dropped: 0, interrupted: 1 });
  assert.deepEqual(
    starts.filter(({ vuId }) => vuId === 1).map(({ startAt }) => startAt),
    [1, 401, 801],
  );
});

test('a ramp-down shortly before the end keeps its own time limit', async () => {
  const plan = {
    ...ramp(2, '100:2 0:1 100:1', 350),
    gracefulStopMs: 5000,
  };
  const { clock, executor } = rehearse(plan, 0, { run: (vu) => clock.wait(vu === 1 ? 1000 : 400) });
  await executor.prepare();
  const run = executor.run(0);
  await clock.advance(455);
  assert.deepEqual(await run, { started: 2, completed: 1, dropped: 0, interrupted: 1 });
});

test('VUs that are steered loop as many as they are told, in all slices together', async () => {
  const plan: ClosedPlan = {
    ...{ line: flat(40, 60_000), steered: 4 },
    ...{ startTimeMs: 500, gracefulStopMs: 1_000, gracefulRampDownMs: 1_000 },
  };
  const active = [0, 0, 0, 0];
  for (let index = 0; index < 3; index++) {
    const { clock, executor } = rehearse(plan, 10, { slice: { index, of: 3 } });
    await executor.prepare();
    const run = executor.run(0);
    const look = async (place: number, advanceMs: number) => {
      await clock.advance(advanceMs);
      active[place]! += executor.activeVUs;
    };
    await look(0, 600);
    executor.steer({ startMs: 1_000, endMs: 2_000, load: 2.5 });
    await look(1, 900);
    await look(2, 800);
    executor.steer({ startMs: 2_500, endMs: 3_000, load: 10 });
    await look(3, 500);
    executor.end();
    await clock.advance(2_000);
    await run;
    assert.equal(clock.pendingTimers, 0);
  }
  assert.deepEqual(active, [0, 10, 0, 40]);
});
