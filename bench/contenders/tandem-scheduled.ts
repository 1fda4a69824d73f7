/** A load of Tandem's own by a schedule: arrivals at a rate that machine and server can keep up with, and time to breathe. */
import { contend } from '../contender.ts';
import { atRate, BenchLoad } from '../load.ts';

const RATE_PER_SECOND = 20_000;

const load = new BenchLoad();

contend((round) => load.send(round, atRate(RATE_PER_SECOND, round)));
