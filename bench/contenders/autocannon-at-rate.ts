/** autocannon at the rate of an attack. */
import autocannon from 'autocannon';
import { contend } from '../contender.ts';

const RATE_PER_SECOND = 10_000;

contend(async ({ origin, connections, requests }) => {
  const result = await autocannon({
    url: origin,
    connections,
    amount: requests,
    overallRate: RATE_PER_SECOND,
    sampleInt: 10,
  });
  const answered = result['2xx'];
  if (answered !== requests) {
    throw new Error(`${answered} of ${requests} requests were answered, ${result.errors} connection errors`);
  }
});
