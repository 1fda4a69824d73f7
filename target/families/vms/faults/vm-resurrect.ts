import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { VmParts } from '../store.ts';

/** A share of the VMs that were deleted, by the answer, is there as before. */
export const vmResurrect: FaultKind<VmParts> = {
  name: 'vm-resurrect',
  usage: 'vm-resurrect=<share>, as in vm-resurrect=0.01',
  parse(value) {
    const resurrected = share(value);
    return ({ vms, active, random }) => {
      vms.addRule(({ action, was }) => (action === 'delete' && active() && random() < resurrected ? was : undefined));
    };
  },
};
