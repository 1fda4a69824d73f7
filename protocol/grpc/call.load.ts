import { load } from '../../support/test.ts';
import { grpcMetrics } from '../transports/grpc.ts';
import { AnyCall, callOptions, checkCall } from './call.ts';

/** Calls one method of any gRPC server, as the profile's options say it. */
load('call', {
  metrics: grpcMetrics,
  options: callOptions,
  preflight: checkCall,
  setup: (slice) => AnyCall.open(slice),
  teardown: (call) => call.close(),
  vu: (_vu, call) => call,
  operations: { call: { weight: 1, run: (call, vu) => call.send(vu) } },
});
