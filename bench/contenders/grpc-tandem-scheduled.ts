/** A load of Tandem's own by a schedule: 5,000 arrivals a second. */
import { contend } from '../contender.ts';
import { GrpcBenchLoad } from '../grpc-load.ts';

const RATE_PER_SECOND = 5_000;

const load = new GrpcBenchLoad();

contend((round) =>
  load.send(round, {
    executor: 'constant-arrival-rate',
    rate: RATE_PER_SECOND,
    timeUnitMs: 1000,
    durationMs: (1000 * round.requests) / RATE_PER_SECOND,
    arrivals: 'uniform',
    preAllocatedVUs: round.connections,
    maxVUs: round.connections,
    maxLatenessMs: 60_000,
    startTimeMs: 0,
    gracefulStopMs: 60_000,
  }),
);
