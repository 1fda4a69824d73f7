import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind } from './fault.ts';
import { duration } from './values.ts';

/** Every API answer comes later. */
export const latency: FaultKind = {
  name: 'latency',
  usage: 'latency=<duration>, as in latency=80ms',
  parse(value) {
    const delayMs = duration(value);
    return ({ app, isApi, active }) => {
      app.addHook('onRequest', async (request) => {
        if (active() && isApi(request)) await sleep(delayMs);
      });
    };
  },
};
