/** Runs of a load on a target whose latency is known, each with what that really was. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Pool } from 'undici';
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

/** The same arrivals, sent by the least that can send them. */
export interface BareMeasured {
  /** From when each was due to the end of its answer, in the order of ending. */
  responseMs: number[];
  trueMs: number[];
}

type Measure = (one: Case) => Promise<Measured>;
type MeasureBare = (one: Case) => Promise<BareMeasured>;

/** The server, in a process of its own, while `use` runs; both sides have compiled code and open connections by then. */
export async function withCalibratedServer(use: (measure: Measure, measureBare: MeasureBare) => Promise<void>) {
  await withChildren(async (start) => {
    const server = start('calibrated-server.ts');
    const origin = await originOf(server);
    const warm = { label: '', path: '/constant/5', ratePerSecond: 400, durationMs: 2_000, maxVUs: 50 };
    await measure(server, origin, warm);
    await use(
      (one) => measure(server, origin, one),
      async (one) => {
        const responseMs = await sendBare(origin, one);
        return { responseMs, trueMs: await takenBy(server) };
      },
    );
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
  return {
    service: trendOf(recorder, 'http_req_duration', { op: 'get' }),
    response: trendOf(recorder, 'iteration_response_time', { op: 'get' }),
    trueMs: await takenBy(server),
  };
}

async function takenBy(server: ChildProcess): Promise<number[]> {
  server.send('take');
  const [{ took }] = (await once(server, 'message')) as [{ took: number[] }];
  return took;
}

/** Undici alone, and a loop that does nothing but look at the clock. */
async function sendBare(origin: string, { path, ratePerSecond, durationMs, maxVUs }: Case): Promise<number[]> {
  const pool = new Pool(origin, { connections: maxVUs, pipelining: 1 });
  const count = (ratePerSecond * durationMs) / 1_000;
  const responseMs: number[] = [];
  let [sent, underWay] = [0, 0];
  const startAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const sendOne = async (dueAt: number) => {
      const { body } = await pool.request({ method: 'GET', path });
      await body.arrayBuffer();
      responseMs.push(performance.now() - dueAt);
      underWay -= 1;
      if (responseMs.length === count) resolve();
      else sendDue();
    };
    const sendDue = () => {
      for (; sent < count && underWay < maxVUs; sent++) {
        const dueAt = startAt + (sent * 1_000) / ratePerSecond;
        if (dueAt > performance.now()) return;
        underWay += 1;
        sendOne(dueAt).catch(reject);
      }
    };
    const look = () => {
      sendDue();
      if (sent < count) setImmediate(look);
    };
    look();
  });
  await pool.close();
  return responseMs;
}

function trendOf(recorder: Recorder, metric: string, tags: Record<string, string>): Trend {
  return ((recorder.trend(metric, tags) as IntervalSeries).current as TrendSeries).trend;
}
