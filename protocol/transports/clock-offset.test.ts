import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClockOffset } from './clock-offset.ts';

test('the answer with the smallest round trip tells how far the other clock is ahead, and how exactly', () => {
  const offset = new ClockOffset();
  assert.deepEqual([offset.offsetMs, offset.roundTripMs], [0, Number.POSITIVE_INFINITY]);
  for (const [sentAt, serverTimestamp, receivedAt, offsetMs, roundTripMs] of [
    [1_000, 3_590, 1_100, 2_540, 100],
    [2_000, 4_505, 2_010, 2_500, 10],
    [3_000, 9_000, 3_010, 2_500, 10],
    [4_000, 9_000, 4_400, 2_500, 10],
    [5_000, 4_001, 5_004, -1_001, 4],
  ] as const) {
    offset.add(sentAt, serverTimestamp, receivedAt);
    assert.deepEqual([offset.offsetMs, offset.roundTripMs], [offsetMs, roundTripMs]);
  }
});
