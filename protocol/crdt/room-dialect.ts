import { type SliceContext, unmeasured } from '../../support/test.ts';
import { Replica } from '../apis/relay/replica.ts';
import { RoomClient } from './room.ts';
import { roomWire } from './room-wire.ts';
import { roomSettings, type YjsDialect, yjsDialects } from './settings.ts';

/** A server that speaks the dialect answers the first message at once. */
const PROBE_TIMEOUT_MS = 3_000;
/** One that is said to speak it may take its time. */
const CONFIGURED_TIMEOUT_MS = 10_000;

/**
 * The dialect of the target's Yjs server: the configured one, else the first in which it lets a client into a room; undefined when
 * that is none.
 * @param room to try it with; nothing is written there
 */
export async function yjsDialectOf(slice: SliceContext, room: string, token: string): Promise<YjsDialect | undefined> {
  const { dialect } = roomSettings(slice.target);
  if (dialect) return dialect;
  if (isOurs(slice)) return 'y-websocket';
  for (const one of yjsDialects) {
    if ((await refusal(slice, one, room, token, PROBE_TIMEOUT_MS)) === undefined) return one;
  }
  return undefined;
}

/**
 * Whether the target's Yjs server lets a client into a room, in the configured dialect or in any.
 * @throws one sentence
 */
export async function checkRooms(slice: SliceContext, room: string, token: string): Promise<void> {
  const { yjsUrl, dialect } = roomSettings(slice.target);
  if (isOurs(slice)) return;
  const { protocol, host, pathname } = new URL(yjsUrl);
  const server = `YJS_URL ${protocol}//${host}${pathname}`;
  if (dialect) {
    const why = await refusal(slice, dialect, room, token, CONFIGURED_TIMEOUT_MS);
    if (why === undefined) return;
    throw new Error(
      `${server} does not speak ${dialect}, as YJS_DIALECT says (${why}); allowed is a server that does.`,
    );
  }
  const found: string[] = [];
  for (const one of yjsDialects) {
    const why = await refusal(slice, one, room, token, PROBE_TIMEOUT_MS);
    if (why === undefined) return;
    found.push(`${one} (${why})`);
  }
  throw new Error(`${server} speaks neither ${found.join(' nor ')}; allowed is a server of Yjs rooms in one of these.`);
}

/** The embedded target's own rooms, whose dialect is known. */
function isOurs({ target }: SliceContext): boolean {
  return target.embedded && !target.configured.includes('YJS_URL');
}

/** Why the server lets nobody into a room in this dialect; undefined when it does. Nothing of it is measured. */
async function refusal(
  slice: SliceContext,
  dialect: YjsDialect,
  room: string,
  token: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const probe = unmeasured(slice);
  const wire = roomWire(dialect, roomSettings(slice.target).yjsUrl, room, token);
  const client = new RoomClient(probe, new Replica(room, 1), { wire, timeoutMs });
  const isSynced = await client.connect();
  await client.close();
  if (isSynced) return undefined;
  const [error = 'no sync'] = Object.keys(probe.recorder.errors);
  return error.replace('WebSocket: ', '');
}
