import type { FastifyRequest } from 'fastify';
import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';

/** Devices for which a second delivery is kept; beyond it the oldest is given up. */
const MAX_WAITING_DEVICES = 10_000;

/** A share of the pulled changes comes twice: half of these in the same page, half in the device's next. */
export const duplicateChange: FaultKind = {
  name: 'duplicate-change',
  usage: 'duplicate-change=<share>, as in duplicate-change=0.01',
  parse(value) {
    const twice = share(value);
    return ({ app, active, random }) => {
      const later = new Map<string, unknown[]>();
      app.addHook('onSend', async (request, reply, payload) => {
        if (!active() || !request.url.startsWith('/sync/pull') || reply.statusCode !== 200) return payload;
        const device = receiver(request);
        const answer = JSON.parse(String(payload)) as { changes: unknown[] };
        const changes = later.get(device) ?? [];
        later.delete(device);
        const next: unknown[] = [];
        for (const change of answer.changes) {
          changes.push(change);
          if (random() < twice) (random() < 0.5 ? changes : next).push(change);
        }
        if (next.length > 0) later.set(device, next);
        if (later.size > MAX_WAITING_DEVICES) later.delete(later.keys().next().value!);
        return JSON.stringify({ ...answer, changes });
      });
    };
  },
};

function receiver(request: FastifyRequest): string {
  return `${request.account} ${(request.body as { device_id: string }).device_id}`;
}
