import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import { withhold } from './withhold.ts';

/** A share of the pushed changes is acknowledged and not stored. */
export const loseWrite: FaultKind = {
  name: 'lose-write',
  usage: 'lose-write=<share>, as in lose-write=0.01',
  parse(value) {
    const lost = share(value);
    return (context) => {
      withhold(context, lost, (stored, { pushed, withheld }) =>
        pushed.filter((id) => withheld.has(id) || stored.includes(id)),
      );
    };
  },
};
