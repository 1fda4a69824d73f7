import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FailureFacts, failureExamples, failureFindings } from './failures.ts';
import { noSuccess } from './findings/no-success.ts';
import { loadOf, nothingFailed, storeOf, times } from './store.fixture.ts';
import type { Finding } from './verdict.ts';

type End = Partial<FailureFacts['slices'][0]['end']>;

/** What each operation of a scenario came to: `'get of ping': [tries, failed]`, or `'visit'` of a journey. */
function found(
  outcomes: Record<string, [tries: number, failed: number]>,
  ends: Record<string, End> = {},
  { maxFailed = 0.5, unhealthy = false, checks = {} as Record<string, [asked: number, untrue: number]> } = {},
) {
  const measured: Record<string, number[]> = {};
  const names = new Set<string>();
  const rate = ([all, ones]: [number, number]) => Array.from({ length: all }, (_, i) => (i < ones ? 1 : 0));
  for (const [key, outcome] of Object.entries(outcomes)) {
    const [operation, scenario] = key.includes(' of ') ? key.split(' of ') : ['', key];
    names.add(scenario!);
    measured[`iteration_failed{${operation ? `op:${operation},` : ''}scenario:${scenario}}`] = rate(outcome);
  }
  for (const [name, [asked, untrue]] of Object.entries(checks)) {
    measured[`checks{check:${name},scenario:${[...names][0]}}`] = rate([asked, asked - untrue]);
  }
  const scenarios = [...names].map((name) => ({
    ...loadOf(name),
    kind: name.startsWith('visit') ? ('journey' as const) : ('load' as const),
    maxFailed,
  }));
  const slices = Object.entries(ends).map(([scenario, end]) => ({ scenario, end: { ...nothingFailed, ...end } }));
  return failureFindings({ store: storeOf(measured), scenarios, slices }, () => unhealthy);
}

/** `fail no-success operation get of ping 0/50`. */
function inShort(findings: Finding[]): string[] {
  return findings.map((one) => {
    assert.ok(one.kind === 'no-success' || one.kind === 'failed-share');
    const { severity, kind, what, scenarios, tries, failed, doubt } = one;
    const name = one.kind === 'no-success' && one.check ? one.check : (one.operation ?? '');
    const parts = [severity, kind, what, name, 'of', scenarios.join('+'), `${failed}/${tries}`, doubt ?? ''];
    return parts.filter(Boolean).join(' ');
  });
}

test('what never succeeded is found: a scenario, an operation of several, a journey', () => {
  const table: [Parameters<typeof found>[0], string[]][] = [
    [{ 'get of ping': [50, 50] }, ['fail no-success scenario get of ping 50/50']],
    [{ 'get of ping': [1, 1] }, ['fail no-success scenario get of ping 1/1']],
    [{ visit: [2, 2] }, ['fail no-success scenario of visit 2/2']],
    [
      { 'get of ping': [30, 0], 'put of ping': [20, 20], 'del of ping': [9, 1] },
      ['fail no-success operation put of ping 20/20'],
    ],
    // A scenario is named once, not each of its operations.
    [{ 'get of ping': [30, 30], 'put of ping': [20, 20] }, ['fail no-success scenario of ping 50/50']],
    [{ 'get of ping': [30, 0], 'get of pong': [20, 20] }, ['fail no-success scenario get of pong 20/20']],
  ];
  for (const [outcomes, expected] of table) assert.deepEqual(inShort(found(outcomes)), expected);
});

test('what succeeded at least once, was not tried, or hardly tried, fails no run', () => {
  assert.deepEqual(found({ 'get of ping': [50, 0] }), []);
  assert.deepEqual(found({ 'get of ping': [9, 5] }), [], 'nine tries are too few for a share');
  assert.deepEqual(found({ 'get of ping': [50, 0], 'put of ping': [0, 0] }), []);
  assert.deepEqual(inShort(found({ 'get of ping': [50, 0], 'put of ping': [2, 2] })), [
    'warning no-success operation put of ping 2/2',
  ]);
});

test('a share of failures above maxFailed is found; with 1 only what never succeeds', () => {
  const shares = (failed: number, maxFailed?: number) =>
    inShort(found({ 'get of ping': [100, failed] }, {}, { maxFailed }));
  assert.deepEqual(shares(50), []);
  assert.deepEqual(shares(51), ['fail failed-share scenario get of ping 51/100']);
  assert.deepEqual(shares(11, 0.1), ['fail failed-share scenario get of ping 11/100']);
  // 0.29 × 100 is a little less than 29.
  assert.deepEqual([shares(29, 0.29), shares(30, 0.29).length], [[], 1]);
  assert.deepEqual(shares(99, 1), []);
  assert.deepEqual(shares(100, 1), ['fail no-success scenario get of ping 100/100']);
  assert.deepEqual(inShort(found({ 'get of ping': [100, 0], 'put of ping': [20, 11] })), [
    'fail failed-share operation put of ping 11/20',
  ]);
});

test('a share of few tries is found where it is too large whatever those that lack had been', () => {
  const shares = (tries: number, failed: number, maxFailed?: number) =>
    inShort(found({ 'get of ping': [tries, failed] }, {}, { maxFailed }));
  assert.deepEqual(shares(6, 1, 0), ['fail failed-share scenario get of ping 1/6']);
  assert.deepEqual(shares(9, 8), ['fail failed-share scenario get of ping 8/9']);
  assert.deepEqual(shares(6, 1, 0.1), []);
});

test('operations of which each was hardly tried, and failed too often together, are found as a scenario', () => {
  const few = (failed: number): [number, number] => [4, failed];
  const three = { 'a of ping': few(3), 'b of ping': few(3), 'c of ping': few(3) };
  assert.deepEqual(inShort(found(three)), ['fail failed-share scenario of ping 9/12']);
  assert.deepEqual(found({ ...three, 'd of ping': [8, 0] }), []);
  assert.deepEqual(inShort(found({ ...three, 'e of ping': [2, 2] })), ['fail failed-share scenario of ping 11/14']);
});

test('last looks that failed are found, by the same share as iterations', () => {
  const looks = (tries: number, failed: number) => {
    const errorsByOperation = { settle: { 'check: in the end': failed } };
    const end = { errors: { 'check: in the end': failed }, errorsByOperation, settled: { tries, failed } };
    return found({ 'get of ping': [50, 0] }, { ping: end });
  };
  const [finding] = looks(1, 1);
  assert.deepEqual(inShort([finding!]), ['fail no-success settle settle of ping 1/1']);
  assert.equal(
    noSuccess.sentence(finding as Parameters<typeof noSuccess.sentence>[0]),
    'None of the last looks (settle) of ping succeeded: 0 of 1; required: at least 1. Failed with check: in the end (1).',
  );
  assert.deepEqual(inShort(looks(20, 11)), ['fail failed-share settle settle of ping 11/20']);
  assert.deepEqual(looks(20, 10), []);
});

test('requests that all failed are found where no answer was checked, and nowhere else', () => {
  const errors = { 'HTTP 500': 40 };
  const runOf = (failed: number, more: Record<string, number[]> = {}) => {
    const requests = Array.from({ length: 40 }, (_, n) => (n < failed ? 1 : 0));
    const store = storeOf({
      'iteration_failed{op:get,scenario:ping}': times(40, 0),
      'http_req_failed{op:a,scenario:ping}': requests.slice(0, 20),
      'http_req_failed{op:b,scenario:ping}': requests.slice(20),
      ...more,
    });
    const slices = [{ scenario: 'ping', end: { ...nothingFailed, errors } }];
    return failureFindings({ store, scenarios: [loadOf('ping')], slices }, () => false);
  };
  const [finding] = runOf(40);
  assert.deepEqual(inShort([finding!]), ['fail no-success requests of ping 40/40']);
  assert.equal(
    noSuccess.sentence(finding as Parameters<typeof noSuccess.sentence>[0]),
    'None of the requests of ping succeeded: 0 of 40; required: at least 1. Failed with HTTP 500 (40).',
  );
  const [ofOne, ...more] = runOf(39);
  assert.deepEqual(more, []);
  assert.equal(
    noSuccess.sentence(ofOne as Parameters<typeof noSuccess.sentence>[0]),
    'None of the requests a of ping succeeded: 0 of 20; required: at least 1. Failed with HTTP 500 (40).',
  );
  assert.deepEqual(runOf(19), []);
  assert.deepEqual(runOf(39, { 'checks{check:is 500,scenario:ping}': times(40, 1) }), []);
  assert.deepEqual(runOf(40, { 'checks{check:is 500,scenario:ping}': times(40, 1) }), []);
});

test('requests that all failed are found beside others whose answers are checked, where nothing is checked in the operation of their name', () => {
  const runOf = (checked: string[] | undefined, operation = 'bad') => {
    const store = storeOf({
      'iteration_failed{op:get,scenario:ping}': times(40, 0),
      [`iteration_failed{op:${operation},scenario:ping}`]: times(10, 0),
      'checks{check:is 200,scenario:ping}': times(40, 1),
      'http_req_failed{op:get,scenario:ping}': times(40, 0),
      'http_req_failed{op:bad,scenario:ping}': times(10, 1),
    });
    const end = { ...nothingFailed, errors: { 'HTTP 500': 10 }, ...(checked && { checked }) };
    const slices = [{ scenario: 'ping', end }];
    return inShort(failureFindings({ store, scenarios: [loadOf('ping')], slices }, () => false));
  };
  assert.deepEqual(runOf(['get']), ['fail no-success requests bad of ping 10/10']);
  assert.deepEqual(runOf(['get', 'bad']), []);
  assert.deepEqual(runOf(['get', '']), [], 'whose check it was nobody knows');
  assert.deepEqual(runOf(undefined), [], 'nor of a slice that died');
  assert.deepEqual(runOf(['get'], 'buy'), [], 'nor whose request');
});

test('a check that was never true is found, unless what it belongs to is named already', () => {
  const checks: Record<string, [number, number]> = { 'is: ok': [40, 40], 'has a body': [40, 1], rare: [2, 2] };
  assert.deepEqual(inShort(found({ 'get of ping': [200, 40] }, {}, { checks })), [
    'fail no-success check is: ok of ping 40/40',
  ]);
  assert.deepEqual(inShort(found({ 'get of ping': [40, 40] }, {}, { checks })), [
    'fail no-success scenario get of ping 40/40',
  ]);
});

test('it is told what it failed with: causes before checks, of an operation only what may be its own', () => {
  const errors = { 'check: status is 200': 52, 'HTTP 500': 50, ECONNRESET: 3, 'HTTP 404': 400 };
  const errorsByOperation = { put: { 'check: status is 200': 50 } };
  const [whole] = found({ 'get of ping': [50, 50] }, { ping: { errors } });
  const [operation] = found(
    { 'get of ping': [900, 0], 'put of ping': [50, 50] },
    { ping: { errors, errorsByOperation } },
  );
  const names = (finding: Finding | undefined) => 'errors' in finding! && finding.errors.map(({ name }) => name);
  assert.deepEqual(names(whole), ['HTTP 404', 'HTTP 500', 'ECONNRESET']);
  assert.deepEqual(names(operation), ['HTTP 500', 'check: status is 200']);
});

test('what another operation is known to have failed with is not told of this one', () => {
  const errors = { 'Error: no stock': 9, 'Error: no price': 7, ECONNRESET: 8 };
  const errorsByOperation = { buy: { 'Error: no stock': 9 }, look: { 'Error: no price': 7 } };
  const tries: Parameters<typeof found>[0] = { 'buy of ping': [9, 9], 'look of ping': [7, 7], 'pay of ping': [9, 0] };
  const findings = found(tries, { ping: { errors, errorsByOperation } });
  const names = findings.map((one) => 'errors' in one && one.errors.map(({ name }) => name));
  assert.deepEqual(names, [
    ['Error: no stock', 'ECONNRESET'],
    ['ECONNRESET', 'Error: no price'],
  ]);
});

test('a generator that was too slow may be why work timed out, not why it was answered with an error', () => {
  const table: [errors: Record<string, number>, healthy: string, slow: string][] = [
    [{ 'timeout: no answer': 20 }, 'fail', 'invalid generator'],
    [{ 'connection closed by the target': 20, 'check: a': 20 }, 'fail', 'invalid generator'],
    [{ 'check: replicas converge': 20 }, 'fail', 'invalid generator'],
    [{ 'visit, step "buy": TimeoutError: locator.click: Timeout Nms exceeded.': 20 }, 'fail', 'invalid generator'],
    [{ 'HTTP 500': 20, 'check: status is 200': 20 }, 'fail', 'fail'],
    [{ 'ReferenceError: nope is not defined': 20 }, 'fail', 'fail'],
    [{ 'no valid HTTP answer': 20 }, 'fail', 'fail'],
    // Whatever the signals say.
    [{ 'generator: EMFILE': 20 }, 'invalid generator', 'invalid generator'],
    [{ 'HTTP 429 (rate limited)': 20, 'check: accepted': 20 }, 'invalid rate-limit', 'invalid rate-limit'],
  ];
  for (const [errors, healthy, slow] of table) {
    for (const [unhealthy, expected] of [
      [false, healthy],
      [true, slow],
    ] as const) {
      for (const failed of [20, 19]) {
        const [finding] = found({ 'get of ping': [20, failed] }, { ping: { errors } }, { unhealthy });
        assert.ok(finding?.kind === 'no-success' || finding?.kind === 'failed-share');
        const { severity, doubt } = finding;
        assert.equal([severity, doubt].filter(Boolean).join(' '), expected, JSON.stringify([errors, unhealthy]));
      }
    }
  }
});

test('scenarios that never succeeded for one and the same reason are told once', () => {
  const refused = { errors: { 'HTTP 503': 10 } };
  assert.deepEqual(
    inShort(found({ 'get of ping': [10, 10], 'get of pong': [10, 10] }, { ping: refused, pong: refused })),
    ['fail no-success scenario of ping+pong 20/20'],
  );
  assert.deepEqual(
    inShort(
      found(
        { 'get of ping': [10, 10], 'get of pong': [10, 10] },
        { ping: refused, pong: { errors: { 'HTTP 500': 10 } } },
      ),
    ),
    ['fail no-success scenario get of ping 10/10', 'fail no-success scenario get of pong 10/10'],
  );
});

test('journeys that fail in one line of a page object that they share are told once, those that fail elsewhere by themselves', () => {
  const failing = (scenario: string, at: string): End => {
    const name = `${scenario}, step "sign in": TimeoutError`;
    return { errors: { [name]: 3 }, failures: [{ scenario, step: 'sign in', name, error: 'TimeoutError: …', at }] };
  };
  const tries = { visit: [3, 3], visitor: [3, 3], 'visit-again': [3, 3] } satisfies Parameters<typeof found>[0];
  const findings = found(tries, {
    visit: failing('visit', 'pages/sign-in.ts:7'),
    visitor: failing('visitor', 'pages/sign-in.ts:7'),
    'visit-again': failing('visit-again', 'pages/again.ts:3'),
  });
  assert.deepEqual(inShort(findings), [
    'fail no-success scenario of visit+visitor 6/6',
    'fail no-success scenario of visit-again 3/3',
  ]);
  assert.match(
    noSuccess.sentence(findings[0] as Parameters<typeof noSuccess.sentence>[0]),
    /^None of the sessions of visit and visitor succeeded: 0 of 6; .* Failed with step "sign in": TimeoutError \(6\)\./,
  );
});

test('of each scenario three failures are kept in full, those of the most frequent names', () => {
  const failure = (name: string) => ({ scenario: 'ping', operation: 'get', name, error: `${name}: in full` });
  const names = ['once', 'often', 'twice', 'thrice'];
  const slices: FailureFacts['slices'] = [
    {
      scenario: 'ping',
      end: { ...nothingFailed, errors: { once: 1, often: 9 }, failures: names.slice(0, 2).map(failure) },
    },
    {
      scenario: 'ping',
      end: { ...nothingFailed, errors: { twice: 2, thrice: 3, often: 1 }, failures: names.map(failure) },
    },
  ];
  assert.deepEqual(
    failureExamples({ slices }).map(({ name, count, error }) => [name, count, error]),
    [
      ['often', 10, 'often: in full'],
      ['thrice', 3, 'thrice: in full'],
      ['twice', 2, 'twice: in full'],
    ],
  );
  const [finding] = found({ 'get of ping': [20, 20] }, { ping: slices[0]!.end });
  assert.equal(finding && 'example' in finding && (finding.example as { name: string }).name, 'often');
});
