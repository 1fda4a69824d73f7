import type { FaultKind } from '../../../core/faults/fault.ts';
import { nothing } from '../../../core/faults/values.ts';

/** Every pull says that there is nothing new, as one published relay does: pushes are acknowledged, and never seen. */
export const emptyPull: FaultKind = {
  name: 'empty-pull',
  usage: 'empty-pull',
  parse(value) {
    nothing(value);
    return ({ app, active }) => {
      app.addHook('onSend', async (request, reply, payload) => {
        if (!active() || !request.url.startsWith('/sync/pull') || reply.statusCode !== 200) return payload;
        return JSON.stringify({ ...JSON.parse(String(payload)), changes: [], has_more: false });
      });
    };
  },
};
