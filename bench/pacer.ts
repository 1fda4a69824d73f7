/** How true the open model is to its schedule, and what that costs, on Node's timers and on those of a thread of their own. */
import * as hdr from 'hdr-histogram-js';
import { systemClock } from '../support/schedule/clock.ts';
import { Executor } from '../support/schedule/executor.ts';
import { flat, type Plan, totalArrivals } from '../support/schedule/plan.ts';
import { printTable } from './table.ts';

export const name = 'pacer';
export const about =
  'arrivals whose work is nothing but a turn of the event loop: how late they start, and at which cost';

const RATES_PER_SECOND = [200, 1_000, 2_000, 5_000];
const DURATION_MS = 4_000;

export async function run(): Promise<void> {
  const rows: string[][] = [];
  for (const rate of RATES_PER_SECOND) {
    rows.push(await pace(rate, 'Node'), await pace(rate, 'thread'));
  }
  printTable(
    ['arrivals a second, timers', 'missing', 'late p50 ms', 'p99 ms', 'max ms', 'CPU % of a core', 'µs an arrival'],
    rows,
  );
}

async function pace(ratePerSecond: number, timers: 'Node' | 'thread'): Promise<string[]> {
  const plan: Plan = {
    line: flat(ratePerSecond, DURATION_MS),
    timeUnitMs: 1000,
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
    clock: timers === 'Node' ? systemClock : undefined,
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
  const { completed } = await executor.run(performance.now() + 100);
  const { user, system } = process.cpuUsage(before);
  const inMs = (us: number) => (us / 1000).toFixed(2);
  return [
    `${ratePerSecond}, ${timers}`,
    String(totalArrivals(plan) - completed),
    inMs(lateness.getValueAtPercentile(50)),
    inMs(lateness.getValueAtPercentile(99)),
    inMs(lateness.maxValue),
    ((user + system) / 10 / DURATION_MS).toFixed(1),
    ((user + system) / completed).toFixed(1),
  ];
}
