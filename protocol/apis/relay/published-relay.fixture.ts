/** A relay as one that is published works, where it differs from the embedded target's: see the wire contract. */
import type { TestContext } from 'node:test';
import { serve } from '../../../support/server.fixture.ts';
import type { Change } from './api.ts';

const PAGE = 100;

/**
 * Takes a change of an entity only when its `timestamp` is greater than that of the one before; its pages are in the order of
 * the changes' own timestamps, and the answer's `timestamp` is its clock.
 * @param habits `keepsLast`: of each entity the last change alone; `isSilent`: a push is stored, and answered with an error;
 *   `missesNone`: a change that comes after the pull of another device, and was made before it, is in that device's next one;
 *   `behindMs`: its clock is, and it goes by that alone
 */
export async function publishedRelay(
  t: TestContext,
  habits: {
    keepsLast?: boolean;
    loses?: (id: string) => boolean;
    isSilent?: () => boolean;
    missesNone?: boolean;
    behindMs?: number;
  } = {},
): Promise<{ url: string; rejected: string[] }> {
  const changes: (Change & { account: string; storedAt: number })[] = [];
  let clock = 0;
  const { behindMs = 0 } = habits;
  const isByItsClock = habits.missesNone || behindMs > 0;
  /** Each of its instants is there once, where a change must be on one side of every pull. */
  const now = () => {
    clock = Math.max(isByItsClock ? clock + 1 : 0, Date.now() - behindMs);
    return clock;
  };
  const rejected: string[] = [];
  const { url } = await serve(t, async (request, answer) => {
    let text = '';
    for await (const part of request) text += part;
    const account = request.headers.authorization ?? '';
    const asked = JSON.parse(text) as { device_id: string; since_timestamp: number; changes: Change[] };
    const respond = (body: object) =>
      answer.end(JSON.stringify({ protocol_version: '1.0.0', timestamp: now(), ...body }));
    if (request.url?.endsWith('/push')) {
      const accepted: string[] = [];
      for (const change of asked.changes) {
        const before = changes.findLast((one) => one.account === account && one.entity_id === change.entity_id);
        const isKnown = changes.some(({ id }) => id === change.id);
        if (isKnown || (before && before.timestamp >= change.timestamp)) rejected.push(change.id);
        else {
          if (habits.keepsLast && before) changes.splice(changes.indexOf(before), 1);
          if (!habits.loses?.(change.id))
            changes.push({ ...change, device_id: asked.device_id, account, storedAt: now() });
          accepted.push(change.id);
        }
      }
      if (habits.isSilent?.()) {
        answer.writeHead(500).end();
        return;
      }
      const refused = asked.changes.filter(({ id }) => !accepted.includes(id));
      const reasons = refused.map(({ id }) => ({ id, reason: 'Duplicate or outdated change' }));
      respond({ success: true, accepted, rejected: reasons });
      return;
    }
    const later = changes
      .filter((one) => one.account === account && one.device_id !== asked.device_id)
      .filter(({ timestamp, storedAt }) => (isByItsClock ? storedAt : timestamp) > asked.since_timestamp)
      .sort((a, b) => a.timestamp - b.timestamp);
    const page = later.slice(0, PAGE).map(({ storedAt: _, ...change }) => change);
    respond({ changes: page, has_more: later.length > PAGE });
  });
  return { url, rejected };
}
