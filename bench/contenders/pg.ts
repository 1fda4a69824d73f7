/** The loop that anyone would write: pg's pool, a prepared statement, its row. */
import pg from 'pg';
import { contend } from '../contender.ts';
import { read, readId } from '../point-read.ts';

let pool: pg.Pool | undefined;

contend(async ({ origin, connections, requests }) => {
  pool ??= new pg.Pool({ connectionString: origin, max: connections });
  const bound = pool;
  let left = requests;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const { rows } = await bound.query({ ...read, values: [readId(left)] });
      if (rows.length !== 1) throw new Error(`${rows.length} rows`);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
});
