/** A load of Tandem's own by a schedule: arrivals at a rate that machine and server can keep up with, and time to breathe. */
import { contend } from '../contender.ts';
import { BenchLoad } from '../load.ts';

const RATE_PER_SECOND = 20_000;

const load = new BenchLoad();

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
    gracefulStopMs: 10_000,
  }),
);
