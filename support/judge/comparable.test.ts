import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { figuresOf } from './comparable.ts';
import { storeOver } from './store.fixture.ts';
import type { ThresholdSpec } from './thresholds.ts';

const scenarios = [
  { name: 'relay', maxVUs: 5, startMs: 0, endMs: 24_000 },
  { name: 'light', maxVUs: 1, startMs: 0, endMs: 48_000 },
];
const many = (value: number) => new Array<number>(20).fill(value);
const figures = (store: MetricStore, thresholds: Record<string, ThresholdSpec[]>, ran = scenarios) =>
  Object.fromEntries(
    figuresOf({ store, thresholds, scenarios: ran, axis: new TimeAxis([], 1_000) }).map(({ metric, stat, ...rest }) => [
      `${stat} ${metric}`,
      rest,
    ]),
  );

test('a figure over the run and over each block of its scenario’s schedule', () => {
  const store = storeOver(24, (at) => ({
    'http_req_duration{op:push,scenario:relay}': many(at < 12 ? 10 : 20),
    'http_req_failed{op:push,scenario:relay}': at % 2 ? many(0) : [1, ...many(0).slice(1)],
    'checks{check:ok,scenario:relay}': at < 6 ? many(0) : many(1),
    'iterations{scenario:relay}': [at < 12 ? 30 : 10],
  }));
  const all = figures(store, {
    'http_req_duration{scenario:relay}': ['p(95)<500', { threshold: 'med<100', minSamples: 3 }, 'max<9'],
    'http_req_failed{scenario:relay}': ['rate<0.05'],
    checks: ['rate>0.9'],
  });
  assert.deepEqual(Object.keys(all).sort(), [
    'med http_req_duration{scenario:relay}',
    'p(95) http_req_duration{scenario:relay}',
    'rate checks',
    'rate http_req_failed{scenario:relay}',
    'rate iterations{scenario:relay}',
  ]);
  const p95 = all['p(95) http_req_duration{scenario:relay}']!;
  assert.equal(p95.aspect, 'response-time');
  assert.deepEqual(
    p95.blocks.map((value) => Math.round(value!)),
    [...new Array(12).fill(10), ...new Array(12).fill(20)],
  );
  assert.equal(Math.round(p95.value), 20);
  const failed = all['rate http_req_failed{scenario:relay}']!;
  assert.equal(failed.aspect, 'errors');
  assert.equal(failed.value, 12 / 480);
  // A threshold that asks for successes: what is kept are the failures. Its blocks are over the whole run.
  const checks = all['rate checks']!;
  assert.deepEqual([checks.aspect, checks.value], ['errors', 0.25]);
  assert.deepEqual(checks.blocks.slice(0, 4), [1, 1, 1, 0]);
  assert.equal(checks.blocks.at(-1), null);
  const iterations = all['rate iterations{scenario:relay}']!;
  assert.deepEqual([iterations.aspect, iterations.value], ['throughput', 20]);
  assert.deepEqual(iterations.blocks, [...new Array(12).fill(30), ...new Array(12).fill(10)]);
});

test('as many blocks as there are samples for: p(99) needs more than p(95), and few samples make none', () => {
  const store = storeOver(24, () => ({
    'http_req_duration{scenario:relay}': many(5),
    'http_req_waiting{scenario:relay}': [5],
  }));
  const all = figures(
    store,
    {
      http_req_duration: ['p(95)<9', 'p(99)<9'],
      http_req_waiting: ['p(95)<9', 'p(75)<9'],
    },
    scenarios.slice(0, 1),
  );
  const blocks = Object.fromEntries(Object.entries(all).map(([name, { blocks }]) => [name, blocks.length]));
  assert.deepEqual(blocks, {
    'p(95) http_req_duration': 24,
    'p(99) http_req_duration': 3,
    'p(95) http_req_waiting': 0,
    'p(75) http_req_waiting': 3,
  });
});

test('a run of two seconds has figures and no blocks; what was not measured has no figure', () => {
  const store = storeOver(2, () => ({ 'http_req_duration{scenario:relay}': many(5) }));
  const all = figures(store, { http_req_duration: ['p(95)<9'], browser_web_vital_lcp: ['p(75)<9', 'p(75)<3*calm'] }, [
    { name: 'relay', maxVUs: 1, startMs: 0, endMs: 2_000 },
  ]);
  assert.deepEqual(Object.keys(all), ['p(95) http_req_duration']);
  assert.deepEqual(all['p(95) http_req_duration']!.blocks, []);
});

test('a throughput that stops is nothing in its blocks, not unknown', () => {
  const store = storeOver(24, (at) => ({ 'http_reqs{scenario:relay}': at < 12 ? [50] : [] }));
  const { blocks } = figures(store, { 'http_reqs{scenario:relay}': ['count>0'] })['rate http_reqs{scenario:relay}']!;
  assert.deepEqual(blocks, [...new Array(12).fill(50), ...new Array(12).fill(0)]);
});

test('what came after the schedule’s end counts into its last block', () => {
  const store = storeOver(30, () => ({ 'http_reqs{scenario:relay}': [10] }));
  const { blocks } = figures(store, { 'http_reqs{scenario:relay}': ['rate>1'] })['rate http_reqs{scenario:relay}']!;
  assert.equal(blocks.length, 24);
  assert.deepEqual([blocks[0], blocks[23]], [10, 70]);
});
