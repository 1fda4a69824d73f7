import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { VmParts } from '../store.ts';

/** A share of the VMs that were started or stopped, by the answer, is in the state it had, or migrates with no job. */
export const illegalState: FaultKind<VmParts> = {
  name: 'illegal-state',
  usage: 'illegal-state=<share>, as in illegal-state=0.01',
  parse(value) {
    const illegal = share(value);
    return ({ vms, active, random }) => {
      vms.addRule(({ action, was }) => {
        if ((action !== 'start' && action !== 'stop') || !active() || random() >= illegal) return undefined;
        return random() < 0.5 ? was : 'migrating';
      });
    };
  },
};
