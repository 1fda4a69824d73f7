import type { FaultKind } from '../../../core/faults/fault.ts';
import { duration } from '../../../core/faults/values.ts';
import type { GrpcParts } from '../rules.ts';

/** Streams of tokens and histories say nothing for that long after their first message. */
export const streamStall: FaultKind<GrpcParts> = {
  name: 'stream-stall',
  usage: 'stream-stall=<duration>, as in stream-stall=2s',
  parse(value) {
    const stallMs = duration(value);
    return ({ grpc, active }) => {
      grpc.addRule({ stallMs: () => (active() ? stallMs : 0) });
    };
  },
};
