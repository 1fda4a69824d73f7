/** A load of Tandem's own as fast as it goes: VUs that loop, each answer checked, everything recorded. */
import { contend } from '../contender.ts';
import { GrpcBenchLoad } from '../grpc-load.ts';
import { flatOut } from '../load.ts';

const load = new GrpcBenchLoad();

contend((round) => load.send(round, flatOut(round)));
