import type { Transaction } from './entities.ts';

/** A transaction with the balances right after it: of its own account, and of all accounts together. */
export type LedgerRow = { transaction: Transaction; accountBalanceCents: number; totalBalanceCents: number };

/** Oldest first; within a day by id, which begins with the time of creation, so that all devices agree. */
export function byDate(a: Transaction, b: Transaction): number {
  if (a.date !== b.date) return a.date < b.date ? -1 : 1;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  return 0;
}

/** Running balances over transactions that are sorted oldest first. */
export function runningBalances(transactions: readonly Transaction[]): LedgerRow[] {
  const accounts = new Map<string, number>();
  let total = 0;
  return transactions.map((transaction) => {
    const balance = (accounts.get(transaction.account_id) ?? 0) + transaction.amount_cents;
    accounts.set(transaction.account_id, balance);
    total += transaction.amount_cents;
    return { transaction, accountBalanceCents: balance, totalBalanceCents: total };
  });
}
