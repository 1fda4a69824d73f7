import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from './metrics.ts';
import { Recorder } from './recorder.ts';
import { MetricStore } from './store.ts';
import { NamedValues } from './tag-values.ts';

/** What two slices of a load and a journey measured in their first two intervals. */
function exampleStore(): MetricStore {
  const store = new MetricStore();
  store.define(builtinMetrics);
  for (const slice of [1, 2]) {
    const relay = new Recorder('relay', 'load');
    for (const index of [0, 1]) {
      for (let n = 1; n <= 10; n++) relay.add('http_req_duration', n * slice, { op: n % 2 ? 'push' : 'pull' });
      relay.add('iterations', 10);
      relay.add('iteration_failed', slice - 1);
      relay.add('vus', slice * 10 + index);
      store.add({ index, series: relay.pack() });
    }
  }
  const light = new Recorder('light', 'journey');
  light.add('iterations', 3);
  light.add('browser_step_duration', 100, { step: 'sync', phase: 'calm' });
  light.add('browser_step_duration', 200, { step: 'sync', phase: 'load' });
  store.add({ index: 0, series: light.pack() });
  return store;
}

test('slices and intervals merge; tags select', () => {
  const store = exampleStore();
  assert.equal(store.sum('iterations'), 43);
  assert.equal(store.sum('iterations', { scenario: 'relay' }), 40);
  assert.equal(store.trend('http_req_duration').count, 40);
  assert.equal(store.trend('http_req_duration', { op: 'push' }).count, 20);
  assert.equal(Math.round(store.trend('http_req_duration', { op: 'push', scenario: 'relay' }).max), 18);
  assert.deepEqual([store.rate('iteration_failed').passes, store.rate('iteration_failed').count], [2, 4]);
  assert.equal(Math.round(store.trend('browser_step_duration', { phase: 'calm' }).max), 100);
});

test('nothing measured: no series, and empty figures', () => {
  const store = exampleStore();
  assert.equal(store.select('http_req_duration', { op: 'posh' }), undefined);
  assert.equal(store.select('http_req_durations'), undefined);
  assert.equal(store.sum('dropped_iterations'), 0);
  assert.equal(store.trend('ws_connecting').count, 0);
  assert.equal(store.rate('checks').count, 0);
});

test('selecting leaves what is kept as it is', () => {
  const store = exampleStore();
  store.trend('http_req_duration').add(5_000);
  assert.equal(store.trend('http_req_duration').count, 40);
});

test('gauges of several slices add up in each interval, and are followed over the intervals', () => {
  const store = exampleStore();
  assert.deepEqual(store.select('vus')!.pack(), { t: 'gauge', last: 32, min: 30, max: 32, sum: 62, n: 2 });
});

test('gauges of several scenarios add up like those of several slices, and the last is that of the latest instant', () => {
  const store = new MetricStore();
  const gauge = (value: number) => ({ t: 'gauge', last: value, min: value, max: value, sum: value, n: 1 }) as const;
  store.add({ index: 2, series: { 'vus{phase:load,scenario:a}': gauge(10) } });
  store.add({ index: 2, series: { 'vus{phase:load,scenario:b}': gauge(20) } });
  // What came of another slice, or of a part that was sent later, is no later than it was.
  store.add({ index: 0, series: { 'vus{phase:calm,scenario:b}': gauge(3) } });
  assert.deepEqual(store.select('vus')!.pack(), { t: 'gauge', last: 30, min: 3, max: 30, sum: 33, n: 2 });
  assert.deepEqual(store.select('vus', { scenario: 'b' })!.pack(), {
    t: 'gauge',
    last: 20,
    min: 3,
    max: 20,
    sum: 23,
    n: 2,
  });
  assert.deepEqual(store.select('vus', { phase: 'load' })!.pack(), gauge(30));
  assert.equal(store.select('vus', { scenario: 'c' }), undefined);
});

test('a gauge of several slices is what all of them say, not what some do before the others have begun, or after they are over', () => {
  const store = new MetricStore();
  const slice = (first: number, levels: (number | null)[]) => {
    const recorder = new Recorder('queue', 'load', { depth: { type: 'gauge', contains: 'default' } });
    for (const [i, level] of levels.entries()) {
      if (level !== null) recorder.add('depth', level);
      store.add({ index: first + i, series: recorder.pack() });
    }
  };
  slice(0, [50, 60, null, 50]);
  slice(1, [40, null, null, 40, null]);
  // Until it is read again, a gauge is what it was.
  assert.deepEqual(
    [...store.over('depth').values()].map((series) => series.type === 'gauge' && series.last),
    [50, 100, 100, 90, 40, 40],
  );
  const all = { t: 'gauge', last: 90, min: 90, max: 100, sum: 290, n: 3 };
  assert.deepEqual(store.select('depth')!.pack(), all);
  assert.deepEqual([...store.series()].find(({ metric }) => metric === 'depth')!.total.pack(), all);
});

test('what a gauge was on the way, between two packings, is its least and its most', () => {
  const store = new MetricStore();
  store.define({ ...builtinMetrics, depth: { type: 'gauge', contains: 'default' } });
  const queue = new Recorder('queue', 'load', { depth: { type: 'gauge', contains: 'default' } });
  for (const value of [3, 500, -2, 4]) queue.add('depth', value);
  store.add({ index: 0, series: queue.pack() });
  assert.deepEqual(store.select('depth')!.pack(), { t: 'gauge', last: 4, min: -2, max: 500, sum: 4, n: 1 });
});

test('by interval: merged over slices and tags, in the order of time, as often as one asks', () => {
  const store = exampleStore();
  for (let again = 0; again < 2; again++) {
    const pushes = store.over('http_req_duration', { op: 'push' });
    assert.deepEqual(
      [...pushes].map(([index, { count }]) => [index, count]),
      [
        [0, 10],
        [1, 10],
      ],
    );
  }
  const total = (metric: string) => [...store.over(metric)].map(([index, series]) => [index, series.pack()]);
  assert.deepEqual(total('iterations'), [
    [0, { t: 'counter', sum: 23 }],
    [1, { t: 'counter', sum: 20 }],
  ]);
  assert.deepEqual(
    [...store.over('vus').values()].map((series) => series.type === 'gauge' && series.last),
    [30, 32],
  );
  assert.deepEqual([store.over('ws_connecting').size, store.lastInterval, new MetricStore().lastInterval], [0, 1, -1]);
  assert.equal(store.trend('http_req_duration').count, 40);
});

test('a metric of two types is an error, not a sum', () => {
  const store = new MetricStore();
  store.add({ index: 0, series: { 'm{scenario:a}': { t: 'counter', sum: 1 } } });
  store.add({ index: 0, series: { 'm{scenario:b}': { t: 'rate', passes: 1, total: 1 } } });
  assert.throws(() => store.select('m'), new Error('a rate cannot be merged into a counter'));
  assert.equal(store.sum('m', { scenario: 'a' }), 1);
  assert.throws(
    () => store.add({ index: 1, series: { 'm{scenario:a}': { t: 'rate', passes: 1, total: 1 } } }),
    new Error('a rate cannot be merged into a counter'),
  );
});

test('a metric is listed whole, by the tags that are asked for first, and by all of its tags', () => {
  assert.deepEqual(
    exampleStore()
      .keys()
      .filter((key) => key.startsWith('browser_') || key.startsWith('http_')),
    [
      'browser_step_duration',
      'browser_step_duration{journey:light,phase:calm,step:sync}',
      'browser_step_duration{journey:light,phase:calm}',
      'browser_step_duration{journey:light,phase:load,step:sync}',
      'browser_step_duration{journey:light,phase:load}',
      'browser_step_duration{journey:light,step:sync}',
      'browser_step_duration{journey:light}',
      'browser_step_duration{phase:calm}',
      'browser_step_duration{phase:load}',
      'http_req_duration',
      'http_req_duration{op:pull,scenario:relay}',
      'http_req_duration{op:push,scenario:relay}',
      'http_req_duration{scenario:relay}',
    ],
  );
});

test('series as they were recorded: no sample is in two of them, whole or by interval', () => {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const relay = new Recorder('relay', 'load');
  for (const index of [1, 0]) {
    relay.add('http_req_duration', 5);
    relay.add('http_req_duration', 7, { op: 'push' });
    relay.add('vus', index);
    store.add({ index, series: relay.pack() });
  }
  const all = [...store.series()].map(({ metric, tags, total, over }) => {
    const intervals = [...over()].map(([index, series]) => [index, series.count]);
    return { metric, tags, count: total.count, intervals };
  });
  const each = {
    count: 2,
    intervals: [
      [0, 1],
      [1, 1],
    ],
  };
  assert.deepEqual(all, [
    { metric: 'http_req_duration', tags: { scenario: 'relay' }, ...each },
    { metric: 'http_req_duration', tags: { op: 'push', scenario: 'relay' }, ...each },
    { metric: 'vus', tags: { scenario: 'relay' }, ...each },
  ]);
  assert.equal(store.trend('http_req_duration', { scenario: 'relay' }).count, 4);
});

/** What a slice measured in which each of its requests had an operation of its own. */
function sliceOfIds(slice: number) {
  const recorder = new Recorder('relay', 'load', {}, new NamedValues(['checkout']));
  for (let id = 0; id < 100; id++) {
    const op = `GET /orders/${(slice * 7919 + id * 104729) % 100_003}`;
    recorder.add('http_req_waiting', id, { op });
    recorder.add('vus', 1, { op });
  }
  recorder.add('http_req_waiting', slice, { op: 'checkout' });
  return sliceOf(recorder, slice % 3);
}

/** All that it has, measured in one interval. */
function sliceOf(recorder: Recorder, index = 0) {
  const intervals = [{ index, series: recorder.pack() }];
  return { totals: recorder.totals(), intervals };
}

test('slices that each know other values of a tag are folded like one, in whatever order they come', () => {
  const slices = Array.from({ length: 13 }, (_, slice) => sliceOfIds(slice));
  const merge = (all: typeof slices) => {
    const store = new MetricStore(new NamedValues([], ['http_req_waiting{op:checkout}']));
    store.define(builtinMetrics);
    for (const slice of all) store.addSlice(slice);
    return store;
  };
  const [store, reversed] = [merge(slices), merge(slices.toReversed())];
  for (const one of [store, reversed]) {
    const series = [...one.series()].filter(({ metric }) => metric === 'http_req_waiting');
    assert.equal(series.length, 102);
    assert.equal(one.trend('http_req_waiting').count, 13 * 101);
    assert.equal(one.trend('http_req_waiting', { op: 'checkout' }).count, 13);
    const over = [...one.over('http_req_waiting', { op: 'other' }).values()];
    assert.equal(
      over.reduce((sum, { count }) => sum + count, 0),
      one.trend('http_req_waiting', { op: 'other' }).count,
    );
    assert.equal([...one.series()].filter(({ metric }) => metric === 'vus').length, 101);
    assert.deepEqual(
      [...one.over('vus').values()].map((gauge) => gauge.type === 'gauge' && gauge.last),
      [500, 400, 400],
    );
    assert.deepEqual(one.folded.map(({ metric, tag }) => [metric, tag]).sort(), [
      ['http_req_waiting', 'op'],
      ['vus', 'op'],
    ]);
  }
  assert.deepEqual(reversed.keys(), store.keys());
  for (const { metric, tags, total } of store.series()) {
    if (total.type === 'trend') assert.equal(reversed.trend(metric, tags).encode(), total.trend.encode());
  }
});

test('each scenario has room for its own: many that name a few things each fold nothing', () => {
  const named = (scenario: string, often: number) => {
    const recorder = new Recorder(scenario, 'load', builtinMetrics);
    for (let n = 0; n < often; n++) recorder.check(`${scenario}: ${n}`, true);
    return sliceOf(recorder);
  };
  const store = new MetricStore();
  store.define(builtinMetrics);
  for (const scenario of ['agents', 'relay', 'vms']) store.addSlice(named(scenario, 60));
  assert.deepEqual(store.folded, []);
  assert.equal(store.rate('checks', { check: 'vms: 59', scenario: 'vms' }).count, 1);
  // One that names too many takes nothing from the others, whose names come after its own.
  for (const scenario of ['agents', 'vms']) store.addSlice(named(scenario, 60));
  store.addSlice(named('agents', 100));
  const ids = new Recorder('agents', 'load', builtinMetrics);
  ids.check('0', true);
  store.addSlice(sliceOf(ids));
  assert.deepEqual(store.folded, [{ metric: 'checks', tag: 'check', values: ['agents: 99'] }]);
  assert.equal(store.rate('checks', { check: 'other' }).count, 1);
  assert.equal(store.rate('checks', { check: 'vms: 59' }).count, 2);
});

test('a histogram that does not decode costs no other series', () => {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const totals = {
    'http_req_waiting{scenario:relay}': { t: 'trend', h: 'broken', sum: 1 },
    'iterations{scenario:relay}': { t: 'counter', sum: 5 },
  } as const;
  assert.throws(() => store.addSlice({ totals, intervals: [] }), new Error('this is no encoded histogram'));
  assert.equal(store.sum('iterations'), 5);
  assert.deepEqual(store.folded, []);
});
