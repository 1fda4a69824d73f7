import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder } from './recorder.ts';

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
  journey.add('browser_step_duration', 5, { step: 'sign in', window: 'load' });
  journey.add('iterations', 1);
  assert.deepEqual(Object.keys(journey.pack()), [
    'browser_step_duration{journey:light,step:sign-in,window:load}',
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
});

test('a tag of unbounded values is found out', () => {
  const recorder = new Recorder('relay', 'load');
  for (let id = 0; id < 1_000; id++) recorder.add('http_reqs', 1, { id: `${id}` });
  assert.throws(() => recorder.add('http_reqs', 1, { id: '1000' }), {
    message:
      'metric "http_reqs" would be series number 1001: a tag takes unbounded values (http_reqs{id:1000,scenario:relay})',
  });
  recorder.add('http_reqs', 1, { id: '999' });
});

test('checks count by name; a failed one is an error as well', () => {
  const recorder = new Recorder('relay', 'load');
  recorder.check('status is 200', true);
  recorder.check('status is 200', false);
  recorder.check('is accepted', true);
  assert.deepEqual(recorder.pack(), {
    'checks{check:status-is-200,scenario:relay}': { t: 'rate', passes: 1, total: 2 },
    'checks{check:is-accepted,scenario:relay}': { t: 'rate', passes: 1, total: 1 },
  });
  assert.deepEqual(recorder.errors, { 'check: status is 200': 1 });
});

test('errors beyond a hundred names are counted as other', () => {
  const recorder = new Recorder('relay', 'load');
  for (let n = 0; n < 150; n++) recorder.error(`id ${n}`);
  recorder.error('id 0');
  assert.equal(recorder.errors['id 0'], 2);
  assert.equal(recorder.errors['id 99'], 1);
  assert.equal(recorder.errors['id 100'], undefined);
  assert.equal(recorder.errors.other, 50);
});
