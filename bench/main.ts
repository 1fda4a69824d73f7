/**
 * npm run bench [-- name …]: prints the suite's own figures, side by side with its peers; those that take minutes only when they
 * are named. Loads 127.0.0.1 only.
 */
import * as attack from './attack.ts';
import * as baseline from './baseline.ts';
import * as browser from './browser.ts';
import * as calibration from './calibration.ts';
import * as capacity from './capacity.ts';
import * as cold from './cold.ts';
import * as connections from './connections.ts';
import * as database from './database.ts';
import * as drift from './drift.ts';
import * as drills from './drills.ts';
import * as grpc from './grpc.ts';
import * as http from './http.ts';
import * as merge from './merge.ts';
import * as migrations from './migrations.ts';
import * as oracle from './oracle.ts';
import * as pacer from './pacer.ts';
import * as reads from './reads.ts';
import * as scheduled from './scheduled.ts';
import * as smoke from './smoke.ts';
import * as stall from './stall.ts';
import * as websocket from './websocket.ts';

interface Bench {
  name: string;
  /** What is measured, in a few words. */
  about: string;
  /** Takes minutes: runs only when it is named. */
  long?: true;
  /** Measures and prints a small table. */
  run(): Promise<unknown>;
}

const benches: Bench[] = [
  pacer,
  calibration,
  stall,
  cold,
  oracle,
  drift,
  capacity,
  http,
  scheduled,
  grpc,
  attack,
  websocket,
  browser,
  baseline,
  reads,
  migrations,
  connections,
  database,
  merge,
  smoke,
  drills,
];

const chosen = process.argv.slice(2);
const unknown = chosen.filter((word) => !benches.some(({ name }) => name === word));
if (unknown.length > 0) {
  console.error(
    `There is no bench "${unknown.join('", "')}": the names are ${benches.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(1);
}
for (const bench of benches) {
  if (chosen.length > 0 ? !chosen.includes(bench.name) : bench.long) continue;
  console.log(`\n${bench.name}: ${bench.about}`);
  await bench.run();
}
