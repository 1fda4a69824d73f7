import type { FaultKind } from '../../../core/faults/fault.ts';
import { outOfOrder } from '../../../core/faults/later.ts';
import { share } from '../../../core/faults/values.ts';
import type { WebsocketParts } from '../messages.ts';

/** Of the messages that come back or go to a room, a share reaches one receiver after the next one. */
export const messageReorder: FaultKind<WebsocketParts> = {
  name: 'message-reorder',
  usage: 'message-reorder=<share>, as in message-reorder=0.01',
  parse(value) {
    const late = share(value);
    return ({ messages, active, random }) => {
      messages.wrap((next) => {
        const deliver = outOfOrder(() => active() && random() < late);
        return (to, message, isBinary) => deliver(to, '', () => next(to, message, isBinary));
      });
    };
  },
};
