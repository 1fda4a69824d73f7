import { z } from 'zod';
import { durationMs, journey } from '../support/test.ts';
import { sampleTransaction } from './app/data.ts';
import { Ledger } from './app/ledger.ts';

/** A person waits so long for a note to be saved before she looks what is wrong. */
const PATIENCE_MS = 3_000;
/** A relay that was away gets so long to take what was noted meanwhile. */
const RETURN_MS = 60_000;

/** Keeps the books all the time, also while the relay is away, and looks in the end whether all of it is there. */
journey('keeper', {
  thinkTimeMs: [500, 1_500],
  options: z.strictObject({ stay: durationMs.prefault('20s') }),
  async run({ page, user, step, think, random, options, isOver, sawOutage, keptWork }) {
    const ledger = new Ledger(page);
    await step('open', () => ledger.open());
    await step('sign-in', () => ledger.signIn(user));
    const notes: { payee: string; doneAt: number; wasSaved: boolean }[] = [];
    const leaveAt = performance.now() + options.stay;
    while (performance.now() < leaveAt && !isOver()) {
      const payee = `Note ${random().toString(36).slice(2, 12)}`;
      await step('note', () => ledger.addTransaction({ ...sampleTransaction(random), payee }));
      const doneAt = performance.now();
      const state = await ledger.syncStateWithin(PATIENCE_MS);
      if (state !== 'synced') sawOutage(state === 'offline' ? 'error' : 'spinner');
      notes.push({ payee, doneAt, wasSaved: state === 'synced' });
      await think();
    }
    await ledger.syncAtLast(RETURN_MS);
    await step('reopen', () => ledger.reopen());
    const { rows } = await ledger.shownTransactions(notes.length);
    const payees = new Set(rows.map(({ payee }) => payee));
    for (const { payee, doneAt, wasSaved } of notes) {
      const isThere = payees.has(payee);
      if (!wasSaved || !isThere) keptWork(isThere, doneAt);
    }
  },
});
