/** Runs of a load on a target whose latency is known, each with what that really was. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Http } from '../protocol/transports/http.ts';
import type { Trend } from '../support/measure/histogram.ts';
import type { IntervalSeries } from '../support/measure/recorded-series.ts';
import { Recorder } from '../support/measure/recorder.ts';
import type { TrendSeries } from '../support/measure/series.ts';
import { flat, type Plan } from '../support/schedule/plan.ts';
import { originOf, withChildren } from './child.ts';
import { runLoad, sliceContext } from './load.ts';

/** A load at a rate, on a path of `calibrated-server.ts`. */
export interface Case {
  label: string;
  path: string;
  ratePerSecond: number;
  durationMs: number;
  maxVUs: number;
}

export interface Measured {
  service: Trend;
  response: Trend;
  /** What the server really took, of each request, in the order of coming. */
  trueMs: number[];
}

/** The server, in a process of its own, while `use` runs; both sides have compiled code and open connections by then. */
export async function withCalibratedServer(use: (measure: (one: Case) => Promise<Measured>) => Promise<void>) {
  await withChildren(async (start) => {
    const server = start('calibrated-server.ts');
    const origin = await originOf(server);
    const warm = { label: '', path: '/constant/5', ratePerSecond: 400, durationMs: 2_000, maxVUs: 50 };
    await measure(server, origin, warm);
    await use((one) => measure(server, origin, one));
  });
}

async function measure(server: ChildProcess, origin: string, one: Case): Promise<Measured> {
  const recorder = new Recorder('calibrated', 'load');
  const context = sliceContext(origin, recorder, one.maxVUs);
  const http = new Http(context, origin);
  const plan: Plan = {
    line: flat(one.ratePerSecond, one.durationMs),
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
    trueMs: took,
  };
}

function trendOf(recorder: Recorder, metric: string, tags: Record<string, string>): Trend {
  return ((recorder.trend(metric, tags) as IntervalSeries).current as TrendSeries).trend;
}
