import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wanted } from '../measure/metrics.ts';
import { parseExpression } from './expression.ts';
import { calmAndLoad, storeOf, times } from './store.fixture.ts';
import { lengthOf } from './summary.ts';
import { judgeThreshold, samplesNeeded, type ThresholdSpec } from './thresholds.ts';

const declared = { accepted: { type: 'counter', contains: 'default' } } as const;

function judged(
  selector: string,
  spec: ThresholdSpec,
  measured: Record<string, number[]>,
  durationMs = 10_000,
  more: { isUnderWay?: true } = {},
) {
  const store = storeOf(measured, declared);
  return judgeThreshold(selector, spec, { store, phases: calmAndLoad, lengthOf: () => durationMs, ...more });
}

test('a figure on either side of its limit, for every type', () => {
  const measured = {
    'http_req_duration{op:push,scenario:relay}': times(99, 1).concat(2),
    'http_req_duration{op:pull,scenario:relay}': times(100, 1),
    'http_req_failed{scenario:relay}': times(95, 0).concat(times(5, 1)),
    'accepted{scenario:relay}': [20, 30],
    'vus{scenario:relay}': [7],
    'data_received{scenario:relay}': [500],
  };
  const table: [string, string, number, boolean, string, number][] = [
    ['http_req_duration{op:push}', 'p(99)<=1', 1, true, 'ms', 100],
    ['http_req_duration{op:push}', 'max<2', 2, false, 'ms', 100],
    ['http_req_duration', 'count>=200', 200, true, 'count', 200],
    ['http_req_duration{op:push}', 'avg<1.01', 1.01, false, 'ms', 100],
    ['http_req_duration{op:push}', 'med>1', 1, false, 'ms', 100],
    ['http_req_failed', 'rate<0.05', 0.05, false, 'ratio', 100],
    ['http_req_failed', 'rate<0.06', 0.05, true, 'ratio', 100],
    ['http_req_failed', 'count>99', 100, true, 'count', 100],
    ['accepted', 'count>49', 50, true, 'count', 50],
    ['accepted{scenario:relay}', 'count>50', 50, false, 'count', 50],
    ['accepted', 'rate>=5', 5, true, 'count', 50],
    ['data_received', 'rate<50', 50, false, 'bytes', 500],
    ['data_received', 'count>400', 500, true, 'bytes', 500],
    ['http_req_duration', 'count>100', 200, true, 'count', 200],
    ['vus', 'value==7', 7, true, 'count', 1],
    ['vus', 'avg<7', 7, false, 'count', 1],
  ];
  for (const [selector, threshold, observed, ok, unit, count] of table) {
    const { result, finding } = judged(selector, threshold, measured);
    const limit = parseExpression(threshold)!.value;
    assert.deepEqual(result, {
      metric: selector,
      expression: threshold,
      observed,
      limit,
      unit,
      count,
      ok,
      decided: true,
    });
    const crossed = { metric: selector, expression: threshold, observed, limit, unit, count };
    assert.deepEqual(finding, ok ? undefined : { kind: 'threshold', severity: 'fail', ...crossed });
  }
});

test('a figure that its histogram cannot tell from the limit is at it; one that it can is not', () => {
  const outcome = (value: number, threshold: string) => {
    const { outcome: found, result } = judged('browser_web_vital_inp', threshold, {
      'browser_web_vital_inp{journey:light}': times(8, value),
    });
    return [found, result.observed];
  };
  for (const stat of ['p(75)', 'med', 'min', 'max']) {
    assert.deepEqual(outcome(200, `${stat}<=200`), ['held', 200], stat);
    assert.deepEqual(outcome(200, `${stat}>=200`), ['held', 200], stat);
    assert.deepEqual(outcome(200, `${stat}==200`), ['held', 200], stat);
    assert.deepEqual(outcome(200, `${stat}<200`), ['missed', 200], stat);
    assert.deepEqual(outcome(200, `${stat}>200`), ['missed', 200], stat);
    assert.deepEqual(outcome(200, `${stat}!=200`), ['missed', 200], stat);
    assert.equal(outcome(200.4, `${stat}<=200`)[0], 'missed', stat);
    assert.equal(outcome(199.6, `${stat}>=200`)[0], 'missed', stat);
  }
  assert.deepEqual(outcome(200.0625, 'avg<=200'), ['missed', 200.0625], 'a mean is exact');
  assert.equal(outcome(200, 'p(75)>-1')[0], 'held');
});

test('as many samples are needed as show one beyond the limit', () => {
  const table: [string, number][] = [
    ['p(50)<1', 2],
    ['p(75)<1', 4],
    ['p(90)<1', 10],
    ['p(95)<1', 20],
    ['p(99)<1', 100],
    ['p(99.9)<1', 1_000],
    ['p(99.99)<1', 10_000],
    ['p(5)>1', 20],
    ['p(100)<1', 1],
    ['p(0)>1', 1],
    ['rate<0.05', 20],
    ['rate<0.1', 10],
    ['rate>0.9', 10],
    ['rate>0.99', 100],
    ['rate==0', 1],
    ['rate<=1', 1],
    ['rate<1.5*calm', 1],
    ['avg<5', 1],
    ['max<0.01', 1],
    ['count>100', 1],
  ];
  for (const [source, needed] of table) assert.equal(samplesNeeded(parseExpression(source)!, 'trend'), needed, source);
  assert.equal(samplesNeeded(parseExpression('rate>0.9')!, 'counter'), 1);
});

test('too few samples are no answer, unless it would be no other whatever those that lack had been', () => {
  const p95 = (count: number, value: number, spec: ThresholdSpec = 'p(95)<500') =>
    judged('http_req_duration', spec, { 'http_req_duration{scenario:relay}': times(count, value) });
  const { result, finding } = p95(19, 1);
  assert.equal(result.ok, false);
  assert.deepEqual(finding, {
    kind: 'no-data',
    severity: 'invalid',
    metric: 'http_req_duration',
    expression: 'p(95)<500',
    needed: 20,
    count: 19,
  });
  assert.equal(p95(20, 1).finding, undefined);
  assert.equal(p95(20, 1_000).finding?.kind, 'threshold');
  const few: ThresholdSpec = { threshold: 'p(95)<500', minSamples: 3 };
  assert.equal(p95(3, 1, few).result.ok, true);
  assert.deepEqual(p95(2, 1, few).finding, {
    kind: 'no-data',
    severity: 'invalid',
    metric: 'http_req_duration',
    expression: 'p(95)<500',
    needed: 3,
    count: 2,
  });
});

test('a percentile that is missed whatever its missing samples were is missed, once no more are to come', () => {
  const found = (spec: ThresholdSpec, slow: number, quick: number, more?: { isUnderWay: true }) => {
    const samples = [...times(slow, 1_000), ...times(quick, 10)];
    const measured = { 'http_req_duration{scenario:relay}': samples };
    return judged('http_req_duration', spec, measured, 10_000, more).finding?.kind;
  };
  // The 19th of 20 is one of the slow ones, once there are two of them.
  assert.deepEqual([found('p(95)<500', 2, 4), found('p(95)<500', 1, 5)], ['threshold', 'no-data']);
  assert.deepEqual([found('p(95)<500', 1, 0), found('p(95)<500', 0, 6)], ['no-data', 'no-data']);
  assert.deepEqual([found('p(99)<500', 2, 97), found('p(99)<500', 1, 98)], ['threshold', 'no-data']);
  assert.equal(found('p(95)<500', 6, 0, { isUnderWay: true }), 'no-data');
  assert.equal(found({ threshold: 'p(95)<500', minSamples: 1_000 }, 6, 0), 'no-data');
  assert.deepEqual([found('p(5)>500', 5, 1), found('p(10)>500', 8, 1)], ['threshold', 'threshold']);
  assert.deepEqual([found('p(5)>500', 6, 0), found('p(95)>500', 6, 0)], ['no-data', 'no-data']);
  assert.equal(found('p(95)==500', 6, 0), 'no-data');
});

test('a share that is missed whatever its missing samples were is missed; a single failure is not', () => {
  const found = (metric: string, spec: ThresholdSpec, bad: number, good: number) => {
    const failed = metric === 'http_req_failed' ? 1 : 0;
    const samples = [...times(bad, failed), ...times(good, 1 - failed)];
    return judged(metric, spec, { [`${metric}{scenario:relay}`]: samples }).finding?.kind;
  };
  assert.equal(found('http_req_failed', 'rate<0.01', 16, 61), 'threshold');
  assert.equal(found('http_req_failed', 'rate<0.01', 1, 61), 'no-data');
  assert.equal(found('http_req_failed', 'rate<0.01', 0, 77), 'no-data');
  assert.equal(found('http_req_failed', { threshold: 'rate<0.01', minSamples: 2_000 }, 16, 61), 'no-data');
  assert.equal(found('checks', 'rate>0.99', 16, 61), 'threshold');
  assert.equal(found('checks', 'rate>0.99', 1, 61), 'no-data');
  assert.equal(found('checks', 'rate>0.99', 0, 77), 'no-data');
});

test('nothing measured never passes', () => {
  for (const [selector, threshold] of [
    ['http_req_duration', 'p(95)<500'],
    ['http_req_duration', 'count<5'],
    ['http_req_duration{op:posh}', 'max<500'],
    ['http_req_failed', 'rate<0.05'],
    ['checks', 'rate==0'],
    ['vus', 'max<5'],
  ] as const) {
    const { result, finding } = judged(selector, threshold, { 'http_req_duration{op:push}': [] });
    assert.deepEqual([result.ok, result.observed, result.count], [false, null, 0], selector);
    assert.equal(finding?.kind, 'no-data', selector);
  }
});

test('a counter that nobody touched is 0; one with a tag that nobody carries is unknown', () => {
  const untouched = { 'accepted{op:push,scenario:relay}': [5] };
  const dropped = judged('dropped_iterations', 'count==0', untouched);
  assert.deepEqual([dropped.result.ok, dropped.result.observed, dropped.finding], [true, 0, undefined]);
  assert.equal(judged('dropped_iterations{scenario:relay}', 'count<1', untouched).result.ok, true);
  assert.equal(judged('browser_sessions{journey:light,phase:load}', 'count>0', untouched).finding?.kind, 'threshold');
  const typo = judged('accepted{op:posh}', 'count<100', untouched);
  assert.deepEqual([typo.result.ok, typo.result.observed, typo.finding?.kind], [false, null, 'no-data']);
  assert.equal(judged('accepted{op:push}', 'count<100', untouched).result.ok, true);
  const elsewhere = judged('accepted{op:push,phase:load}', 'count<1', { 'accepted{op:push,phase:calm}': [5] });
  assert.deepEqual([elsewhere.result.ok, elsewhere.result.observed], [true, 0], 'nobody counted it in that phase');
});

test('a rate per second is over the time that is given', () => {
  const rate = (durationMs: number) => judged('iterations', 'rate>0.9', { iterations: [9] }, durationMs).result;
  assert.deepEqual([rate(10_000).observed, rate(10_000).ok], [0.9, false]);
  assert.deepEqual([rate(1_000).observed, rate(1_000).ok], [9, true]);
});

test('of two figures that are 0, none is above 1.5 times, or below 0.9 times, the other', () => {
  const outcome = (expression: string, after: number) =>
    judged('http_req_failed{phase:spike}', expression, {
      'http_req_failed{phase:base,scenario:ping}': times(40, 0),
      'http_req_failed{phase:spike,scenario:ping}': [...times(40, 0), ...times(after, 1)],
    }).outcome;
  assert.equal(outcome('rate<1.5*base', 0), 'held');
  assert.equal(outcome('rate<=0.5*base', 0), 'held');
  assert.equal(outcome('rate>0.5*base', 0), 'held');
  assert.equal(outcome('rate<1.5*base', 1), 'missed');
  assert.equal(outcome('rate<0.5*base', 0), 'missed', 'nothing is half of what it was');
  assert.equal(outcome('rate>1.5*base', 0), 'missed');
});

test('of a share that is compared as many samples are needed as its own limit takes', () => {
  const found = (spec: ThresholdSpec, failed: number, of: number, base = 10) =>
    judged('http_req_failed{phase:spike}', spec, {
      'http_req_failed{phase:base,scenario:ping}': [...times(base, 1), ...times(1_000 - base, 0)],
      'http_req_failed{phase:spike,scenario:ping}': [...times(failed, 1), ...times(of - failed, 0)],
    });
  const { finding } = found('rate<1.5*base', 1, 20);
  assert.deepEqual(
    finding?.kind === 'no-data' && [finding.needed, finding.count, finding.phase],
    [67, 20, 'spike'],
    'one of twenty is chance',
  );
  assert.equal(found('rate<1.5*base', 0, 20).outcome, 'unknown');
  assert.equal(found('rate<1.5*base', 2, 20).outcome, 'missed', 'whatever those that it lacks had been');
  assert.equal(found('rate<1.5*base', 1, 67).outcome, 'held');
  assert.equal(found('rate<1.5*base', 2, 67).outcome, 'missed');
  assert.equal(found({ threshold: 'rate<1.5*base', minSamples: 20 }, 1, 20).outcome, 'missed');
  assert.equal(found('rate<0.1*base', 0, 1_000, 1).outcome, 'unknown', 'a tenth of 0.1 %');
  assert.equal(found('rate<0.1*base', 0, 10_000, 1).outcome, 'held', 'of which the base itself has enough');
});

test('multiples of a phase compare what comes after it with it', () => {
  const selector = 'browser_step_duration{step:sync}';
  const step = (calm: number[], load: number[], drain: number[] = []) =>
    judged(selector, 'p(75)<1.5*calm', {
      'browser_step_duration{journey:light,phase:calm,step:sync}': calm,
      'browser_step_duration{journey:light,phase:load,step:sync}': load,
      'browser_step_duration{journey:light,phase:drain,step:sync}': drain,
      'browser_step_duration{journey:light,phase:load,step:open}': times(50, 2),
    });
  const common = { metric: selector, expression: 'p(75)<1.5*calm' };
  const good = step(times(4, 1), times(8, 1.4), times(99, 2));
  assert.deepEqual(good.result, {
    ...common,
    observed: 1.4,
    limit: 1.5,
    unit: 'ms',
    count: 8,
    ok: true,
    decided: true,
    reference: { phase: 'calm', value: 1 },
  });
  assert.equal(good.finding, undefined);
  const figures = {
    ...common,
    observed: 1.5,
    limit: 1.5,
    unit: 'ms',
    count: 8,
    reference: { phase: 'calm', value: 1 },
  };
  const bad = step(times(4, 1), times(8, 1.5));
  assert.deepEqual(bad.result, { ...figures, ok: false, decided: true });
  assert.deepEqual(bad.finding, { kind: 'threshold', severity: 'fail', ...figures });
  const lacking = { kind: 'no-data', severity: 'invalid', ...common, needed: 4 };
  const withoutCalm = step([], times(8, 1));
  assert.deepEqual([withoutCalm.result.ok, withoutCalm.result.limit], [false, null]);
  assert.deepEqual(withoutCalm.finding, { ...lacking, count: 0, phase: 'calm' });
  assert.deepEqual(step(times(3, 1), times(8, 1)).finding, { ...lacking, count: 3, phase: 'calm' });
  assert.deepEqual(step(times(4, 1), times(3, 1)).finding, { ...lacking, count: 3 });
});

test('a threshold is about a phase, about all, or about what comes after another', () => {
  const phases = ['calm', 'base', 'spike', 'end'].map((name, i) => ({
    name,
    startMs: 1_000 * i,
    endMs: 1_000 * (i + 1),
    load: i,
  }));
  const store = storeOf({
    'http_req_duration{phase:base,scenario:relay}': times(20, 10),
    'http_req_duration{phase:spike,scenario:relay}': times(20, 40),
    'http_req_duration{phase:end,scenario:relay}': times(20, 12),
    'http_req_duration{phase:drain,scenario:relay}': times(20, 900),
    'http_reqs{phase:spike,scenario:relay}': [50],
    'http_reqs{phase:end,scenario:relay}': [20],
  });
  const run = { scenarios: [{ name: 'relay', startMs: 0, endMs: 4_000 }], phases, durationMs: 4_500 };
  const measured = { store, phases, lengthOf: (tags: Wanted) => lengthOf(run, tags) };
  const figures = (selector: string, expression: string) => {
    const { observed, limit, count, ok } = judgeThreshold(selector, expression, measured).result;
    return [Math.round(observed!), Math.round(limit!), count, ok];
  };
  assert.deepEqual(figures('http_req_duration{phase:spike}', 'p(95)<100'), [40, 100, 20, true]);
  assert.deepEqual(figures('http_req_duration{phase:end}', 'p(95)<1.5*base'), [12, 15, 20, true]);
  assert.deepEqual(figures('http_req_duration{phase:end}', 'p(95)<0.5*spike'), [12, 20, 20, true]);
  assert.deepEqual(
    figures('http_req_duration', 'p(50)<1.5*base'),
    [12, 15, 40, true],
    'spike and end, but not the drain',
  );
  assert.deepEqual(figures('http_req_duration', 'max<100'), [900, 100, 80, false]);
  assert.deepEqual(figures('http_reqs{phase:spike}', 'rate>40'), [50, 40, 50, true], 'by the length of the phase');
  const { result } = judgeThreshold('http_req_duration{phase:end}', 'p(95)<1.5*base', measured);
  assert.equal(result.reference?.phase, 'base');
});
