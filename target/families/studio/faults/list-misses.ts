import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { StudioParts } from '../studio.ts';

/** A share of the agents, pipelines and deployments is in no list, while a read by its id finds it, and totals count it. */
export const listMisses: FaultKind<StudioParts> = {
  name: 'list-misses',
  usage: 'list-misses=<share>, as in list-misses=0.01',
  parse(value) {
    const missing = share(value);
    return ({ studio, active, random }) => {
      const missed = new Set<string>();
      studio.addRule({
        // Decided at the creation, so that a second look finds it no more than the first.
        created(_noun, id) {
          if (active() && random() < missing) missed.add(id);
          return false;
        },
        omits: (id) => missed.has(id),
      });
    };
  },
};
