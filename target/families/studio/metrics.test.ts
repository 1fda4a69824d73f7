import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalsOf, totalsOf } from './metrics.ts';

const NOW = Date.UTC(2025, 5, 1);
const service = (fromMsAgo: number, toMsAgo?: number) => ({
  deployed_at: new Date(NOW - fromMsAgo),
  stopped_at: toMsAgo === undefined ? null : new Date(NOW - toMsAgo),
});
const requests = (...services: ReturnType<typeof service>[]) =>
  intervalsOf(services, '1h', NOW).map((interval) => interval.requests);

test('a deployment serves from when it is active until it is stopped, and not outside of the range', () => {
  // Of 30 intervals of two minutes each.
  const none = Array.from({ length: 30 }, () => 0);
  assert.deepEqual(requests(), none);
  assert.deepEqual(requests(service(60_000)), none.with(29, 240));
  assert.deepEqual(requests(service(180_000, 60_000)), none.with(28, 240).with(29, 240));
  assert.deepEqual(requests(service(7_200_000, 3_600_000)), none);
  assert.deepEqual(requests(service(7_200_000)), none.fill(480));
  assert.deepEqual(
    requests(service(-500)),
    Array.from({ length: 30 }, () => 0),
    'it will be active in half a second',
  );
});

test('intervals follow each other up to now, and totals are their sums', () => {
  const intervals = intervalsOf([service(7_200_000), service(7_200_000)], '1h', NOW);
  assert.deepEqual(
    intervals.map(({ timestamp }) => NOW - timestamp.getTime()),
    Array.from({ length: 30 }, (_, index) => (30 - index) * 120_000),
  );
  const { requests, errors, error_rate, avg_latency_ms, tokens } = totalsOf(intervals) as Record<string, number>;
  assert.deepEqual([requests, errors, tokens], [28_800, 270, 7_200_000]);
  assert.equal(error_rate, 270 / 28_800);
  assert.ok(avg_latency_ms! > 100 && avg_latency_ms! < 250, `${avg_latency_ms} ms`);
});

test('without a request there is no response time and no share of errors', () => {
  const totals = totalsOf(intervalsOf([], '24h', NOW));
  assert.deepEqual(totals, { requests: 0, errors: 0, error_rate: 0, avg_latency_ms: 0, tokens: 0 });
});
