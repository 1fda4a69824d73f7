import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import { Trend } from '../measure/histogram.ts';
import { unfinished } from '../measure/metrics.ts';
import { type Interval, Recorder } from '../measure/recorder.ts';
import type { SliceReport } from '../measure/slice.ts';
import { MetricStore } from '../measure/store.ts';
import { systemClock } from './clock.ts';
import { defaultHealth } from './health.fixture.ts';
import { type ClosedPlan, flat, type Plan } from './plan.ts';
import { type Outcome, ScenarioRun, type Work } from './scenario.ts';
import { join, openLine, stopped } from './startline.fixture.ts';
import { type HungHook, monotonicMs, type StartLine } from './startline.ts';
import type { Timeline } from './timeline.ts';

const common = { startTimeMs: 0, gracefulStopMs: 60_000 } as const;
const endless: ClosedPlan = { ...common, line: flat(2, 60_000), gracefulRampDownMs: 50 };
const loops: Plan = { ...endless, line: flat(3, 60_000), iterations: { shared: 30 } };
const arrivals: Plan = {
  ...common,
  line: flat(50, 400),
  arrivals: 'uniform',
  timeUnitMs: 1_000,
  preAllocatedVUs: 1,
  maxVUs: 1,
  maxLatenessMs: 10_000,
};

interface Started {
  run: ScenarioRun;
  line: StartLine;
  streamed: Interval[];
  hung: HungHook[];
  recorder: Recorder;
}

async function runOf(t: TestContext, plan: Plan, changes: Partial<Timeline> = {}, slices = 1): Promise<Started> {
  const streamed: Interval[] = [];
  const hung: HungHook[] = [];
  const line = await openLine(t, {
    interval: (_id, interval) => streamed.push(interval),
    hung: (hook) => hung.push(hook),
  });
  line.expect(slices, 60_000);
  const shared = { name: 'relay', kind: 'load', executor: 'constant-vus' } as const;
  const scenario = { ...shared, plan, slices: 1, options: {}, maxFailed: 0.5 };
  const timeline: Timeline = {
    profile: 'mine',
    path: 'profiles/mine.json',
    description: '',
    seed: '1',
    phases: [{ name: 'load', startMs: 0, endMs: 60_000, load: 1 }],
    durationMs: 60_000,
    intervalMs: 100,
    slices: 1,
    shards: 1,
    detailed: true,
    scenarios: [scenario],
    thresholds: {},
    answers: { objectives: {} },
    drills: [],
    health: defaultHealth,
    ...changes,
  };
  const recorder = new Recorder('relay', 'load');
  const run = new ScenarioRun({
    runId: 'run',
    timeline,
    scenario,
    slice: { index: 0, of: 1 },
    target: { name: 'embedded', url: 'http://127.0.0.1:4000' },
    recorder,
    line: await join(t, line),
  });
  return { run, line, streamed, hung, recorder };
}

/** Two operations that take turns. */
function work(iteration: (vu: number) => Promise<Outcome | 'stopped'>): Work<number> {
  return {
    createVu: (id) => id,
    operations: ['push', 'pull'],
    operationOf: (index) => index % 2,
    run: (vu) => iteration(vu),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function storeOf({ intervals }: SliceReport): MetricStore {
  const store = new MetricStore();
  for (const interval of intervals) store.add(interval);
  return store;
}

test('a fast load starts when what was to be done before is done, whatever came of it; a slow one does nothing before', async (t) => {
  for (const [rate, expected] of [
    [50, []],
    [200, ['first {"perSecond":200,"atOnce":2}', 'second', 'started']],
  ] as const) {
    const { run } = await runOf(t, { ...arrivals, line: flat(rate, 20), maxVUs: 10 });
    const seen: string[] = [];
    run.beforeStart(async (load) => {
      await wait(5);
      seen.push(`first ${JSON.stringify(load)}`);
    });
    run.beforeStart(() => {
      seen.push('second');
      throw new Error('no way there');
    });
    await run.run(
      work(async () => {
        seen.push('started');
        return 'ok';
      }),
    );
    const { end } = await run.finish();
    assert.deepEqual([end.status, end.errors], ['complete', {}]);
    if (expected.length > 0) assert.deepEqual([...new Set(seen)].sort(), [...expected].sort());
    assert.equal(seen.indexOf('started'), expected.length > 0 ? 2 : 0);
  }
});

test('what is reported is what was done, interval by interval, and what was streamed', async (t) => {
  const { run, streamed, line } = await runOf(t, loops);
  let done = 0;
  await run.run(
    work(async () => {
      await wait(30);
      return ++done % 10 === 0 ? 'failed' : 'ok';
    }),
  );
  const report = await run.finish();
  const { intervals, totals, end, startedAt, definitions, ...rest } = report;
  assert.deepEqual(rest, {
    format: 1,
    runId: 'run',
    scenario: 'relay',
    kind: 'load',
    slice: { index: 0, of: 1 },
    target: { name: 'embedded', url: 'http://127.0.0.1:4000' },
    intervalMs: 100,
    folded: [],
    evidence: {},
  });
  assert.deepEqual([end.status, end.started, end.completed, end.dropped, end.interrupted], ['complete', 30, 30, 0, 0]);
  assert.ok(definitions.iterations && Date.parse(startedAt!) <= Date.now());

  const store = storeOf(report);
  const whole = new MetricStore();
  whole.addSlice(report);
  assert.deepEqual(
    store.keys().map((key) => store.select(key)?.pack()),
    store.keys().map((key) => whole.select(key)?.pack()),
  );
  assert.equal(totals['vus{phase:load,scenario:relay}'], undefined);
  for (const op of ['push', 'pull']) {
    assert.equal(store.sum('iterations', { scenario: 'relay', op }), 15);
    assert.equal(store.trend('iteration_response_time', { op }).count, 15);
    assert.equal(store.trend('iteration_duration', { op }).count, 15);
  }
  assert.deepEqual([store.rate('iteration_failed').passes, store.rate('iteration_failed').count], [3, 30]);
  assert.equal(store.trend('generator_lateness').count, 30);

  // 30 iterations of 30 ms by three VUs: at least three intervals of 100 ms, each with an index of its own.
  // What came late to one has its index again, without gauges.
  const closed = intervals.filter(({ series }) => series['vus_max{phase:load,scenario:relay}'] !== undefined);
  assert.ok(closed.length >= 3);
  assert.deepEqual(
    closed.map(({ index }) => index),
    Array.from({ length: closed.length }, (_, index) => index),
  );
  await line.close();
  assert.deepEqual(streamed, JSON.parse(JSON.stringify(intervals)).slice(0, streamed.length));
});

test('no interval boundary comes twice', async (t) => {
  const { run } = await runOf(t, { ...endless, line: flat(2, 1_000) }, { intervalMs: 20 });
  await run.run(work(() => wait(1, 'ok')));
  const { intervals: all, end } = await run.finish();
  const intervals = all.filter(({ series }) => series['vus{phase:load,scenario:relay}'] !== undefined);
  assert.ok(intervals.length <= Math.ceil(end.durationMs / 20) + 1, `${intervals.length} in ${end.durationMs} ms`);
  assert.ok(intervals.at(-1)!.index <= Math.ceil(end.durationMs / 20));
});

test('the response time includes the wait for a VU, the duration does not', async (t) => {
  // Else what other tests do in this process would hold the VU.
  t.mock.method(systemClock, 'busyMs', () => 0);
  const { run } = await runOf(t, arrivals);
  // 20 arrivals, one every 20 ms, and one VU that needs 40 ms for each: they wait longer and longer.
  await run.run(work(() => wait(40, 'ok')));
  const store = storeOf(await run.finish());
  const responseTime = store.trend('iteration_response_time');
  const duration = store.trend('iteration_duration');
  assert.deepEqual([responseTime.count, duration.count], [20, 20]);
  assert.ok(responseTime.sum - duration.sum > 3_000, `${responseTime.avg} on average, of which ${duration.avg} work`);
  const lateness = store.trend('iteration_lateness');
  assert.ok(Math.abs(lateness.sum - (responseTime.sum - duration.sum)) < 20, 'the difference is the lateness');
  const own = store.trend('generator_lateness', { phase: 'load' });
  assert.equal(own.count, 20);
  assert.ok(lateness.sum - own.sum > 3_000, `a wait for a VU is not the generator’s: ${own.sum} of ${lateness.sum} ms`);
});

test('a run that is stopped delivers what it has', async (t) => {
  const { run, line } = await runOf(t, endless);
  let iterations = 0;
  const running = run.run(
    work(async () => {
      if (++iterations === 10) line.stop('the target stopped answering');
      return wait(2, 'ok');
    }),
  );
  await assert.rejects(running, new Error('the target stopped answering'));
  assert.equal(await stopped(run.signal), 'the target stopped answering');
  const report = await run.finish();
  assert.deepEqual([report.end.status, report.end.error], ['stopped', undefined]);
  assert.ok(report.end.completed >= 10);
  assert.equal(storeOf(report).sum('iterations'), report.end.completed);
});

test('Ctrl-C: finishing a run that goes on ends it, and delivers', async (t) => {
  const { run } = await runOf(t, endless);
  let tenth: () => void;
  const goingOn = new Promise<void>((resolve) => (tenth = resolve));
  let iterations = 0;
  const running = run.run(
    work(async () => {
      if (++iterations === 10) tenth();
      return wait(2, 'ok');
    }),
  );
  await goingOn;
  const [report] = await Promise.all([run.finish(), assert.rejects(running, new Error('the test ended'))]);
  assert.equal(report.end.status, 'stopped');
  assert.equal(storeOf(report).sum('iterations'), report.end.completed);
});

test('an error of the author ends the slice as crashed, with where it was thrown', async (t) => {
  for (const [where, broken] of [
    ['createVu', { ...work(async () => 'ok'), createVu: () => Promise.reject(new TypeError('no such account')) }],
    ['run', work(async () => Promise.reject(new TypeError('no such account')))],
  ] as const) {
    const { run } = await runOf(t, loops);
    await assert.rejects(run.run(broken as Work<number>), new TypeError('no such account'), where);
    const { end, startedAt } = await run.finish();
    assert.equal(end.status, 'crashed', where);
    assert.match(end.error!, /^relay, slice 0: TypeError: no such account\n +at .*scenario\.test\.ts/, where);
    assert.equal(startedAt === undefined, where === 'createVu');
  }
});

test('evidence that an author’s code cannot give ends the slice as crashed, and what was measured is kept', async (t) => {
  const { run } = await runOf(t, loops);
  const evidence = () => {
    throw new TypeError('no such replica');
  };
  await run.run({ ...work(async () => 'ok'), evidence });
  const { end, totals, evidence: given } = await run.finish();
  assert.deepEqual([end.status, given], ['crashed', {}]);
  assert.match(end.error!, /^relay, slice 0: TypeError: no such replica\n +at .*scenario\.test\.ts/);
  assert.ok(Object.keys(totals).length > 0);
});

test('any number of VUs may listen for the end of the run, and Node has nothing to say of it', async (t) => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warning.name === 'MaxListenersExceededWarning' && warnings.push(warning);
  process.on('warning', listen);
  t.after(() => process.off('warning', listen));
  const { run, line } = await runOf(t, endless);
  for (let vu = 0; vu < 50; vu++) run.signal.addEventListener('abort', () => {});
  await nextTurn();
  line.stop('enough');
  await stopped(run.signal);
  assert.deepEqual(warnings, []);
});

test('a run that never started reports so', async (t) => {
  const { run, line } = await runOf(t, endless);
  line.stop('only 1 of 2 slices were ready within 180 s');
  await stopped(run.signal);
  await assert.rejects(run.run(work(async () => 'ok')), new Error('only 1 of 2 slices were ready within 180 s'));
  const { startedAt, intervals, end } = await run.finish();
  assert.deepEqual([startedAt, intervals, end.status, end.durationMs, end.started], [undefined, [], 'stopped', 0, 0]);
});

/** Two VUs that wait until the test lets them go, and are cut off. */
async function hanging(t: TestContext, changes: Partial<Plan>, during: (context: Started) => Promise<void>) {
  const context = await runOf(t, { ...endless, line: flat(2, 250), gracefulStopMs: 0, ...changes });
  let letGo = () => {};
  const held = new Promise<Outcome>((resolve) => {
    letGo = () => resolve('ok');
  });
  const running = context.run.run(work(() => held)).catch(() => {});
  await during(context);
  letGo();
  await running;
  await wait(1);
  const report = await context.run.finish();
  return { store: storeOf(report), report };
}

test('what was cut off by gracefulStop has failed, at its age, and what comes of it later is no result', async (t) => {
  const cutOff: string[] = [];
  // Also a process that is held up for a while begins early enough.
  const { store, report } = await hanging(t, { line: flat(2, 1_500) }, async ({ run, recorder }) => {
    recorder.onCutOff(() => cutOff.push('told'));
    await until(() => run.startAt !== undefined);
    await until(() => cutOff.length > 0);
  });
  assert.deepEqual([report.end.status, report.end.interrupted, report.end.completed], ['complete', 2, 0]);
  assert.deepEqual(report.end.errors, { 'cut off by gracefulStop': 2 });
  assert.equal(store.sum('iterations'), 0);
  assert.equal(store.sum('interrupted_iterations'), 2);
  for (const metric of ['iteration_response_time', 'iteration_duration']) {
    const all = store.trend(metric);
    assert.deepEqual([all.count, store.trend(metric, unfinished).count], [2, 2]);
    assert.ok(all.min >= 150 && all.max < 10_000, `${all.min} to ${all.max}`);
  }
  const { passes, count } = store.rate('iteration_failed', { op: 'pull', ...unfinished });
  assert.deepEqual([passes, count], [1, 1]);
  assert.equal(store.rate('iteration_failed').count, 2);
  assert.deepEqual(cutOff, ['told']);
});

test('an arrival that waits for a VU when the run is stopped was not dropped: nobody knows', async (t) => {
  const { store } = await hanging(t, { ...arrivals, line: flat(50, 60_000) }, async ({ run, line }) => {
    await until(() => run.startAt !== undefined);
    await wait(run.startAt! - monotonicMs() + 100);
    line.stop('a threshold asks for it');
    await stopped(run.signal);
  });
  assert.equal(store.sum('dropped_iterations'), 0);
  assert.ok(store.sum('interrupted_iterations') > 1, 'the one that ran, and those that waited');
});

test('what was cut off because the run was stopped is nobody’s failure', async (t) => {
  const cutOff: string[] = [];
  const { store, report } = await hanging(t, { line: flat(2, 60_000) }, async ({ run, line, recorder }) => {
    recorder.onCutOff(() => cutOff.push('told'));
    await until(() => run.startAt !== undefined);
    await wait(run.startAt! - monotonicMs() + 50);
    line.stop('the target stopped answering');
    await stopped(run.signal);
    await wait(20);
  });
  assert.deepEqual([report.end.status, report.end.interrupted], ['stopped', 2]);
  assert.equal(store.sum('interrupted_iterations'), 2);
  assert.deepEqual([store.rate('iteration_failed').count, store.trend('iteration_duration').count], [0, 0]);
  assert.deepEqual([report.end.errors, cutOff], [{}, []]);
});

test('what gives up since the run was stopped is cut off; what fails all the same has failed', async (t) => {
  for (const [outcome, failures] of [
    ['stopped', [0, 0]],
    ['failed', [2, 2]],
  ] as const) {
    const { run, line } = await runOf(t, endless);
    const running = run.run(
      work(async () => {
        await stopped(run.signal);
        return outcome;
      }),
    );
    await until(() => run.startAt !== undefined && monotonicMs() > run.startAt + 20);
    line.stop('a threshold asks for it');
    await assert.rejects(running, new Error('a threshold asks for it'));
    const report = await run.finish();
    const { passes, count } = storeOf(report).rate('iteration_failed');
    assert.deepEqual([passes, count], failures, outcome);
    const cut = 2 - count;
    assert.deepEqual([report.end.interrupted, storeOf(report).sum('interrupted_iterations')], [cut, cut], outcome);
  }
});

test('an answer that comes after its VU was given up in a ramp-down is not counted again', async (t) => {
  const stages = [
    // Also a process that is held up for a while has begun with both.
    { durationMs: 1_000, target: 2 },
    { durationMs: 0, target: 1 },
    { durationMs: 400, target: 1 },
  ];
  const plan = { ...endless, line: { start: 2, stages } };
  const { run, recorder } = await runOf(t, plan);
  const isGivenUp = () => Object.keys(recorder.errors).length > 0;
  // The VU that leaves has its answer long before the end, but after it was given up.
  await run.run(
    work(async (vu) => {
      await (vu === 1 ? until(isGivenUp) : wait(1_450));
      return 'ok';
    }),
  );
  const report = await run.finish();
  const store = storeOf(report);
  assert.deepEqual([report.end.started, report.end.completed, report.end.interrupted], [2, 1, 1]);
  assert.deepEqual(report.end.errors, { 'cut off by gracefulRampDown': 1 });
  assert.deepEqual([store.sum('iterations'), store.trend('iteration_duration').count], [1, 2]);
  const { passes, count } = store.rate('iteration_failed');
  assert.deepEqual([passes, count], [1, 2]);
});

test('a run drains once its last phase is over', async (t) => {
  const phases = [{ name: 'load', startMs: 0, endMs: 400, load: 1 }];
  const { run } = await runOf(t, endless, { phases, durationMs: 400 });
  assert.equal(run.isDraining, false, 'before the start');
  const running = run.run(work(() => wait(1, 'ok')));
  await until(() => run.startAt !== undefined);
  let elapsedMs = 0;
  const clock = t.mock.method(process.hrtime, 'bigint', () => BigInt(Math.round((run.startAt! + elapsedMs) * 1e6)));
  const drains = [-1, 1, 399, 401].map((ms) => {
    elapsedMs = ms;
    return run.isDraining;
  });
  clock.mock.restore();
  assert.deepEqual(drains, [false, false, false, true]);
  await Promise.all([run.finish(), assert.rejects(running, new Error('the test ended'))]);
});

/** A run whose work settles as `settle` says, beside another slice that rests when the test says so. */
async function settling(t: TestContext, settle: (context: Started) => Promise<void>) {
  const context = await runOf(t, loops, {}, 2);
  const other = await join(t, context.line, { index: 1 });
  void other.ready();
  const evidence = { 'acknowledged-writes': ['not settled'] };
  const running = context.run.run({
    ...work(async () => 'ok'),
    async settle() {
      await settle(context);
      evidence['acknowledged-writes'] = ['settled'];
    },
    evidence: () => evidence,
  });
  return { ...context, other, running };
}

test('nobody settles before the last slice is at rest; then evidence is what was found', async (t) => {
  const order: string[] = [];
  const { run, other, running, line } = await settling(t, async () => void order.push('settled'));
  await until(() => line.startAt !== undefined);
  // The iterations of this slice are long over then, and so would be the quiet before settling.
  await wait(1_000);
  order.push('the other one rests');
  await Promise.all([other.rest(), running]);
  assert.deepEqual(order, ['the other one rests', 'settled']);
  const { end, evidence } = await run.finish();
  assert.deepEqual([end.status, evidence], ['complete', { 'acknowledged-writes': ['settled'] }]);
});

test('a slice that dies under load counts as at rest', async (t) => {
  const { run, other, running, line } = await settling(t, async () => {});
  await until(() => line.startAt !== undefined);
  await other.end();
  await running;
  assert.deepEqual((await run.finish()).evidence, { 'acknowledged-writes': ['settled'] });
});

test('nothing of settling is measured, but what went wrong in it is named', async (t) => {
  const { run, other, running } = await settling(t, async ({ recorder }) => {
    await wait(150);
    recorder.add('http_reqs', 1);
    recorder.trend('http_req_duration').add(5);
    recorder.error('HTTP 500');
  });
  await until(() => run.startAt !== undefined);
  await other.end();
  await running;
  const report = await run.finish();
  const store = storeOf(report);
  assert.equal(store.sum('http_reqs'), 0);
  assert.equal(store.select('http_req_duration'), undefined);
  assert.equal(store.sum('iterations'), 30);
  assert.deepEqual(report.end.errors, { 'HTTP 500': 1 });
});

test('settling is bounded: what was not looked at by then stays unknown, is named, and the run is complete', async (t) => {
  let began: () => void;
  const hanging = new Promise<void>((resolve) => (began = resolve));
  const { run, other, running, hung } = await settling(t, () => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    began();
    return new Promise(() => {});
  });
  await until(() => run.startAt !== undefined);
  await other.end();
  await hanging;
  t.mock.timers.tick(59_999);
  let over = false;
  void running.then(() => (over = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(over, false);
  t.mock.timers.tick(1);
  await running;
  t.mock.timers.reset();
  await until(() => hung.length > 0);
  assert.deepEqual(hung, [{ type: 'hung', id: { scenario: 'relay', index: 0 }, hook: 'settle', limitMs: 60_000 }]);
  const { end, evidence } = await run.finish();
  assert.deepEqual([end.status, evidence], ['complete', { 'acknowledged-writes': ['not settled'] }]);
});

test('a settling that throws is the suite’s fault, and evidence still arrives', async (t) => {
  const { run, other, running } = await settling(t, async () => {
    throw new TypeError('no such device');
  });
  await until(() => run.startAt !== undefined);
  await other.end();
  await assert.rejects(running, new TypeError('no such device'));
  const { end, evidence } = await run.finish();
  assert.deepEqual([end.status, evidence], ['crashed', { 'acknowledged-writes': ['not settled'] }]);
});

test('a run that is stopped does not settle, and its evidence arrives all the same', async (t) => {
  const { run, running, line } = await settling(t, async () => assert.fail('nobody said so'));
  await until(() => run.startAt !== undefined);
  line.stop('the target stopped answering');
  await assert.rejects(running, new Error('the target stopped answering'));
  const { end, evidence } = await run.finish();
  assert.deepEqual([end.status, evidence], ['stopped', { 'acknowledged-writes': ['not settled'] }]);
});

test('the generator’s own health is measured beside its work', async (t) => {
  const { run, streamed } = await runOf(t, endless);
  const running = run.run(work(() => wait(1, 'ok')));
  // An interval in which the process was held up may be without.
  await until(() => streamed.some(({ series }) => 'generator_event_loop_delay{phase:load,scenario:relay}' in series));
  const [report] = await Promise.all([run.finish(), assert.rejects(running, new Error('the test ended'))]);
  const store = storeOf(report);
  for (const metric of ['generator_event_loop_delay', 'generator_cpu_percent']) {
    assert.ok(store.trend(metric, { scenario: 'relay' }).count >= 1, metric);
  }
  assert.ok(store.trend('machine_cpu_percent', { scenario: 'relay', phase: 'load' }).count >= 1);
});

test('the report is plain data', async (t) => {
  const { run, recorder } = await runOf(t, loops);
  recorder.error('ECONNRESET');
  await run.run(work(async () => 'ok'));
  const report = await run.finish();
  assert.deepEqual(JSON.parse(JSON.stringify(report)).end.errors, { ECONNRESET: 1 });
  const packed = report.intervals.flatMap(({ series }) => Object.entries(series));
  const [, trend] = packed.find(([key]) => key === 'iteration_duration{op:push,phase:load,scenario:relay}')!;
  assert.ok(trend.t === 'trend' && Trend.decode(trend.h, trend.sum).count > 0);
});
