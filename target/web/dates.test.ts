import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDate, isDate, today } from './dates.ts';

test('today is the day of this place, not of Greenwich', () => {
  assert.equal(today(new Date(2025, 0, 5, 0, 30)), '2025-01-05');
  assert.equal(today(new Date(2025, 11, 31, 23, 30)), '2025-12-31');
});

test('knows days that exist', () => {
  for (const date of ['2025-02-28', '2024-02-29', '1999-12-31']) assert.equal(isDate(date), true, date);
  for (const date of ['', '2025-02-29', '2025-13-01', '2025-00-10', '25-01-01', '2025-1-1', '2025-01-01T00:00']) {
    assert.equal(isDate(date), false, date);
  }
});

test('writes the year only when it is not this one', () => {
  assert.equal(formatDate('2025-06-03', 2025), '3 Jun');
  assert.equal(formatDate('2024-06-03', 2025), '3 Jun 2024');
  assert.equal(formatDate('whenever', 2025), 'whenever');
});
