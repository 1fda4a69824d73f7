/** The loop that anyone would write: an undici Pool, a request, its body. What a generator costs is told in multiples of it. */
import { Pool } from 'undici';
import { contend } from '../contender.ts';

let pool: Pool | undefined;

contend(async ({ origin, connections, requests }) => {
  pool ??= new Pool(origin, { connections });
  const bound = pool;
  let left = requests;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const { statusCode, body } = await bound.request({ method: 'GET', path: '/' });
      await body.text();
      if (statusCode !== 200) throw new Error(`answer ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: connections }, loop));
});
