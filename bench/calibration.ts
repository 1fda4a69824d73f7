/** How far what Tandem reports is from what the target really did, on a target whose latency is known. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Http } from '../protocol/transports/http.ts';
import type { Trend } from '../support/measure/histogram.ts';
import type { IntervalSeries } from '../support/measure/recorded-series.ts';
import { Recorder } from '../support/measure/recorder.ts';
import type { TrendSeries } from '../support/measure/series.ts';
import type { Plan } from '../support/schedule/plan.ts';
import { runLoad, sliceContext } from './load.ts';
import { printTable } from './table.ts';

export const name = 'calibration';
export const about = 'reported against true latency: constant, bimodal, and a stall of 1 s in 10 s';

const PERCENTILES = [50, 90, 99, 99.9];
/** Off by no more than this share or this time, whichever is larger. */
const AIM_SHARE = 0.01;
const AIM_MS = 0.3;

interface Case {
  label: string;
  path: string;
  ratePerSecond: number;
  durationMs: number;
  maxVUs: number;
}

const constant: Case = {
  label: 'constant 10 ms',
  path: '/constant/10',
  ratePerSecond: 200,
  durationMs: 10_000,
  maxVUs: 50,
};
const bimodal: Case = { ...constant, label: 'bimodal 5 ms, every 20th 50 ms', path: '/bimodal/5/50/20' };
/** Few VUs, as a closed-model tool would have: while the target stands still all of them wait in it, and hardly anything is sent. */
const stall: Case = {
  label: 'stall of 1 s in 10 s',
  path: '/stall/2/1000/10000',
  ratePerSecond: 200,
  durationMs: 10_000,
  maxVUs: 5,
};

export async function run(): Promise<void> {
  const server = fork(join(import.meta.dirname, 'calibrated-server.ts'), { execArgv: ['--import', 'tsx'] });
  try {
    const [{ port }] = (await once(server, 'message')) as [{ port: number }];
    const origin = `http://127.0.0.1:${port}`;
    // Compiled code on both sides, connections open.
    await measure(server, origin, { ...constant, durationMs: 2_000 });
    const table: string[][] = [];
    for (const one of [constant, bimodal]) table.push(...figures(one, await measure(server, origin, one)));
    printTable(['latency', 'percentile', 'true ms', 'reported ms', 'difference ms', 'aim'], table);
    printStall(await measure(server, origin, stall));
  } finally {
    server.kill();
  }
}

interface Measured {
  service: Trend;
  response: Trend;
  trueMs: number[];
}

async function measure(server: ChildProcess, origin: string, one: Case): Promise<Measured> {
  const recorder = new Recorder(name, 'load');
  const context = sliceContext(origin, recorder, one.maxVUs);
  const http = new Http(context, origin);
  const plan: Plan = {
    executor: 'constant-arrival-rate',
    rate: one.ratePerSecond,
    durationMs: one.durationMs,
    arrivals: 'uniform',
    timeUnitMs: 1_000,
    startTimeMs: 0,
    gracefulStopMs: 5_000,
    preAllocatedVUs: one.maxVUs,
    maxVUs: one.maxVUs,
    maxLatenessMs: 10_000,
  };
  await runLoad(plan, context, async () => void (await http.request({ op: 'get', method: 'GET', path: one.path })));
  await http.close();
  server.send('take');
  const [{ took }] = (await once(server, 'message')) as [{ took: number[] }];
  return {
    service: trendOf(recorder, 'http_req_duration', { op: 'get' }),
    response: trendOf(recorder, 'iteration_response_time', { op: 'get' }),
    trueMs: took.sort((a, b) => a - b),
  };
}

function trendOf(recorder: Recorder, metric: string, tags: Record<string, string>): Trend {
  return ((recorder.trend(metric, tags) as IntervalSeries).current as TrendSeries).trend;
}

function figures({ label }: Case, { service, trueMs }: Measured): string[][] {
  return PERCENTILES.map((percent) => {
    const truth = trueMs[Math.min(trueMs.length - 1, Math.ceil((percent / 100) * trueMs.length) - 1)]!;
    const reported = service.percentile(percent);
    const off = reported - truth;
    const met = Math.abs(off) <= Math.max(AIM_MS, AIM_SHARE * truth);
    return [label, `p${percent}`, truth.toFixed(2), reported.toFixed(2), off.toFixed(2), met ? 'met' : 'missed'];
  });
}

/**
 * Arrivals at a constant rate over a stall of S in a run of D: the share S ÷ D of them comes during the stall, spread evenly over
 * it, and waits for what is left of it. So p99 is S × (1 − 0.01 ÷ (S ÷ D)), plus the latency after it: 902 ms here.
 */
function printStall({ service, response, trueMs }: Measured): void {
  const analyticMs = 1_000 * (1 - 0.01 / 0.1) + 2;
  const p99 = response.percentile(99);
  printTable(
    ['stall of 1 s in 10 s', 'p50', 'p90', 'p99', 'p99.9', 'analytic p99', 'off'],
    [
      [
        'response time, from due',
        ...PERCENTILES.map((percent) => response.percentile(percent).toFixed(1)),
        analyticMs.toFixed(1),
        `${((100 * (p99 - analyticMs)) / analyticMs).toFixed(1)} %`,
      ],
      ['service time, from sent', ...PERCENTILES.map((percent) => service.percentile(percent).toFixed(1)), '', ''],
    ],
  );
  console.log(`${trueMs.length} answers over 10 s; times in ms, Node ${process.versions.node}`);
}
