import { createHash } from 'node:crypto';
import { isUnused, Use, withClient } from '../apis/database/schema.ts';

/** Names of our databases begin with it. */
const PREFIX = 'tandem_restored_';
/** Of the comment that each has: one without it is somebody else's. */
const COMMENT = 'backup of run ';
const HASH_LENGTH = 16;

/** A database beside another one, empty at first, which is there as long as somebody works with it. */
export const RestoredDatabase = {
  /** @param work gets its URL */
  async with<T>(besideUrl: string, runId: string, work: (url: string) => Promise<T>): Promise<T> {
    const name = PREFIX + createHash('sha256').update(runId).digest('hex').slice(0, HASH_LENGTH);
    const use = new Use(besideUrl, name);
    await use.begin();
    try {
      await withClient(besideUrl, async (client) => {
        await client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
        await client.query(`COMMENT ON DATABASE ${name} IS ${client.escapeLiteral(COMMENT + runId)}`);
      });
      return await work(urlOf(besideUrl, name));
    } finally {
      await withClient(besideUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await use.end();
    }
  },

  /** Drops those of runs that were killed before they could. @returns their names */
  dropLeftovers(besideUrl: string): Promise<string[]> {
    return withClient(besideUrl, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT datname AS name FROM pg_database
         WHERE starts_with(datname, $1) AND starts_with(shobj_description(oid, 'pg_database'), $2)`,
        [PREFIX, COMMENT],
      );
      const dropped: string[] = [];
      for (const { name } of rows) {
        await client.query('BEGIN');
        if (await isUnused(client, name)) {
          // By somebody else: it cannot be done in a transaction.
          await withClient(besideUrl, (other) => other.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
          dropped.push(name);
        }
        await client.query('COMMIT');
      }
      return dropped;
    });
  },
};

function urlOf(besideUrl: string, name: string): string {
  const url = new URL(besideUrl);
  url.pathname = `/${name}`;
  return url.href;
}
