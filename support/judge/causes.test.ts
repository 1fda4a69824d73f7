import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causes } from './causes.ts';
import type { Effects } from './findings/kind.ts';
import type { Finding } from './verdict.ts';

const finding = (kind: Finding['kind']) => ({ kind, expression: 'p(95)<500', metric: 'http_req_duration' }) as Finding;

function left(...kinds: Finding['kind'][]): string[] {
  return causes(kinds.map(finding)).map(({ kind }) => kind);
}

test('what only follows from a run that was cut short, or never began, is not told', () => {
  const effects: Finding['kind'][] = ['nothing-measured', 'no-data', 'oracle-unknown', 'dropped'];
  const table: [Finding['kind'], string[]][] = [
    ['target-down', ['target-down']],
    ['interrupted', ['interrupted']],
    ['aborted', ['aborted', 'dropped']],
    ['target-unreached', ['target-unreached', 'nothing-measured', 'dropped']],
    ['crashed', ['crashed']],
    ['missing-slice', ['missing-slice', 'dropped']],
    ['threshold', ['threshold', 'nothing-measured', 'dropped']],
  ];
  for (const [cause, told] of table) assert.deepEqual(left(cause, ...effects), told, cause);
});

const ofRelay: Effects = { name: 'relay', kind: 'load', oracles: ['convergence'] };
const visit: Effects = { name: 'visit', kind: 'journey', oracles: ['screen'] };

/** In short what is left beside the first finding: `dropped of relay`. */
function beside(cause: object, effects: object[]): number[] {
  const findings = [cause, ...effects] as Finding[];
  const left = causes(findings, [ofRelay, visit]);
  assert.equal(left[0], cause);
  return left.slice(1).map((one) => effects.indexOf(one));
}

test('what a scenario leaves undone when its own code crashes is the crash’s doing, not the target’s', () => {
  const effects = [
    { kind: 'dropped', scenario: 'relay' },
    { kind: 'no-success', severity: 'fail', scenarios: ['relay'] },
    { kind: 'failed-share', severity: 'fail', scenarios: ['relay'] },
    { kind: 'threshold', metric: 'iterations', expression: 'count>100', unit: 'count' },
    { kind: 'threshold', metric: 'iterations', expression: 'count==100', unit: 'count', observed: 90, limit: 100 },
    // These have other causes.
    { kind: 'dropped', scenario: 'visit' },
    { kind: 'no-success', severity: 'invalid', scenarios: ['relay', 'visit'] },
    { kind: 'threshold', metric: 'http_req_failed', expression: 'rate<0.1', unit: 'ratio' },
    { kind: 'threshold', metric: 'iterations', expression: 'count==100', unit: 'count', observed: 110, limit: 100 },
  ];
  assert.deepEqual(beside({ kind: 'crashed', scenario: 'relay' }, effects), [5, 6, 7, 8]);
  assert.deepEqual(beside({ kind: 'lateness', scenario: 'relay' }, effects), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('what failed brings no evidence, no samples and no free VUs', () => {
  const failed = { kind: 'no-success', severity: 'fail', scenarios: ['visit'] };
  const lacking = (metric: string) => ({ kind: 'no-data', metric, expression: 'p(75)<500' });
  const effects = [
    lacking('browser_web_vital_lcp'),
    lacking('browser_step_duration{journey:visit,step:buy}'),
    { kind: 'oracle-unknown', oracle: 'screen' },
    { kind: 'dropped', scenario: 'visit' },
    // These have other causes.
    lacking('http_req_duration'),
    lacking('browser_step_duration{journey:other}'),
    lacking('browser_session_failed'),
    { kind: 'oracle-unknown', oracle: 'convergence' },
    { kind: 'dropped', scenario: 'relay' },
  ];
  assert.deepEqual(beside(failed, effects), [4, 5, 6, 7, 8]);
  const byRelay = { kind: 'failed-share', severity: 'fail', scenarios: ['relay'] };
  assert.deepEqual(beside(byRelay, effects), [0, 1, 2, 3, 5, 6]);
  // In doubt nothing follows.
  assert.equal(beside({ ...failed, severity: 'invalid' }, effects).length, effects.length);
  assert.equal(beside({ ...failed, severity: 'warning' }, effects).length, effects.length);
});

test('that too few sessions came to an end is no reason of its own when none of them succeeded', () => {
  const lacking = (metric: string) => ({ kind: 'no-data', metric, expression: 'rate<0.1' });
  const effects = [
    lacking('browser_session_failed'),
    lacking('browser_session_failed{journey:visit}'),
    lacking('iteration_failed{scenario:visit}'),
    // These have other causes.
    lacking('browser_session_failed{journey:other}'),
    lacking('iteration_failed'),
    lacking('http_req_failed{scenario:visit}'),
  ];
  const never = { kind: 'no-success', what: 'scenario', scenarios: ['visit'] };
  assert.deepEqual(beside({ ...never, severity: 'fail' }, effects), [3, 4, 5]);
  // Some succeeded, so that a share is still to be known; or nobody knows whose doing it was.
  assert.equal(beside({ kind: 'failed-share', severity: 'fail', scenarios: ['visit'] }, effects).length, 6);
  assert.equal(beside({ ...never, severity: 'invalid' }, effects).length, 6);
});

test('what is cut off, or never reaches anybody, has not failed by itself', () => {
  for (const kind of ['target-down', 'interrupted', 'target-unreached']) {
    assert.deepEqual(beside({ kind }, [{ kind: 'no-success', scenarios: ['relay'] }]), [], kind);
  }
});

test('what has a cause of its own is always told', () => {
  assert.deepEqual(left('no-data', 'oracle-unknown', 'dropped', 'lateness'), [
    ...['no-data', 'oracle-unknown', 'dropped', 'lateness'],
  ]);
  assert.deepEqual(left('interrupted', 'oracle', 'threshold', 'saturated'), [
    ...['interrupted', 'oracle', 'threshold', 'saturated'],
  ]);
});
