import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { GrpcParts } from '../rules.ts';

/** A share of the cells that were executed stands in the history twice. */
export const cellTwice: FaultKind<GrpcParts> = {
  name: 'cell-twice',
  usage: 'cell-twice=<share>, as in cell-twice=0.01',
  parse(value) {
    const twice = share(value);
    return ({ grpc, active, random }) => {
      grpc.addRule({ repeats: () => active() && random() < twice });
    };
  },
};
