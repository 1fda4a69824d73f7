import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** A share of the API requests is carried out, and instead of an answer the connection is reset. */
export const reset: FaultKind = {
  name: 'reset',
  usage: 'reset=<share>, as in reset=0.01',
  parse(value) {
    const resets = share(value);
    return ({ app, isApi, active, random }) => {
      app.addHook('onSend', async (request) => {
        if (active() && isApi(request) && random() < resets) request.raw.socket.resetAndDestroy();
      });
    };
  },
};
