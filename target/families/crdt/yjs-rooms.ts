import type pg from 'pg';
import type { WebSocket } from 'ws';
import { invalid } from '../../core/api-error.ts';
import { text } from '../../core/fields.ts';
import { type SocketEndpoint, socketServer } from '../../core/web-sockets.ts';
import { type Delivery, YjsRoom } from './yjs-room.ts';
import { YjsStore } from './yjs-store.ts';

const PREFIX = '/yjs/';
const MAX_MESSAGE_BYTES = 5 * 1024 * 1024;

/** Decides whether content may go to a connection. */
export type DeliveryRule = (delivery: Delivery) => boolean;

/** What the family's faults reach into: a rule says which content goes to whom. */
export interface CrdtParts {
  rooms: Pick<YjsRooms, 'addRule'>;
}

/**
 * The Yjs rooms, `/yjs/<room>`, as y-websocket's provider speaks to them. A room is the account's own, and in memory
 * only while somebody is in it.
 */
export class YjsRooms implements SocketEndpoint {
  readonly webSockets = socketServer(MAX_MESSAGE_BYTES);
  readonly #store: YjsStore;
  readonly #rooms = new Map<string, YjsRoom>();
  readonly #rules: DeliveryRule[] = [];

  constructor(pool: pg.Pool) {
    this.#store = new YjsStore(pool);
  }

  /** How many rooms are in memory. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Content goes to a connection only when every rule agrees. */
  addRule(rule: DeliveryRule): void {
    this.#rules.push(rule);
  }

  serves(path: string): boolean {
    return path.startsWith(PREFIX);
  }

  admit(url: URL, account: string): (webSocket: WebSocket) => void {
    const name = roomName(url.pathname.slice(PREFIX.length));
    return (webSocket) => this.#room(account, name).enter(webSocket);
  }

  #room(account: string, name: string): YjsRoom {
    const key = `${account}/${name}`;
    const known = this.#rooms.get(key);
    if (known) return known;
    const room: YjsRoom = new YjsRoom({
      load: () => this.#store.load(account, name),
      append: (updates) => this.#store.append(account, name, updates),
      // Every rule is asked, so that the random numbers of one do not depend on another's.
      delivers: (delivery) => this.#rules.filter((rule) => !rule(delivery)).length === 0,
      onEnd: () => {
        if (this.#rooms.get(key) === room) this.#rooms.delete(key);
      },
    });
    this.#rooms.set(key, room);
    return room;
  }
}

function roomName(encoded: string): string {
  let name: string;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    throw invalid('The room in the path must be percent-encoded UTF-8.');
  }
  return text(name, 'The room in the path');
}
