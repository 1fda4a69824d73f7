/** A slice of a load of Tandem's own by a schedule: 10,000 arrivals a second. */
import { contend } from '../contender.ts';
import { atRate, BenchLoad } from '../load.ts';

const RATE_PER_SECOND = 10_000;

const load = new BenchLoad();

contend((round) => load.send(round, atRate(RATE_PER_SECOND, round)));
