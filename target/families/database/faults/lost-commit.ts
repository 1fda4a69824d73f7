import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { DatabaseParts } from '../parts.ts';

/** A share of the transactions is rolled back when it is committed, and said to be committed. */
export const lostCommit: FaultKind<DatabaseParts> = {
  name: 'lost-commit',
  usage: 'lost-commit=<share>, as in lost-commit=0.01',
  parse(value) {
    const struck = share(value);
    return ({ proxy, active, random }) => {
      proxy.addRule({ losesCommit: () => active() && random() < struck });
    };
  },
};
