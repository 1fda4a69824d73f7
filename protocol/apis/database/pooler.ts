import type pg from 'pg';
import { withClient } from './schema.ts';

/**
 * Whether a pooler is at an address, such as PgBouncer in transaction mode, which gives a connection to others between two
 * transactions: what one has set, prepared or locked outside of them is there on another's, or gone.
 */
export function sharesConnections(url: string): Promise<boolean> {
  return withClient(url, (one) =>
    withClient(url, async (other) => {
      const owners = new Map<number, pg.Client>();
      // In this order it shows also where a pooler takes its connections in turn.
      for (const client of [one, other, other, one, one]) {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const { pid } = rows[0]!;
        owners.set(pid, owners.get(pid) ?? client);
        if (owners.get(pid) !== client || owners.size > 2) return true;
      }
      return false;
    }),
  );
}
