import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stamps } from './stamps.ts';

test('each is later than the one before, in one millisecond and when the clock goes back', () => {
  const stamps = new Stamps();
  assert.deepEqual(
    [10, 10, 10, 50, 20].map((now) => stamps.next(now)),
    [10, 11, 12, 50, 51],
  );
});
