import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setClockAhead } from './clock.ts';

test('a clock that is set is ahead wherever the time is asked for, and a date that is given stays', () => {
  const before = Date.now();
  setClockAhead(3_600_000);
  try {
    assert.ok(Date.now() >= before + 3_600_000);
    assert.ok(new Date().toJSON() >= new Date(before + 3_600_000).toJSON());
    assert.ok(Date.parse(Date()) >= before + 3_599_000);
    assert.equal(new Date(5).getTime(), 5);
    assert.equal(Date.UTC(1970, 0), 0);
    assert.ok(new Date() instanceof Date);
  } finally {
    setClockAhead(0);
  }
  assert.ok(Date.now() < before + 3_600_000);
});
