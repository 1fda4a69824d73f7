import { z } from 'zod';
import { durationMs, epochMs, journey } from '../support/test.ts';
import { sampleTransaction } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** Leaves the ledger open and reads what others write into it; `protocol/relay/remote-changes.load.ts` does. */
journey('watcher', {
  oracles: ['screen'],
  options: z.strictObject({ stay: durationMs.describe('How long a person stays.').prefault('20s') }),
  thinkTimeMs: [1_500, 3_000],
  async run({ page, user, step, think, random, options, watchRemoteChanges, isOver, evidence }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    await step('add-transaction', () => ledger.addTransaction(sampleTransaction(random)));
    await watchRemoteChanges();
    for (const since = performance.now(); performance.now() - since < options.stay && !isOver(); ) {
      await think();
      await step('look', () => ledger.transactionCount());
    }
    const syncedAt = epochMs();
    await step('sync', () => ledger.syncNow());
    const shown = await ledger.shownTransactions();
    const session = `${user.name}, session ${user.sessions + 1}`;
    evidence('screen', { kind: 'shown', account: user.email, session, syncedAt, readAt: epochMs(), ...shown });
  },
});
