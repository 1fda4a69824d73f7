import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** A share of the API's JSON answers ends in the middle; their content-length says that this is all. */
export const truncateJson: FaultKind = {
  name: 'truncate-json',
  usage: 'truncate-json=<share>, as in truncate-json=0.01',
  parse(value) {
    const truncated = share(value);
    return ({ app, isApi, active, random }) => {
      app.addHook('onSend', async (request, _reply, payload) => {
        if (!active() || !isApi(request) || typeof payload !== 'string' || random() >= truncated) return payload;
        return payload.slice(0, payload.length / 2);
      });
    };
  },
};
