import { journey } from '../support/test.ts';
import { sampleInvoice, sampleTransaction } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** Keeps the books: several transactions, an invoice, a sync. */
journey('active', {
  thinkTimeMs: [500, 2_000],
  async run({ page, user, step, think, random }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    for (let left = random.int(3, 5); left > 0; left--) {
      await think();
      await step('add-transaction', () => ledger.addTransaction(sampleTransaction(random)));
    }
    await think();
    await step('create-invoice', () => ledger.createInvoice(sampleInvoice(random)));
    await think();
    await step('sync', () => ledger.syncNow());
    await step('sign-out', () => ledger.signOut());
  },
});
