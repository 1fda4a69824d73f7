import type { Family } from '../../core/family.ts';
import { Assistant } from './assistant.ts';
import { cellTwice } from './faults/cell-twice.ts';
import { grpcUnavailable } from './faults/grpc-unavailable.ts';
import { streamStall } from './faults/stream-stall.ts';
import { tokenLost } from './faults/token-lost.ts';
import { Kernel } from './kernel.ts';
import { type GrpcParts, GrpcRules } from './rules.ts';
import { GRPC_SCHEMA } from './schema.ts';
import { GrpcServer } from './server.ts';

/** Notebooks' kernels and a language model, by gRPC. */
export const grpc: Family<GrpcParts> = {
  name: 'grpc',
  api: [],
  schema: GRPC_SCHEMA,
  faults: [cellTwice, grpcUnavailable, streamStall, tokenLost],
  start({ pool, events, noteUse }) {
    const rules = new GrpcRules();
    const server = new GrpcServer(new Kernel(pool, events, rules), new Assistant(rules), rules, noteUse);
    return {
      parts: { grpc: rules },
      listen: async (host) => ({ GRPC_ADDR: await server.listen(host) }),
      stop: async () => server.stop(),
    };
  },
};
