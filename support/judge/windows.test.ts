/** What windows say, and what availability, recovery and capacity make of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builtinMetrics, seriesKey, type Tags } from '../measure/metrics.ts';
import { newSeries } from '../measure/series.ts';
import { MetricStore } from '../measure/store.ts';
import { type Phase, TimeAxis } from '../measure/time-axis.ts';
import { random } from '../schedule/random.ts';
import { answerFindings, answersOf } from './answers.ts';
import { kindOf } from './findings/index.ts';
import { firstToStay } from './recovery.ts';
import type { CapacityStep } from './results.ts';
import { suspects } from './validity.ts';
import type { HealthSignal } from './verdict.ts';
import { judgeWindowed } from './windowed.ts';
import { type Course, spansOf, type Window, windowsOf } from './windows.ts';

const calm: Phase = { name: 'calm', startMs: 0, endMs: 10_000, load: 0 };
const phases: Phase[] = [
  calm,
  { name: 'base', startMs: 10_000, endMs: 40_000, load: 1 },
  { name: 'spike', startMs: 40_000, endMs: 60_000, load: 5 },
  { name: 'end', startMs: 60_000, endMs: 120_000, load: 1 },
];

interface Made {
  /** Default: those above, in intervals of a second. */
  phases?: Phase[];
  intervalMs?: number;
  /** Of the requests that were due in a second, ms; none for null. */
  msAt?(second: number): number | null;
  failedAt?(second: number): boolean;
  perSecond?: number;
  signals?: HealthSignal[];
}

function courseOf({ msAt = () => 10, failedAt = () => false, perSecond = 30, signals = [], ...made }: Made): Course {
  const store = new MetricStore();
  store.define(builtinMetrics);
  const axis = new TimeAxis(made.phases ?? phases, made.intervalMs ?? 1_000);
  for (let index = axis.indexAt(10_000); index < axis.scheduled; index++) {
    const ms = msAt(axis.startOf(index) / 1_000);
    if (ms === null) continue;
    const phase = axis.phaseOf(index);
    const add = (metric: 'http_req_duration' | 'iteration_failed' | 'iterations', value: number) => {
      const series = newSeries(builtinMetrics[metric].type);
      for (let n = 0; n < (perSecond * axis.lengthOf(index)) / 1_000; n++) series.add(value);
      store.add({ index, series: { [`${metric}{phase:${phase},scenario:relay}`]: series.pack() } });
    };
    add('http_req_duration', ms);
    add('iteration_failed', failedAt(index) ? 1 : 0);
    add('iterations', 1);
  }
  const measures = () => true;
  return { store, axis, durationMs: 121_000, suspects: suspects(signals, [], phases), measures };
}

const fast = { source: 'http_req_duration', expression: 'p(95)<100' };
const slowFrom = (from: number, to: number) => (second: number) => (second >= from && second < to ? 500 : 10);

describe('windows', () => {
  test('follow one another from the first load on, or slide; the last takes what is left', () => {
    const windows = windowsOf(fast, { everyMs: 20_000 }, courseOf({}));
    assert.deepEqual(
      windows.map(({ startMs, endMs, count }) => [startMs, endMs, count]),
      [
        [10_000, 30_000, 600],
        [30_000, 50_000, 600],
        [50_000, 70_000, 600],
        [70_000, 90_000, 600],
        [90_000, 120_000, 900],
      ],
    );
    assert.deepEqual(
      spansOf(0, 30_000, { everyMs: 20_000, slideMs: 5_000 }).map(({ startMs, endMs }) => [startMs, endMs]),
      [
        [0, 20_000],
        [5_000, 25_000],
        [10_000, 30_000],
      ],
    );
  });

  test('count over the length that was asked for, also in the last one, which is longer', () => {
    const statesOf = (expression: string, made: Made = {}) =>
      windowsOf({ source: 'iterations', expression }, { everyMs: 20_000 }, courseOf(made)).map(
        ({ startMs, endMs, state, observed }) => [startMs, endMs, state, observed],
      );
    const last = (expression: string, made: Made = {}) => statesOf(expression, made).at(-1);
    assert.deepEqual(last('count<700'), [90_000, 120_000, 'held', 600], 'in 30 s there are 900');
    assert.deepEqual(last('count<600'), [90_000, 120_000, 'missed', 600]);
    const goneAt = (from: number) => ({ msAt: (s: number) => (s >= from ? null : 10) });
    assert.deepEqual(last('count>400', goneAt(105)), [90_000, 120_000, 'missed', 150], 'in 30 s there are 450');
    assert.deepEqual(last('count>400', goneAt(115)), [90_000, 120_000, 'held', 600]);
    assert.deepEqual(last('rate>14', goneAt(105)), [90_000, 120_000, 'held', 15], 'a rate is over all of it');
    assert.equal(statesOf('count<700').length, 5);
  });

  test('are whole intervals, which begin anew with each phase: none is empty, and a rate is over what it was counted in', () => {
    const of = (name: string, startMs: number, endMs: number): Phase => ({ name, startMs, endMs, load: 1 });
    const odd = [calm, of('base', 10_000, 25_000), of('spike', 25_000, 27_500), of('end', 27_500, 60_500)];
    for (const intervalMs of [1_000, 2_000]) {
      const course = courseOf({ phases: odd, intervalMs });
      const steady = { source: 'iterations', expression: 'rate>=29' };
      for (const everyMs of [2_000, 10_000]) {
        const windows = windowsOf(steady, { everyMs }, course);
        const rates = windows.map(({ observed }) => Math.round(observed!));
        assert.deepEqual([...new Set(rates)], [30], `${everyMs} ms of ${intervalMs} ms`);
        assert.equal(windows.reduce((sum, { count }) => sum + count, 0) > 0, true);
        assert.deepEqual(
          windows.slice(1).map(({ startMs }) => startMs),
          windows.slice(0, -1).map(({ endMs }) => endMs),
        );
        assert.deepEqual([windows[0]!.startMs, windows.at(-1)!.endMs], [10_000, 60_500]);
      }
    }
  });

  test('of a long run are looked at with work in proportion to their number', (t) => {
    const lookups = (seconds: number) => {
      const endMs = 10_000 + 1_000 * seconds;
      const course = courseOf({ phases: [calm, { name: 'load', startMs: 10_000, endMs, load: 1 }], perSecond: 20 });
      const startOf = t.mock.method(course.axis, 'startOf');
      const windows = windowsOf(fast, { everyMs: 1_000 }, { ...course, durationMs: endMs });
      assert.deepEqual([windows.length, new Set(windows.map(({ state }) => state))], [seconds, new Set(['held'])]);
      return startOf.mock.callCount();
    };
    assert.ok(lookups(400) < 5 * lookups(100));
  });

  test('leave a pause between phases with load out', () => {
    const paused = phases.map((phase) => (phase.name === 'spike' ? { ...phase, load: 0 } : phase));
    const course = courseOf({ phases: paused, msAt: (s) => (s >= 40 && s < 60 ? null : 10) });
    const { result } = judgeWindowed(fast.source, { threshold: fast.expression, every: '15s' }, course);
    assert.deepEqual([result.ok, result.windows!.unknown, result.count], [true, 0, 6]);
    const long = windowsOf(fast, { everyMs: 40_000 }, course);
    assert.deepEqual(
      long.map(({ startMs, endMs }) => [startMs, endMs]),
      [
        [10_000, 40_000],
        [60_000, 120_000],
      ],
    );
  });

  test('what is missed whatever the samples that it lacks had been is missed', () => {
    const course = courseOf({ failedAt: (s) => s === 50, msAt: slowFrom(50, 51), perSecond: 15 });
    for (const objective of [{ source: 'iteration_failed', expression: 'rate<0.01' }, fast]) {
      const windows = windowsOf(objective, { everyMs: 1_000 }, course);
      const of = (at: number) => windows.find(({ startMs }) => startMs === at)!.state;
      assert.deepEqual([of(50_000), of(51_000)], ['missed', 'unknown'], objective.expression);
    }
  });

  test('a figure that its histogram cannot tell from the limit is at it', () => {
    const states = (expression: string) =>
      new Set(
        windowsOf({ ...fast, expression }, { everyMs: 10_000 }, courseOf({ msAt: () => 200 })).map((w) => w.state),
      );
    assert.deepEqual([...states('p(95)<=200')], ['held']);
    assert.deepEqual([...states('p(95)<200')], ['missed']);
  });

  test('of a threshold: enough of them must hold, and those that missed are told with their instants', () => {
    const course = courseOf({ msAt: slowFrom(40, 60) });
    const judged = (share: number) =>
      judgeWindowed('http_req_duration', { threshold: 'p(95)<100', every: '10s', share }, course);
    assert.equal(judged(0.8).outcome, 'held');
    const { outcome, result, finding } = judged(0.9);
    assert.deepEqual(
      [outcome, result.count, result.windows?.held, result.ok, result.decided],
      ['missed', 11, 9, false, true],
    );
    assert.deepEqual(
      result.windows?.missed.map(({ startMs, endMs, observed }) => [startMs, endMs, Math.round(observed)]),
      [
        [40_000, 50_000, 500],
        [50_000, 60_000, 500],
      ],
    );
    assert.match(
      kindOf(finding!).sentence(finding!),
      /^p\(95\)<100 of http_req_duration held in 9 of 11 windows of 10\.0 s; required 90 %, first 500 ms at 00:40/,
    );
  });

  test('too few samples are unknown, and never held', () => {
    const judge = (share: number) =>
      judgeWindowed(
        'http_req_duration',
        { threshold: 'p(95)<100', every: '10s', share },
        courseOf({ msAt: (s) => (s < 30 ? 10 : null) }),
      );
    assert.deepEqual([judge(0.1).outcome, judge(0.5).outcome], ['held', 'unknown']);
    const { result, finding } = judge(0.5);
    assert.deepEqual([result.decided, result.doubts?.[0]?.by, finding?.severity], [false, 'no-data', 'invalid']);
  });

  test('a counter that nobody touched in a window is 0 there; one with a tag that nobody carries is unknown', () => {
    const course = courseOf({ msAt: (second) => (second < 40 ? 10 : null) });
    const statesOf = (source: string) =>
      windowsOf({ source, expression: 'count<1' }, { everyMs: 30_000 }, course).map(({ state }) => state);
    assert.deepEqual(statesOf('iterations'), ['missed', 'held', 'held']);
    assert.deepEqual(statesOf('http_reqs{scenario:relay}'), ['held', 'held', 'held']);
    assert.deepEqual(statesOf('iterations{op:posh}'), ['unknown', 'unknown', 'unknown']);
    putInto(course, 15, 'iterations', 1, { op: 'push' });
    assert.deepEqual(statesOf('iterations{op:push}'), ['missed', 'held', 'held']);
  });

  test('what never ended leaves those windows open that it could turn, and no others', () => {
    const states = (aged: number) => {
      const course = courseOf({});
      putInto(course, course.axis.indexAt(100_000), 'http_req_duration', 50, { unfinished: 'yes' }, aged);
      return windowsOf(fast, { everyMs: 10_000 }, course).map(({ state, doubts }) => doubts?.[0]?.by ?? state);
    };
    assert.deepEqual(new Set(states(1)), new Set(['held']), 'one of 301 is no p(95)');
    assert.deepEqual(states(60).toSpliced(9, 1), Array(10).fill('held'));
    assert.equal(states(60)[9], 'unfinished');
  });

  test('what iterations had not come to measure when they were cut off is missing from a window, too', () => {
    const states = (cutOff: number) => {
      const course = courseOf({});
      course.store.define({ pushed: { type: 'trend', contains: 'time' } });
      for (let index = 10; index < 120; index++) putInto(course, index, 'pushed', 50);
      putInto(course, course.axis.indexAt(100_000), 'iteration_failed', 1, { unfinished: 'yes' }, cutOff);
      const pushed = { source: 'pushed', expression: 'p(95)<100' };
      return windowsOf(pushed, { everyMs: 10_000 }, course).map(({ state, doubts }) => doubts?.[0]?.by ?? state);
    };
    assert.deepEqual(states(60).slice(8), ['held', 'unfinished', 'held']);
    assert.deepEqual(new Set(states(1)), new Set(['held']));
  });

  test('a window over two phases is open for what the generator did in either', () => {
    const window = (phase: string) => {
      const signals: HealthSignal[] = [
        { signal: 'machine-cpu', phase, observed: 1, allowed: 0.95, unit: 'ratio', count: 9, ok: false },
      ];
      return windowsOf(fast, { everyMs: 20_000 }, courseOf({ msAt: slowFrom(40, 50), signals }))[1];
    };
    assert.deepEqual([window('spike')?.startMs, window('spike')?.endMs], [30_000, 50_000]);
    assert.deepEqual(
      [window('base')?.state, window('spike')?.state, window('end')?.state],
      ['unknown', 'unknown', 'missed'],
    );
  });

  test('what the generator may have made of a window leaves it open', () => {
    const signals: HealthSignal[] = [
      { signal: 'machine-cpu', phase: 'spike', observed: 1, allowed: 0.95, unit: 'ratio', count: 9, ok: false },
    ];
    const windows = windowsOf(fast, { everyMs: 10_000 }, courseOf({ msAt: slowFrom(40, 70), signals }));
    assert.deepEqual(
      windows.slice(3, 7).map(({ state, doubts }) => [state, doubts?.[0]?.by]),
      [
        ['unknown', 'machine-cpu'],
        ['unknown', 'machine-cpu'],
        ['missed', undefined],
        ['held', undefined],
      ],
    );
  });
});

const objectives = { http_req_duration: ['p(95)<100'] };

describe('availability', () => {
  const asked = (made: Made, windows = 0.99, requests = 0.99) =>
    answersOf({ objectives, availability: { everyMs: 1_000, windows, requests } }, courseOf(made));

  test('is a share of windows and of requests, with downtime as short as a window', () => {
    const { availability } = asked({ msAt: slowFrom(50, 52), failedAt: (s) => s === 50 });
    assert.deepEqual(availability!.downtime, [{ startMs: 50_000, endMs: 52_000 }]);
    assert.deepEqual([availability!.ok, availability!.windows!.held, availability!.windows!.missed], [false, 108, 2]);
    assert.deepEqual([availability!.requests!.failed, availability!.requests!.succeeded], [30, 30 * 109]);
    const [finding] = answerFindings({ availability: availability! });
    assert.equal(finding?.severity, 'fail');
    assert.match(kindOf(finding!).sentence(finding!), /Down 1 time, first 00:50 to 00:52\./);
  });

  test('has outages that nobody noticed under load, and what was not measured while there was one', () => {
    const outages = [
      { startMs: 20_400, endMs: 22_100 },
      { startMs: 70_500, endMs: 71_900 },
    ];
    const course = { ...courseOf({ msAt: (s) => (s >= 70 && s < 73 ? null : 10) }), outages };
    const { availability } = answersOf({ objectives, availability: { everyMs: 1_000, windows: 0.5 } }, course);
    assert.deepEqual(availability!.downtime, [
      { startMs: 20_400, endMs: 22_100 },
      { startMs: 70_000, endMs: 72_000 },
    ]);
    // What was fast in the first outage held; of the three seconds without samples one nobody knows.
    const { held, missed, unknown } = availability!.windows!;
    assert.deepEqual([held, missed, unknown], [107, 2, 1]);
  });

  test('holds where nothing was wrong, and cannot be told where nothing was measured', () => {
    assert.deepEqual(answerFindings(asked({})), []);
    const [finding] = answerFindings(asked({ msAt: (s) => (s > 60 ? null : 10) }));
    assert.equal(finding?.severity, 'invalid');
  });
});

test('availability asks of each objective what is due: of a scenario that starts later nothing before that', () => {
  const late = 'http_req_duration{scenario:late}';
  const course = (slowAt: number) => {
    const made = courseOf({});
    for (let second = 40; second < 120; second++) {
      putInto(made, second, 'http_req_duration', second === slowAt ? 500 : 10, { scenario: 'late' });
    }
    const scenarios = [
      { name: 'relay', startMs: 10_000, endMs: 120_000 },
      { name: 'late', startMs: 40_000, endMs: 120_000 },
    ];
    return { ...made, scenarios };
  };
  const both = { [late]: ['p(95)<100'], 'http_req_duration{scenario:relay}': ['p(95)<100'] };
  const windowsWhere = (slowAt: number) => {
    const asked = { objectives: both, availability: { everyMs: 1_000, windows: 1 } };
    const { availability } = answersOf(asked, course(slowAt));
    const { held, missed, unknown } = availability!.windows!;
    return [held, missed, unknown, availability!.downtime[0]?.startMs];
  };
  assert.deepEqual(windowsWhere(0), [110, 0, 0, undefined]);
  assert.deepEqual(windowsWhere(70), [109, 1, 0, 70_000]);
});

test('of a scenario that is shorter than a window those count that it reaches into', () => {
  const brief = 'http_req_duration{scenario:brief}';
  const made = courseOf({});
  for (const second of [51, 52, 53]) {
    for (let n = 0; n < 20; n++) putInto(made, second, 'http_req_duration', 10, { scenario: 'brief' });
  }
  for (const [startMs, endMs] of [
    [51_000, 54_000],
    [51_000, 51_400],
    [50_700, 53_200],
    [52_400, 52_600],
  ]) {
    const scenarios = [
      { name: 'relay', startMs: 10_000, endMs: 120_000 },
      { name: 'brief', startMs: startMs!, endMs: endMs! },
    ];
    const course = { ...made, scenarios };
    const { result } = judgeWindowed(brief, { threshold: 'p(95)<100', every: '10s' }, course);
    assert.deepEqual([result.ok, result.count], [true, 1], `${startMs}`);
    const asked = { objectives: { [brief]: ['p(95)<100'] }, availability: { everyMs: 10_000, windows: 1 } };
    const { availability } = answersOf(asked, course);
    assert.deepEqual([availability!.ok, availability!.windows!.held], [true, 1], `${startMs}`);
  }
});

test('as many requests as are required are enough, to the last', () => {
  // 1 − 0.07 is a little less than 0.93.
  const course = courseOf({ failedAt: (s) => s < 17, phases: [calm, { ...phases[1]!, endMs: 110_000 }] });
  const asked = (requests: number) =>
    answersOf({ objectives, availability: { everyMs: 1_000, requests } }, course).availability!;
  assert.deepEqual([asked(0.93).ok, asked(0.9301).ok], [true, false]);
});

test('an availability of windows that nobody could tell lies between bounds, and without any is not told', () => {
  const told = (course: Course) => {
    const availability = { everyMs: 10_000, windows: 0.99, requests: 0.99 };
    const [finding] = answerFindings(answersOf({ objectives, availability }, course));
    return kindOf(finding!).sentence(finding!);
  };
  assert.match(
    told(courseOf({ msAt: (s) => (s >= 60 ? null : 10) })),
    /^Availability: 45\.45 % to 100 % of 11 windows of 10\.0 s met the objectives; required 99 %/,
  );
  assert.match(
    told(courseOf({ msAt: slowFrom(60, 120) })),
    /^Availability: 45\.45 % of 11 windows of 10\.0 s met the objectives; required 99 %/,
  );
  const never = { ...courseOf({ msAt: () => null }), durationMs: 5_000 };
  assert.match(
    told(never),
    /^Availability: no window of 10\.0 s came to its end; .* and no iteration came to its end;/,
  );
});

test('availability by requests is open where the generator may have made failures, or too little load', () => {
  const asked = (signal: HealthSignal['signal'], failedAt: (second: number) => boolean) => {
    const observed = { observed: 0.5, allowed: 0.9, unit: 'ratio', count: 99, ok: false } as const;
    const course = courseOf({ failedAt, signals: [{ signal, scenario: 'relay', ...observed }] });
    return answersOf({ objectives, availability: { everyMs: 1_000, requests: 0.99 } }, course).availability!;
  };
  const all: [HealthSignal['signal'], ok: boolean, decided: boolean][] = [
    // Busy, a generator makes failures: some are no proof.
    ['generator-cpu', false, false],
    // With less load than was asked for there would have been more of them.
    ['delivered', false, true],
  ];
  for (const [signal, ok, decided] of all) {
    const missed = asked(signal, (second) => second < 40);
    assert.deepEqual([missed.ok, missed.decided], [ok, decided], signal);
    assert.equal(missed.doubts?.[0]?.by, decided ? undefined : signal);
  }
  const held = (signal: HealthSignal['signal']) => asked(signal, () => false).decided;
  assert.deepEqual([held('generator-cpu'), held('delivered')], [true, false], 'what holds, the other way round');
});

describe('recovery', () => {
  const askedOf = (course: Course, withinMs = 20_000) =>
    answersOf({ objectives, recovery: { after: 'spike', everyMs: 5_000, stayMs: 10_000, withinMs } }, course);
  const asked = (made: Made, withinMs?: number) => askedOf(courseOf(made), withinMs);

  test('is the time until the objectives hold and go on holding, as bounds', () => {
    assert.deepEqual(asked({ msAt: slowFrom(40, 72) }).recovery?.recoveredMs, [10_000, 15_000]);
    assert.deepEqual(asked({ msAt: slowFrom(40, 60) }).recovery?.recoveredMs, [0, 0]);
    const relapse = (s: number) => (slowFrom(40, 65)(s) > 10 ? 500 : slowFrom(70, 75)(s));
    assert.deepEqual(
      asked({ msAt: relapse }).recovery?.recoveredMs,
      [10_000, 15_000],
      'a window that held is not enough',
    );
    assert.deepEqual(answerFindings(asked({ msAt: slowFrom(40, 72) })), []);
  });

  test('lies between its bounds, and is never called late that was in time', () => {
    for (let tookS = 1; tookS <= 40; tookS++) {
      const course = courseOf({ msAt: slowFrom(40, 60 + tookS) });
      const [least, most] = askedOf(course).recovery!.recoveredMs!;
      assert.ok(least < 1_000 * tookS && 1_000 * tookS <= most, `${tookS} s: ${least} to ${most}`);
      // Those around it, in which a window makes a difference, and the ends.
      const around = Array.from({ length: 13 }, (_, n) => tookS - 6 + n);
      for (const withinS of new Set([1, 40, ...around.filter((s) => s >= 1 && s <= 40)])) {
        const { ok, decided } = askedOf(course, 1_000 * withinS).recovery!;
        if (decided) assert.equal(ok, tookS <= withinS, `${tookS} s, required within ${withinS} s`);
        else assert.ok(Math.abs(tookS - withinS) < 5, `${tookS} s, required within ${withinS} s, is undecided`);
      }
    }
  });

  test('one that had begun when the run ended, and may have stayed, is undecided', () => {
    const { recovery } = asked({ msAt: slowFrom(40, 115) }, 60_000);
    assert.deepEqual([recovery?.recoveredMs, recovery?.ok, recovery?.decided], [null, false, false]);
    assert.equal(asked({ msAt: slowFrom(40, 115) }, 50_000).recovery?.decided, true);
  });

  test('is told of flapping over days in the time of a look at each window', () => {
    const naive = (windows: Window[], stayMs: number) =>
      windows.find(({ state, startMs }, i) => {
        const following = windows.slice(i).filter((one) => one.startMs < startMs + stayMs);
        const isHeld = state === 'held' && following.every((one) => one.state === 'held');
        return isHeld && following.at(-1)!.endMs >= startMs + stayMs - 1e-6;
      });
    const draw = random(1, 'flapping');
    const made = (count: number, stateOf: (n: number) => Window['state']): Window[] => {
      let startMs = 0;
      return Array.from({ length: count }, (_, n) => {
        startMs += draw.pick([1_000, 1_000, 1_000, 4_000]);
        return { startMs, endMs: startMs + 1_000, state: stateOf(n), observed: 1, count: 1 };
      });
    };
    for (let n = 0; n < 300; n++) {
      const windows = made(draw.int(0, 30), () => draw.pick(['held', 'held', 'held', 'missed', 'unknown'] as const));
      for (const stayMs of [500, 3_000, 7_000]) assert.equal(firstToStay(windows, stayMs), naive(windows, stayMs));
    }
    let looks = 0;
    const days = made(100_000, (n) => (n % 20_000 === 0 ? 'missed' : 'held')).map(
      (window) =>
        new Proxy(window, {
          get: (of, name) => {
            looks += 1;
            return Reflect.get(of, name);
          },
        }),
    );
    assert.equal(firstToStay(days, 1e9), undefined);
    assert.ok(looks < 2_000_000, `${looks}`);
  });

  test('too late is a failure, and so is never', () => {
    const [late] = answerFindings(asked({ msAt: slowFrom(40, 90) }));
    assert.equal(late?.severity, 'fail');
    assert.match(
      kindOf(late!).sentence(late!),
      /^After spike the objectives held again after 25\.0 s to 30\.0 s; required within 20\.0 s/,
    );
    const [never] = answerFindings(asked({ msAt: slowFrom(40, 999) }));
    assert.equal(never?.severity, 'fail');
    assert.match(
      kindOf(never!).sentence(never!),
      /^The target did not recover from spike in the 1 m 00 s that were watched/,
    );
  });

  test('is seen from the very end of the phase, and not decided where its limit lies within a window', () => {
    const shifted = phases.map((phase) =>
      phase.name === 'spike'
        ? { ...phase, endMs: 57_000 }
        : phase.name === 'end'
          ? { ...phase, startMs: 57_000 }
          : phase,
    );
    const at = (untilS: number, withinMs: number) =>
      asked({ phases: shifted, msAt: slowFrom(40, untilS) }, withinMs).recovery!;
    assert.deepEqual([at(57, 5_000).recoveredMs, at(57, 5_000).ok], [[0, 0], true]);
    assert.deepEqual([at(64, 10_000).ok, at(64, 5_000).decided, at(64, 5_000).ok], [true, true, false]);
    const open = at(64, 8_000);
    assert.deepEqual([open.recoveredMs, open.ok, open.decided], [[5_000, 10_000], false, false]);
    const [finding] = answerFindings({ recovery: open });
    assert.equal(finding!.severity, 'invalid');
    assert.match(kindOf(finding!).sentence(finding!), /required within 8\.00 s, .* The windows are too long to tell/);
    const { nextStep } = kindOf(finding!);
    assert.match(typeof nextStep === 'string' ? nextStep : nextStep(finding!), /^Make the windows shorter/);
  });

  test('that had not come when a run was over, before its limit, is not decided', () => {
    const { recovery } = asked({ msAt: slowFrom(40, 999) }, 70_000);
    assert.deepEqual([recovery!.recoveredMs, recovery!.ok, recovery!.decided], [null, false, false]);
    const [finding] = answerFindings({ recovery: recovery! });
    assert.equal(finding!.severity, 'invalid');
    const { sentence, nextStep } = kindOf(finding!);
    assert.equal(
      sentence(finding!),
      'The 1 m 00 s that were watched after spike were too short to see the target recover; required within 1 m 10 s, for 10.0 s.',
    );
    assert.match(typeof nextStep === 'string' ? nextStep : nextStep(finding!), /^Make the run longer/);
    // What nobody could tell of the beginning would not have been enough.
    const cut = (durationMs: number) => {
      const unseen = (s: number) => (s >= 60 && s < 65 ? null : slowFrom(40, 70)(s));
      const [found] = answerFindings(askedOf({ ...courseOf({ msAt: unseen }), durationMs }, 70_000));
      return kindOf(found!).sentence(found!);
    };
    assert.match(
      cut(75_000),
      /^The 15\.0 s that were watched after spike were too short to see the target recover; required/,
    );
    assert.match(cut(65_000), /^The 5\.00 s that were watched after spike were too short/);
    const [before] = answerFindings(askedOf({ ...courseOf({}), durationMs: 50_000 }));
    assert.match(kindOf(before!).sentence(before!), /^The 0 ms that were watched after spike were too short/);
  });

  test('without samples nobody can tell', () => {
    const unseen = (s: number) => (s >= 65 && s < 75 ? null : slowFrom(40, 65)(s));
    assert.deepEqual(asked({ msAt: unseen }).recovery?.recoveredMs, [0, 15_000], 'it may have been before');
    const [finding] = answerFindings(asked({ msAt: (s) => (s >= 60 ? null : 10) }));
    assert.equal(finding?.severity, 'invalid');
    assert.match(kindOf(finding!).sentence(finding!), /^Whether the target recovered from spike .* cannot be told/);
  });
});

describe('capacity', () => {
  const asked = (made: Made) =>
    answersOf({ objectives, capacity: { steps: ['base', 'spike', 'end'] } }, courseOf(made)).capacity!;

  test('lies between the highest step that held and the lowest that did not, with what broke', () => {
    const { held, missed, isOpen } = asked({ msAt: slowFrom(40, 999) });
    assert.deepEqual([held?.phase, missed?.phase, isOpen], ['base', 'spike', false]);
    assert.deepEqual([missed?.broke?.metric, missed?.broke?.expression], ['http_req_duration', 'p(95)<100']);
    assert.equal(held?.perSecond, 30);
  });

  test('an objective may be about a tag of any name', () => {
    const course = courseOf({});
    const key = seriesKey('http_req_duration', { 'page type': 'a, b' });
    const { steps } = answersOf({ objectives: { [key]: ['p(95)<100'] }, capacity: { steps: ['base'] } }, course)
      .capacity!;
    assert.deepEqual([steps[0]?.state, steps[0]?.broke?.metric], ['unknown', key]);
  });

  test('a step at which too little was measured is covered by a higher one that held', () => {
    const all = asked({ msAt: (s) => (s < 40 ? null : 10) });
    assert.deepEqual(
      all.steps.map(({ state }) => state),
      ['unknown', 'held', 'held'],
    );
    assert.deepEqual([all.held?.phase, all.missed, all.isOpen], ['end', undefined, false]);
    const none = asked({ msAt: () => null });
    assert.deepEqual([none.held, none.missed, none.isOpen], [undefined, undefined, true]);
  });

  test('is at least what held, when all steps did, or when the generator was at its limit', () => {
    const all = asked({});
    assert.deepEqual([all.held?.phase, all.missed, all.isOpen], ['end', undefined, false]);
    const signals: HealthSignal[] = ['spike', 'end'].map((phase) => ({
      ...{ signal: 'generator-cpu', scenario: 'relay', phase, observed: 1, allowed: 0.9 },
      ...{ unit: 'ratio', count: 9, ok: false },
    }));
    const limited = asked({ msAt: slowFrom(40, 999), signals });
    assert.deepEqual([limited.held?.phase, limited.missed, limited.isOpen], ['base', undefined, true]);
    assert.equal(limited.steps[1]?.doubts?.[0]?.by, 'generator-cpu');
  });

  test('a load that was not sent does not hold', () => {
    const signals: HealthSignal[] = [
      {
        signal: 'delivered',
        scenario: 'relay',
        phase: 'spike',
        observed: 0.5,
        allowed: 0.9,
        unit: 'ratio',
        count: 9,
        ok: false,
      },
    ];
    const { held, isOpen } = asked({ signals });
    assert.deepEqual([held?.phase, isOpen], ['base', true]);
  });

  test('a step in which the target went away for good did not hold; one that was not come to the end of is not known', () => {
    const ended = (atMs: number, isDown: boolean, signals: HealthSignal[] = []) => {
      const course = {
        ...courseOf({ msAt: (s) => (1_000 * s < atMs ? 10 : null), signals }),
        durationMs: atMs,
        isDown,
      };
      const found = answersOf({ objectives, capacity: { steps: ['base', 'spike', 'end'] } }, course).capacity!;
      return { ...found, states: found.steps.map(({ state }) => state) };
    };
    const down = ended(50_000, true);
    assert.deepEqual([down.states, down.isOpen], [['held', 'missed', 'unknown'], false]);
    assert.deepEqual([down.missed?.broke?.metric, down.missed?.perSecond], ['target', 30]);

    const cut = ended(50_000, false);
    assert.deepEqual([cut.states, cut.isOpen], [['held', 'unknown', 'unknown'], true]);
    const [finding] = answerFindings({ capacity: cut });
    const { sentence, nextStep } = kindOf(finding!);
    assert.equal(sentence(finding!), 'The capacity is at least ×1 (30/s): how ×5 went is not known.');
    assert.match(typeof nextStep === 'string' ? nextStep : nextStep(finding!), /^Let the run come to its end/);

    const full: HealthSignal = {
      ...{ signal: 'generator-cpu', scenario: 'relay', observed: 1, allowed: 0.9, unit: 'ratio', count: 9, ok: false },
    };
    assert.deepEqual(ended(50_000, true, [full]).missed, undefined, 'whoever asked may have been held up');
  });

  test('steps of the same load are one: it held where none of them was missed', () => {
    const same = (made: Made, repeats: string[]) =>
      answersOf({ objectives, capacity: { steps: ['base', 'spike', 'end'], repeats } }, courseOf(made)).capacity!;
    const broken = same({ msAt: slowFrom(40, 999) }, ['spike']);
    assert.deepEqual([broken.held, broken.missed?.phase, broken.steps.length], [undefined, 'spike', 3]);
    const before = same({ msAt: slowFrom(40, 60) }, ['end']);
    assert.deepEqual([before.held?.phase, before.missed?.phase], ['base', 'spike']);
    // Of what was measured too little once it is known from the other time.
    const thin = same({ msAt: (s) => (s >= 60 ? null : 10) }, ['end']);
    assert.deepEqual([thin.held?.phase, thin.missed, thin.isOpen], ['spike', undefined, false]);
    const held = same({}, ['spike']);
    assert.deepEqual([held.held?.phase, held.missed, held.isOpen], ['end', undefined, false]);
  });

  test('below the first step nothing is known', () => {
    const { held, missed } = asked({ msAt: () => 500 });
    assert.deepEqual([held, missed?.phase], [undefined, 'base']);
  });
});

test('a capacity whose upper bound nobody knows says what it is at least, and what to do', () => {
  const step = { phase: 'base', load: 1, perSecond: 30 };
  const doubts = [{ by: 'generator-cpu', observed: 1, allowed: 0.9, unit: 'ratio' } as const];
  const limited = { phase: 'spike', load: 5, perSecond: 90, state: 'unknown', doubts } as const;
  const told = (steps: CapacityStep[], held?: CapacityStep) => {
    const [finding] = answerFindings({ capacity: { steps, ...(held && { held }), isOpen: true } });
    const { sentence, nextStep } = kindOf(finding!);
    return [finding!.severity, sentence(finding!), typeof nextStep === 'string' ? nextStep : nextStep(finding!)];
  };
  const held = { ...step, state: 'held' } as const;
  const [severity, sentence, next] = told([held, limited], held);
  assert.equal(severity, 'warning');
  assert.equal(
    sentence,
    'The capacity is at least ×1 (30/s): how ×5 went is not known. Undecided: process CPU 100 % (allowed 90 %) may be the cause.',
  );
  assert.match(next!, /^For more than that the generator is too small\. Raise LOAD_SLICES/);
  assert.deepEqual(told([limited]).slice(0, 1), ['invalid'], 'without any bound');
  const thin: CapacityStep = {
    ...step,
    state: 'unknown',
    doubts: [{ by: 'no-data', observed: 3, allowed: 20, unit: 'count' }],
  };
  assert.match(told([thin])[2]!, /^Make the steps longer/);
  assert.deepEqual(answerFindings({ capacity: { steps: [held], held, isOpen: false } }), []);
});

/** So many more samples in an interval. */
function putInto(course: Course, index: number, metric: string, value: number, tags: Tags = {}, number = 30): void {
  const series = newSeries(course.store.definitions[metric]!.type);
  for (let n = 0; n < number; n++) series.add(value);
  const key = seriesKey(metric, { phase: course.axis.phaseOf(index), scenario: 'relay', ...tags });
  course.store.add({ index, series: { [key]: series.pack() } });
}

test('what waited for the generator, and not for a VU that the target held, is no step that was missed', () => {
  const course = courseOf({});
  for (let index = 10; index < 120; index++) {
    putInto(course, index, 'iteration_lateness', index >= 40 && index < 60 ? 4_000 : 1);
    putInto(course, index, 'generator_lateness', index >= 40 && index < 60 ? 3_900 : 1);
  }
  const { steps } = answersOf({ objectives, capacity: { steps: ['base', 'spike', 'end'] } }, course).capacity!;
  assert.deepEqual(
    steps.map(({ state }) => state),
    ['held', 'held', 'held'],
  );
});

test('how much was done in a step is what the loads did, and not the people beside them', () => {
  const course = courseOf({});
  for (let index = 10; index < 120; index++) putInto(course, index, 'iterations', 1, { scenario: 'light' }, 5);
  const rates = (kinds: Record<string, 'load' | 'journey'>) => {
    const scenarios = Object.entries(kinds).map(([name, kind]) => ({ name, kind, startMs: 0, endMs: 120_000 }));
    const asked = { objectives, capacity: { steps: ['base', 'spike', 'end'] } };
    return answersOf(asked, { ...course, scenarios }).capacity!.steps.map(({ perSecond }) => perSecond);
  };
  assert.deepEqual(rates({ relay: 'load', light: 'journey' }), [30, 30, 30]);
  assert.deepEqual(rates({ relay: 'load', light: 'load' }), [35, 35, 35]);
  assert.deepEqual(rates({ relay: 'journey', light: 'journey' }), [35, 35, 35], 'people alone');
});

test('a step whose arrivals find no VU is missed, though every request that was sent was fast', () => {
  const course = courseOf({});
  for (let index = 10; index < 120; index++)
    putInto(course, index, 'iteration_lateness', index >= 40 && index < 60 ? 4_000 : 1);
  for (let index = 60; index < 120; index++) putInto(course, index, 'dropped_iterations', 1);
  const asked = { objectives, capacity: { steps: ['base', 'spike', 'end'] } };
  const { steps } = answersOf(asked, course).capacity!;
  assert.deepEqual(
    steps.map(({ state, broke }) => [state, broke?.metric]),
    [
      ['held', undefined],
      ['missed', 'iteration_lateness'],
      ['missed', 'dropped_iterations'],
    ],
  );
});
