import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { DatabaseParts } from '../parts.ts';

/** A share of the transactions with two UPDATEs or more keeps what came before the second, and nothing else, when it is committed. */
export const tornTransfer: FaultKind<DatabaseParts> = {
  name: 'torn-transfer',
  usage: 'torn-transfer=<share>, as in torn-transfer=0.01',
  parse(value) {
    const struck = share(value);
    return ({ proxy, active, random }) => {
      proxy.addRule({ tears: () => active() && random() < struck });
    };
  },
};
