import { type SliceContext, unmeasured } from '../../support/test.ts';
import { Replica } from '../apis/relay/replica.ts';
import { RoomClient } from './room.ts';
import { roomWire } from './room-wire.ts';
import { roomSettings, type YjsDialect, yjsDialects } from './settings.ts';

/** A server that speaks the dialect answers the first message at once. */
const PROBE_TIMEOUT_MS = 3_000;

/**
 * The dialect of the target's Yjs server: the configured one, else the first in which it lets a client into a room. When it
 * answers none of them, the most common: what is wrong then shows in the load.
 * @param room to try it with; nothing is written there
 */
export async function yjsDialectOf(slice: SliceContext, room: string, token: string): Promise<YjsDialect> {
  const { yjsUrl, dialect: configured } = roomSettings(slice.target);
  if (configured) return configured;
  if (slice.target.embedded) return 'y-websocket';
  for (const dialect of yjsDialects) {
    const wire = roomWire(dialect, yjsUrl, room, token);
    const client = new RoomClient(unmeasured(slice), new Replica(room, 1), { wire, timeoutMs: PROBE_TIMEOUT_MS });
    const isSynced = await client.connect();
    await client.close();
    if (isSynced) return dialect;
  }
  return 'y-websocket';
}
