import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { StudioParts } from '../studio.ts';

/** A share of the agents that were created, by the answer, is not there afterwards. */
export const agentLost: FaultKind<StudioParts> = {
  name: 'agent-lost',
  usage: 'agent-lost=<share>, as in agent-lost=0.01',
  parse(value) {
    const lost = share(value);
    return ({ studio, active, random }) => {
      studio.addRule({ created: (noun) => noun === 'agent' && active() && random() < lost });
    };
  },
};
