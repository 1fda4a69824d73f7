import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit } from './rate-limit.ts';

test('a client has its number of requests per window, and all of them again in the next', () => {
  let now = 10_000;
  const limit = new RateLimit(2, 60_000, () => now);
  limit.take('a');
  limit.take('a');
  now += 30_500;
  assert.throws(() => limit.take('a'), { status: 429, code: 'RATE_LIMIT_EXCEEDED', headers: { 'retry-after': '30' } });
  limit.take('b');
  now += 29_500;
  limit.take('a');
});

test('a limit is a number of requests per unit', () => {
  for (const value of ['60/min', '10/s', '1000/h']) assert.ok(RateLimit.parse(value), value);
  for (const value of ['60', '0/min', '-1/s', '60/day', 'many/min', '']) {
    assert.equal(RateLimit.parse(value), undefined, value);
  }
});
