/** How often the comparison with a baseline is wrong: real short runs against the embedded target, and against one made slower. */

import { Http } from '../protocol/transports/http.ts';
import { againstBaseline, type KeptRun } from '../support/judge/baseline.ts';
import { figuresOf } from '../support/judge/comparable.ts';
import type { Regression } from '../support/judge/verdict.ts';
import { GeneratorHealth } from '../support/measure/health.ts';
import { Recorder } from '../support/measure/recorder.ts';
import { MetricStore } from '../support/measure/store.ts';
import { TimeAxis } from '../support/measure/time-axis.ts';
import { flat, type Plan } from '../support/schedule/plan.ts';
import { startEmbeddedTarget } from './embedded-target.ts';
import { runLoad, sliceContext } from './load.ts';
import { printTable } from './table.ts';

export const name = 'baseline';
export const about =
  'false alarms in 30 comparisons of equal runs, and how often a p95 that is 30 % worse is found, about 8 minutes';
export const long = true as const;

const COMPARISONS = 30;
/** Runs that each is compared with: those just before it, as accepted runs are. */
const BASELINE_RUNS = 10;
const WARM_UP_RUNS = 3;
const RUN_MS = 4_800;
const INTERVAL_MS = 200;
const RATE_PER_SECOND = 120;
const MAX_VUS = 50;
/** What every answer takes beside its work; small, so that the work and its noise count. */
const LATENCY_MS = 11;
const SLOWER = 0.3;
/** The limits of every profile. */
const MAX_LATENESS_MS = 100;
const MAX_MACHINE_CPU_PERCENT = 95;
const MOST_TRIES = 10;
const P95 = `http_req_duration{scenario:${name}}`;

const PATHS = {
  list: '/api/v1/vms?limit=20',
  aggregate: '/api/v1/vms/stats/aggregate',
  search: '/api/v1/vms/search?q=web',
};
const THRESHOLDS = {
  [P95]: ['med<500', 'p(95)<500'],
  ...Object.fromEntries(
    Object.keys(PATHS).map((op) => [`http_req_duration{op:${op},scenario:${name}}`, ['p(95)<500']]),
  ),
  [`http_req_failed{scenario:${name}}`]: ['rate<0.05'],
};

/** Runs that were done again. */
let invalid = 0;

export async function run(): Promise<void> {
  const same = await startEmbeddedTarget({ TARGET_FAULTS: `latency=${LATENCY_MS}ms` });
  try {
    const warmUp: KeptRun[] = [];
    for (let index = 0; index < WARM_UP_RUNS; index++) warmUp.push(await measure(same.url, `warm-up-${index}`));
    const addedMs = Math.round(SLOWER * p95Of(warmUp.at(-1)!));
    const worse = await startEmbeddedTarget({ TARGET_FAULTS: `latency=${LATENCY_MS + addedMs}ms` });
    try {
      await measure(worse.url, 'warm-up');
      await compareAll(same.url, worse.url, addedMs);
    } finally {
      await worse.stop();
    }
  } finally {
    await same.stop();
  }
}

async function compareAll(same: string, worse: string, addedMs: number): Promise<void> {
  const equal: KeptRun[] = [];
  const slower: KeptRun[] = [];
  const alarms: Regression[] = [];
  let wrong = 0;
  let seen = 0;
  for (let index = 0; index < BASELINE_RUNS + COMPARISONS; index++) {
    const baseline = equal.slice(-BASELINE_RUNS);
    equal.push(await measure(same, `same-${index}`));
    if (baseline.length < BASELINE_RUNS) continue;
    const found = regressionsOf(equal.at(-1)!, baseline);
    alarms.push(...found);
    wrong += found.length > 0 ? 1 : 0;
    slower.push(await measure(worse, `slower-${index}`));
    seen += regressionsOf(slower.at(-1)!, baseline).some(({ metric, stat }) => metric === P95 && stat === 'p(95)')
      ? 1
      : 0;
  }
  const critical = alarms.filter(({ severity }) => severity === 'fail').length;
  const p95 = { equal: meanOf(equal.map(p95Of)), slower: meanOf(slower.map(p95Of)) };
  const spread = Math.sqrt(meanOf(equal.map((run) => (p95Of(run) / p95.equal - 1) ** 2)));
  printTable(
    ['comparisons', 'of', 'aim', 'observed', ''],
    [
      ['equal runs', String(COMPARISONS), 'at most 1 with a warning', String(wrong), wrong <= 1 ? 'met' : 'missed'],
      ['equal runs', String(COMPARISONS), '0 critical', String(critical), critical === 0 ? 'met' : 'missed'],
      ['p95 30 % worse', String(COMPARISONS), 'at least 28 found', String(seen), seen >= 28 ? 'met' : 'missed'],
    ],
  );
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  console.log(
    `p95 ${ms(p95.equal)} (runs differ by ${(100 * spread).toFixed(1)} %), with ${addedMs} ms more ${ms(p95.slower)} (+${(100 * (p95.slower / p95.equal - 1)).toFixed(0)} %); ` +
      `${equal[0]!.figures.length} figures, ${BASELINE_RUNS} runs a baseline, ${RUN_MS / 1_000} s a run, ${invalid} invalid runs left out`,
  );
  for (const { metric, stat, change, noise, p } of alarms) {
    console.log(
      `false alarm: ${stat} of ${metric} +${(100 * change).toFixed(0)} %, noise ${(100 * noise).toFixed(0)} %, p ${p}`,
    );
  }
}

function regressionsOf(run: KeptRun, baseline: KeptRun[]): Regression[] {
  return againstBaseline(run, baseline).filter((finding) => finding.kind === 'regression');
}

function p95Of({ figures }: KeptRun): number {
  return figures.find(({ metric, stat }) => metric === P95 && stat === 'p(95)')!.value;
}

function meanOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A run of which a verdict would be valid: others are neither accepted nor compared. */
async function measure(url: string, runId: string): Promise<KeptRun> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const run = await runOnce(url, runId);
    if (run) return run;
    invalid += 1;
  }
  throw new Error(`${MOST_TRIES} runs after each other were invalid: the machine is busy with something else`);
}

/** A run as the suite does one, with shorter intervals; undefined when the generator or its machine was at its limit. */
async function runOnce(url: string, runId: string): Promise<KeptRun | undefined> {
  const recorder = new Recorder(name, 'load');
  const context = sliceContext(url, recorder, MAX_VUS);
  const http = new Http(context, url);
  const store = new MetricStore();
  store.define(recorder.definitions);
  const plan: Plan = {
    line: flat(RATE_PER_SECOND, RUN_MS),
    arrivals: 'poisson',
    timeUnitMs: 1_000,
    startTimeMs: 0,
    gracefulStopMs: 5_000,
    preAllocatedVUs: MAX_VUS,
    maxVUs: MAX_VUS,
    maxLatenessMs: 10_000,
  };
  const headers = { authorization: 'Bearer bench-baseline' };
  const calls = Object.entries(PATHS);
  let sent = 0;
  let index = 0;
  const startedAt = new Date().toISOString();
  const health = new GeneratorHealth(recorder);
  health.start();
  const pack = () => store.add({ index: index++, series: recorder.pack() });
  const packing = setInterval(pack, INTERVAL_MS);
  await runLoad(plan, context, async (vu) => {
    const [op, path] = calls[sent++ % calls.length]!;
    const { status } = await http.request({ op, method: 'GET', path, headers });
    vu.check('status is 200', status === 200);
  });
  clearInterval(packing);
  pack();
  health.stop();
  await http.close();
  if (Object.keys(recorder.errors).length > 0) throw new Error(`the run failed: ${JSON.stringify(recorder.errors)}`);
  const isLate = store.trend('generator_lateness').percentile(99) > MAX_LATENESS_MS;
  if (isLate || store.trend('machine_cpu_percent').avg > MAX_MACHINE_CPU_PERCENT) return undefined;
  const scenarios = [{ name, maxVUs: MAX_VUS, startMs: 0, endMs: RUN_MS }];
  const axis = new TimeAxis([{ name: 'load', startMs: 0, endMs: RUN_MS, load: 1 }], INTERVAL_MS);
  const figures = figuresOf({ store, thresholds: THRESHOLDS, scenarios, axis });
  return { runId, startedAt, build: null, figures };
}
