import { journey } from '../support/test.ts';
import { sampleTransaction } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** Looks in quickly: syncs, and every other time notes one transaction. */
journey('light', {
  thinkTimeMs: [500, 1_500],
  async run({ page, user, step, think, random }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    await think();
    if (random() < 0.5) {
      await step('add-transaction', () => ledger.addTransaction(sampleTransaction(random)));
      await think();
    }
    await step('sync', () => ledger.syncNow());
  },
});
