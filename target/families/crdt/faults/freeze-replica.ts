import type { FaultKind } from '../../../core/faults/fault.ts';
import { nothing } from '../../../core/faults/values.ts';
import type { Receiver } from '../yjs-room.ts';
import type { CrdtParts } from '../yjs-rooms.ts';

/** Every second one who enters a Yjs room gets sync step 2 once and nothing ever after, as from one published relay. */
export const freezeReplica: FaultKind<CrdtParts> = {
  name: 'freeze-replica',
  usage: 'freeze-replica',
  parse(value) {
    nothing(value);
    return ({ rooms, active }) => {
      const synced = new WeakSet<Receiver>();
      rooms.addRule(({ kind, to }) => {
        const first = kind === 'sync-step-2' && !synced.has(to);
        if (first) synced.add(to);
        return first || !active() || to.nth % 2 === 1;
      });
    };
  },
};
