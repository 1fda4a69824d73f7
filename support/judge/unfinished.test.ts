import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calmAndLoad, storeOf, times } from './store.fixture.ts';
import { judgeThreshold } from './thresholds.ts';

const declared = {
  pushed: { type: 'trend', contains: 'time' },
  found: { type: 'rate', contains: 'default' },
  written: { type: 'counter', contains: 'default' },
  queued: { type: 'gauge', contains: 'default' },
} as const;

/** A load of which so many iterations ended, and so many were cut off at an age of 100 ms. */
function cut(ended: number, cutOff: number): Record<string, number[]> {
  return {
    'iteration_response_time{scenario:relay}': times(ended, 10),
    'iteration_response_time{scenario:relay,unfinished:yes}': times(cutOff, 100),
    'iteration_failed{scenario:relay}': times(ended, 0),
    'iteration_failed{scenario:relay,unfinished:yes}': times(cutOff, 1),
    'pushed{scenario:relay}': times(ended, 10),
    'found{scenario:relay}': times(ended, 1),
    'written{scenario:relay}': [ended],
    'checks{check:found,scenario:relay}': times(ended, 1),
    'iteration_failed{scenario:other,unfinished:yes}': times(50, 1),
    'http_req_duration{scenario:relay}': times(ended, 10),
  };
}

function outcome(selector: string, threshold: string, measured: Record<string, number[]>) {
  const store = storeOf(measured, declared);
  return judgeThreshold(selector, threshold, { store, phases: calmAndLoad, lengthOf: () => 10_000 });
}

const tables: [what: string, selector: string, threshold: string, ended: number, cutOff: number, expected: string][] = [
  ['one of a thousand cannot turn a p(95)', 'iteration_response_time', 'p(95)<500', 999, 1, 'held'],
  ['a tenth of all can', 'iteration_response_time', 'p(95)<500', 90, 10, 'unknown'],
  ['a tenth of all cannot turn the median', 'iteration_response_time', 'med<500', 90, 10, 'held'],
  ['what is over at its age is missed', 'iteration_response_time', 'p(95)<50', 90, 10, 'missed'],
  ['nothing is left to an average', 'iteration_response_time', 'avg<500', 999, 1, 'unknown'],
  ['an average over at its ages is missed', 'iteration_response_time', 'avg<10', 999, 1, 'missed'],
  ['the largest may be any', 'iteration_response_time', 'max<500', 999, 1, 'unknown'],
  ['the largest is as large as the ages at least', 'iteration_response_time', 'max<50', 999, 1, 'missed'],
  ['the least is what ended first', 'iteration_response_time', 'min<50', 999, 1, 'held'],
  ['an asked-for slowness may only grow', 'iteration_response_time', 'max>50', 999, 1, 'held'],
  ['or not be there yet', 'iteration_response_time', 'max>500', 999, 1, 'unknown'],
  ['a failure has failed', 'iteration_failed{scenario:relay}', 'rate<0.05', 90, 10, 'missed'],
  ['and is no doubt', 'iteration_failed{scenario:relay}', 'rate<0.2', 90, 10, 'held'],
  ['samples count as they are', 'iteration_response_time', 'count>=100', 90, 10, 'held'],
  ['an own trend lacks what was cut off', 'pushed', 'p(95)<500', 90, 10, 'unknown'],
  ['but not the odd one', 'pushed', 'p(95)<500', 9_999, 1, 'held'],
  ['missed is missed, whatever is missing', 'pushed', 'p(95)<5', 90, 10, 'missed'],
  ['unless what is missing might have been fast', 'pushed', 'p(50)<5', 20, 30, 'unknown'],
  ['an own rate lacks it too', 'found', 'rate>0.95', 90, 10, 'unknown'],
  ['and the checks', 'checks', 'rate>0.95', 90, 10, 'unknown'],
  ['though not the odd one', 'checks{scenario:relay}', 'rate>0.95', 999, 1, 'held'],
  ['a counter counts what was done', 'written', 'count>=90', 90, 10, 'held'],
  ['requests say themselves what is under way', 'http_req_duration', 'p(95)<500', 90, 10, 'held'],
  ['without anything cut off all is as it was', 'pushed', 'max<500', 90, 0, 'held'],
];

for (const [what, selector, threshold, ended, cutOff, expected] of tables) {
  test(`${what}: ${threshold} of ${selector} is ${expected}`, () => {
    const { outcome: found, result } = outcome(selector, threshold, cut(ended, cutOff));
    assert.equal(found, expected);
    assert.equal(result.decided, expected !== 'unknown');
  });
}

test('an undecided threshold says how much never ended, and how much may be missing', () => {
  const about = { severity: 'invalid', limit: 500, unit: 'ms' };
  const ages = outcome('iteration_response_time', 'p(95)<500', cut(90, 10));
  assert.deepEqual(ages.result.doubts, [{ by: 'unfinished', observed: 10, unit: 'count' }]);
  const { observed, ...rest } = ages.finding as typeof ages.finding & { observed: number };
  assert.ok(observed >= 100 && observed < 101);
  const metric = 'iteration_response_time';
  assert.deepEqual(rest, {
    kind: 'unfinished',
    ...about,
    ...{ metric, expression: 'p(95)<500', count: 100, ages: 10, missing: 0 },
  });
  const { finding } = outcome('pushed', 'p(95)<500', cut(90, 10));
  assert.deepEqual(finding, {
    kind: 'unfinished',
    ...about,
    ...{ metric: 'pushed', expression: 'p(95)<500', observed: 10.007, count: 90, ages: 0, missing: 10 },
  });
});

test('a calm whose sessions froze is no measure, where that could turn the threshold', () => {
  const measured = (frozenInCalm: number, frozenUnderLoad: number) => ({
    'browser_web_vital_lcp{journey:visit,phase:calm}': times(20, 100),
    'browser_web_vital_lcp{journey:visit,phase:load}': times(20, 200),
    'browser_session_failed{journey:visit,phase:calm,unfinished:yes}': times(frozenInCalm, 1),
    'browser_session_failed{journey:visit,phase:load,unfinished:yes}': times(frozenUnderLoad, 1),
  });
  const of = (inCalm: number, underLoad: number) =>
    outcome('browser_web_vital_lcp', 'p(75)<3*calm', measured(inCalm, underLoad)).outcome;
  assert.equal(of(0, 0), 'held');
  assert.equal(of(2, 2), 'held');
  assert.equal(of(0, 10), 'unknown');
  assert.equal(of(80, 0), 'unknown');
});

const refusedTables: [selector: string, threshold: string, ended: number, refused: number, expected: string][] = [
  ['pushed', 'p(95)<500', 999, 1, 'held'],
  ['pushed', 'p(95)<500', 90, 10, 'unknown'],
  ['pushed', 'p(95)<5', 90, 10, 'missed'],
  ['pushed', 'max<500', 999, 1, 'unknown'],
  ['pushed', 'count<1000', 999, 1, 'unknown'],
  ['found', 'rate>0.95', 999, 1, 'held'],
  ['found', 'rate>0.95', 90, 10, 'unknown'],
  ['written', 'count<100', 90, 1, 'unknown'],
  ['written', 'count>=90', 90, 1, 'held'],
  ['queued', 'max<20', 10, 1, 'unknown'],
  ['queued', 'max>5', 10, 1, 'held'],
  ['queued', 'min>5', 10, 1, 'unknown'],
  ['queued', 'min<20', 10, 1, 'held'],
  ['queued', 'value<20', 10, 1, 'unknown'],
  ['http_req_duration', 'max<500', 999, 0, 'held'],
];

for (const [selector, threshold, ended, count, expected] of refusedTables) {
  test(`of ${ended} samples and ${count} refused values ${threshold} of ${selector} is ${expected}`, () => {
    const store = storeOf({ ...cut(ended, 0), 'queued{scenario:relay}': times(ended, 10) }, declared);
    const refused = count > 0 ? [{ name: 'NaN is no number', count }] : [];
    const measured = { store, phases: calmAndLoad, lengthOf: () => 10_000, refused: () => refused };
    const { outcome: found, result, finding } = judgeThreshold(selector, threshold, measured);
    assert.equal(found, expected);
    const doubts = expected === 'unknown' ? [{ by: 'refused-values', observed: count, unit: 'count' }] : undefined;
    assert.deepEqual([result.decided, result.doubts], [!doubts, doubts]);
    assert.equal(finding?.kind, { held: undefined, missed: 'threshold', unknown: 'refused-values' }[expected]);
  });
}
