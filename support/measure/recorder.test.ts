import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Trend } from './histogram.ts';
import { parseSeriesKey } from './metrics.ts';
import type { IntervalSeries } from './recorded-series.ts';
import { followedOnly, Recorder } from './recorder.ts';
import type { Packed } from './series.ts';
import { NamedValues } from './tag-values.ts';
import { TimeAxis } from './time-axis.ts';

const declared = {
  push_duration: { type: 'trend', contains: 'time' },
  accepted: { type: 'counter', contains: 'default' },
} as const;

test('what is added comes out of the next packing, once', () => {
  const recorder = new Recorder('relay', 'load', declared);
  recorder.add('accepted', 2);
  recorder.add('accepted', 3, { op: 'push' });
  recorder.add('accepted', 1);
  recorder.counter('accepted', { op: 'push' }).add(4);
  recorder.rate('iteration_failed').add(0);
  assert.deepEqual(recorder.pack(), {
    'accepted{scenario:relay}': { t: 'counter', sum: 3 },
    'accepted{op:push,scenario:relay}': { t: 'counter', sum: 7 },
    'iteration_failed{scenario:relay}': { t: 'rate', passes: 0, total: 1 },
  });
  assert.deepEqual(recorder.pack(), {});
  recorder.add('accepted', 5);
  assert.deepEqual(recorder.pack(), { 'accepted{scenario:relay}': { t: 'counter', sum: 5 } });
});

test('samplers run before each packing', () => {
  const recorder = new Recorder('relay', 'load');
  let vus = 0;
  recorder.onPack(() => recorder.add('vus', ++vus));
  const gauge = (last: number) => ({
    'vus{scenario:relay}': { t: 'gauge', last, min: last, max: last, sum: last, n: 1 },
  });
  assert.deepEqual([recorder.pack(), recorder.pack()], [gauge(1), gauge(2)]);
});

test("a journey's browser metrics say journey, its others scenario; a load's always scenario", () => {
  const journey = new Recorder('light', 'journey');
  journey.add('browser_step_duration', 5, { step: 'sign in', phase: 'load' });
  journey.add('iterations', 1);
  assert.deepEqual(Object.keys(journey.pack()), [
    'browser_step_duration{journey:light,phase:load,step:sign in}',
    'iterations{scenario:light}',
  ]);
  const load = new Recorder('relay', 'load');
  load.add('browser_sessions', 1);
  assert.deepEqual(Object.keys(load.pack()), ['browser_sessions{scenario:relay}']);
});

test('a metric that is not declared, or is of another type', () => {
  const recorder = new Recorder('relay', 'load', declared);
  const sentence = (metric: string) => ({
    message: `metric "${metric}" is not declared: name it in the scenario's metrics: { ${metric}: … }`,
  });
  assert.throws(() => recorder.add('acepted', 1), sentence('acepted'));
  assert.throws(() => recorder.trend('acepted'), sentence('acepted'));
  assert.throws(() => recorder.trend('accepted'), { message: 'metric "accepted" is a counter, not a trend' });
  assert.throws(() => recorder.counter('push_duration'), {
    message: 'metric "push_duration" is a trend, not a counter',
  });
  recorder.trend('push_duration');
  for (const name of ['constructor', '__proto__', 'toString'])
    assert.throws(() => recorder.add(name, 1), sentence(name));
});

test('a tag of unbounded values folds: every sample is counted, and all other figures live on', () => {
  const recorder = new Recorder('relay', 'load', declared, new NamedValues(['checkout']));
  const orders = (id: number) => ({ op: `GET /orders/${id}` });
  for (let id = 0; id < 1_200; id++) recorder.add('accepted', 1, orders(id));
  const handle = recorder.counter('accepted', orders(1_200));
  handle.add(1);
  recorder.add('accepted', 5, { op: 'checkout' });
  recorder.add('accepted', 1, orders(0));
  recorder.add('generator_cpu_percent', 50);
  recorder.add('iterations', 1, { op: 'push' });
  const packed = recorder.pack();
  assert.deepEqual(packed['accepted{op:other,scenario:relay}'], { t: 'counter', sum: 1_101 });
  assert.deepEqual(packed['accepted{op:GET /orders/0,scenario:relay}'], { t: 'counter', sum: 2 });
  assert.deepEqual(packed['accepted{op:checkout,scenario:relay}'], { t: 'counter', sum: 5 }, 'a name that is judged');
  assert.ok(packed['generator_cpu_percent{scenario:relay}'] && packed['iterations{op:push,scenario:relay}']);
  const counters = Object.entries(packed).filter(([key]) => key.startsWith('accepted'));
  assert.equal(counters.length, 102);
  assert.equal(
    counters.reduce((sum, [, one]) => sum + (one.t === 'counter' ? one.sum : 0), 0),
    1_207,
  );
  const values = [100, 101, 102, 103, 104].map((id) => `GET /orders/${id}`);
  assert.deepEqual(recorder.folded, [{ metric: 'accepted', tag: 'op', values }]);
  assert.deepEqual(recorder.errors, {});
});

test('of a metric of many a thousand values are told apart, over time a hundred of them; what is beyond folds', () => {
  const recorder = new Recorder('api', 'load');
  const axis = new TimeAxis(
    [
      { name: 'load', startMs: 0, endMs: 2_000, load: 1 },
      { name: 'spike', startMs: 2_000, endMs: 4_000, load: 5 },
    ],
    1_000,
  );
  const startAt = 50_000;
  const op = (id: number) => ({ op: `GET /${id}` });
  const all = (startMs: number) => {
    for (let id = 0; id < 1_200; id++) recorder.trend('http_req_duration', op(id)).add(id + 1, startAt + startMs);
  };
  all(-10);
  recorder.begin({ axis, startAt });
  const intervals = [0, 1, 2].map((index) => {
    recorder.enter(index);
    all(1_000 * index + 500);
    return recorder.pack();
  });
  // Of work of the first phase that ends in the second.
  recorder.trend('http_req_duration', op(150)).add(9, startAt + 100);
  const [late] = recorder.packLate();
  recorder.end();
  all(3_500);
  const totals = recorder.totals();
  const counts = (series: Record<string, Packed>) =>
    Object.fromEntries(
      Object.entries(series).map(([key, one]) => [key, one.t === 'trend' ? Trend.decode(one.h, one.sum).count : 0]),
    );
  const key = (value: string, phase: string) => `http_req_duration{op:${value},phase:${phase},scenario:api}`;
  for (const [index, packed] of intervals.entries()) {
    const phase = index < 2 ? 'load' : 'spike';
    const each = index === 0 ? 2 : 1;
    assert.equal(Object.keys(packed).length, 101);
    assert.equal(counts(packed)[key('GET /99', phase)], each);
    assert.equal(counts(packed)[key('other', phase)], 1_100 * each);
  }
  assert.deepEqual([late?.index, counts(late?.series ?? {})], [0, { [key('other', 'load')]: 1 }]);
  assert.equal(Object.keys(totals).length, 2 * 1_001);
  const whole = counts(totals);
  assert.deepEqual(
    ['GET /99', 'GET /150', 'GET /999', 'other'].map((value) => [
      whole[key(value, 'load')],
      whole[key(value, 'spike')],
    ]),
    [
      [3, 1],
      [4, 1],
      [3, 1],
      [600, 200],
    ],
    'what came after the end is in none of them',
  );
  const values = [1_000, 1_001, 1_002, 1_003, 1_004].map((id) => `GET /${id}`);
  assert.deepEqual(recorder.folded, [{ metric: 'http_req_duration', tag: 'op', values }]);
});

test('a value that is none is refused once, however many there are of its kind', () => {
  const recorder = new Recorder('api', 'load');
  for (let id = 0; id < 200; id++) recorder.add('http_req_duration', 1, { op: `${id}` });
  recorder.add('http_req_duration', Number.NaN, { op: '150' });
  assert.deepEqual(recorder.errors, { 'metric "http_req_duration": NaN is no number': 1 });
});

test('a hundred values of a tag are told apart, and no finding follows', () => {
  const recorder = new Recorder('relay', 'load');
  for (let id = 0; id < 100; id++) recorder.add('iterations', 1, { op: `${id}` });
  assert.deepEqual([Object.keys(recorder.pack()).length, recorder.folded], [100, []]);
});

test('many tags of many values fold too, whatever chooses their names; what has none of them never does', () => {
  const recorder = new Recorder('relay', 'load', declared);
  for (let a = 0; a < 100; a++) {
    for (let b = 0; b < 20; b++) recorder.add('http_reqs', 1, { a: `${a}`, b: `${b}` });
  }
  for (let id = 0; id < 2_000; id++) recorder.add('iterations', 1, { [`tag ${id}`]: 'x' });
  recorder.add('machine_cpu_percent', 5, { phase: 'load' });
  recorder.error('one');
  const packed = recorder.pack();
  const sum = (metric: string) =>
    Object.entries(packed).reduce(
      (all, [key, one]) => all + (key.startsWith(metric) && one.t === 'counter' ? one.sum : 0),
      0,
    );
  assert.deepEqual([sum('http_reqs'), sum('iterations')], [2_000, 2_000]);
  assert.ok(Object.keys(packed).length < 1_050);
  assert.ok(packed['machine_cpu_percent{phase:load,scenario:relay}']);
  assert.deepEqual([...new Set(recorder.folded.map(({ metric, tag }) => `${metric} ${tag}`))].slice(0, 2), [
    'http_reqs a',
    'http_reqs b',
  ]);
});

test('two names never become one series', () => {
  const recorder = new Recorder('relay', 'load');
  const names = [
    'GET /orders',
    'GET-/orders',
    'is: ok',
    'is, ok',
    'is "ok"',
    ' is ok',
    'is ok',
    '{id}',
    'id',
    '',
    'ü',
    'u',
    '\\n',
    '\n',
    'constructor',
    '__proto__',
  ];
  for (const name of names) {
    recorder.add('http_reqs', 1, { op: name });
    recorder.check(name, true);
  }
  const packed = recorder.pack();
  assert.equal(Object.keys(packed).length, 2 * names.length);
  const read = Object.keys(packed).map((key) => parseSeriesKey(key).tags);
  assert.deepEqual(read.flatMap(({ op }) => op ?? []).sort(), names.toSorted());
  assert.deepEqual(read.flatMap(({ check }) => check ?? []).sort(), names.toSorted());
});

test('an author’s tag of a name that every sample has is refused: what it says would be lost', () => {
  const recorder = new Recorder('relay', 'load', declared);
  for (const tag of ['scenario', 'journey', 'phase'])
    assert.throws(() => recorder.addOwn('accepted', 1, { kind: 'book', [tag]: 'mine' }), {
      message: `tag "${tag}" of metric "accepted" is one that every sample has: name it otherwise`,
    });
  recorder.addOwn('accepted', 1, { kind: 'book', stage: 'mine' });
  assert.deepEqual(Object.keys(recorder.pack()), ['accepted{kind:book,scenario:relay,stage:mine}']);
});

test('a tag cannot take a sample to another scenario', () => {
  const recorder = new Recorder('relay', 'load');
  recorder.add('http_reqs', 1, { scenario: 'mine' });
  assert.deepEqual(Object.keys(recorder.pack()), ['http_reqs{scenario:relay}']);
});

test('a value that is none of the metric is an error by name, and costs nothing else', () => {
  const recorder = new Recorder('relay', 'load', declared);
  recorder.add('push_duration', Number.NaN);
  recorder.trend('push_duration', { op: 'push' }).add(Number.NaN);
  recorder.add('push_duration', '5' as never);
  recorder.add('push_duration', -3);
  recorder.add('iteration_failed', undefined as never);
  recorder.add('push_duration', 1e300);
  recorder.add('push_duration', 5);
  recorder.add('iteration_failed', true);
  assert.deepEqual(recorder.errors, {
    'metric "push_duration": NaN is no number': 2,
    'metric "push_duration": a string is no number': 1,
    'metric "push_duration": a number below 0 is out of range': 1,
    'metric "iteration_failed": undefined is neither true nor false': 1,
    'metric "push_duration": a number above 9007199254740.99 is counted as 9007199254740.99': 1,
  });
  const packed = recorder.pack();
  assert.deepEqual(Object.keys(packed), ['push_duration{scenario:relay}', 'iteration_failed{scenario:relay}']);
  assert.deepEqual(packed['iteration_failed{scenario:relay}'], { t: 'rate', passes: 1, total: 1 });
});

test('a series that cannot be packed is an error by name, and the others are kept', () => {
  const recorder = new Recorder('relay', 'load', declared);
  const broken = recorder.counter('accepted') as IntervalSeries;
  broken.add(1);
  broken.current.pack = () => {
    throw new Error('no room');
  };
  recorder.add('iterations', 1);
  assert.deepEqual(Object.keys(recorder.pack()), ['iterations{scenario:relay}']);
  assert.deepEqual(recorder.errors, { 'accepted{scenario:relay} was not kept: no room': 1 });
});

test('a name that is no text is told as one', () => {
  const recorder = new Recorder('relay', 'load', { size: { type: 'trend', contains: 'default' } });
  const named = (name: unknown) => name as string;
  recorder.check(named(undefined), true);
  recorder.check(named(Symbol('x')), false);
  recorder.add('size', 1, { status: named(200), of: named(Object.create(null)) });
  assert.deepEqual(Object.keys(recorder.pack()), [
    'checks{check:undefined,scenario:relay}',
    'checks{check:what cannot be shown,scenario:relay}',
    'size{of:what cannot be shown,scenario:relay,status:200}',
  ]);
});

test('checks count by name; a failed one is an error as well', () => {
  const recorder = new Recorder('relay', 'load');
  recorder.check('status is 200', true);
  recorder.check('status is 200', false);
  recorder.check('is accepted', true);
  assert.deepEqual(recorder.pack(), {
    'checks{check:status is 200,scenario:relay}': { t: 'rate', passes: 1, total: 2 },
    'checks{check:is accepted,scenario:relay}': { t: 'rate', passes: 1, total: 1 },
  });
  assert.deepEqual(recorder.errors, { 'check: status is 200': 1 });
});

test('a check of what is neither true nor false has failed, and says why', () => {
  const recorder = new Recorder('relay', 'load');
  const checked = [undefined, Number.NaN, 'yes', true, 1].map((value) => recorder.check('is ok', value as boolean));
  assert.deepEqual(checked, [false, false, false, true, true]);
  assert.deepEqual(recorder.pack(), { 'checks{check:is ok,scenario:relay}': { t: 'rate', passes: 2, total: 5 } });
  assert.deepEqual(recorder.errors, {
    'check "is ok": undefined is neither true nor false': 1,
    'check "is ok": NaN is neither true nor false': 1,
    'check "is ok": a string is neither true nor false': 1,
    'check: is ok': 3,
  });
});

test('where there is no room for all, gauges and what its definition says are followed over time', () => {
  const recorder = new Recorder('shop', 'load', {
    orders: { type: 'counter', contains: 'default', followed: true },
    baskets: { type: 'counter', contains: 'default' },
    // It is in no totals: a threshold about it would have no samples.
    stock: { type: 'gauge', contains: 'default' },
  });
  for (const name of ['orders', 'baskets', 'iterations', 'http_req_blocked']) recorder.add(name, 1, { op: 'buy' });
  recorder.add('stock', 7);
  const { index, series } = followedOnly({ index: 3, series: recorder.pack() }, recorder.definitions);
  assert.equal(index, 3);
  assert.deepEqual(Object.keys(series).sort(), [
    'iterations{op:buy,scenario:shop}',
    'orders{op:buy,scenario:shop}',
    'stock{scenario:shop}',
  ]);
  assert.ok(!('stock{scenario:shop}' in recorder.totals()));
});

test('failures by name since they were asked for before', () => {
  const recorder = new Recorder('relay', 'load');
  assert.equal(recorder.takeErrors(), undefined);
  recorder.error('HTTP 503');
  recorder.error('HTTP 503');
  recorder.error('toString');
  assert.deepEqual({ ...recorder.takeErrors() }, { 'HTTP 503': 2, toString: 1 });
  recorder.error('HTTP 503');
  assert.deepEqual({ ...recorder.takeErrors() }, { 'HTTP 503': 1 });
  assert.equal(recorder.takeErrors(), undefined);
});

test('it is known in which operations something is checked, also by a name that others have too', () => {
  const recorder = new Recorder('relay', 'load');
  for (const operation of ['push', 'pull', 'push']) recorder.check('status is 200', true, operation);
  assert.deepEqual([...recorder.checked], ['push', 'pull']);
  recorder.check('is there', false);
  assert.deepEqual([...recorder.checked], ['push', 'pull', '']);
});
