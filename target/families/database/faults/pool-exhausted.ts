import type { FaultKind } from '../../../core/faults/fault.ts';
import { count } from '../../../core/faults/values.ts';
import type { DatabaseParts } from '../parts.ts';

/** No more connections than that are let in; those that there are stay. */
export const poolExhausted: FaultKind<DatabaseParts> = {
  name: 'pool-exhausted',
  usage: 'pool-exhausted=<connections>, as in pool-exhausted=5',
  parse(value) {
    const most = count(value);
    return ({ proxy, active }) => {
      proxy.addRule({ admits: (open) => !active() || open < most });
    };
  },
};
