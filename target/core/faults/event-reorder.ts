import type { FaultKind } from './fault.ts';
import { outOfOrder } from './later.ts';
import { share } from './values.ts';

/** Of the events a share reaches one receiver after its successor in the same channel. */
export const eventReorder: FaultKind = {
  name: 'event-reorder',
  usage: 'event-reorder=<share>, as in event-reorder=0.01',
  parse(value) {
    const late = share(value);
    return ({ delivery, active, random }) => {
      delivery.wrap((next) => {
        const deliver = outOfOrder(() => active() && random() < late);
        return (to, event, message) => deliver(to, event.channel, () => next(to, event, message));
      });
    };
  },
};
