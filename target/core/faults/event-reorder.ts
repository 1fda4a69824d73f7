import type { Deliver } from '../delivery.ts';
import type { FaultKind } from './fault.ts';
import { share } from './values.ts';

/** An event without successor comes late: held back for good it would be one that was dropped. */
const MAX_DELAY_MS = 1_000;

/** Of the events a share reaches one receiver after its successor in the same channel. */
export const eventReorder: FaultKind = {
  name: 'event-reorder',
  usage: 'event-reorder=<share>, as in event-reorder=0.01',
  parse(value) {
    const late = share(value);
    return ({ delivery, active, random }) => {
      delivery.wrap((next) => {
        const heldBack = new WeakMap<object, Map<string, () => void>>();
        return (to, event, message) => {
          const held = heldBack.get(to) ?? new Map<string, () => void>();
          heldBack.set(to, held);
          const release = held.get(event.channel);
          if (release) {
            next(to, event, message);
            release();
          } else if (!active() || random() >= late) next(to, event, message);
          else
            held.set(
              event.channel,
              later(next, [to, event, message], () => held.delete(event.channel)),
            );
        };
      });
    };
  },
};

/** Delivers when the function returned is called, or when it is not. */
function later(deliver: Deliver, delivery: Parameters<Deliver>, done: () => void): () => void {
  const release = () => {
    clearTimeout(timer);
    done();
    deliver(...delivery);
  };
  const timer = setTimeout(release, MAX_DELAY_MS).unref();
  return release;
}
