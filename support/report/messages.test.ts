import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../judge/verdict.ts';
import { crossed, failing, neverBought, saturated, url } from './findings.fixture.ts';
import { say, splitMessage } from './messages.ts';
import { reason } from './verdict.fixture.ts';
import { observedText, requiredText } from './words.ts';

const regressed: Finding = {
  kind: 'regression',
  severity: 'fail',
  aspect: 'response-time',
  metric: 'http_req_duration',
  stat: 'p(95)',
  observed: 31,
  baseline: 20,
  change: 0.55,
  limit: 0.5,
  noise: 0.0612,
  p: 1e-9,
  runs: 10,
  blocks: 24,
};

const said: [Finding, string][] = [
  [
    neverBought,
    'None of the sessions of visit succeeded: 0 of 63; required: at least 1. ' +
      'Failed with visit, step "buy": Error: expect(locator).toBeVisible() failed (63). The first one in step buy: Error: ' +
      'expect(locator).toBeVisible() failed Locator: getByText("Buy") Expected: visible. ' +
      'Look at visit-session-0.png, beside the report.',
  ],
  [
    { kind: 'no-success', ...failing, failed: 50, errors: [...failing.errors], scenarios: ['ping'] },
    'None of operation get of ping succeeded: 0 of 50; required: at least 1. ' +
      "Failed with HTTP 500 (50), check: status is 200 (49). Look at the target's log for what it answered so.",
  ],
  [
    {
      ...neverBought,
      scenarios: ['ping', 'pong'],
      journey: false,
      errors: [{ name: 'ReferenceError: nope is not defined', count: 50 }],
      example: {
        scenario: 'ping',
        operation: 'get',
        name: 'ReferenceError: nope is not defined',
        error: 'ReferenceError: nope is not defined',
        at: 'protocol/ping.load.ts:14',
      },
    },
    'None of the iterations of ping and pong succeeded: 0 of 63; required: at least 1. ' +
      'Failed with ReferenceError: nope is not defined (50). The first one in full at protocol/ping.load.ts:14: ' +
      'ReferenceError: nope is not defined. Look at protocol/ping.load.ts:14.',
  ],
  [
    { kind: 'no-success', ...failing, severity: 'warning', tries: 2, failed: 2, errors: [], scenarios: ['ping'] },
    'None of operation get of ping succeeded: 0 of 2, too few to tell; required: at least 1. ' +
      "Look at the target's log for what it answered so.",
  ],
  [
    {
      ...{ kind: 'no-success', ...failing, failed: 50, scenarios: ['ping'] },
      errors: [{ name: 'cut off by gracefulStop', count: 50 }],
    },
    'None of operation get of ping succeeded: 0 of 50; required: at least 1. Failed with cut off by gracefulStop (50). ' +
      'Give them a longer gracefulStop, or look at what they waited for.',
  ],
  [
    {
      ...{ kind: 'no-success', ...failing, failed: 50, scenarios: ['ping'] },
      errors: [{ name: 'WebSocket: HTTP 407 (from the proxy)', count: 50 }],
    },
    'None of operation get of ping succeeded: 0 of 50; required: at least 1. ' +
      'Failed with WebSocket: HTTP 407 (from the proxy) (50). ' +
      'Look at the proxy, and at HTTP_PROXY, HTTPS_PROXY and NO_PROXY: nothing says that the target is at fault.',
  ],
  [
    {
      ...{ kind: 'no-success', ...failing, failed: 50, scenarios: ['ping'] },
      errors: [{ name: 'request not sent: invalid request path', count: 50 }],
    },
    'None of operation get of ping succeeded: 0 of 50; required: at least 1. ' +
      'Failed with request not sent: invalid request path (50). ' +
      'Look at the path, headers and body of that request in the load.',
  ],
  [
    { kind: 'no-success', ...failing, what: 'check', check: 'is: ok', failed: 50, errors: [], scenarios: ['ping'] },
    'Check is: ok of ping was never true: 0 of 50; required: at least 1. ' +
      "Look at the target's log for what it answered so.",
  ],
  [
    { kind: 'failed-share', ...failing, failed: 41, allowed: 0.5, errors: [...failing.errors], scenarios: ['ping'] },
    'Of operation get of ping 41 of 50 failed (82 %); allowed 50 % (maxFailed). ' +
      "Failed with HTTP 500 (50), check: status is 200 (49). Look at the target's log for what it answered so.",
  ],
  [
    {
      ...{ kind: 'failed-share', ...failing, failed: 41, allowed: 0.5, severity: 'invalid', doubt: 'rate-limit' },
      ...{ errors: [{ name: 'HTTP 429 (rate limited)', count: 41 }], scenarios: ['ping'] },
    },
    'Of operation get of ping 41 of 50 failed (82 %); allowed 50 % (maxFailed). Failed with HTTP 429 (rate limited) (41). ' +
      'Raise the rate limit of the target for this load, or ask for less.',
  ],
  [
    { ...neverBought, severity: 'invalid', doubt: 'drill', errors: [], example: undefined },
    'None of the sessions of visit succeeded: 0 of 63; required: at least 1. ' +
      'All of it was under way while a drill was on: let it be tried before that, or after it.',
  ],
  [
    { ...neverBought, severity: 'invalid', doubt: 'generator', errors: [], example: undefined },
    'None of the sessions of visit succeeded: 0 of 63; required: at least 1. It may be the generator that was too slow. ' +
      'Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.',
  ],
  [
    {
      kind: 'oracle',
      severity: 'fail',
      oracle: 'acknowledged-writes',
      checked: 12_345,
      violations: 3,
      example: { id: 'c-19' },
    },
    'acknowledged-writes: 3 violations in 12,345 checked (0.02 %); required 0. First: {"id":"c-19"}. ' +
      'The target promised and did not keep: follow the example through its log.',
  ],
  [
    {
      ...{ kind: 'oracle', severity: 'fail', oracle: 'acknowledged-writes', checked: 706, violations: 706 },
      ...{ summary: '706 acknowledged, 0 found by every reader', example: { id: 'c-19' } },
    },
    'acknowledged-writes: 706 acknowledged, 0 found by every reader (706 violations; required 0). First: {"id":"c-19"}. ' +
      'The target promised and did not keep: follow the example through its log.',
  ],
  [
    { kind: 'oracle-unknown', severity: 'invalid', oracle: 'convergence', error: 'no replica answered.' },
    'convergence could not judge: no replica answered; required: an answer, since correctness nobody saw is not ' +
      'correctness. Look at whether its scenario ran, and did anything to check.',
  ],
  [
    { kind: 'oracle-unknown', severity: 'invalid', oracle: 'convergence', error: 'the oracle crashed: boom' },
    'convergence could not judge: the oracle crashed: boom; required: an answer, since correctness nobody saw is not ' +
      'correctness. Look at the file of the oracle, and at what its evidence is called.',
  ],
  [
    {
      kind: 'target-down',
      severity: 'fail',
      url,
      atMs: 42_300,
      forMs: 12_000,
      tries: 24,
      error: 'connect ECONNREFUSED',
    },
    `The target at ${url} stopped answering 42.3 s into the run and stayed away for 12.0 s: 24 tries in vain, last error ` +
      "connect ECONNREFUSED; required: an answer. Look at the target's log and memory at that moment.",
  ],
  [
    {
      kind: 'target-down',
      severity: 'fail',
      url,
      answeredMs: 39_800,
      atMs: 42_300,
      forMs: 12_000,
      tries: 24,
      error: 'connect ECONNREFUSED',
    },
    `The target at ${url} stopped answering between 39.8 s and 42.3 s into the run and stayed away for 12.0 s: 24 tries in vain, last error ` +
      "connect ECONNREFUSED; required: an answer. Look at the target's log and memory at that moment.",
  ],
  [
    {
      kind: 'target-down',
      severity: 'fail',
      url,
      atMs: 42_300,
      forMs: 12_000,
      tries: 24,
      error: 'ECONNREFUSED (at the proxy)',
    },
    `The target at ${url} stopped answering 42.3 s into the run and stayed away for 12.0 s: 24 tries in vain, last error ` +
      'ECONNREFUSED (at the proxy); required: an answer. ' +
      'Look at the proxy, and at HTTP_PROXY, HTTPS_PROXY and NO_PROXY: nothing says that the target is at fault.',
  ],
  [
    {
      kind: 'rate-limited',
      severity: 'fail',
      url,
      scenarios: ['sync-relay'],
      turnedAway: 150,
      requests: 193,
      allowed: 0.05,
    },
    `A rate limit at ${url} turned away 150 of 193 requests of sync-relay with HTTP 429 (77.72 %); allowed 5 %, since a ` +
      'target that says no is spared. Raise the limit in the target’s own settings for the run, or ask less often: ' +
      'LOAD_SCALE, or the profile’s `rate`.',
  ],
  [
    { kind: 'target-unreached', severity: 'invalid', url, requests: 120, error: 'ENOTFOUND' },
    `The target at ${url} was never reached: 0 answers to 120 requests, last error ENOTFOUND; required: at least 1. ` +
      'Look at the URLs in the .env file, and whether the target listens there.',
  ],
  [
    crossed,
    'p(95) of http_req_duration{scenario:sync-relay} was 812 ms over 12,345 samples; required < 500 ms. ' +
      'Look at the target at that time: CPU, slow queries, its log.',
  ],
  [
    {
      ...crossed,
      metric: 'browser_web_vital_lcp{phase:load}',
      expression: 'p(75)<1.5*calm',
      observed: 412,
      limit: 180,
      count: 208,
      reference: { phase: 'calm', value: 120 },
    },
    'p(75) of browser_web_vital_lcp{phase:load} was 412 ms over 208 samples; required < 180 ms (1.5 × 120 ms in the ' +
      'calm). The load made the difference: look at which step or page slowed most.',
  ],
  [
    { ...crossed, metric: 'browser_step_duration', expression: 'p(75)<500', observed: 812, limit: 500 },
    'p(75) of browser_step_duration was 812 ms over 12,345 samples; required < 500 ms. ' +
      'Look at the times in the browser, step by step.',
  ],
  [
    { ...crossed, metric: 'browser_session_failed', expression: 'rate<0.1', observed: 0.2, limit: 0.1, unit: 'ratio' },
    'rate of browser_session_failed was 20 % over 12,345 samples; required < 10 %. Look at the errors by name.',
  ],
  [
    { ...crossed, metric: 'browser_web_vital_cls', expression: 'p(75)<0.1', observed: 0.4, limit: 0.1, unit: 'none' },
    'p(75) of browser_web_vital_cls was 0.4 over 12,345 samples; required < 0.1. ' +
      'Look at what moves on the page once it is shown: what comes late, and has no room kept.',
  ],
  [
    { ...crossed, metric: 'http_req_failed', expression: 'rate<0.05', observed: 0.0612, limit: 0.05, unit: 'ratio' },
    'rate of http_req_failed was 6.12 % over 12,345 samples; required < 5 %. Look at the errors by name.',
  ],
  [
    { ...crossed, metric: 'changes_accepted', expression: 'count>0', observed: 0, limit: 0, unit: 'count', count: 1 },
    'count of changes_accepted was 0; required > 0. Less was done than asked: look at errors and drops.',
  ],
  [
    { ...crossed, metric: 'orders', expression: 'count==9', observed: 6, limit: 9, unit: 'count', count: 6 },
    'count of orders was 6; required == 9. Less was done than asked: look at errors and drops.',
  ],
  [
    { ...crossed, metric: 'orders', expression: 'count==9', observed: 12, limit: 9, unit: 'count', count: 12 },
    'count of orders was 12; required == 9. Look at what the target did more than it should: its log, its /metrics.',
  ],
  [
    { ...crossed, metric: 'queue', expression: 'value<9', observed: 12, limit: 9, unit: 'count', count: 3 },
    'value of queue was 12; required < 9. Look at what the target did more than it should: its log, its /metrics.',
  ],
  [
    { ...crossed, metric: 'http_reqs', expression: 'rate>100', observed: 60, limit: 100, unit: 'count', count: 360 },
    'rate of http_reqs was 60/s; required > 100/s. Less was done than asked: look at errors and drops.',
  ],
  [
    {
      ...crossed,
      metric: 'data_sent',
      expression: 'count>9000',
      observed: 8_072,
      limit: 9_000,
      unit: 'bytes',
      count: 8_072,
    },
    'count of data_sent was 8.07 kB; required > 9 kB. Less was done than asked: look at errors and drops.',
  ],
  [
    {
      kind: 'no-data',
      severity: 'invalid',
      metric: 'browser_web_vital_inp',
      expression: 'p(75)<1.5*calm',
      count: 3,
      needed: 10,
      phase: 'calm',
    },
    'browser_web_vital_inp has only 3 samples in the calm; p(75)<1.5*calm needs at least 10. ' +
      'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.',
  ],
  [
    { kind: 'no-data', severity: 'invalid', metric: 'ws_session', expression: 'p(95)<5', count: 0, needed: 20 },
    'ws_session has no samples; p(95)<5 needs at least 20. ' +
      'Look at whether LOAD_DURATION is too short, LOAD_SCALE too small, or the scenario left out.',
  ],
  [
    {
      ...{ kind: 'no-data', severity: 'invalid', metric: 'http_reqs{op:psuh,scenario:relay}', expression: 'count<1' },
      ...{ count: 0, needed: 1 },
    },
    'http_reqs{op:psuh,scenario:relay} has no samples; count<1 needs at least 1. ' +
      'Look at whether anything has the tag op:psuh (--list names operations), LOAD_DURATION is too short, or LOAD_SCALE too small.',
  ],
  [
    {
      kind: 'missing-slice',
      severity: 'invalid',
      scenario: 'sync-relay',
      slice: 2,
      of: 4,
      cause: 'worker exited (137)',
    },
    'Slice 3 of 4 of sync-relay delivered no report: worker exited (137); required: all 4, since a part of the load was ' +
      "missing. Look at that worker's output, or that shard's job.",
  ],
  [
    { kind: 'missing-slice', severity: 'invalid', scenario: 'relay', slice: 0, of: 4, cause: 'killed', others: 7 },
    'Slice 1 of 4 of relay and 7 other slices delivered no report: killed; required: all, since a part of the load was ' +
      "missing. Look at that worker's output, or that shard's job.",
  ],
  [
    { kind: 'late-start', severity: 'invalid', scenario: 'light', slice: 0, lateMs: 1_240, allowedMs: 50 },
    'Slice 1 of light started 1.24 s after the common start; allowed 50 ms. ' +
      'Lower LOAD_SLICES or the profile’s `slices`, or use a quieter machine.',
  ],
  [
    { kind: 'lateness', severity: 'invalid', scenario: 'sync-relay', p99Ms: 182, allowedMs: 50, count: 12_345 },
    'The generator was late in sync-relay: p(99) of the lateness it caused itself was 182 ms over 12,345 samples; ' +
      'allowed 50 ms. Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.',
  ],
  [
    { kind: 'dropped', severity: 'fail', scenario: 'sync-relay', dropped: 310, due: 25_000, maxVUs: 50, allowed: 0 },
    'The target could not sustain the rate of sync-relay: 310 of 25,000 due iterations (1.24 %) were dropped with all ' +
      '50 VUs busy and the generator on time; allowed 0. ' +
      "Look at what held the VUs: the slowest operation, then the target's CPU and connection pool.",
  ],
  [
    { kind: 'dropped', severity: 'fail', scenario: 'till', dropped: 92, due: 100, maxVUs: 2, allowed: 0, loops: true },
    '92 of 100 iterations of till (92 %) were not begun when its maxDuration was over, with its 2 VUs and the generator on time; ' +
      'allowed 0. Look at what an iteration spends its time on: the slowest operation; or allow more vus, or a longer maxDuration.',
  ],
  [
    {
      ...{
        kind: 'windows',
        severity: 'invalid',
        metric: 'http_req_duration',
        expression: 'p(95)<500',
        everyMs: 10_000,
      },
      ...{ held: 0, unknown: 0, of: 0, share: 1, unit: 'ms', doubts: [] },
    },
    'p(95)<500 of http_req_duration held in 0 of 0 windows of 10.0 s; required 100 %. No window fits into what was run of it: make the ' +
      'run longer (LOAD_DURATION), or the windows shorter.',
  ],
  [
    { kind: 'dropped', severity: 'invalid', scenario: 'sync-relay', dropped: 310, due: 25_000, maxVUs: 50, allowed: 0 },
    'sync-relay lost 310 of 25,000 due iterations (1.24 %) while the generator itself was late or saturated; allowed 0. ' +
      'Whose fault it was cannot be told. Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.',
  ],
  [
    saturated('event-loop-delay', 250.11, 100, 'ms', 'sync-relay'),
    'The generator was saturated: p(90) of the event loop’s delay in sync-relay was 250 ms over 120 readings; allowed ' +
      '100 ms. Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.',
  ],
  [
    saturated('generator-cpu', 0.974, 0.9, 'ratio', 'sync-relay'),
    'The generator was saturated: p(90) of the CPU use of a process (100 %: one core, or its container’s limit) in sync-relay was 97.4 % over 120 ' +
      'readings; allowed 90 %. Raise LOAD_SLICES or the profile’s `slices`, or lower LOAD_SCALE.',
  ],
  [
    saturated('gc-pause', 140, 100, 'ms', 'sync-relay'),
    'The generator was saturated: p(99) of garbage collection pauses in sync-relay was 140 ms over 120 readings; allowed ' +
      '100 ms. Raise LOAD_SLICES or the profile’s `slices`, or keep less in a VU.',
  ],
  [
    saturated('machine-cpu', 0.9504, 0.95, 'ratio'),
    'The generator was saturated: mean CPU use of the whole machine under load was 95.04 % over 120 readings; allowed ' +
      '95 %. Lower LOAD_SCALE, add shards (--shard) on other machines, or move TARGET to a machine of its own.',
  ],
  [
    saturated('steal', 0.23, 0.1, 'ratio'),
    'The generator was saturated: mean CPU time that other guests of the host took under load was 23 % over 120 ' +
      'readings; allowed 10 %. Use a machine whose host is not overbooked, or allow more with `health.maxSteal` of the profile.',
  ],
  [
    saturated('control-page', 310, 75, 'ms'),
    'The generator was saturated: p(75) of the first paint of a page that needs no target was 310 ms over 120 readings; ' +
      'allowed 75 ms. Lower `maxSessions` of the journeys or LOAD_SCALE, or use a larger machine.',
  ],
  [
    { ...saturated('exhausted', 12, 0, 'count'), detail: 'EMFILE' },
    'The generator ran out of resources: EMFILE, 12 times; required 0. Raise the limit of open files (ulimit -n), ' +
      'lower LOAD_SCALE, or raise LOAD_SLICES.',
  ],
  [
    { kind: 'interrupted', severity: 'invalid', by: 'SIGINT', atMs: 42_000, ofMs: 300_000 },
    'The run was interrupted (SIGINT) after 42.0 s of 5 m 00 s; required: to the end. ' +
      'What was measured until then is kept; run it again for a verdict.',
  ],
  [
    { kind: 'interrupted', severity: 'invalid', by: 'Ctrl-C', atMs: 6_760, ofMs: 6_000 },
    'The run was interrupted (Ctrl-C) when its 6.00 s were over, and not yet what comes after them; required: to the end. ' +
      'What was measured until then is kept; run it again for a verdict.',
  ],
  [
    { kind: 'crashed', severity: 'invalid', scenario: 'sync-relay', slice: 1, error: 'TypeError: x is not a function' },
    'Slice 2 of sync-relay crashed: TypeError: x is not a function; required: none. ' +
      "It is the scenario's own code that threw, outside an iteration, not the target. Look at the scenario's file.",
  ],
  [
    {
      ...{ kind: 'crashed', severity: 'invalid', scenario: 'light', slice: 0, error: 'Error: the browser died' },
      culprit: 'browser',
    },
    'Slice 1 of light crashed: Error: the browser died; required: none. ' +
      'It is the browser that died or did not start, neither the target nor the scenario. ' +
      'Look at the memory of the machine, and how many sessions it has at once.',
  ],
  [
    {
      ...{ kind: 'crashed', severity: 'invalid', scenario: 'light', slice: 0, error: 'EMFILE: too many open files' },
      culprit: 'machine',
    },
    'Slice 1 of light crashed: EMFILE: too many open files; required: none. ' +
      'It is the machine of the generator that ran out of this, neither the target nor the scenario. ' +
      'Raise its limits (ulimit -n), or free its disk and memory.',
  ],
  [
    { kind: 'nothing-measured', severity: 'invalid' },
    'Nothing was measured: 0 iterations finished; required: at least 1. ' +
      'Look at the -g filter, LOAD_DURATION, LOAD_SCALE, rates that come to less than one in the whole run, and when the scenarios start.',
  ],
  [
    { kind: 'idle', severity: 'warning', scenarios: ['nightly'] },
    'Nothing was asked for in nightly: no iteration began, and nothing is known of what it tests. ' +
      'Look at rates that come to less than one in the whole run, at LOAD_DURATION and LOAD_SCALE, and at when the scenarios start.',
  ],
  [
    { kind: 'idle', severity: 'warning', scenarios: ['nightly', 'weekly'] },
    'Nothing was asked for in nightly, weekly: no iteration began, and nothing is known of what they test. ' +
      'Look at rates that come to less than one in the whole run, at LOAD_DURATION and LOAD_SCALE, and at when the scenarios start.',
  ],
  [
    { kind: 'cut-off', severity: 'warning', scenario: 'sync-relay', interrupted: 1 },
    '1 iteration of sync-relay still ran when gracefulStop or gracefulRampDown was over: counted as failed, with what ' +
      'they had taken until then. ' +
      'Give them a longer gracefulStop, or look at what they waited for.',
  ],
  [
    {
      kind: 'tag-folded',
      severity: 'warning',
      tag: 'op',
      metrics: ['data_sent', 'http_req_duration', 'http_reqs'],
      values: ['GET /orders/1', 'GET /orders/2'],
      allowed: 100,
    },
    'Tag op took more or longer values than are told apart in data_sent, http_req_duration and 1 more metric, ' +
      'such as "GET /orders/1", "GET /orders/2": they are counted as op:other; ' +
      'required: at most 100 values a scenario, of up to 1,000 characters. ' +
      'Figures of the whole have all of them. Give what is alike one name, such as GET /orders/{id}, and put no id into it.',
  ],
  [
    { kind: 'left-out', severity: 'warning', scenarios: ['light'], thresholds: 1, objectives: 2 },
    'Only a part of the profile ran: the filter left out light, and with them 1 threshold and 2 objectives. ' +
      'Run the whole profile before a release.',
  ],
  [
    { kind: 'left-out', severity: 'warning', scenarios: ['light', 'power'], thresholds: 5 },
    'Only a part of the profile ran: the filter left out light, power, and with them 5 thresholds. ' +
      'Run the whole profile before a release.',
  ],
  [
    { kind: 'less-asked', severity: 'warning', load: 0.2, time: 1 / 120 },
    'Less ran than the profile asks for: 20 % of its load, 0.83 % of its time. Run the whole profile before a release.',
  ],
  [
    regressed,
    'Worse than its baseline: p(95) of http_req_duration was 31.0 ms against 20.0 ms in 10 runs (+55 %); allowed +50 %, ' +
      'chance alone makes up to +6.1 %, with p < 0.0001 over 24 time blocks. ' +
      'Look at what changed since the runs of the baseline: npx tandem baseline show.',
  ],
  [
    {
      ...regressed,
      aspect: 'errors',
      stat: 'rate',
      observed: 0.12,
      baseline: 0.01,
      change: 0.11,
      limit: 0.1,
      noise: 0.002,
      p: 0.0031,
    },
    'Worse than its baseline: share of failures of http_req_duration was 12 % against 1 % in 10 runs (+11.0 points); ' +
      'allowed 10 %, chance alone makes up to +0.2 points, with p = 0.0031 over 24 time blocks. ' +
      'Look at what changed since the runs of the baseline: npx tandem baseline show.',
  ],
  [
    {
      ...regressed,
      severity: 'warning',
      aspect: 'throughput',
      stat: 'rate',
      observed: 70,
      baseline: 100,
      change: 0.3,
      limit: 0.2,
    },
    'Worse than its baseline: number a second of http_req_duration was 70/s against 100/s in 10 runs (−30 %); ' +
      'allowed −20 %, chance alone makes up to −6.1 %, with p < 0.0001 over 24 time blocks. ' +
      'Look at what changed since the runs of the baseline: npx tandem baseline show.',
  ],
  [
    { kind: 'error-outside', severity: 'invalid', error: 'worker process exited unexpectedly (code=3, signal=null)' },
    'After or beside the work of all slices something failed: worker process exited unexpectedly (code=3, signal=null); ' +
      'required: nothing. Look at what a scenario leaves running after its teardown, and at reporters that were added.',
  ],
  [
    { kind: 'baseline-thin', severity: 'warning', runs: 1, needed: 3 },
    'Nothing was compared: the baseline holds 1 run; required: at least 3, to know how much runs of one build differ by ' +
      'chance. Add runs of this build: npx tandem baseline accept <run>.',
  ],
  [
    { kind: 'baseline-undecided', severity: 'warning', figures: 5, of: 5 },
    'Whether it got worse than the baseline cannot be told: the runs are too short, or too few. ' +
      'Add runs of this build, npx tandem baseline accept <run>, or make the profile longer.',
  ],
  [
    {
      ...{ kind: 'baseline-undecided', severity: 'warning', figures: 2, of: 5 },
      worst: {
        aspect: 'response-time',
        metric: 'iteration_response_time',
        stat: 'p(95)',
        observed: 65,
        baseline: 30,
        change: 7 / 6,
      },
    },
    'Whether 2 figures of 5 got worse than the baseline cannot be told: the runs are too short, or too few. ' +
      'p(95) of iteration_response_time was 65.0 ms against 30.0 ms (+117 %). ' +
      'Add runs of this build, npx tandem baseline accept <run>, or make the profile longer.',
  ],
  [
    { kind: 'baseline-undecided', severity: 'warning', figures: 0, of: 0 },
    'Nothing was compared: no figure of the run is in its baseline. ' +
      'Add runs of this build, npx tandem baseline accept <run>, or make the profile longer.',
  ],
  [
    { kind: 'baseline-unreadable', severity: 'warning', error: 'baselines/a.json: is no JSON.' },
    'Nothing was compared: baselines/a.json: is no JSON. Restore the file, or delete it and accept runs anew.',
  ],
];

for (const [finding, sentence] of said)
  test(`says ${finding.kind}: ${sentence.slice(0, 40)}…`, () => {
    assert.equal(say(finding), sentence);
    assert.notEqual(splitMessage(reason(finding)).next, '', 'ends in what to look at next');
  });

test('what the target sends is quoted in one printable line, and cut', () => {
  const error = `\x1b[2Jgone\n${'x'.repeat(5_000)}`;
  const sentence = say({ kind: 'target-unreached', severity: 'invalid', url, requests: 1, error });
  assert.match(sentence, /0 answers to 1 request, last error \\x1b\[2Jgone x+…; required/);
  assert.ok(sentence.length < 500);
});

test('an example that is no JSON is still shown', () => {
  const example: Record<string, unknown> = {};
  example.self = example;
  const sentence = say({ kind: 'oracle', severity: 'fail', oracle: 'o', checked: 0, violations: 1, example });
  assert.match(sentence, /^o: 1 violation in 0 checked; required 0\. First: \[object Object\]\./);
});

test('an observed value just over its limit is told apart from it', () => {
  const just = { ...crossed, observed: 500.04 };
  assert.match(say(just), /was 500\.04 ms over .* required < 500 ms\./);
  assert.deepEqual([observedText(just), requiredText(just)], ['500.04 ms', '< 500 ms']);
});

test('a message of another making is kept whole', () => {
  assert.deepEqual(splitMessage({ ...crossed, message: 'Written by hand.' }), {
    ...{ found: 'Written by hand.', example: '', next: '' },
  });
});
