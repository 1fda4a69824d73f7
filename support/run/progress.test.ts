import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from '../measure/recorder.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { Progress } from './progress.ts';

const relay = { name: 'relay', kind: 'load', slices: 2, maxVUs: 50 } as const;
const light = { name: 'light', kind: 'journey', slices: 1, maxVUs: 4 } as const;

interface Measured {
  iterations?: number;
  failed?: number;
  dropped?: number;
  vus?: number;
  times?: number[];
  lateness?: number[];
}

/** An interval of a slice of a load. */
function interval(
  index: number,
  { iterations = 0, failed = 0, dropped = 0, vus = 0, times = [], lateness = [] }: Measured,
) {
  const recorder = new Recorder('relay', 'load');
  if (iterations > 0) recorder.add('iterations', iterations, { op: 'push' });
  for (let n = 0; n < iterations; n++) recorder.add('iteration_failed', n < failed ? 1 : 0);
  if (dropped > 0) recorder.add('dropped_iterations', dropped);
  recorder.add('vus', vus);
  for (const time of times) recorder.add('iteration_response_time', time, { op: 'push' });
  for (const late of lateness) recorder.add('generator_lateness', late);
  return { index, series: recorder.pack() };
}

/** Intervals of a journey, with the steps that ended in each. */
function steps(index: number, ...durationsMs: number[]) {
  const recorder = new Recorder('light', 'journey');
  for (const durationMs of durationsMs)
    recorder.add('browser_step_duration', durationMs, { step: 'sync', phase: 'load' });
  return { index, series: recorder.pack() };
}

test('before anything was measured', () => {
  const progress = new Progress([relay], new TimeAxis([], 1_000));
  assert.deepEqual(progress.scenarios(), [
    {
      ...{ name: 'relay', kind: 'load', ratePerSecond: 0, p95Ms: null },
      ...{ iterations: 0, failed: 0, dropped: 0, activeVUs: 0, maxVUs: 50 },
    },
  ]);
  assert.deepEqual([progress.latenessP99Ms(), progress.p95Ms()], [null, null]);
});

test('of connections it is what is waited for in them that took a time', () => {
  const latency = { type: 'trend', contains: 'time', waitedFor: true } as const;
  const progress = new Progress([{ ...relay, slices: 1 }], new TimeAxis([], 1_000), { message_latency: latency });
  const recorder = new Recorder('relay', 'load', { message_latency: latency });
  const add = (index: number, lives: number[]) => {
    for (let n = 0; n < 40; n++) recorder.add('message_latency', 2, { channel: `${n % 2}` });
    for (const lifeMs of lives) recorder.add('iteration_response_time', lifeMs);
    recorder.add('vus', 1);
    progress.add('relay', { index, series: recorder.pack() });
  };
  add(0, []);
  add(1, [30_000]);
  assert.equal(progress.scenarios()[0]!.p95Ms, 2);
  assert.equal(progress.p95Ms(), 2);
});

test('what all loads took together, without the steps of journeys', () => {
  const progress = new Progress([relay, { ...relay, name: 'vm-crud', slices: 1 }, light], new TimeAxis([], 1_000));
  progress.add('light', steps(0, ...Array(50).fill(5_000)));
  assert.equal(progress.p95Ms(), null);
  progress.add('relay', interval(0, { times: Array(40).fill(1) }));
  progress.add('relay', interval(0, { times: Array(50).fill(1) }));
  assert.equal(progress.p95Ms(), 1);
  progress.add('vm-crud', interval(0, { times: Array(10).fill(64) }));
  assert.equal(Math.round(progress.p95Ms()!), 64);
});

test('the figures of a scenario are those of its slices together', () => {
  const progress = new Progress([relay], new TimeAxis([], 2_000));
  progress.add(
    'relay',
    interval(0, { iterations: 20, failed: 3, dropped: 1, vus: 5, times: Array(18).fill(1), lateness: [1, 1] }),
  );
  progress.add('relay', interval(0, { iterations: 10, failed: 1, dropped: 1, vus: 7, times: [1, 2], lateness: [2] }));
  assert.deepEqual(progress.scenarios(), [
    {
      ...{ name: 'relay', kind: 'load', ratePerSecond: 15, p95Ms: 1 },
      ...{ iterations: 30, failed: 4, dropped: 2, activeVUs: 12, maxVUs: 50 },
    },
  ]);
  assert.equal(progress.latenessP99Ms(), 2);
});

test('rates are of the last interval that all slices delivered, counts of the whole run', () => {
  const progress = new Progress([relay], new TimeAxis([], 1_000));
  for (const _slice of [1, 2]) progress.add('relay', interval(0, { iterations: 10, vus: 5, times: [1] }));
  progress.add('relay', interval(1, { iterations: 40, vus: 9, times: [2] }));
  let [shown] = progress.scenarios();
  assert.deepEqual([shown!.ratePerSecond, shown!.activeVUs, shown!.p95Ms, shown!.iterations], [20, 10, 1, 60]);
  progress.add('relay', interval(1, { iterations: 30, vus: 9, times: [2] }));
  [shown] = progress.scenarios();
  assert.deepEqual([shown!.ratePerSecond, shown!.activeVUs, shown!.p95Ms, shown!.iterations], [70, 18, 2, 90]);
});

test('a slice that died does not freeze the display', () => {
  const progress = new Progress([relay], new TimeAxis([], 1_000));
  for (const _slice of [1, 2]) progress.add('relay', interval(0, { iterations: 10 }));
  const rates: number[] = [];
  for (let index = 1; index <= 6; index++) {
    progress.add('relay', interval(index, { iterations: 100 + index }));
    rates.push(progress.scenarios()[0]!.ratePerSecond);
  }
  // It is waited for; then the last interval but one counts, which is complete in the other slice.
  assert.deepEqual(rates, [20, 20, 102, 103, 104, 105]);
});

test('a slice that is only late is waited for', () => {
  const progress = new Progress([relay], new TimeAxis([], 1_000));
  for (const index of [0, 1, 2]) progress.add('relay', interval(index, { iterations: 10 }));
  progress.add('relay', interval(0, { iterations: 5 }));
  assert.equal(progress.scenarios()[0]!.ratePerSecond, 15);
  progress.add('relay', interval(1, { iterations: 6 }));
  assert.equal(progress.scenarios()[0]!.ratePerSecond, 16);
});

test("steps are few: a journey's p95 is over ten intervals, its rate over the last", () => {
  const progress = new Progress([light], new TimeAxis([], 1_000));
  progress.add('light', steps(0, 512));
  for (let index = 1; index <= 10; index++) progress.add('light', steps(index, 100));
  const p95 = () => Math.round(progress.scenarios()[0]!.p95Ms!);
  assert.equal(p95(), 512);
  progress.add('light', steps(11, 100));
  assert.equal(p95(), 100);
});

test('the lateness is that of all scenarios together', () => {
  const progress = new Progress([{ ...relay, slices: 1 }, light], new TimeAxis([], 1_000));
  progress.add('relay', interval(0, { lateness: Array(98).fill(1) }));
  const recorder = new Recorder('light', 'journey');
  for (const late of [2, 2]) recorder.add('generator_lateness', late);
  progress.add('light', { index: 0, series: recorder.pack() });
  assert.equal(progress.latenessP99Ms(), 2);
});

test('failures are counted by name over all slices', () => {
  const progress = new Progress([relay, light], new TimeAxis([], 1_000));
  progress.add('relay', { ...interval(0, {}), errors: { 'HTTP 503': 2 } });
  progress.add('light', { ...steps(0), errors: { 'HTTP 503': 1, ECONNRESET: 4 } });
  progress.add('nobody', { ...steps(0), errors: { ECONNRESET: 4 } });
  assert.deepEqual({ ...progress.errors }, { 'HTTP 503': 3, ECONNRESET: 4 });
});

test('what nobody expects is passed over', () => {
  const progress = new Progress([relay], new TimeAxis([], 1_000));
  progress.add('power', interval(0, { iterations: 5 }));
  assert.equal(progress.scenarios()[0]!.iterations, 0);
});
