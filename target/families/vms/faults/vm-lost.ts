import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { VmParts } from '../store.ts';

/** A share of the VMs that were created, by the answer, is not there afterwards. */
export const vmLost: FaultKind<VmParts> = {
  name: 'vm-lost',
  usage: 'vm-lost=<share>, as in vm-lost=0.01',
  parse(value) {
    const lost = share(value);
    return ({ vms, active, random }) => {
      vms.addRule(({ action }) => (action === 'create' && active() && random() < lost ? 'deleted' : undefined));
    };
  },
};
