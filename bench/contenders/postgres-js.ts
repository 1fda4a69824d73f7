/** The other client of the Node world, as its manual has it. */
import postgres from 'postgres';
import { contend } from '../contender.ts';
import { readId } from '../point-read.ts';

let sql: postgres.Sql | undefined;

contend(async ({ origin, connections, requests }) => {
  // Of a URL it knows no socket's folder.
  const { username, pathname, searchParams } = new URL(origin);
  const host = searchParams.get('host')!;
  sql ??= postgres({ host, username, database: pathname.slice(1), max: connections });
  const bound = sql;
  let left = requests;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const rows = await bound`SELECT id, value FROM bench_items WHERE id = ${readId(left)}`;
      if (rows.length !== 1) throw new Error(`${rows.length} rows`);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
});
