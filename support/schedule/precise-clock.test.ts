import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { Alarm } from './clock.ts';
import { Executor } from './executor.ts';
import { flat, type Plan } from './plan.ts';
import { PreciseClock } from './precise-clock.ts';

async function clockOf(t: TestContext): Promise<PreciseClock> {
  const clock = new PreciseClock();
  await clock.open();
  t.after(() => clock.close());
  return clock;
}

test('timers ring in the order of their instants, none before its own, and one that was cleared never', async (t) => {
  const clock = await clockOf(t);
  const began = clock.now();
  const rings: [delayMs: number, afterMs: number][] = [];
  const ring = (delayMs: number) => () => void rings.push([delayMs, clock.now() - began]);
  // However long it takes to set them: else the second may be due after the first.
  const { mock } = t.mock.method(clock, 'now', () => began);
  clock.setTimeout(ring(4.2), 4.2);
  clock.clearTimeout(clock.setTimeout(ring(1), 1));
  clock.setTimeout(ring(0.3), 0.3);
  mock.restore();
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 6));
  assert.deepEqual(
    rings.map(([delayMs]) => delayMs),
    [0.3, 4.2],
  );
  for (const [delayMs, afterMs] of rings) assert.ok(afterMs >= delayMs, `${delayMs} ms rang after ${afterMs} ms`);
});

test('those that are due together ring in that order too', async (t) => {
  const clock = await clockOf(t);
  const rings: number[] = [];
  const began = clock.now();
  const { mock } = t.mock.method(clock, 'now', () => began);
  const done = new Promise<void>((resolve) => clock.setTimeout(resolve, 5));
  for (const delayMs of [4, 2, 3]) clock.setTimeout(() => rings.push(delayMs), delayMs);
  mock.restore();
  // Held up until the last of them is due.
  while (clock.now() < began + 6);
  await done;
  assert.deepEqual(rings, [2, 3, 4]);
});

test('a timer that is set while another rings is one as well', async (t) => {
  const clock = await clockOf(t);
  let rings = 0;
  await new Promise<void>((resolve) => {
    const again = () => (++rings === 5 ? resolve() : void clock.setTimeout(again, 0));
    clock.setTimeout(again, 0);
  });
  assert.equal(rings, 5);
});

test('what comes by the thousand a second takes timers of Node, which can be cleared as well', async (t) => {
  const [[thread], clock] = await Promise.all([once(process, 'worker'), clockOf(t)]);
  let woken = 0;
  (thread as Worker).on('message', () => woken++);
  let rings = 0;
  await new Promise<void>((resolve) => {
    const again = () => {
      clock.clearTimeout(clock.setTimeout(() => assert.fail('it rang'), 0));
      if (++rings === 40) resolve();
      else clock.setTimeout(again, 0.1);
    };
    clock.setTimeout(again, 0.1);
  });
  assert.ok(woken >= 1 && woken <= 20, `the thread woke ${woken} times`);
});

test('an alarm on it can be moved to an earlier instant', async (t) => {
  const clock = await clockOf(t);
  const at = clock.now() + 2;
  const rang = new Promise<number>((resolve) => {
    const alarm = new Alarm(clock, resolve);
    alarm.set(at + 3_600_000);
    alarm.set(at);
  });
  assert.ok((await rang) >= at);
});

test('a closed one has no thread any more, and rings no more', async () => {
  const ends: Promise<unknown>[] = [];
  process.once('worker', (worker: Worker) => ends.push(once(worker, 'exit')));
  const clock = new PreciseClock();
  await clock.open();
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 0));
  // The last of them are timers of Node.
  for (let time = 0; time < 5; time++) clock.setTimeout(() => assert.fail('it rang'), 0);
  clock.close();
  await Promise.all(ends);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(ends.length, 1);
});

test('a fast load is paced by it, and its thread ends with the run; a slow one needs none', async () => {
  const threads: Worker[] = [];
  const seen = (worker: Worker) => threads.push(worker);
  process.on('worker', seen);
  for (const rate of [50, 100]) {
    const plan: Plan = {
      ...{ line: flat(rate, 100), timeUnitMs: 1_000, arrivals: 'uniform' },
      ...{ preAllocatedVUs: 1, maxVUs: 10, maxLatenessMs: 10_000, startTimeMs: 0, gracefulStopMs: 0 },
    };
    const early: number[] = [];
    const executor = new Executor({
      ...{ plan, slice: { index: 0, of: 1 }, seed: 1, signal: new AbortController().signal },
      createVu: () => null,
      run: async (_vu, { dueAt, startAt }) => void (startAt < dueAt && early.push(startAt)),
      onDropped() {},
      onCut() {},
    });
    await executor.prepare();
    const { completed } = await executor.run(performance.now());
    assert.deepEqual([completed, early], [rate / 10, []]);
  }
  process.off('worker', seen);
  assert.equal(threads.length, 1);
  if (threads[0]!.threadId !== -1) await once(threads[0]!, 'exit');
});
