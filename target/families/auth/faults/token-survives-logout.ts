import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';

/** After a share of the logouts, which are answered as ever, the session goes on. */
export const tokenSurvivesLogout: FaultKind = {
  name: 'token-survives-logout',
  usage: 'token-survives-logout=<share>, as in token-survives-logout=0.01',
  parse(value) {
    const surviving = share(value);
    return ({ app, active, random }) => {
      app.addHook('preHandler', async ({ routeOptions, body }) => {
        if (!routeOptions.url?.endsWith('/auth/logout') || !active() || random() >= surviving) return;
        // A logout that names no session there is ends none.
        const asked = body as { refresh_token?: unknown } | undefined;
        if (typeof asked?.refresh_token === 'string') asked.refresh_token = 'of-nobody';
      });
    };
  },
};
