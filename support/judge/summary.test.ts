import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wanted } from '../measure/metrics.ts';
import { storeOf, times } from './store.fixture.ts';
import { lengthOf, summarise } from './summary.ts';

test('every metric in the figures of its type', () => {
  const store = storeOf({
    'http_req_duration{op:push}': times(99, 1).concat(2),
    'http_req_failed{op:push}': [1, 0, 0, 0],
    'http_reqs{op:push}': [50],
    'vus{op:push}': [4],
  });
  const summary = summarise(store, () => 10_000);
  const time = { avg: 1.01, min: 1, med: 1, max: 2, 'p(75)': 1, 'p(90)': 1, 'p(95)': 1, 'p(99)': 1 };
  assert.deepEqual(summary.http_req_duration, { type: 'trend', contains: 'time', count: 100, values: time });
  const failed = { rate: 0.25, passes: 1, fails: 3 };
  assert.deepEqual(summary.http_req_failed, { type: 'rate', contains: 'default', count: 4, values: failed });
  assert.deepEqual(summary.http_reqs!.values, { count: 50, rate: 5 });
  assert.deepEqual(summary.vus!.values, { value: 4, min: 4, max: 4 });
  assert.deepEqual(Object.keys(summary), [
    ...['http_req_duration', 'http_req_duration{op:push}', 'http_req_failed', 'http_req_failed{op:push}'],
    ...['http_reqs', 'http_reqs{op:push}', 'vus', 'vus{op:push}'],
  ]);
});

test("a counter's rate is over the time of what its tags name", () => {
  const store = storeOf({ 'iterations{scenario:relay}': [30], 'iterations{scenario:light}': [30] });
  const summary = summarise(store, ({ scenario }) => (scenario === 'relay' ? 5_000 : 10_000));
  assert.equal(summary['iterations{scenario:relay}']!.values.rate, 6);
  assert.equal(summary['iterations{scenario:light}']!.values.rate, 3);
  assert.equal(summarise(store, () => 0).iterations!.values.rate, 0);
});

test('a rate is over the time in which work was due, with a tag or without, and not over the drain', () => {
  const phases = [
    { name: 'one', startMs: 0, endMs: 4_000, load: 1 },
    { name: 'two', startMs: 4_000, endMs: 10_000, load: 1 },
  ];
  const scenarios = [{ name: 'orders', startMs: 0, endMs: 10_000 }];
  const asked: Wanted[] = [{}, { scenario: 'orders' }, { phase: 'two' }];
  const of = (durationMs: number) => asked.map((tags) => lengthOf({ scenarios, phases, durationMs }, tags));
  assert.deepEqual(of(12_000), [10_000, 10_000, 6_000]);
  assert.deepEqual(of(9_000), [9_000, 9_000, 5_000], 'it was ended early');
});
