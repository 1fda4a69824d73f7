import { journey, type User } from '../support/test.ts';
import { sampleTransaction } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** Transactions that users left in their ledgers: nobody else writes there, and nothing is deleted. */
const left = new WeakMap<User, number>();

/** Looks in quickly: finds what was there the last time, syncs, and every other time notes one transaction. */
journey('light', {
  thinkTimeMs: [500, 1_500],
  async run({ page, user, step, think, random }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    await ledger.expectTransactions(left.get(user) ?? 0);
    await think();
    if (random() < 0.5) {
      await step('add-transaction', () => ledger.addTransaction(sampleTransaction(random)));
      await think();
    }
    await step('sync', () => ledger.syncNow());
    left.set(user, await ledger.transactionCount());
  },
});
