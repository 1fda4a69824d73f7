import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { StudioParts } from '../studio.ts';

/** A share of the lists has one more entry, of another organisation; a share of the reads by another's id finds it. */
export const tenantLeak: FaultKind<StudioParts> = {
  name: 'tenant-leak',
  usage: 'tenant-leak=<share>, as in tenant-leak=0.01',
  parse(value) {
    const leaking = share(value);
    return ({ studio, active, random }) => {
      studio.addRule({ leaks: () => active() && random() < leaking });
    };
  },
};
