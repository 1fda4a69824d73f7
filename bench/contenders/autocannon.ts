/** The usual HTTP benchmark of the Node world, by its programmatic interface. */
import autocannon from 'autocannon';
import { contend } from '../contender.ts';

contend(async ({ origin, connections, requests }) => {
  // It notices only at its next sample that all requests are answered; its own second would hide its speed.
  const result = await autocannon({ url: origin, connections, amount: requests, sampleInt: 10 });
  const answered = result['2xx'];
  if (answered !== requests) {
    throw new Error(`${answered} of ${requests} requests were answered, ${result.errors} connection errors`);
  }
});
