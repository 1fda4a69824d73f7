import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { StudioParts } from '../studio.ts';

/** A share of the updates of agents, pipelines, graphs and deployments is acknowledged, and what is read is as before. */
export const staleUpdate: FaultKind<StudioParts> = {
  name: 'stale-update',
  usage: 'stale-update=<share>, as in stale-update=0.01',
  parse(value) {
    const stale = share(value);
    return ({ studio, active, random }) => {
      studio.addRule({ keepsOld: () => active() && random() < stale });
    };
  },
};
