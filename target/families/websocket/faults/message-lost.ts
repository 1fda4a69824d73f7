import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { WebsocketParts } from '../messages.ts';

/** Of the messages that come back or go to a room, a share does not reach one receiver. */
export const messageLost: FaultKind<WebsocketParts> = {
  name: 'message-lost',
  usage: 'message-lost=<share>, as in message-lost=0.01',
  parse(value) {
    const lost = share(value);
    return ({ messages, active, random }) => {
      messages.wrap((next) => (to, message, isBinary) => {
        if (!active() || random() >= lost) next(to, message, isBinary);
      });
    };
  },
};
