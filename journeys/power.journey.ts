import { journey } from '../support/test.ts';
import { sampleCsvRows } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** Works in batches: imports a bank's CSV file, tidies the accounts, syncs. */
journey('power', {
  thinkTimeMs: [1_000, 3_000],
  async run({ page, user, step, think, random }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    await think();
    await step('import-csv', () => ledger.importCsv(sampleCsvRows(random, random.int(100, 300))));
    await think();
    await step('add-account', () => ledger.addAccount(`Savings ${random.int(1, 999)}`));
    await think();
    await step('sync', () => ledger.syncNow());
  },
});
