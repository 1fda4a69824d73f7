/** A load of Tandem's own as fast as it goes: VUs that loop, each answer checked, everything recorded. */
import { contend } from '../contender.ts';
import { BenchLoad, flatOut } from '../load.ts';

const load = new BenchLoad();

contend((round) => load.send(round, flatOut(round)));
