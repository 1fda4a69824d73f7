import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { GrpcParts } from '../rules.ts';

/** A share of the gRPC calls is answered with UNAVAILABLE, and not carried out. */
export const grpcUnavailable: FaultKind<GrpcParts> = {
  name: 'grpc-unavailable',
  usage: 'grpc-unavailable=<share>, as in grpc-unavailable=0.05',
  parse(value) {
    const refused = share(value);
    return ({ grpc, active, random }) => {
      grpc.addRule({ refuses: () => active() && random() < refused });
    };
  },
};
