import { ApiError } from '../api-error.ts';
import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** A share of the API requests is answered with 500. */
export const error: FaultKind = {
  name: 'error',
  usage: 'error=<share>, as in error=0.05',
  parse(value) {
    const errors = share(value);
    return ({ app, isApi, active, random }) => {
      app.addHook('onRequest', async (request) => {
        if (active() && isApi(request) && random() < errors) {
          throw new ApiError(500, 'INTERNAL_ERROR', 'The server failed, as it was told to.');
        }
      });
    };
  },
};
