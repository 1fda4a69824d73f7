import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { GrpcParts } from '../rules.ts';

/** A share of the tokens, but for the last of a stream, is not sent. */
export const tokenLost: FaultKind<GrpcParts> = {
  name: 'token-lost',
  usage: 'token-lost=<share>, as in token-lost=0.01',
  parse(value) {
    const lost = share(value);
    return ({ grpc, active, random }) => {
      grpc.addRule({ loses: () => active() && random() < lost });
    };
  },
};
