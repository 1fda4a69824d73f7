import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answers } from '../profile/answers.ts';
import { scope } from './scope.ts';

const relay = { name: 'relay', kind: 'load' } as const;
const vms = { name: 'vms', kind: 'load' } as const;
const reader = { name: 'reader', kind: 'journey' } as const;
const all = [relay, vms, reader];

const thresholds = Object.fromEntries(
  [
    'http_req_duration',
    'http_req_failed{scenario:relay}',
    'iteration_failed{scenario:vms}',
    'checks',
    'accepted',
    'browser_web_vital_lcp',
    'browser_sessions{journey:reader}',
  ].map((selector) => [selector, ['count>0', 'count>1']]),
);

const answers: Answers = {
  objectives: { 'http_req_duration{scenario:relay}': ['p(95)<500'], accepted: ['count>0', 'rate>1'] },
  availability: { everyMs: 1_000, windows: 0.99, requests: 0.9 },
  recovery: { after: 'spike', everyMs: 1_000, stayMs: 1_000, withinMs: 9_000 },
  capacity: { steps: ['load'] },
  drift: { phases: ['load'], hourMs: 3_600_000, limits: { 'accepted{scenario:vms}': ['count<1%'] } },
};
const drill = { name: 'crash', run: ['kill'], atMs: [4_000], limitMs: 1_000, everyMs: 1_000, stayMs: 5_000 };
const drills = [{ ...drill, expect: { recoveryMs: 9_000, outageMs: 9_000, failed: 0.5 } }];
const asked = { thresholds, answers, drills };

function kept(running: typeof all, own: string[] = []) {
  const found = scope({ thresholds, answers: { objectives: {} }, drills: [] }, all, running, new Set(own));
  return { kept: found.thresholds, leftOut: found.leftOut };
}

test('a whole run is judged by all of its thresholds, and asked all of its questions', () => {
  assert.deepEqual(scope(asked, all, all, new Set()), { ...asked, leftOut: [] });
});

test('a run of some scenarios is asked what these can tell', () => {
  const of = (running: typeof all, own: string[] = []) => {
    const { answers: found, leftOut } = scope(asked, all, running, new Set(own));
    return [found, leftOut.map((one) => 'objectives' in one && one.objectives)];
  };
  const { objectives, availability, recovery, capacity } = answers;
  const ofRelay = { 'http_req_duration{scenario:relay}': objectives['http_req_duration{scenario:relay}'] };
  // Nobody of them declares the other metric.
  assert.deepEqual(of([relay]), [{ objectives: ofRelay, availability, recovery, capacity }, [3]]);
  assert.deepEqual(of([relay, vms], ['accepted']), [answers, [false]]);
  // Without any objective there is no window to tell of.
  const ofWork = { objectives: {}, availability: { everyMs: 1_000, requests: 0.9 } };
  assert.deepEqual(of([reader]), [ofWork, [4]]);
});

test('without any objective nobody can tell of an outage or a recovery, and none is expected after a drill', () => {
  const of = (running: typeof all, from: Answers = answers) =>
    scope({ ...asked, answers: from }, all, running, new Set()).drills;
  assert.deepEqual(of([relay]), drills);
  assert.deepEqual(of([reader]), [{ ...drill, expect: { failed: 0.5 } }]);
  // Nobody has taken one away.
  assert.deepEqual(of([reader], { objectives: {} }), drills);
});

test('a run of some scenarios is judged by what these can tell, and says what it left out', () => {
  const withoutBrowser = kept([relay], ['accepted']);
  assert.deepEqual(Object.keys(withoutBrowser.kept), [
    'http_req_duration',
    'http_req_failed{scenario:relay}',
    'checks',
    'accepted',
  ]);
  assert.deepEqual(withoutBrowser.leftOut, [
    { kind: 'left-out', severity: 'warning', scenarios: ['vms', 'reader'], thresholds: 8 },
  ]);
  const browserAlone = kept([reader]);
  assert.deepEqual(Object.keys(browserAlone.kept), [
    'checks',
    'browser_web_vital_lcp',
    'browser_sessions{journey:reader}',
  ]);
  assert.deepEqual(browserAlone.leftOut, [
    { kind: 'left-out', severity: 'warning', scenarios: ['relay', 'vms'], thresholds: 9 },
  ]);
});

test('how much all do together is not asked of some of them; how well they do it is', () => {
  const together = {
    http_reqs: ['rate>100', 'count>0', 'count<9000', 'count==8000', 'count==0', 'count!=1'],
    'http_reqs{scenario:relay}': ['rate>50'],
    'http_reqs{phase:load}': ['count>1000'],
    http_req_failed: ['rate<0.01', 'count>100'],
    iterations: [{ threshold: 'count>100', every: '10s' }],
    checks: ['rate>0.99'],
    accepted: ['count>5'],
    browser_sessions: ['count>9'],
  };
  const objectives = { http_reqs: ['rate>9'], checks: ['rate>0.9'] };
  const of = (running: typeof all) => {
    const found = scope(
      { thresholds: together, answers: { objectives }, drills: [] },
      all,
      running,
      new Set(['accepted']),
    );
    return [
      found.thresholds,
      found.answers.objectives,
      found.leftOut.map((one) => one.kind === 'left-out' && one.thresholds),
    ];
  };
  const { iterations: _, 'http_reqs{phase:load}': __, ...rest } = together;
  const some = {
    ...rest,
    http_reqs: ['count>0', 'count<9000', 'count==0', 'count!=1'],
    http_req_failed: ['rate<0.01'],
  };
  assert.deepEqual(of([relay, reader]), [some, { checks: ['rate>0.9'] }, [5]]);
  // What only loads do, they do all of it.
  const { iterations: ___, browser_sessions: ____, ...ofLoads } = together;
  assert.deepEqual(of([relay, vms]), [ofLoads, objectives, [2]]);
});
