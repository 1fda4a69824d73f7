import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conservation, type TotalEvidence } from './conservation.ts';

const read = (of: string, total: number, atMs = 0, expected?: number): TotalEvidence => ({
  ...{ of, total, atMs },
  ...(expected !== undefined && { expected }),
});

test('a total that stays what it was, or had to be, is conserved', () => {
  const totals = [read('a', 100), read('a', 100, 5), read('a', 100, 9), read('b', 7, 3, 7)];
  assert.deepEqual(conservation(totals), { checked: 3, violations: 0, examples: [] });
});

test('each read of another total is a violation, and says by how much', () => {
  assert.deepEqual(conservation([read('a', 90, 9), read('a', 100, 1), read('a', 100, 5)]), {
    ...{ checked: 2, violations: 1 },
    summary: '2 totals read, 1 as they had to be',
    examples: [{ of: 'a', expected: 100, found: 90, difference: -10, atMs: 9 }],
  });
  const known = conservation([read('a', 101, 1), read('a', 101, 2, 100)]);
  assert.deepEqual([known.checked, known.violations], [2, 2]);
  const many = conservation(Array.from({ length: 50 }, (_, n) => read('a', n, n)));
  assert.deepEqual([many.violations, many.examples.length], [49, 10]);
});

test('one read, or none, has nothing to be compared with; what is no number is no total', () => {
  for (const totals of [[], [read('a', 1)], [read('a', 1), read('b', 2)]]) {
    const { checked, violations, examples } = conservation(totals);
    assert.deepEqual([checked, violations, examples.length], [0, 0, 1]);
  }
  assert.throws(() => conservation([read('a', 1), read('a', Number.NaN)]), /a total of a is NaN/);
});
