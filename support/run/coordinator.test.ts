import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Interval, Recorder } from '../measure/recorder.ts';
import type { LiveSnapshot } from '../report/live.ts';
import { defaultHealth } from '../schedule/health.fixture.ts';
import { stopped } from '../schedule/startline.fixture.ts';
import { monotonicMs, type SliceId, StartLineRunner, startLineVariable } from '../schedule/startline.ts';
import type { Timeline } from '../schedule/timeline.ts';
import { serve, stopServing } from '../server.fixture.ts';
import { resolveTarget } from '../target.ts';
import { Coordinator } from './coordinator.ts';

const relay = { name: 'relay', kind: 'load', slices: 2, maxVUs: 50 } as const;
const light = { name: 'light', kind: 'journey', slices: 1, maxVUs: 4 } as const;

interface Bed {
  coordinator: Coordinator;
  /** A second passes: what is drawn. */
  draw(): LiveSnapshot;
  printed: string[];
  stopTarget(): Promise<void>;
  join(scenario: string, index?: number): Promise<StartLineRunner>;
}

/** Time passes for what happens every second alone, and when the test says so. */
async function bed(t: TestContext, changes: Partial<Timeline> = {}, answer?: RequestListener): Promise<Bed> {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { url, server } = await serve(t, answer ?? ((_request, response) => response.end()));
  const timeline: Timeline = {
    profile: 'mine',
    path: 'profiles/mine.json',
    description: '',
    seed: '1',
    phases: [{ name: 'load', startMs: 0, endMs: 60_000, load: 1 }],
    durationMs: 3_600_000,
    intervalMs: 1_000,
    slices: 2,
    shards: 1,
    detailed: true,
    scenarios: [],
    thresholds: {},
    answers: { objectives: {} },
    drills: [],
    health: defaultHealth,
    ...changes,
  };
  const shown: LiveSnapshot[] = [];
  const printed: string[] = [];
  const display = {
    show: (one: LiveSnapshot) => shown.push(one),
    print: (line: string) => printed.push(line),
    stop() {},
  };
  const known = url.replace('//', '//me:secret@');
  const values = { BASE_URL: known, API_URL: known };
  const target = resolveTarget({ name: 'mine', source: '.env', values }, {});
  const before = process.env[startLineVariable];
  const used = { addresses: [{ variable: 'API_URL', url: known }], endpoints: [] };
  const coordinator = await Coordinator.open(timeline, target, used, 'run-7', '/project', display);
  const address = process.env[startLineVariable]!;
  t.after(async () => {
    if (before === undefined) delete process.env[startLineVariable];
    else process.env[startLineVariable] = before;
    await coordinator.close();
  });
  return {
    coordinator,
    printed,
    draw() {
      t.mock.timers.tick(1_000);
      return shown.at(-1)!;
    },
    stopTarget: () => stopServing(server),
    async join(scenario, index = 0) {
      const runner = await StartLineRunner.connect(address, { scenario, index });
      t.after(() => runner.end());
      return runner;
    },
  };
}

function interval(index: number, kind: 'load' | 'journey', iterations: number, failed: number, vus: number): Interval {
  const recorder = new Recorder('any', kind);
  recorder.add('iterations', iterations);
  for (let n = 0; n < iterations; n++) recorder.add('iteration_failed', n < failed ? 1 : 0);
  recorder.add('vus', vus);
  if (kind === 'load') recorder.add('generator_lateness', 3);
  return { index, series: recorder.pack() };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

test('a run from its first slice to its last interval, as it is shown', async (t) => {
  const { coordinator, draw, join } = await bed(t);
  coordinator.expect([relay, light]);
  const runners = [await join('relay', 0), await join('relay', 1), await join('light')] as const;
  const [first, second, journey] = runners;
  const waiting = [first.ready(), second.ready()];
  let seen = draw();
  await until(() => {
    seen = draw();
    return seen.slicesReady === 2;
  });
  assert.deepEqual(
    [seen.phase, seen.slicesExpected, seen.elapsedMs, seen.latenessP99Ms, seen.targetMemoryBytes],
    ['preparing', 3, 0, null, null],
  );
  assert.deepEqual([coordinator.startedAt, coordinator.elapsedMs], [undefined, 0]);
  assert.deepEqual([seen.runId, seen.profile, seen.totalMs], ['run-7', 'mine', 3_600_000]);
  // Neither user nor password.
  assert.match(seen.target.url, /^http:\/\/127\.0\.0\.1:\d+$/);

  const [startAt] = await Promise.all([...waiting, journey.ready()]);
  // The instant itself, and not when all were told of it, a quarter of a second before. Held up between two clocks, it seems later.
  const offMs = Number(coordinator.startedAt) - (Date.now() + startAt! - monotonicMs());
  assert.ok(offMs > -100, `${offMs}`);
  first.interval(interval(0, 'load', 10, 2, 5));
  second.interval(interval(0, 'load', 20, 0, 6));
  second.interval(interval(1, 'load', 20, 0, 6));
  journey.interval(interval(0, 'journey', 4, 1, 3));
  const relaySecond = { scenario: 'relay', index: 1 };
  const streamed = (of: SliceId) =>
    coordinator.observation().streamed.find(({ scenario, index }) => scenario === of.scenario && index === of.index)
      ?.intervals ?? [];
  await until(() => streamed(relaySecond).length === 2 && draw().sessions.done > 0);
  seen = draw();
  assert.equal(seen.phase, 'load');
  assert.deepEqual(seen.sessions, { active: 3, done: 3, failed: 1 });
  assert.ok(seen.latenessP99Ms! > 2.9 && seen.latenessP99Ms! < 3.1, `${seen.latenessP99Ms}`);
  assert.deepEqual(
    seen.scenarios.map(({ name, iterations, failed }) => [name, iterations, failed]),
    [
      ['relay', 50, 2],
      ['light', 4, 1],
    ],
  );

  // What a dead slice streamed is its report; what a living one streamed is in its own.
  assert.deepEqual(
    streamed(relaySecond).map(({ index }) => index),
    [0, 1],
  );
  coordinator.forget(relaySecond);
  assert.deepEqual(streamed(relaySecond), []);
  assert.equal(streamed({ scenario: 'relay', index: 0 }).length, 1);
  coordinator.giveUp('a slice that ended late');
  assert.equal(coordinator.stopReason, undefined);
});

test('calm comes before the load, and draining after it', async (t) => {
  for (const [endMs, phase] of [
    [3_600_000, 'calm'],
    [0, 'draining'],
  ] as const) {
    const durationMs = endMs;
    const phases = [{ name: 'calm', startMs: 0, endMs, load: 0 }].filter((one) => one.endMs > 0);
    const { coordinator, draw, join } = await bed(t, { phases, durationMs });
    coordinator.expect([light]);
    await (await join('light')).ready();
    const { phase: shown, elapsedMs } = draw();
    assert.deepEqual([shown, elapsedMs <= durationMs], [phase, true]);
    t.mock.timers.reset();
  }
});

test('a shard says once that it ends for no threshold', async (t) => {
  for (const shards of [1, 2]) {
    const thresholds = { iterations: [{ threshold: 'rate>1', abortOnFail: true }] };
    const { coordinator, draw, printed } = await bed(t, { shards, thresholds });
    coordinator.expect([light]);
    draw();
    const said =
      'abortOnFail is left out of rate>1 of iterations: a shard sees a part of the run alone, and goes on to its end.';
    assert.deepEqual(printed, shards > 1 ? [said] : []);
    t.mock.timers.reset();
  }
});

test('a slice that cannot take part ends the run before it starts', async (t) => {
  const { coordinator, join } = await bed(t);
  coordinator.expect([relay]);
  const runner = await join('relay');
  const waiting = runner.ready();
  coordinator.giveUp('slice 2 of relay ended before the start: no account');
  coordinator.giveUp('another');
  await assert.rejects(waiting, new Error('slice 2 of relay ended before the start: no account'));
  assert.equal(coordinator.stopReason, 'slice 2 of relay ended before the start: no account');
  assert.equal(coordinator.startedAt, undefined);
});

test('a target that goes away ends the run, and it is known when', async (t) => {
  const { coordinator, draw, printed, stopTarget, join } = await bed(t, {
    health: { ...defaultHealth, targetDownAfterMs: 0 },
  });
  coordinator.expect([light]);
  const runner = await join('light');
  await stopTarget();
  assert.equal(coordinator.targetDownAtMs, undefined);
  await runner.ready();
  assert.equal(await stopped(runner.signal), 'the target stopped answering');
  assert.ok(coordinator.targetDownAtMs! >= 0);
  assert.equal(coordinator.stopReason, 'the target stopped answering');
  assert.deepEqual(printed, ['The target stopped answering: the run ends here.']);
  const { phase, stopReason } = draw();
  assert.deepEqual([phase, stopReason], ['draining', 'the target stopped answering']);
  const { outage } = coordinator.probe.down!;
  assert.deepEqual([outage?.error, outage?.tries], ['ECONNREFUSED', 1]);
  assert.match(coordinator.observation().outage!.url, /^http:\/\/127\.0\.0\.1:\d+\/health$/);
});

test('what the target says of itself is shown, and kept by interval', async (t) => {
  let reads = 0;
  const { coordinator, draw, join } = await bed(t, {}, (request, response) => {
    if (request.url === '/metrics') reads += 1;
    const started = `process_start_time_seconds ${reads > 1 ? 1_700_000_100 : 1_700_000_000}\n`;
    response.end(`process_cpu_seconds_total ${reads}\nprocess_resident_memory_bytes 1000000\n${started}`);
  });
  coordinator.expect([light]);
  await (await join('light')).ready();
  let seen = draw();
  await until(() => {
    if (seen.targetCpuPercent === null) seen = draw();
    return seen.targetCpuPercent !== null;
  });
  assert.equal(seen.targetMemoryBytes, 1_000_000);
  assert.ok(seen.targetCpuPercent! > 0);
  assert.equal(coordinator.observation().restarts?.length, 1);
  const series = coordinator.gauges().flatMap((one) => Object.keys(one.series));
  assert.deepEqual([...new Set(series)].sort(), ['target_cpu_percent{phase:load}', 'target_memory_bytes{phase:load}']);
});
