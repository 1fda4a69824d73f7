/** What a recorder adds goes to the phase in which it was due, and to one alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../schedule/random.ts';
import { Recorder } from './recorder.ts';
import { MetricStore } from './store.ts';
import { TimeAxis } from './time-axis.ts';

const START = 5_000;
const phases = [
  { name: 'calm', startMs: 0, endMs: 1_000, load: 0 },
  { name: 'spike', startMs: 1_000, endMs: 2_500, load: 5 },
  { name: 'recovery', startMs: 2_500, endMs: 4_000, load: 1 },
];
const axis = new TimeAxis(phases, 500);

function begun() {
  const recorder = new Recorder('relay', 'load');
  recorder.begin({ axis, startAt: START });
  const store = new MetricStore();
  store.define(recorder.definitions);
  let index = 0;
  const pack = () => {
    for (const interval of recorder.packLate()) store.add(interval);
    store.add({ index, series: recorder.pack() });
  };
  return {
    recorder,
    store,
    pack,
    enter(next: number) {
      pack();
      index = next;
      recorder.enter(next);
    },
  };
}

test('every sample is in one phase: they add up to the whole, whenever each ended and whenever its interval was closed', () => {
  const draw = random('1', 'samples');
  const { recorder, store, pack, enter } = begun();
  const requests = recorder.counter('http_reqs');
  const durations = recorder.trend('http_req_duration');
  const failed = recorder.rate('http_req_failed');
  const expected: Record<string, number> = { calm: 0, spike: 0, recovery: 0 };
  const pending: { dueMs: number; endMs: number }[] = [];
  for (let n = 0; n < 3_000; n++) {
    const dueMs = draw() * 4_000;
    expected[axis.phaseAt(dueMs)]! += 1;
    pending.push({ dueMs, endMs: dueMs + draw() * 1_400 });
  }
  pending.sort((a, b) => a.endMs - b.endMs);
  let index = 0;
  for (const { dueMs, endMs } of pending) {
    // The alarm that closes an interval is late at times, and then several are over.
    while (axis.endOf(index) + (index % 3) * 200 <= endMs) enter(++index);
    durations.add(endMs - dueMs, START + dueMs);
    failed.add(n(dueMs), START + dueMs);
    requests.add(1, START + dueMs);
  }
  pack();
  pack();
  for (const [phase, count] of Object.entries(expected)) {
    assert.equal(store.trend('http_req_duration', { phase }).count, count, phase);
    assert.equal(store.rate('http_req_failed', { phase }).count, count, phase);
    assert.equal(store.sum('http_reqs', { phase }), count, phase);
  }
  const whole = store.trend('http_req_duration');
  assert.equal(whole.count, 3_000);
  // Interval by interval: trends where they were due, in the phase that the interval lies in.
  for (const [at, series] of store.over('http_req_duration')) {
    const due = pending.filter(({ dueMs }) => axis.indexAt(dueMs) === at);
    assert.equal(series.count, due.length, `interval ${at}`);
  }
  const totals = new MetricStore();
  totals.addSlice({ totals: recorder.totals(), intervals: [] });
  assert.deepEqual(totals.trend('http_req_duration', { phase: 'spike' }).count, expected.spike);
});

const n = (dueMs: number) => (dueMs % 2 < 1 ? 1 : 0);

test('a boundary is exact: what is due at it belongs to the phase that begins', () => {
  const { recorder, store, pack, enter } = begun();
  const add = (ms: number) => recorder.add('iteration_response_time', 1, undefined, START + ms);
  add(999.999);
  add(1_000);
  for (const index of [1, 2]) enter(index);
  add(999.999);
  add(1_000);
  pack();
  const count = (phase: string) => store.trend('iteration_response_time', { phase }).count;
  assert.deepEqual([count('calm'), count('spike')], [2, 2]);
});

test('what is counted is counted when it is done, but in no other phase than its work', () => {
  const { recorder, store, pack, enter } = begun();
  for (const index of [1, 2, 3, 4, 5]) enter(index);
  recorder.add('iterations', 1, undefined, START + 1_200);
  recorder.add('iterations', 1, undefined, START + 2_600);
  pack();
  assert.deepEqual(
    [...store.over('iterations')].map(([index, series]) => [index, series.type === 'counter' && series.sum]),
    [
      [4, 1],
      [5, 1],
    ],
  );
});

test('without an instant it is now: what was read at the end of an interval is of it', () => {
  const { recorder, store, pack, enter } = begun();
  recorder.onPack(() => recorder.add('generator_cpu_percent', 50));
  enter(1);
  enter(2);
  pack();
  assert.deepEqual(
    ['calm', 'spike'].map((phase) => store.trend('generator_cpu_percent', { phase }).count),
    [2, 1],
  );
});

test('a gauge is of the moment in which it is read, whenever its work was due: a slice has one figure an interval', () => {
  const recorder = new Recorder('queue', 'load', { depth: { type: 'gauge', contains: 'default' } });
  recorder.begin({ axis, startAt: START });
  const store = new MetricStore();
  store.define(recorder.definitions);
  recorder.add('depth', 4, undefined, START + 100);
  store.add({ index: 0, series: recorder.pack() });
  recorder.enter(1);
  // Read by what was due in the interval before, and in the one before that of another phase.
  recorder.add('depth', 7, undefined, START + 400);
  for (const interval of [...recorder.packLate(), { index: 1, series: recorder.pack() }]) store.add(interval);
  recorder.enter(2);
  recorder.add('depth', 5, undefined, START + 900);
  for (const interval of [...recorder.packLate(), { index: 2, series: recorder.pack() }]) store.add(interval);
  const levels = [...store.over('depth')].map(([index, series]) => [index, series.type === 'gauge' && series.last]);
  assert.deepEqual(levels, [
    [0, 4],
    [1, 7],
    [2, 5],
  ]);
  assert.equal(recorder.packLate().length, 0);
});
