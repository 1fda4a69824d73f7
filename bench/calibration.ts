/** How far what Tandem reports is from what the target really did, on a target whose latency is known. */
import { type Case, type Measured, withCalibratedServer } from './calibrated.ts';
import { printTable } from './table.ts';

export const name = 'calibration';
export const about = 'reported against true latency, constant and bimodal';

const PERCENTILES = [50, 90, 99, 99.9];
/** Off by no more than this share or this time, whichever is larger. */
const AIM_SHARE = 0.01;
const AIM_MS = 0.3;

const constant: Case = {
  label: 'constant 10 ms',
  path: '/constant/10',
  ratePerSecond: 200,
  durationMs: 10_000,
  maxVUs: 50,
};
const short: Case = { ...constant, label: 'constant 5 ms', path: '/constant/5' };
const bimodal: Case = { ...constant, label: 'bimodal 5 ms, every 20th 50 ms', path: '/bimodal/5/50/20' };

export async function run(): Promise<void> {
  await withCalibratedServer(async (measure) => {
    const table: string[][] = [];
    for (const one of [short, constant, bimodal]) table.push(...figures(one, await measure(one)));
    printTable(['latency', 'percentile', 'true ms', 'reported ms', 'difference ms', 'aim', 'from due ms'], table);
    console.log(`at ${constant.ratePerSecond} a second, Node ${process.versions.node}`);
  });
}

function figures({ label }: Case, { service, response, trueMs }: Measured): string[][] {
  const sorted = trueMs.toSorted((a, b) => a - b);
  return PERCENTILES.map((percent) => {
    const truth = sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)]!;
    const reported = service.percentile(percent);
    const off = reported - truth;
    const fromDue = response.percentile(percent).toFixed(2);
    const met = Math.abs(off) <= Math.max(AIM_MS, AIM_SHARE * truth);
    return [
      label,
      `p${percent}`,
      truth.toFixed(2),
      reported.toFixed(2),
      off.toFixed(2),
      met ? 'met' : 'missed',
      fromDue,
    ];
  });
}
