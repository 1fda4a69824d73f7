import type { Family } from '../../core/family.ts';
import { lostCommit } from './faults/lost-commit.ts';
import { poolExhausted } from './faults/pool-exhausted.ts';
import { slowQuery } from './faults/slow-query.ts';
import { tornTransfer } from './faults/torn-transfer.ts';
import type { DatabaseParts } from './parts.ts';
import { DatabaseProxy } from './proxy.ts';

/** The target's own PostgreSQL, for loads of the database alone. */
export const database: Family<DatabaseParts> = {
  name: 'database',
  api: [],
  faults: [lostCommit, poolExhausted, slowQuery, tornTransfer],
  start({ databaseUrl, noteUse }) {
    const proxy = new DatabaseProxy(databaseUrl, noteUse);
    return {
      parts: { proxy },
      async listen(host): Promise<Record<string, string>> {
        const url = await proxy.listen(host);
        // Whoever set a password knows it, and nobody else has to.
        return new URL(url).password ? {} : { LOAD_DATABASE_URL: url };
      },
      stop: () => proxy.close(),
    };
  },
};
