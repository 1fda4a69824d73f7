import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../measure/metrics.ts';
import { newSeries } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import { TimeAxis } from '../measure/time-axis.ts';
import { random } from '../schedule/random.ts';
import { answerFindings, answersOf } from './answers.ts';
import { kindOf } from './findings/index.ts';
import type { DriftResult } from './results.ts';
import { storeOver, times } from './store.fixture.ts';
import { suspects } from './validity.ts';
import type { HealthSignal } from './verdict.ts';
import type { Course } from './windows.ts';

const HOUR_MS = 3_600_000;
const INTERVAL_MS = 30_000;
const phases = [
  { name: 'ramp', startMs: 0, endMs: HOUR_MS / 4, load: 1 },
  { name: 'steady', startMs: HOUR_MS / 4, endMs: 1.25 * HOUR_MS, load: 1 },
];

/** What is added to an interval of the steady hour; its share of the hour. */
type Added = (share: number, draw: () => number) => number | null;

interface Made {
  memory?: Added;
  latency?: Added;
  failed?: Added;
  signals?: HealthSignal[];
  durationMs?: number;
}

function courseOf({ memory, latency, failed, signals = [], durationMs = 1.25 * HOUR_MS }: Made): Course {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const axis = new TimeAxis(phases, INTERVAL_MS);
  const draw = random(1, 'drift');
  for (let index = 0; axis.endOf(index) <= durationMs; index++) {
    const share = (axis.startOf(index) - HOUR_MS / 4) / HOUR_MS;
    const add = (
      metric: 'target_memory_bytes' | 'http_req_duration' | 'http_req_failed',
      values: (number | null)[],
    ) => {
      const series = newSeries(builtinMetrics[metric].type);
      for (const value of values) if (value !== null) series.add(value);
      if (series.count > 0)
        store.add({ index, series: { [`${metric}{phase:${axis.phaseOf(index)},scenario:relay}`]: series.pack() } });
    };
    if (memory) add('target_memory_bytes', [memory(share, draw)]);
    if (latency)
      add(
        'http_req_duration',
        Array.from({ length: 40 }, () => latency(share, draw)),
      );
    if (failed) {
      const rate = failed(share, draw)!;
      add(
        'http_req_failed',
        Array.from({ length: 200 }, (_, n) => (n < 200 * rate ? 1 : 0)),
      );
    }
  }
  return { store, axis, durationMs, suspects: suspects(signals, [], phases), measures: () => true };
}

function drifts(made: Made, limits: Record<string, string[]>, hourMs = HOUR_MS): DriftResult[] {
  return answersOf({ objectives: {}, drift: { phases: ['steady'], hourMs, limits } }, courseOf(made)).drift!;
}

const memoryLimit = { target_memory_bytes: ['min<1%'] };
const sound: Added = (_, draw) => 100e6 + 40e6 * draw();
const leaking: Added = (share, draw) => 100e6 + 0.5e6 * draw() + 4e6 * share;

function sentence(result: DriftResult): [severity: string, message: string, next: string] {
  const [finding] = answerFindings({ drift: [result] });
  assert.ok(finding, 'there is a finding');
  const { sentence, nextStep } = kindOf(finding);
  return [
    finding.severity,
    sentence(finding),
    typeof nextStep === 'function' ? (nextStep(finding) ?? '') : (nextStep ?? ''),
  ];
}

test('a leak fails the run, with its size, its interval and where', () => {
  const [result] = drifts({ memory: leaking }, memoryLimit);
  assert.deepEqual([result!.ok, result!.decided], [false, true]);
  assert.ok(Math.abs(result!.perHour!.estimate - 0.04) < 0.005, `${result!.perHour!.estimate}`);
  const [severity, message, next] = sentence(result!);
  assert.equal(severity, 'fail');
  assert.match(
    message,
    /^min of target_memory_bytes changed by 3\.\d+ % of 10\d.* MB an hour in steady \(between 3\.\d+ % and 4\.\d+ %\); required min<1%\.$/,
  );
  assert.match(next, /^Look at what the target keeps/);
});

test('what was seen in a part of the phase alone tells nothing of the rest, unless it is a leak already', () => {
  const until =
    (end: number, of: Added): Added =>
    (share, draw) =>
      share < end ? of(share, draw) : null;
  const level: Added = (_, draw) => 100e6 + 0.05e6 * draw();
  const [part] = drifts({ memory: until(0.4, level) }, memoryLimit);
  assert.deepEqual([part!.ok, part!.decided, part!.perHour], [false, false, null]);
  const [severity, message, next] = sentence(part!);
  assert.equal(severity, 'invalid');
  assert.match(message, /could not be told\. Undecided: 24 of 30 samples/);
  assert.match(next, /\/metrics/);
  const [most] = drifts({ memory: until(0.9, level) }, memoryLimit);
  assert.deepEqual([most!.ok, most!.decided], [true, true]);
  const [leak] = drifts({ memory: until(0.4, (s, d) => leaking(10 * s, d)) }, memoryLimit);
  assert.deepEqual([leak!.ok, leak!.decided], [false, true]);
});

test('what is level, and what grows only before, passes', () => {
  const level: Added = (_, draw) => 100e6 + 0.5e6 * draw();
  const early: Added = (share, draw) => level(share, draw)! + (share < 0 ? 100e6 * share : 0);
  for (const memory of [level, early]) {
    const [result] = drifts({ memory }, memoryLimit);
    assert.deepEqual([result!.ok, result!.decided], [true, true]);
    assert.deepEqual(answerFindings({ drift: [result!] }), []);
  }
});

test('what grows, falls at once and grows again is no leak for sure: it may be collected seldom', () => {
  const seldom: Added = (share, draw) => 100e6 + 30e6 * ((1.5 * share + 0.4) % 1) + 0.2e6 * draw();
  const [result] = drifts({ memory: seldom }, memoryLimit);
  assert.ok(result!.perHour!.low! > 0.01, 'by its slope alone it would be one');
  assert.deepEqual([result!.ok, result!.decided], [false, false]);
  const [severity, message, next] = sentence(result!);
  assert.equal(severity, 'invalid');
  assert.match(message, /required min<1%\. Undecided: 39 m 0\d s into the run it fell by 2\d(\.\d+)? % at once\.$/);
  assert.match(next, /^Make the phase longer: .* Or was the target restarted then\?$/);
  // A little that is given back makes no leak undone.
  const [leak] = drifts({ memory: (s, d) => leaking(3 * s, d)! - (s > 0.3 ? 3e6 : 0) }, memoryLimit);
  assert.deepEqual([leak!.ok, leak!.decided, leak!.fell], [false, true, undefined]);
});

test('of a target that was restarted the longest time without that is looked at, and its own figures alone', () => {
  const atMs = (share: number) => HOUR_MS / 4 + share * HOUR_MS;
  const since = (share: number, restarts: number[]) => share - Math.max(0, ...restarts.filter((one) => one <= share));
  const restarted = (restarts: number[], memory: Added, limits: Record<string, string[]> = memoryLimit) => {
    const course = courseOf({ memory: (s, d) => memory(since(s, restarts), d), latency: (s, d) => 20 + d() + 15 * s });
    const asked = { objectives: {}, drift: { phases: ['steady'], hourMs: HOUR_MS, limits } };
    const [result] = answersOf(asked, { ...course, restarts: [0, ...restarts.map(atMs)] }).drift!;
    return result!;
  };
  const level: Added = (_, draw) => 100e6 + 0.05e6 * draw();
  const leak = restarted([0.6], leaking);
  assert.deepEqual([leak.ok, leak.decided, leak.restarts], [false, true, 1]);
  assert.ok(Math.abs(leak.perHour!.estimate - 0.04) < 0.01, `${leak.perHour!.estimate}`);
  assert.match(
    sentence(leak)[1],
    /required min<1%\. The target was restarted once meanwhile: the longest time without that was looked at\.$/,
  );
  const sound = restarted([0.6], level);
  assert.deepEqual([sound.ok, sound.decided, sound.restarts], [true, true, 1]);
  const often = restarted([0.3, 0.6], level);
  assert.deepEqual([often.ok, often.decided, often.perHour], [false, false, null]);
  const [severity, message, next] = sentence(often);
  assert.equal(severity, 'invalid');
  assert.match(
    message,
    /could not be told\. Undecided: 2\d of 30 samples .* The target was restarted 2 times meanwhile/,
  );
  assert.match(next, /^Look at why the target was restarted/);
  // A leak that is as large is one, however short it was to be seen.
  assert.deepEqual([restarted([0.3, 0.6], (s, d) => leaking(4 * s, d)).decided], [true]);
  const latency = restarted([0.3, 0.6], level, { http_req_duration: ['p(95)<5%'] });
  assert.deepEqual([latency.ok, latency.decided, latency.restarts], [false, true, undefined], 'what users see goes on');
  const before = restarted([], leaking);
  assert.deepEqual([before.decided, before.restarts], [true, undefined], 'one before the phase is of no matter');
});

test('a growth within what is allowed passes, and one that falls is no leak', () => {
  for (const change of [0.5e6, -4e6]) {
    const [result] = drifts({ memory: (share, draw) => 100e6 + 0.1e6 * draw() + change * share }, memoryLimit);
    assert.deepEqual([result!.ok, result!.decided], [true, true], `${change}`);
  }
});

test('an interval that is too wide has told nothing, and neither has a figure that was not measured', () => {
  const [wide] = drifts({ memory: sound }, memoryLimit);
  assert.deepEqual([wide!.ok, wide!.decided], [true, false]);
  const [severity, message] = sentence(wide!);
  assert.equal(severity, 'invalid');
  assert.match(
    message,
    /^Whether min of target_memory_bytes drifts in steady could not be told: its change an hour is between -/,
  );

  const [none] = drifts({ latency: () => 10 }, memoryLimit);
  assert.deepEqual([none!.ok, none!.decided, none!.perHour], [false, false, null]);
  const [undecided, text, next] = sentence(none!);
  assert.equal(undecided, 'invalid');
  assert.match(
    text,
    /^Whether min of target_memory_bytes drifts in steady could not be told\. .*0 of 10 samples that are needed/,
  );
  assert.match(next, /\/metrics/);

  const few: Added = (share) => (Math.round(share * 120) % 11 === 0 ? 100e6 + 1e6 * Math.sin(6 * share) : null);
  const [some] = drifts({ memory: few }, memoryLimit);
  assert.deepEqual([some!.decided, some!.perHour?.high], [false, null], 'few blocks, each like the one before');
  assert.match(sentence(some!)[1], /its change an hour may be anything; asked was min<1%\.$/);

  const [short] = drifts({ memory: leaking, durationMs: HOUR_MS / 4 + 5 * INTERVAL_MS }, memoryLimit);
  assert.deepEqual([short!.decided, short!.perHour], [false, null], 'a run that was stopped early');
});

test('latency and errors drift as memory does; what the generator may have made is undecided', () => {
  const slower: Made = { latency: (share, draw) => 20 + 10 * draw() + 15 * share };
  const limits = { 'http_req_duration{scenario:relay}': ['p(95)<5%'] };
  assert.deepEqual(
    drifts(slower, limits).map(({ ok, decided }) => [ok, decided]),
    [[false, true]],
  );
  const delay: HealthSignal = {
    ...{ signal: 'event-loop-delay', scenario: 'relay', observed: 400, allowed: 50, unit: 'ms' },
    ok: false,
  } as HealthSignal;
  const [result] = drifts({ ...slower, signals: [delay] }, limits);
  assert.deepEqual([result!.ok, result!.decided, result!.doubts?.[0]?.by], [false, false, 'event-loop-delay']);
  assert.equal(sentence(result!)[0], 'invalid');

  const failing = drifts({ failed: (share) => Math.max(0, 0.02 + 0.05 * share) }, { http_req_failed: ['rate<1%'] });
  assert.deepEqual(
    failing.map(({ ok, decided }) => [ok, decided]),
    [[false, true]],
  );
  assert.ok(Math.abs(failing[0]!.perHour!.estimate - 0.05) < 0.01, 'a rate is a share already');
});

test('a figure that stays at nothing does not drift, and one that leaves it does', () => {
  const [nothing] = drifts({ memory: () => 0 }, memoryLimit);
  assert.deepEqual([nothing!.ok, nothing!.decided, nothing!.perHour], [true, true, { low: 0, estimate: 0, high: 0 }]);
  const [leaving] = drifts({ memory: (share) => Math.max(0, 1e6 * (share - 0.4)) }, memoryLimit);
  assert.deepEqual([leaving!.ok, leaving!.decided], [false, true]);
});

test('what holds under less load than was asked for is undecided', () => {
  const level: Added = (_, draw) => 100e6 + 0.5e6 * draw();
  const delivered: HealthSignal = {
    ...{ signal: 'delivered', scenario: 'relay', observed: 0.4, allowed: 0.9, unit: 'ratio', count: 99, ok: false },
  };
  const [result] = drifts({ memory: level, signals: [delivered] }, memoryLimit);
  assert.deepEqual([result!.ok, result!.decided, result!.doubts?.[0]?.by], [true, false, 'delivered']);
  assert.equal(sentence(result!)[0], 'invalid');
});

test('an hour is one of the profile: in a run that was shortened it is shorter', () => {
  const [whole] = drifts({ memory: leaking }, memoryLimit);
  const [shortened] = drifts({ memory: leaking }, memoryLimit, HOUR_MS / 4);
  assert.ok(Math.abs(whole!.perHour!.estimate / shortened!.perHour!.estimate - 4) < 0.01);
});

test('several phases are each judged by themselves', () => {
  const memory: Added = (share, draw) => 100e6 + 0.1e6 * draw() + (share > 0 ? 5e6 * share : 0);
  const asked = { objectives: {}, drift: { phases: ['steady', 'ramp'], hourMs: HOUR_MS, limits: memoryLimit } };
  const results = answersOf(asked, courseOf({ memory })).drift!;
  assert.deepEqual(
    results.map(({ phase, ok }) => [phase, ok]),
    [
      ['steady', false],
      ['ramp', true],
    ],
  );
});

test('what is counted is over as long as its block of time is, though some have one interval more than others', () => {
  const intervalMs = 5_000;
  const phase = { name: 'steady', startMs: 0, endMs: 324 * intervalMs, load: 1 };
  const iterations = (texts: string[], countAt: (share: number) => number) => {
    const store = storeOver(324, (index) => ({
      'iterations{phase:steady,scenario:relay}': [countAt((index * intervalMs) / HOUR_MS)],
    }));
    const axis = new TimeAxis([phase], intervalMs);
    const course = { store, axis, durationMs: phase.endMs, suspects: [], measures: () => true };
    const asked = { phases: ['steady'], hourMs: HOUR_MS, limits: { iterations: texts } };
    return answersOf({ objectives: {}, drift: asked }, course).drift!;
  };
  const steady = iterations(['rate>-5%', 'count>-5%'], () => 100);
  assert.deepEqual(
    steady.map(({ base, perHour, ok, decided }) => [base, perHour, ok, decided]),
    [20, 540].map((base) => [base, { low: 0, estimate: 0, high: 0 }, true, true]),
  );
  const [falling] = iterations(['rate>-5%'], (share) => 100 - 20 * share);
  assert.deepEqual([falling!.ok, falling!.decided], [false, true], JSON.stringify(falling));
  assert.match(sentence(falling!)[1], /^rate of iterations changed by -\d+\.\d+ % of 1\d\.\d\d?\/s an hour in steady/);
});

test('of a scenario that is a part of the phase that part is looked at', () => {
  const phase = { name: 'load', startMs: 0, endMs: 600_000, load: 1 };
  const store = storeOver(300, (index) => ({
    'iterations{phase:load,scenario:relay}': index >= 30 && index < 120 ? [10] : [],
    'http_req_duration{phase:load,scenario:relay}': index >= 30 && index < 120 ? times(20, 5) : [],
  }));
  const axis = new TimeAxis([phase], 2_000);
  const scenarios = [{ name: 'relay', startMs: 60_000, endMs: 240_000 }];
  const course = { store, axis, durationMs: 601_000, suspects: [], measures: () => true };
  const limits = { iterations: ['rate>-5%'], http_req_duration: ['p(50)<5%'] };
  const asked = { objectives: {}, drift: { phases: ['load'], hourMs: HOUR_MS, limits } };
  const found = (known: Partial<Course>) =>
    answersOf(asked, { ...course, ...known }).drift!.map(({ ok, decided }) => [ok, decided]);
  assert.deepEqual(found({ scenarios }), [
    [true, true],
    [true, true],
  ]);
  assert.deepEqual(
    found({ scenarios: [{ ...scenarios[0]!, endMs: 600_000 }] })[1],
    [false, false],
    'most was not seen',
  );
});

test('a counter with a tag that nobody carries tells nothing', () => {
  const phase = { name: 'load', startMs: 0, endMs: 600_000, load: 1 };
  const store = storeOver(300, () => ({ 'http_reqs{op:push,phase:load,scenario:relay}': [10] }));
  const course = { store, axis: new TimeAxis([phase], 2_000), durationMs: 600_000, suspects: [], measures: () => true };
  const found = (source: string) => {
    const asked = { phases: ['load'], hourMs: HOUR_MS, limits: { [source]: ['rate>-5%'] } };
    const [result] = answersOf({ objectives: {}, drift: asked }, course).drift!;
    return [result!.ok, result!.decided];
  };
  assert.deepEqual(found('http_reqs{op:push}'), [true, true]);
  assert.deepEqual(found('http_reqs{op:posh}'), [false, false]);
});
