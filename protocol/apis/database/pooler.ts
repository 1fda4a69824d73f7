import type pg from 'pg';
import { withClient } from './schema.ts';

/** What pg keeps of a connection's start, and its types leave out: which process it may ask to have ended. */
type Started = pg.Client & { processID: number | null };

/**
 * Whether a pooler is at an address, such as PgBouncer in transaction mode, which may give a connection to others between two
 * transactions: what one has set, prepared or locked outside of them is there on another's, or gone. PostgreSQL names its own process
 * to whoever connects; a pooler, whose clients have none for themselves, a number of its own.
 */
export function isPooler(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]!.pid !== (client as Started).processID;
  });
}
