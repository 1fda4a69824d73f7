import type { FaultKind } from './fault.ts';
import { nothing } from './values.ts';

/** What cannot be answered, as the database is away, is answered as the last request of its kind was: with 200. Health too. */
export const zombie: FaultKind = {
  name: 'zombie',
  usage: 'zombie',
  parse(value) {
    nothing(value);
    return ({ app, isApi, active }) => {
      const last = new Map<string, { status: number; payload: string }>();
      app.addHook('onSend', async (request, reply, payload) => {
        const isHealth = request.url.endsWith('/health');
        if (!active() || !(isApi(request) || isHealth) || typeof payload !== 'string') return payload;
        const kind = `${request.method} ${request.routeOptions.url}`;
        const { statusCode: status } = reply;
        if (status < 300) last.set(kind, { status, payload });
        const known = last.get(kind);
        if (status < 500 || !known) return payload;
        reply.code(known.status);
        reply.removeHeader('content-length');
        return known.payload;
      });
    };
  },
};
