/** A load of Tandem's own as fast as it goes: VUs that loop, each answer checked, everything recorded. */
import { contend } from '../contender.ts';
import { GrpcBenchLoad } from '../grpc-load.ts';

const load = new GrpcBenchLoad();

contend((round) =>
  load.send(round, {
    executor: 'shared-iterations',
    vus: round.connections,
    iterations: round.requests,
    maxDurationMs: 60_000,
    startTimeMs: 0,
    gracefulStopMs: 0,
  }),
);
