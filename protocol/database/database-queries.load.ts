import { load } from '../../support/test.ts';
import { postgresMetrics } from '../transports/postgres.ts';
import { Clerk, Office } from './clerk.ts';
import { orderOptions } from './options.ts';
import { checkDatabase } from './preflight.ts';

/** An application at work on its orders: mostly it reads them, in every way that a database is asked. */
load('database-queries', {
  metrics: postgresMetrics,
  options: orderOptions,
  oracles: ['committed-rows', 'committed-sums'],
  preflight: checkDatabase,
  setup: (slice) => Office.open(slice),
  teardown: (office) => office.close(),
  vu: (vu, office) => new Clerk(vu, office),
  operations: {
    'point-read': { weight: 50, run: (clerk) => clerk.read() },
    join: { weight: 10, run: (clerk) => clerk.join() },
    aggregate: { weight: 5, run: (clerk) => clerk.aggregate() },
    search: { weight: 5, run: (clerk) => clerk.search() },
    insert: { weight: 15, run: (clerk) => clerk.insert() },
    update: { weight: 10, run: (clerk) => clerk.update() },
    transaction: { weight: 5, run: (clerk) => clerk.transaction() },
  },
  settle: (clerk) => clerk.settle(),
  evidence: (clerk) => clerk.evidence(),
  sliceEvidence: (office) => office.evidence(),
});
