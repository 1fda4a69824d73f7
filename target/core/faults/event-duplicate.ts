import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** Of the events a share reaches one receiver twice. */
export const eventDuplicate: FaultKind = {
  name: 'event-duplicate',
  usage: 'event-duplicate=<share>, as in event-duplicate=0.01',
  parse(value) {
    const twice = share(value);
    return ({ delivery, active, random }) => {
      delivery.wrap((next) => (to, event, message) => {
        next(to, event, message);
        if (active() && random() < twice) next(to, event, message);
      });
    };
  },
};
