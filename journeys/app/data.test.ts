import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../../support/test.ts';
import { sampleCsvRows, sampleInvoice, sampleTransaction } from './data.ts';

const many = Array.from({ length: 1_000 });

test('the same seed gives the same data, another seed other data', () => {
  const draw = (seed: number) => sampleCsvRows(random(seed), 20, new Date('2025-06-01T12:00:00Z'));
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});

test('amounts are whole cents other than none, and mostly spent', () => {
  const stream = random(1);
  const amounts = many.map(() => sampleTransaction(stream).amountCents);
  assert.ok(amounts.every((cents) => Number.isSafeInteger(cents) && cents !== 0));
  const spent = amounts.filter((cents) => cents < 0).length;
  assert.ok(spent > 800 && spent < 950, `${spent} of 1,000 are spending`);
});

test('rows of a CSV file are of the year before its end', () => {
  const dates = sampleCsvRows(random(1), 1_000, new Date('2025-06-01T12:00:00Z')).map(({ date }) => date);
  assert.ok(dates.every((date) => date >= '2024-06-01' && date <= '2025-05-31'));
});

test('an invoice asks for money', () => {
  const stream = random(1);
  const amounts = many.map(() => sampleInvoice(stream).amountCents);
  assert.ok(amounts.every((cents) => cents >= 1_000 && cents <= 500_000));
});
