/** As many statements at a time as the others have connections, on two: what their answers wait for each other is nobody's figure. */
import pg from 'pg';
import { contend } from '../contender.ts';
import { read, readId } from '../point-read.ts';

const CONNECTIONS = 2;
let clients: pg.Client[] | undefined;

contend(async ({ origin, connections, requests }) => {
  clients ??= await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new pg.Client({ connectionString: origin, pipeline: true });
      await client.connect();
      return client;
    }),
  );
  const bound = clients;
  let left = requests;
  const loop = async (_: unknown, place: number) => {
    while (left > 0) {
      left -= 1;
      const { rows } = await bound[place % CONNECTIONS]!.query({ ...read, values: [readId(left)] });
      if (rows.length !== 1) throw new Error(`${rows.length} rows`);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
});
