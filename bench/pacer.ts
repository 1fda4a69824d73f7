import * as hdr from 'hdr-histogram-js';
import { Executor } from '../support/schedule/executor.ts';
import { type Plan, totalArrivals } from '../support/schedule/plan.ts';

export interface BenchRow {
  figure: string;
  value: string;
}

const RATE_PER_SECOND = 5000;
const DURATION_MS = 10_000;

/**
 * How true the open model is to its schedule: 5,000 arrivals a second for 10 s whose work is nothing but a turn of the event
 * loop. Prints a table of the arrivals that are missing or too many, their lateness, and the CPU time that it took.
 */
export async function benchPacer(): Promise<BenchRow[]> {
  const plan: Plan = {
    executor: 'constant-arrival-rate',
    rate: RATE_PER_SECOND,
    timeUnitMs: 1000,
    durationMs: DURATION_MS,
    arrivals: 'uniform',
    preAllocatedVUs: 100,
    maxVUs: 1000,
    maxLatenessMs: 10_000,
    startTimeMs: 0,
    gracefulStopMs: 1000,
  };
  const lateness = hdr.build({ numberOfSignificantValueDigits: 3 }); // integer µs
  const executor = new Executor<null>({
    plan,
    slice: { index: 0, of: 1 },
    seed: 1,
    createVu: () => null,
    run(_vu, iteration) {
      lateness.recordValue(Math.round((iteration.startAt - iteration.dueAt) * 1000));
      return new Promise(setImmediate);
    },
    onDropped() {},
    onCut() {},
    signal: new AbortController().signal,
  });
  await executor.prepare();
  const before = process.cpuUsage();
  const { completed, dropped } = await executor.run(performance.now() + 100);
  const cpu = process.cpuUsage(before);
  const inMs = (us: number) => `${(us / 1000).toFixed(2)} ms`;
  const rows = [
    { figure: 'arrivals due', value: String(totalArrivals(plan)) },
    { figure: 'off by', value: `${completed - totalArrivals(plan)} (dropped ${dropped})` },
    { figure: 'lateness p50', value: inMs(lateness.getValueAtPercentile(50)) },
    { figure: 'lateness p99', value: inMs(lateness.getValueAtPercentile(99)) },
    { figure: 'lateness max', value: inMs(lateness.maxValue) },
    { figure: 'CPU', value: `${((cpu.user + cpu.system) / 1e6).toFixed(2)} s in ${DURATION_MS / 1000} s` },
  ];
  console.log(`Pacer: ${RATE_PER_SECOND} arrivals/s for ${DURATION_MS / 1000} s`);
  for (const { figure, value } of rows) console.log(`  ${figure.padEnd(14)}${value}`);
  return rows;
}
