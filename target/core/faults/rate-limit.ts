import { RateLimit } from '../rate-limit.ts';
import type { FaultKind } from './fault.ts';

/** A limit of requests per account, as the variable RATE_LIMIT sets it. */
export const rateLimit: FaultKind = {
  name: 'rate-limit',
  usage: 'rate-limit=<requests>/<s, min or h>, as in rate-limit=60/min',
  parse(value = '') {
    const limit = RateLimit.parse(value);
    if (!limit) throw new TypeError(`${JSON.stringify(value)} is not a limit such as 60/min`);
    return ({ app, active }) => {
      // After every onRequest, which is where requests get their account.
      app.addHook('preParsing', async (request) => {
        if (active() && request.account) limit.take(request.account);
      });
    };
  },
};
