import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byDate, runningBalances } from './balances.ts';
import type { Transaction } from './entities.ts';

function transaction(id: string, date: string, amount_cents: number, account_id = 'checking'): Transaction {
  return { id, date, payee: id, amount_cents, account_id };
}

test('keeps a balance per account and one over all', () => {
  const rows = runningBalances([
    transaction('a', '2025-01-01', 1_000),
    transaction('b', '2025-01-02', -300, 'savings'),
    transaction('c', '2025-01-03', -50),
  ]);
  const balances = rows.map(({ accountBalanceCents, totalBalanceCents }) => [accountBalanceCents, totalBalanceCents]);
  assert.deepEqual(balances, [
    [1_000, 1_000],
    [-300, 700],
    [950, 650],
  ]);
});

test('has no rows for no transactions', () => {
  assert.deepEqual(runningBalances([]), []);
});

test('orders by day, then by id', () => {
  const b = transaction('b', '2025-01-02', 1);
  const a = transaction('a', '2025-01-02', 1);
  const z = transaction('z', '2025-01-01', 1);
  assert.deepEqual([b, a, z].sort(byDate), [z, a, b]);
  assert.equal(byDate(a, { ...a }), 0);
});
