import { load } from '../../support/test.ts';
import { postgresMetrics } from '../transports/postgres.ts';
import { transferOptions } from './options.ts';
import { checkDatabase } from './preflight.ts';
import { Bank, Teller } from './teller.ts';

/** Tellers who move money between a few accounts, and so run into each other. */
load('database-transfers', {
  metrics: postgresMetrics,
  options: transferOptions,
  oracles: ['account-totals', 'committed-rows', 'committed-sums'],
  preflight: checkDatabase,
  setup: (slice) => Bank.open(slice),
  teardown: (bank) => bank.close(),
  vu: (vu, bank) => new Teller(vu, bank),
  operations: {
    transfer: { weight: 90, run: (teller) => teller.transfer() },
    audit: { weight: 10, run: (teller) => teller.audit() },
  },
  settle: (teller) => teller.settle(),
  evidence: (teller) => teller.evidence(),
  sliceEvidence: (bank) => bank.evidence(),
});
