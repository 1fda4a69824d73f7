import type { Family } from '../../core/family.ts';
import { dropUpdate } from './faults/drop-update.ts';
import { freezeReplica } from './faults/freeze-replica.ts';
import { YJS_SCHEMA } from './schema.ts';
import { type CrdtParts, YjsRooms } from './yjs-rooms.ts';

/** Yjs rooms. */
export const crdt: Family<CrdtParts> = {
  name: 'crdt',
  api: ['/yjs/'],
  schema: YJS_SCHEMA,
  faults: [dropUpdate, freezeReplica],
  start({ pool }) {
    const rooms = new YjsRooms(pool);
    return { parts: { rooms }, sockets: [rooms], gauges: () => ({ yjs_rooms: rooms.size }) };
  },
};
