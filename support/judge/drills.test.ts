/** What is said of a target that was broken on purpose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../measure/metrics.ts';
import { newSeries } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import { type Phase, TimeAxis } from '../measure/time-axis.ts';
import type { AvailabilitySpec } from '../profile/answers.ts';
import type { Drill } from '../profile/drills.ts';
import { answerFindings, answersOf } from './answers.ts';
import { type DrillRun, disturbedBy, drillFindings, judgeDrills, undisturbed } from './drills.ts';
import { failureFindings } from './failures.ts';
import { kindOf } from './findings/index.ts';
import { worstFirst } from './order.ts';
import { loadOf, storeOf } from './store.fixture.ts';
import { suspects } from './validity.ts';
import type { HealthSignal } from './verdict.ts';
import type { Course, Objective } from './windows.ts';

const phases: Phase[] = [{ name: 'load', startMs: 0, endMs: 60_000, load: 1 }];
const objectives: Objective[] = [{ source: 'iteration_failed', expression: 'rate<0.05' }];

interface Made {
  /** Whether the 40 iterations that were due in a second failed; null: there were none. */
  failedAt?(second: number): boolean | null;
  outages?: Course['outages'];
  /** Samples of a second, by series key. */
  also?(second: number): Record<string, number[]>;
  signals?: HealthSignal[];
}

function courseOf({ failedAt = () => false, also = () => ({}), signals = [], outages = [] }: Made): Course {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const axis = new TimeAxis(phases, 1_000);
  for (let index = 0; index < 60; index++) {
    const failed = failedAt(index);
    const work = failed === null ? [] : new Array<number>(40).fill(failed ? 1 : 0);
    for (const [key, values] of Object.entries({ 'iteration_failed{scenario:relay}': work, ...also(index) })) {
      const series = newSeries(builtinMetrics[key.replace(/\{.*/, '') as keyof typeof builtinMetrics].type);
      for (const value of values) series.add(value);
      if (values.length > 0) store.add({ index, series: { [key.replace('{', '{phase:load,')]: series.pack() } });
    }
  }
  const suspected = suspects(signals, [], phases);
  return { store, axis, durationMs: 60_000, suspects: suspected, measures: () => true, outages };
}

const crash: Drill = {
  ...{ name: 'crash', run: ['kill'], atMs: [10_000], limitMs: 30_000, everyMs: 1_000, stayMs: 5_000 },
  expect: { recoveryMs: 10_000 },
};
const done = (atMs: number) => ({ atMs, endMs: atMs + 20, ok: true, output: '' });
const killed: DrillRun = { name: 'crash', time: 0, times: 1, run: done(10_000), isToBeUndone: false };
const between = (from: number, to: number) => (second: number) => second >= from && second < to;

function judged(made: Made, run: DrillRun = killed, drill = crash, others: DrillRun[] = []) {
  const facts = { planned: [drill], runs: [run, ...others], leftOut: [] };
  const results = judgeDrills(facts, objectives, courseOf(made));
  return { result: results[0]!, findings: drillFindings(facts, results), results };
}

const full: HealthSignal = {
  ...{ signal: 'generator-cpu', scenario: 'relay', observed: 1, allowed: 0.9, unit: 'ratio', count: 9, ok: false },
};
const sentences = (findings: ReturnType<typeof drillFindings>) =>
  findings.map((one) => `${one.severity}: ${kindOf(one).sentence(one)}`);

test('a target that comes back: when it was noticed, how long it was away, what failed, how long people waited', () => {
  const { result, findings } = judged({
    failedAt: between(10, 14),
    also: (second) => ({
      'ws_connect_failed{scenario:live}': second === 14 ? [0, 0, 0, 0, 0] : [0],
      'iteration_lateness{scenario:relay}': between(12, 17)(second) ? [1_500] : [3],
      'browser_session_failed{journey:light}': second === 12 ? [1, 0] : [],
      'browser_outage_seen{journey:light,seen:error}': second === 12 ? [1] : [],
      'browser_work_kept{journey:light}': second === 12 ? [1, 1] : [],
    }),
  });
  assert.deepEqual(findings, []);
  assert.deepEqual(result, {
    ...{ name: 'crash', startMs: 10_000, endMs: 10_020, isCarriedOut: true, detectedMs: [0, 1_000] },
    ...{
      outageMs: [4_000, 4_000],
      recoveredMs: [3_000, 4_000],
      stayMs: 5_000,
      watchedMs: 50_000,
      requests: { failed: 160, of: 160 },
    },
    sessions: { failed: 1, of: 2, seen: { error: 1, spinner: 0 }, work: { kept: 2, of: 2 } },
    ...{ connectionsPerSecond: 5, backlogMs: 7_000, expect: { recoveryMs: 10_000 }, ok: true, decided: true },
  });
});

test('of what was due once the objectives held again nothing is in the share that failed, however long the windows are', () => {
  const told = (everyMs: number, failedAt: Made['failedAt']) =>
    judged({ ...(failedAt && { failedAt }) }, killed, { ...crash, everyMs, expect: { failed: 0.9 } });
  for (const everyMs of [1_000, 5_000]) {
    const { result } = told(everyMs, between(10, 15));
    assert.deepEqual([result.requests, result.ok, result.decided], [{ failed: 200, of: 200 }, false, true]);
  }
  assert.deepEqual(told(5_000, between(10, 13)).result.requests, { failed: 120, of: 200 }, 'as fine as the windows');
  assert.deepEqual(told(5_000, between(30, 40)).result.requests, { failed: 0, of: 40 }, 'it held all the time');
});

test('of what was due once it was undone nothing is in the share that failed, though a command never begins on the millisecond', () => {
  const lasting = { ...crash, forMs: 5_000, expect: { failed: 0.9 } };
  const told = (undoneMs: number, failedAt: Made['failedAt']) => {
    const undone = { ...killed, run: done(10_000.4), isToBeUndone: true, undo: done(undoneMs) };
    return judged({ ...(failedAt && { failedAt }) }, undone, lasting).result.requests;
  };
  assert.deepEqual(told(15_002.6, between(10, 15)), { failed: 200, of: 200 });
  assert.deepEqual(told(15_002.6, between(10, 17)), { failed: 280, of: 280 }, 'it went on failing');
  assert.deepEqual(
    told(15_700, () => false),
    { failed: 0, of: 240 },
    'it lasted for most of that second',
  );
  assert.deepEqual(told(10_300, between(10, 11)), { failed: 40, of: 40 }, 'it was over at once');
});

test('a target that nobody saw fail recovered at once', () => {
  const { result } = judged({});
  assert.deepEqual([result.detectedMs, result.outageMs, result.recoveredMs, result.ok], [null, [0, 0], [0, 0], true]);
});

test('what lasts is recovered from after it was undone, and what is not undone is told of first', () => {
  const lasting = { ...crash, forMs: 5_000, expect: { recoveryMs: 3_000, outageMs: 8_000 } };
  const undone = { ...killed, isToBeUndone: true, undo: done(15_000) };
  const { result, findings } = judged({ failedAt: between(10, 16) }, undone, lasting);
  assert.deepEqual(result.recoveredMs, [0, 1_000]);
  assert.deepEqual([result.endMs, result.outageMs, result.isUndone], [15_020, [6_000, 6_000], true]);
  assert.deepEqual(findings, []);

  const failed = { ...undone, undo: { ...done(15_000), ok: false, output: 'no such container' } };
  const { findings: all } = judged({ failedAt: between(10, 60) }, failed, lasting);
  assert.deepEqual(
    worstFirst(all).map(({ kind, severity }) => [kind, severity]),
    [
      ['drill-not-undone', 'invalid'],
      ['drill', 'fail'],
    ],
  );
  const { undo: _, ...never } = undone;
  assert.match(
    sentences(judged({}, never, lasting).findings)[0]!,
    /^invalid: Nobody knows whether the drill crash was undone/,
  );
});

test('what takes long to be undone is well again when it is, and not when the command ends', () => {
  const lasting = { ...crash, forMs: 5_000, expect: { recoveryMs: 3_000, failed: 0.9 } };
  const undone = { ...killed, isToBeUndone: true, undo: { ...done(15_000), endMs: 25_000 } };
  const { result } = judged({ failedAt: between(10, 16) }, undone, lasting);
  assert.deepEqual([result.recoveredMs, result.requests], [[0, 1_000], { failed: 240, of: 240 }]);
  assert.deepEqual([result.missed, result.decided], [['failed'], true]);
  // It was well for a while, and not in the end.
  const again = judged({ failedAt: (s) => between(10, 16)(s) || between(24, 27)(s) }, undone, lasting).result;
  assert.deepEqual([again.recoveredMs, again.requests], [[11_000, 12_000], { failed: 360, of: 680 }]);
  assert.deepEqual([again.missed, again.decided], [['recovery'], true]);
});

test('too late, for too long and too much is a failure, each by its figure', () => {
  const strict = { ...crash, expect: { recoveryMs: 3_000, outageMs: 2_000, failed: 0.5 } };
  assert.deepEqual(sentences(judged({ failedAt: between(10, 14) }, killed, strict).findings), [
    'fail: After the drill crash the objectives held again after 3.00 s to 4.00 s, required in less than 3.00 s, they were missed for 4.00 s, allowed less than 2.00 s and 100 % of 160 iterations failed, allowed less than 50 %.',
  ]);
  assert.match(
    sentences(judged({ failedAt: between(10, 60) }).findings)[0]!,
    /^fail: After the drill crash the objectives did not hold again for 5\.00 s in the 50\.0 s that were watched, required in less than 10\.0 s\.$/,
  );
  // It was well for less than it has to stay so.
  assert.deepEqual(judged({ failedAt: (s) => s >= 10 && s % 4 !== 0 }).result.recoveredMs, null);
});

test('without objectives the share that failed is of its own time, and not of all that was well afterwards', () => {
  const lasting = { ...crash, forMs: 10_000, expect: { failed: 0.5 } };
  const undone = { ...killed, isToBeUndone: true, undo: done(20_000) };
  const judge = (run: DrillRun, failedAt: Made['failedAt']) => {
    const facts = { planned: [lasting], runs: [run], leftOut: [] };
    const [result] = judgeDrills(facts, [], courseOf({ ...(failedAt && { failedAt }) }));
    return [result!.ok, result!.decided, result!.requests];
  };
  assert.deepEqual(judge(undone, between(10, 20)), [false, true, { failed: 400, of: 400 }]);
  assert.deepEqual(judge(undone, between(10, 12)), [true, true, { failed: 80, of: 400 }]);
  assert.deepEqual(judge(undone, between(30, 60)), [true, true, { failed: 0, of: 400 }]);
  // Of one that has no end nobody knows until when it had an effect.
  assert.deepEqual(judge(killed, between(10, 20)), [true, true, { failed: 400, of: 2_000 }]);
});

test('a limit that lies within the window in which it was well again is not decided', () => {
  const of = (recoveryMs: number) =>
    judged({ failedAt: between(10, 13) }, killed, { ...crash, expect: { recoveryMs } });
  assert.deepEqual(of(3_000).findings, []);
  assert.match(sentences(of(2_000).findings)[0]!, /^fail: .* after 2\.00 s to 3\.00 s, required in less than 2\.00 s/);
  assert.match(sentences(of(2_500).findings)[0]!, /^invalid: .* The windows are too long to tell/);
});

test('what was not watched for long enough, or not seen, is undecided', () => {
  const next: DrillRun = { ...killed, name: 'crash', run: done(15_000) };
  assert.match(
    sentences(judged({ failedAt: between(10, 60) }, killed, crash, [next]).findings)[0]!,
    /^invalid: .* in the 5\.00 s that were watched, required in less than 10\.0 s\. Too little of it was seen to tell\.$/,
  );
  assert.match(
    sentences(judged({ failedAt: (s) => (s >= 10 ? null : false) }).findings)[0]!,
    /^invalid: .* Undecided: 0 of 20 samples/,
  );
  assert.match(
    sentences(judged({ failedAt: between(10, 60), signals: [full] }).findings)[0]!,
    /^invalid: .* may be the cause\.$/,
  );
});

test('an outage of which a part was not seen lies between bounds, and is not known where nothing was', () => {
  const brief = { ...crash, expect: { outageMs: 5_000 } };
  const unseen = (s: number) => (between(12, 15)(s) ? null : between(10, 12)(s));
  const { result, findings } = judged({ failedAt: unseen }, killed, brief);
  assert.deepEqual([result.outageMs, result.ok, result.decided], [[2_000, 5_000], false, false]);
  assert.match(
    sentences(findings)[0]!,
    /^invalid: After the drill crash they were missed for 2\.00 s to 5\.00 s, allowed less than 5\.00 s\. Undecided: 0 of 20/,
  );
  assert.deepEqual(result.recoveredMs, [1_000, 5_000]);
  // However the rest was, it was too short, or too long.
  const told = (outageMs: number, failedAt: Made['failedAt'] = unseen) => {
    const { ok, decided } = judged({ failedAt }, killed, { ...crash, expect: { outageMs } }).result;
    return [ok, decided];
  };
  assert.deepEqual(told(5_001), [true, true]);
  const longer = (s: number) => (between(14, 17)(s) ? null : between(10, 14)(s));
  assert.deepEqual(told(2_000, longer), [false, true]);

  const all = judged({ failedAt: (s) => (s >= 10 ? null : false) }, killed, {
    ...brief,
    expect: { outageMs: 1, failed: 1 },
  });
  assert.equal(all.result.outageMs, null);
  assert.match(
    sentences(all.findings)[0]!,
    /^invalid: After the drill crash nobody knows for how long they were missed, allowed less than 1\.00 ms and nobody knows which share of 0 iterations failed, allowed less than 100 %\./,
  );
});

test('a target that was well again when it was last watched, and may have stayed so, is not said to be late', () => {
  const next: DrillRun = { ...killed, run: done(22_000) };
  const told = (until: number) =>
    sentences(judged({ failedAt: between(10, until) }, killed, crash, [next]).findings)[0];
  assert.match(told(20)!, /^invalid: /);
  assert.match(told(21)!, /^fail: .* required in less than 10\.0 s\.$/);
});

test('an outage is as long as its windows, but for parts of the first and the last: a limit between the two is undecided', () => {
  const found = (outageMs: number) =>
    judged({ failedAt: between(10, 14) }, killed, { ...crash, expect: { outageMs } }).findings;
  assert.deepEqual(found(5_000), []);
  for (const limit of [2_001, 3_000, 4_000]) {
    assert.match(
      sentences(found(limit))[0]!,
      /^invalid: .* missed for 4\.00 s, allowed less than \d\.00 s\. The windows are too long to tell/,
      'it may have lasted from 10.9 s to 13.1 s',
    );
  }
  assert.match(sentences(found(2_000))[0]!, /^fail: .* missed for 4\.00 s, allowed less than 2\.00 s\.$/);
});

test('what the next drill breaks in the window that it begins in is not the doing of the one before', () => {
  const next: DrillRun = { ...killed, name: 'other', run: done(20_500) };
  const planned = [
    { ...crash, stayMs: 30_000, expect: { recoveryMs: 5_000 } },
    { ...crash, name: 'other', expect: {} },
  ];
  const told = (failedAt: Made['failedAt']) => {
    const facts = { planned, runs: [killed, next], leftOut: [] };
    const [result] = judgeDrills(facts, objectives, courseOf({ ...(failedAt && { failedAt }) }));
    return [result!.decided, result!.outageMs];
  };
  const until = (end: number) => (s: number) => between(10, end)(s) || between(20, 24)(s);
  assert.deepEqual(
    told(until(12)),
    [false, [2_000, 2_000]],
    'it held for 8 s, and nobody saw whether it would have stayed',
  );
  assert.deepEqual(told(until(24)), [true, [10_000, 10_000]], 'it never held');
});

test('the share that failed has nothing of the second in which the next drill began, be it a fraction of a millisecond after that', () => {
  const planned = [
    { ...crash, stayMs: 12_000, expect: { failed: 0.3 } },
    { ...crash, name: 'other', expect: {} },
  ];
  const told = (atMs: number, failedAt: Made['failedAt']) => {
    const next: DrillRun = { ...killed, name: 'other', run: done(atMs) };
    const also = (second: number) => ({ 'iteration_lateness{scenario:relay}': [second >= 20 ? 1_500 : 3] });
    const course = courseOf({ also, ...(failedAt && { failedAt }) });
    const [result] = judgeDrills({ planned, runs: [killed, next], leftOut: [] }, objectives, course);
    return [result!.requests, result!.missed, result!.detectedMs, result!.backlogMs];
  };
  for (const atMs of [20_000, 20_000.7, 20_500]) {
    assert.deepEqual(told(atMs, between(20, 24)), [{ failed: 0, of: 400 }, undefined, null, 0]);
    const own = (s: number) => between(10, 14)(s) || between(20, 24)(s);
    assert.deepEqual(told(atMs, own), [{ failed: 160, of: 400 }, ['failed'], [0, 1_000], 0]);
  }
});

test('what the next drill cut short is told as that, and not as what nobody could tell of the outage', () => {
  const next: DrillRun = { ...killed, name: 'other', run: done(19_000) };
  const planned = [crash, { ...crash, name: 'other', expect: {} }];
  const told = (unseen: (second: number) => boolean) => {
    const course = courseOf({ failedAt: (s) => (unseen(s) ? null : between(10, 12)(s)) });
    const facts = { planned, runs: [killed, next], leftOut: [] };
    const stay = planned.map((one) => ({ ...one, stayMs: 8_000 }));
    return sentences(drillFindings(facts, judgeDrills({ ...facts, planned: stay }, objectives, course)).slice(0, 1))[0];
  };
  assert.match(
    told(between(12, 14))!,
    /^invalid: .* did not hold again for 8\.00 s in the 9\.00 s that were watched, .* Too little of it was seen to tell\.$/,
  );
  // Had it held there, it would have stayed well for long enough.
  assert.match(told(between(11, 12))!, /^invalid: .* Undecided: 0 of 20 samples/);
});

test('a target that nobody could even ask was away', () => {
  const gone = (second: number) => (second >= 10 ? null : false);
  const outages = [{ startMs: 10_200, endMs: 60_000 }];
  const { result, findings } = judged({ failedAt: gone, outages });
  assert.deepEqual([result.outageMs, result.decided, findings[0]?.severity], [[50_000, 50_000], true, 'fail']);
  const held = judged({ failedAt: gone, outages, signals: [full] });
  assert.deepEqual([held.result.decided, held.findings[0]?.severity], [false, 'invalid'], 'whoever asked was held up');
});

test('what failed may be the generator’s doing: then nobody knows', () => {
  const lenient = { ...crash, expect: { failed: 0.5 } };
  const told = (signals: HealthSignal[]) =>
    judged({ failedAt: between(10, 14), signals }, killed, lenient).findings.map(({ severity }) => severity);
  assert.deepEqual(told([]), ['fail']);
  assert.deepEqual(told([full]), ['invalid']);
});

test('an availability without drills counts nothing from a drill until all was well again, and everything else', () => {
  const spec = { everyMs: 1_000, windows: 0.95, requests: 0.95, withoutDrills: true };
  const asked = (failedAt: (second: number) => boolean, availability: AvailabilitySpec = spec, run = killed) => {
    const course = courseOf({
      failedAt,
      also: (second) => ({ 'dropped_iterations{scenario:relay}': failedAt(second) ? [1] : [] }),
    });
    const drills = judgeDrills({ planned: [crash], runs: [run], leftOut: [] }, objectives, course);
    const disturbed = disturbedBy([run], drills, course.axis);
    const answers = { objectives: { iteration_failed: ['rate<0.05'] }, availability };
    const { availability: found } = answersOf(answers, { ...course, disturbed });
    const [finding] = answerFindings({ availability: found! });
    return { ...found!, sentence: finding && kindOf(finding).sentence(finding) };
  };
  const outage = between(10, 14);
  const excused = asked(outage);
  assert.deepEqual([excused.ok, excused.requests!.failed, excused.windows!.missed], [true, 0, 0]);
  assert.deepEqual(excused.downtime, [{ startMs: 10_000, endMs: 14_000 }], 'it was down all the same');
  const { withoutDrills: _, ...whole } = spec;
  const counted = asked(outage, whole);
  assert.deepEqual([counted.ok, counted.requests!.failed, counted.windows!.missed], [false, 4 * 41, 4]);
  assert.match(counted.sentence!, /^Availability: /);
  const elsewhere = asked((second) => outage(second) || between(30, 34)(second));
  assert.deepEqual([elsewhere.ok, elsewhere.requests!.failed, elsewhere.windows!.missed], [false, 4 * 41, 4]);
  assert.match(elsewhere.sentence!, /^Availability outside of drills: /);
  // What takes long to be undone, and is well again by then, is over by then.
  const slow: DrillRun = { ...killed, run: done(10_000), undo: { ...done(14_000), endMs: 20_000 }, isToBeUndone: true };
  const before = (end: number) => asked((second) => between(10, 18)(second) || between(26, end)(second), spec, slow);
  assert.deepEqual([before(26).ok, before(26).requests!.failed], [true, 0]);
  assert.deepEqual([before(32).ok, before(32).requests!.failed], [false, 6 * 41], 'it failed again later');
  // A run that is all drill shows nothing of the time without one.
  const lasting: DrillRun = { ...killed, run: done(0), undo: done(59_900), isToBeUndone: true };
  const nothing = asked(() => false, spec, lasting);
  assert.deepEqual([nothing.ok, nothing.decided, nothing.requests!.succeeded], [false, false, 0]);
  // Nobody saw that it was the drill's doing alone.
  assert.equal(asked(between(10, 60)).ok, false);
});

test('a drill that was not carried out is told of, and what is expected after it is not judged', () => {
  const failed = { ...killed, run: { ...done(10_000), ok: false, output: 'kill: no such process' } };
  assert.deepEqual(sentences(judged({ failedAt: between(10, 60) }, failed).findings), [
    'invalid: The drill crash was not carried out: kill: no such process; required: that it is, or nobody knows what the target does then.',
  ]);
});

test('one that only the embedded target has is left out: a warning, or undecided where something is expected', () => {
  const facts = { planned: [crash, { ...crash, name: 'cut', expect: {} }], runs: [], leftOut: ['crash', 'cut'] };
  assert.deepEqual(
    drillFindings(facts).map(({ severity }) => severity),
    ['invalid', 'warning'],
  );
});

test('what was tried in an outage alone fails no run; what fails at other times too, or was never well again, does', () => {
  const failing = (failedAt: (second: number) => boolean, search: (second: number) => number[]) => {
    const course = courseOf({
      failedAt,
      also: (second) => ({
        'iteration_failed{op:find,scenario:relay}': search(second).map((ok) => 1 - ok),
        'checks{check:found,scenario:relay}': search(second),
      }),
    });
    const drills = judgeDrills({ planned: [crash], runs: [killed], leftOut: [] }, objectives, course);
    const { store, axis } = course;
    const known = undisturbed(store, disturbedBy([killed], drills, axis), axis);
    const facts = { store, scenarios: [loadOf('relay')], slices: [], undisturbed: known };
    return failureFindings(facts, () => false).flatMap((one) =>
      one.kind === 'no-success' ? [[one.what, one.failed]] : [],
    );
  };
  const outage = between(10, 14);
  assert.deepEqual(
    failing(outage, (second) => (outage(second) ? [0] : [])),
    [],
  );
  assert.deepEqual(
    failing(outage, (second) => (between(8, 20)(second) ? [0] : [])),
    [['operation', 7]],
  );
  const neverWell = between(10, 60);
  assert.deepEqual(
    failing(neverWell, (second) => (neverWell(second) ? [0] : [])),
    [['operation', 49]],
  );

  const store = storeOf({ 'iteration_failed{scenario:relay}': [0, 0], 'http_req_failed{scenario:relay}': [1, 1, 1] });
  const known = storeOf({ 'iteration_failed{scenario:relay}': [0] });
  const facts = { store, scenarios: [loadOf('relay')], slices: [], undisturbed: known };
  const [found] = failureFindings(facts, () => false);
  assert.ok(found?.kind === 'no-success' && found.what === 'requests', 'what is known of the whole run alone counts');
});

test('a session that was under way when a drill struck may have failed for that: where there is no other nothing was shown', () => {
  /** Seconds in which a session was due, whether it failed, and how long it took. */
  const found = (sessions: Record<number, { failed: boolean; tookMs: number }>) => {
    const course = courseOf({
      also: (second) => ({
        'iteration_failed{scenario:visit}': sessions[second] ? [sessions[second].failed ? 1 : 0] : [],
        'iteration_duration{scenario:visit}': sessions[second] ? [sessions[second].tookMs] : [],
      }),
    });
    const drills = judgeDrills({ planned: [crash], runs: [killed], leftOut: [] }, objectives, course);
    const known = undisturbed(course.store, disturbedBy([killed], drills, course.axis), course.axis);
    const scenarios = [{ ...loadOf('visit'), kind: 'journey' as const }];
    const [finding] = failureFindings({ store: course.store, scenarios, slices: [], undisturbed: known }, () => false);
    assert.ok(finding === undefined || finding.kind === 'no-success');
    return finding && [finding.severity, finding.doubt, finding.tries];
  };
  const struck = { failed: true, tookMs: 12_000 };
  assert.deepEqual(found({ 2: struck }), ['invalid', 'drill', 1]);
  assert.deepEqual(found({ 2: { failed: true, tookMs: 4_000 } }), ['fail', undefined, 1], 'it was over by then');
  assert.deepEqual(found({ 2: struck, 40: struck }), ['fail', undefined, 2], 'it fails without a drill, too');
  const going = { failed: false, tookMs: 12_000 };
  assert.equal(found({ 2: struck, 4: struck, 40: going, 50: going }), undefined);
});
