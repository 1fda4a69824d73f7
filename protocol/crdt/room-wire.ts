import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { YjsDialect } from './settings.ts';

/** What a message is to the client of a room; `unknown`: of a kind that the dialect has not. */
export type RoomMessage = 'sync' | 'denied' | 'closed' | 'other' | 'unknown';

/** The way to one room. */
export interface RoomWire {
  /** With its token: secret. */
  url: string;
  /** Sent before anything else. */
  greeting?: Uint8Array;
  /** Begins a sync message; its step follows. */
  writeSync(encoder: encoding.Encoder): void;
  /** Reads up to the step of a sync message. @throws when it is no message of the dialect */
  read(decoder: decoding.Decoder): RoomMessage;
}

const SYNC = 0;
const AUTH = 2;

/**
 * y-websocket's: the room's name is the last part of the path.
 * @see https://github.com/yjs/y-websocket
 */
function yWebsocket(yjsUrl: string, room: string, token: string): RoomWire {
  const LAST_KIND = 3;
  return {
    url: `${yjsUrl}/${encodeURIComponent(room)}?token=${encodeURIComponent(token)}`,
    writeSync: (encoder) => encoding.writeVarUint(encoder, SYNC),
    read(decoder) {
      const kind = decoding.readVarUint(decoder);
      if (kind > LAST_KIND) return 'unknown';
      if (kind === SYNC) return 'sync';
      return kind === AUTH ? 'denied' : 'other';
    },
  };
}

/**
 * Hocuspocus 4's: rooms share an address, each message begins with the room's name, and the token comes first.
 * @see https://github.com/ueberdosis/hocuspocus
 */
function hocuspocus(yjsUrl: string, room: string, token: string): RoomWire {
  const SYNC_REPLY = 4;
  const CLOSE = 7;
  const LAST_KIND = 8;
  const TOKEN = 0;
  const DENIED = 1;
  return {
    url: yjsUrl,
    greeting: encoding.encode((encoder) => {
      encoding.writeVarString(encoder, room);
      encoding.writeVarUint(encoder, AUTH);
      encoding.writeVarUint(encoder, TOKEN);
      encoding.writeVarString(encoder, token);
      // Where a provider says its version.
      encoding.writeVarString(encoder, 'tandem');
    }),
    writeSync(encoder) {
      encoding.writeVarString(encoder, room);
      encoding.writeVarUint(encoder, SYNC);
    },
    read(decoder) {
      if (decoding.readVarString(decoder) !== room) throw new Error('not a message to this room');
      const kind = decoding.readVarUint(decoder);
      if (kind > LAST_KIND) return 'unknown';
      if (kind === SYNC || kind === SYNC_REPLY) return 'sync';
      if (kind === CLOSE) return 'closed';
      return kind === AUTH && decoding.readVarUint(decoder) === DENIED ? 'denied' : 'other';
    },
  };
}

/** @param yjsUrl without a trailing slash; may have a user and password */
export function roomWire(dialect: YjsDialect, yjsUrl: string, room: string, token: string): RoomWire {
  return dialect === 'hocuspocus' ? hocuspocus(yjsUrl, room, token) : yWebsocket(yjsUrl, room, token);
}
