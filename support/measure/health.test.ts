import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { GeneratorHealth, parseStat, shareOf } from './health.ts';
import { Recorder } from './recorder.ts';
import { MetricStore } from './store.ts';

test('the first line of /proc/stat, of new kernels and of old ones', () => {
  const rest = '\ncpu0 1 1 1 1\nintr 5\n';
  const table = [
    // user nice system idle iowait irq softirq steal guest guest_nice; guests are in user and nice already.
    ['cpu  100 10 20 500 30 5 6 7 80 9', { busy: 148, steal: 7, all: 678 }],
    ['cpu  100 10 20 500 30 5 6', { busy: 141, steal: 0, all: 671 }],
    ['cpu  100 10 20 500', { busy: 130, steal: 0, all: 630 }],
  ] as const;
  for (const [line, ticks] of table) assert.deepEqual(parseStat(line + rest), ticks, line);
});

test('shares are of the time between two readings', () => {
  const before = { busy: 1_000, steal: 100, all: 5_000 };
  const table = [
    [{ busy: 1_150, steal: 120, all: 5_200 }, 75, 10],
    [{ busy: 1_000, steal: 100, all: 5_200 }, 0, 0],
    [{ busy: 1_200, steal: 300, all: 5_200 }, 100, 100],
    [before, 0, 0],
  ] as const;
  for (const [now, busyPercent, stealPercent] of table) {
    assert.deepEqual(shareOf(before, now), { busyPercent, stealPercent });
  }
});

const WINDOW_MS = 300;

/** What this process showed of itself while `work` was done, in one interval. */
async function watched(t: TestContext, work: () => unknown): Promise<MetricStore> {
  const recorder = new Recorder('relay', 'load');
  const health = new GeneratorHealth(recorder);
  t.after(() => health.stop());
  health.start();
  // The event loop's delay is measured from one of its rounds to the next.
  await wait(50);
  const until = performance.now() + WINDOW_MS;
  await work();
  await wait(Math.max(20, until - performance.now()));
  const store = new MetricStore();
  store.add({ index: 0, series: recorder.pack() });
  return store;
}

function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

const delayOf = (store: MetricStore) => store.trend('generator_event_loop_delay', { scenario: 'relay' }).max;
const cpuOf = (store: MetricStore) => store.trend('generator_cpu_percent', { scenario: 'relay' }).max;

test('a blocked event loop and burnt CPU show, beside a quiet interval of the same process', async (t) => {
  // Another process may have held this one up.
  let quiet = await watched(t, () => {});
  while (delayOf(quiet) >= WINDOW_MS / 2) quiet = await watched(t, () => {});
  const block = () =>
    watched(t, async () => {
      // Twice: a percentile of so few rounds leaves out the worst of them.
      burn(WINDOW_MS);
      await wait(1);
      burn(WINDOW_MS);
    });
  let blocked = await block();
  // Or have taken its turns.
  for (let tries = 0; cpuOf(blocked) <= cpuOf(quiet) && tries < 20; tries++) {
    [quiet, blocked] = [await watched(t, () => {}), await block()];
  }
  assert.ok(delayOf(blocked) > WINDOW_MS / 2, `${delayOf(blocked)} ms, quiet ${delayOf(quiet)} ms`);
  assert.ok(cpuOf(blocked) > cpuOf(quiet), `${cpuOf(blocked)} %, quiet ${cpuOf(quiet)} %`);
});

test('an interval shows what happened in it alone', async (t) => {
  const recorder = new Recorder('relay', 'load');
  const health = new GeneratorHealth(recorder);
  t.after(() => health.stop());
  health.start();
  const intervals: MetricStore[] = [];
  for (const work of [() => burn(2 * WINDOW_MS), () => {}]) {
    await wait(50);
    work();
    await wait(WINDOW_MS);
    const store = new MetricStore();
    store.add({ index: 0, series: recorder.pack() });
    intervals.push(store);
  }
  const [blocked, quiet] = intervals as [MetricStore, MetricStore];
  assert.ok(cpuOf(blocked) > cpuOf(quiet), `${cpuOf(blocked)} %, then ${cpuOf(quiet)} %`);
});

test('each garbage collection shows, with its pause, and how much of the time they took', async (t) => {
  const quiet = await watched(t, () => {});
  const littered = await watched(t, () => {
    let kept: number[][] = [];
    for (let i = 0; i < 10_000; i++) {
      kept.push(new Array<number>(1_000).fill(i));
      if (kept.length > 500) kept = [];
    }
  });
  const pauses = littered.trend('generator_gc_pause', { scenario: 'relay' });
  assert.ok(pauses.count > quiet.trend('generator_gc_pause').count, `${pauses.count} collections`);
  assert.ok(pauses.max > 0);
  const percent = littered.trend('generator_gc_percent', { scenario: 'relay' });
  assert.ok(percent.count === 1 && percent.max > 0 && percent.max <= 100.1, `${percent.max} %`);
});

test('the machine is read beside the process, tagged with the part of the run', async (t) => {
  const store = await watched(t, () => {});
  const cpu = store.trend('machine_cpu_percent', { scenario: 'relay' });
  const steal = store.trend('machine_steal_percent', { scenario: 'relay' });
  assert.deepEqual([cpu.count, steal.count], [1, 1]);
});

test('an interval that a stop cut short says nothing', (t) => {
  let now = 1_000;
  t.mock.method(performance, 'now', () => now);
  const recorder = new Recorder('relay', 'load');
  const health = new GeneratorHealth(recorder);
  t.after(() => health.stop());
  health.start();
  now += 49;
  assert.deepEqual(recorder.pack(), {});
  now += 50;
  assert.ok(recorder.pack()['generator_cpu_percent{scenario:relay}']);
});

test('what is done after the watch has ended does not count', async (t) => {
  const recorder = new Recorder('relay', 'load');
  const health = new GeneratorHealth(recorder);
  health.start();
  health.stop();
  t.after(() => health.stop());
  burn(100);
  await wait(10);
  assert.equal(recorder.pack()['generator_event_loop_delay{scenario:relay}'], undefined);
});
