import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCents, formatSignedCents, parseAmount } from './money.ts';

test('reads amounts as people write them', () => {
  const cases: [text: string, cents: number][] = [
    ['0', 0],
    ['-0', 0],
    ['12', 1_200],
    ['12.5', 1_250],
    ['-12.50', -1_250],
    ['−0.07', -7],
    [' +3.10 ', 310],
    ['1,234,567.89', 123_456_789],
    // 4.35 * 100 is 434.99999 in floating point.
    ['4.35', 435],
    ['10000000000', 1e12],
  ];
  for (const [text, cents] of cases) assert.equal(parseAmount(text), cents, text);
});

test('refuses what is no amount', () => {
  for (const text of ['', '-', 'x', '1.234', '1,23', '1,2345', '.5', '1e3', '--1', '12 EUR', '10000000000.01']) {
    assert.equal(parseAmount(text), undefined, text);
  }
});

test('writes amounts as people read them', () => {
  assert.equal(formatCents(-123_456), '−1,234.56');
  assert.equal(formatCents(7), '0.07');
  assert.equal(formatSignedCents(120_000), '+1,200.00');
  assert.equal(formatSignedCents(-50), '−0.50');
  assert.equal(formatSignedCents(0), '0.00');
});
