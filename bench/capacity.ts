/** Whether a search finds the capacity of a server that is known, and claims none where its generator is what ends first. */
import { Http } from '../protocol/transports/http.ts';
import type { CapacityResult } from '../support/judge/results.ts';
import { Recorder } from '../support/measure/recorder.ts';
import { packSlice } from '../support/measure/slice.ts';
import type { ProfileSpec } from '../support/profile/schema.ts';
import { Collector } from '../support/run/collector.ts';
import { LiveSearch } from '../support/run/live-search.ts';
import { searchQueue } from '../support/run/queue-model.fixture.ts';
import { ScenarioRun } from '../support/schedule/scenario.ts';
import { StartLine, StartLineRunner } from '../support/schedule/startline.ts';
import { type Timeline, timeline } from '../support/schedule/timeline.ts';
import { originOf, withChildren } from './child.ts';
import { loadWorkOf, sliceContext } from './load.ts';
import { printTable } from './table.ts';

export const name = 'capacity';
export const about =
  'a search against servers of known capacity, Poisson arrivals, constant service; and a generator flat out';
export const long = true;

const RUNS = 20;
const PRECISION = 0.1;
/** Of the queue: a place serves 50 a second. */
const SERVICE_MS = 20;
const SEARCHED = { capacity: { from: 30, to: 3_000, precision: PRECISION, step: '4s' } };
/** Above what ten places wait for below their capacity, and what they come to within a step soon above it. */
const OBJECTIVE = { iteration_response_time: ['p(95)<150'] };
/** What other processes of this machine do to a step shows as a step that missed, and is tried again. */
const ANY_MACHINE = {
  ...{ maxLateness: '1m', minDelivered: 0, maxEventLoopDelay: '1m', maxGcPause: '1m', maxControlSlowdown: 1_000 },
  ...{ maxGeneratorCpu: 1_000, maxMachineCpu: 1_000, maxSteal: 1_000, maxThrottled: 1_000 },
};

export async function run(): Promise<void> {
  console.log('as a model, in virtual time: what the search and its judge make of a queue');
  printRuns(
    Array.from({ length: RUNS }, (_, n) => [placesOf(n), searchQueue(plannedFor(String(n), SEARCHED), queueOf(n))]),
  );
  console.log('\nas a server in another process, on this machine:');
  const runs: [number, CapacityResult][] = [];
  for (let n = 0; n < RUNS; n++) {
    const { places, serviceMs } = queueOf(n);
    const work = (origin: string) => search(origin, plannedFor(String(n), { ...SEARCHED, health: ANY_MACHINE }));
    runs.push([places, await against(['queue-server.ts', String(places), String(serviceMs)], work)]);
  }
  printRuns(runs);
  const flatOut = await against(['server.ts'], (origin) =>
    search(origin, plannedFor('1', { capacity: { ...SEARCHED.capacity, from: 500, to: 500_000 } })),
  );
  const { held, missed, isOpen, search: how, steps } = flatOut;
  const bound = missed && !isOpen ? `${held?.load ?? 0} to ${missed.load}` : `at least ${held?.load ?? 'unknown'}`;
  const cause = steps.flatMap(({ doubts = [] }) => doubts.map(({ by }) => by)).at(-1) ?? 'nothing';
  console.log(`\nA server that answers at once, a generator flat out: ${bound}; it ended by ${how?.end}, for ${cause}`);
}

/** 100, 150, 200, 250 a second. */
const placesOf = (n: number) => 2 + (n % 4);
const queueOf = (n: number) => ({ places: placesOf(n), serviceMs: SERVICE_MS });

function printRuns(runs: [places: number, result: CapacityResult][]): void {
  const offs = runs.map(([places, { held, missed, isOpen }]) => {
    const truth = (1_000 * places) / SERVICE_MS;
    return held && missed && !isOpen ? ((held.load + missed.load) / 2 - truth) / truth : Number.NaN;
  });
  const rows = runs.map(([places, { held, missed, steps }], n) => [
    `${n + 1}`,
    `${(1_000 * places) / SERVICE_MS}`,
    ...[held, missed].map((one) => (one ? one.load.toFixed(0) : '–')),
    `${(100 * offs[n]!).toFixed(1)} %`,
    `${steps.length}`,
    Math.abs(offs[n]!) <= PRECISION ? 'found' : 'not',
  ]);
  printTable(
    ['run', 'true, a second', 'held', 'did not', 'middle is off', 'steps', `within ${100 * PRECISION} %`],
    rows,
  );
  const found = offs.filter((off) => Math.abs(off) <= PRECISION).length;
  console.log(`${found} of ${runs.length} found; aim 18 of 20`);
}

function against<T>([module, ...args]: [string, ...string[]], work: (origin: string) => Promise<T>): Promise<T> {
  return withChildren(async (start) => work(await originOf(start(module, ...args))));
}

function plannedFor(seed: string, profile: Partial<ProfileSpec>): Timeline {
  const spec: ProfileSpec = {
    description: name,
    scenarios: {
      get: { executor: 'constant-arrival-rate', rate: 1, arrivals: 'poisson', preAllocatedVUs: 1, maxVUs: 1 },
    },
    thresholds: {},
    objectives: OBJECTIVE,
    ...profile,
  };
  const file = { name, path: `profiles/${name}.json`, spec };
  return timeline(file, { load: ['get'], journey: [] }, { scale: 1, seed });
}

/** A run of one load of GETs, as in a worker, its start line and its verdict; only Playwright is not there. */
async function search(origin: string, plan: Timeline): Promise<CapacityResult> {
  const [scenario] = plan.scenarios;
  const id = { scenario: 'get', index: 0 };
  const live = LiveSearch.of(plan, plan.scenarios, {})!;
  const line = await StartLine.open({
    ready() {},
    start: (startAt) => live.begin(line, startAt),
    interval: (from, interval, steps) => live.add(from, interval, steps),
    hung() {},
  });
  const runner = await StartLineRunner.connect(line.address, id);
  const recorder = new Recorder('get', 'load');
  const target = { name, url: origin };
  const slice = { index: 0, of: 1 };
  const run = new ScenarioRun({
    runId: name,
    timeline: plan,
    scenario: scenario!,
    slice,
    target,
    recorder,
    line: runner,
  });
  const context = sliceContext(origin, recorder, 1_000);
  const http = new Http(context, origin);
  line.expect(1, 60_000);
  const get = async () => void (await http.request({ op: 'get', method: 'GET', path: '/' }));
  await run.run(loadWorkOf(context, get));
  const report = await run.finish();
  await http.close();
  await runner.end();
  await line.close();
  const collector = new Collector(
    plan,
    [{ ...id, file: name, declaration: undefined }],
    undefined,
    import.meta.dirname,
  );
  collector.receive(id, packSlice(report));
  collector.observe({ format: 1, runId: name, target, gauges: [], streamed: [], search: live.log });
  return collector.verdict({ status: 'passed', startTime: new Date() }, new Map()).capacity!;
}
