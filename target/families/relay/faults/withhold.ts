import type { FastifyRequest } from 'fastify';
import type { FaultContext } from '../../../core/faults/fault.ts';

/** What a push asks for and answers, as far as these faults care. */
interface Push {
  changes?: unknown;
}
interface PushAnswer {
  accepted: string[];
}

/** Of one push. */
export interface Withheld {
  /** Ids of all of its changes, in their order. */
  pushed: string[];
  /** Ids of those that are not stored. */
  withheld: Set<string>;
}

/**
 * Takes a share of the changes out of pushes before they are stored. `accepted` turns the ids that were stored into
 * those that the answer acknowledges.
 */
export function withhold(
  { app, active, random }: FaultContext,
  share: number,
  accepted: (stored: string[], withheld: Withheld) => string[],
): void {
  const pushes = new WeakMap<FastifyRequest, Withheld>();
  app.addHook('preHandler', async (request) => {
    const body = request.body as Push | null | undefined;
    if (!active() || !request.url.startsWith('/sync/push') || !Array.isArray(body?.changes)) return;
    const withheld = new Set<string>();
    const ids: unknown[] = body.changes.map((change) => change?.id);
    body.changes = body.changes.filter((_, index) => {
      const id = ids[index];
      if (typeof id !== 'string' || random() >= share) return true;
      withheld.add(id);
      return false;
    });
    if (withheld.size > 0) pushes.set(request, { pushed: ids as string[], withheld });
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const withheld = pushes.get(request);
    if (!withheld || reply.statusCode !== 200) return payload;
    const answer = JSON.parse(String(payload)) as PushAnswer;
    return JSON.stringify({ ...answer, accepted: accepted(answer.accepted, withheld) });
  });
}
