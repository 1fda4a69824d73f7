import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';

const ISSUING = /\/auth\/(login|register|refresh)$/;
const TOLD_SECONDS = 1;

/** A share of the tokens is said to last for a second, and lets in for as long as ever. */
export const tokenOutlives: FaultKind = {
  name: 'token-outlives',
  usage: 'token-outlives=<share>, as in token-outlives=0.01',
  parse(value) {
    const outliving = share(value);
    return ({ app, active, random }) => {
      app.addHook('onSend', async ({ routeOptions }, reply, payload) => {
        if (!ISSUING.test(routeOptions.url ?? '') || reply.statusCode >= 300) return payload;
        if (!active() || random() >= outliving) return payload;
        const answer = JSON.parse(String(payload)) as { tokens?: object };
        const told = { expires_in: TOLD_SECONDS };
        return JSON.stringify(
          answer.tokens ? { ...answer, tokens: { ...answer.tokens, ...told } } : { ...answer, ...told },
        );
      });
    };
  },
};
