import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { CrdtParts } from '../yjs-rooms.ts';

/** Of what Yjs rooms send on, a share does not reach one receiver. It is stored, and others get it. */
export const dropUpdate: FaultKind<CrdtParts> = {
  name: 'drop-update',
  usage: 'drop-update=<share>, as in drop-update=0.01',
  parse(value) {
    const dropped = share(value);
    return ({ rooms, active, random }) => {
      rooms.addRule(({ kind, own }) => kind !== 'update' || own || !active() || random() >= dropped);
    };
  },
};
