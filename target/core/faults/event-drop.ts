import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** Of the events a share does not reach one receiver; others get it. */
export const eventDrop: FaultKind = {
  name: 'event-drop',
  usage: 'event-drop=<share>, as in event-drop=0.01',
  parse(value) {
    const dropped = share(value);
    return ({ delivery, active, random }) => {
      delivery.wrap((next) => (to, event, message) => {
        if (!active() || random() >= dropped) next(to, event, message);
      });
    };
  },
};
