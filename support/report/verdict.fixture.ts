/** A verdict as a real run of `medium` gives it, for the tests of everything that shows one. */
import type { Finding, HealthSignal, MetricSummary, Reason, Verdict } from '../judge/verdict.ts';
import type { LiveSnapshot } from './live.ts';
import { say } from './messages.ts';

/** A finding with its sentence. */
export function reason(finding: Finding): Reason {
  return { ...finding, message: say(finding) };
}

/** Percentiles that grow from a median the way latencies do. Milliseconds. */
function trend(count: number, med: number, p95: number, p99: number, max: number): MetricSummary {
  const between = (share: number) => med + (p95 - med) * share;
  const values = { avg: between(0.2), min: med / 3, med, max, 'p(75)': between(0.35), 'p(90)': between(0.8) };
  return { type: 'trend', contains: 'time', count, values: { ...values, 'p(95)': p95, 'p(99)': p99 } };
}

function counter(count: number, contains: 'default' | 'data' = 'default'): MetricSummary {
  return { type: 'counter', contains, count, values: { count, rate: count / 125 } };
}

function rateOf(passes: number, fails: number): MetricSummary {
  const values = { rate: passes / (passes + fails), passes, fails };
  return { type: 'rate', contains: 'default', count: passes + fails, values };
}

function gauge(value: number, max: number, contains: 'default' | 'data'): MetricSummary {
  return { type: 'gauge', contains, count: 125, values: { value, min: 0, max } };
}

function score(count: number, med: number, p95: number): MetricSummary {
  return { ...trend(count, med, p95, p95, p95), contains: 'default' };
}

/** One that is over its limit when `observed` is. */
export function signal(
  name: HealthSignal['signal'],
  observed: number,
  allowed: number,
  unit: HealthSignal['unit'],
  scenario?: string,
): HealthSignal {
  const whose = scenario === undefined ? {} : { scenario };
  return { signal: name, ...whose, observed, allowed, unit, count: 120, ok: observed <= allowed };
}

const METRICS: Record<string, MetricSummary> = {
  iterations: counter(24_794),
  'iterations{scenario:sync-relay}': counter(24_690),
  'iterations{scenario:light}': counter(104),
  'iteration_response_time{scenario:sync-relay}': trend(24_690, 14.2, 812, 1_420, 2_210),
  'iteration_duration{scenario:sync-relay}': trend(24_690, 11.9, 96.4, 141, 655),
  'sync_push_duration{scenario:sync-relay}': trend(17_283, 12.4, 101, 148, 655),
  'sync_pull_duration{scenario:sync-relay}': trend(14_814, 6.81, 58.2, 88.1, 410),
  'http_req_duration{scenario:sync-relay}': trend(32_097, 9.7, 88.4, 131, 655),
  'http_req_failed{scenario:sync-relay}': rateOf(11, 32_086),
  'changes_accepted{scenario:sync-relay}': counter(51_840),
  'changes_rejected{scenario:sync-relay}': counter(17),
  'data_received{scenario:sync-relay}': counter(182_400_000, 'data'),
  checks: rateOf(96_280, 11),
  'checks{check:is-status-200,scenario:sync-relay}': rateOf(32_086, 11),
  'checks{check:is-accepted,scenario:sync-relay}': rateOf(17_283, 0),
  'target_cpu_percent{scenario:target}': gauge(63.4, 98, 'default'),
  'target_memory_bytes{scenario:target}': gauge(182_400_000, 201_000_000, 'data'),
  'browser_sessions{journey:light,phase:calm}': counter(12),
  'browser_sessions{journey:light,phase:load}': counter(104),
  'browser_session_failed{journey:light,phase:load}': rateOf(1, 103),
  'browser_step_duration{journey:light,phase:calm,step:sign-in}': trend(12, 148, 201, 212, 212),
  'browser_step_duration{journey:light,phase:load,step:sign-in}': trend(104, 171, 488, 690, 744),
  'browser_step_duration{journey:light,phase:calm,step:sync}': trend(12, 62.1, 88, 90.2, 90.2),
  'browser_step_duration{journey:light,phase:load,step:sync}': trend(104, 118, 402, 580, 611),
  'browser_step_duration{journey:power,phase:load,step:import-csv}': trend(9, 812, 1_490, 1_490, 1_490),
  'browser_interaction_to_paint{journey:light,phase:calm,step:sync}': trend(12, 21.4, 33, 34, 34),
  'browser_interaction_to_paint{journey:light,phase:load,step:sync}': trend(104, 24.9, 61, 77, 80),
  'browser_web_vital_lcp{phase:calm}': trend(24, 108, 140, 151, 151),
  'browser_web_vital_lcp{phase:load}': trend(208, 141, 420, 520, 540),
  'browser_web_vital_cls{phase:calm}': score(24, 0, 0.004),
  'browser_web_vital_cls{phase:load}': score(208, 0.001, 0.012),
  'browser_web_vital_ttfb{phase:calm}': trend(24, 3.1, 5.2, 6, 6),
  'browser_web_vital_ttfb{phase:load}': trend(208, 7.9, 66, 91, 95),
  'browser_remote_change_to_paint{phase:load}': trend(318, 92, 410, 612, 700),
  'browser_control_paint{phase:calm}': trend(10, 20, 31, 33, 33),
  'browser_control_paint{phase:load}': trend(50, 24, 44, 50, 51),
  'generator_cpu_percent{scenario:sync-relay}': score(120, 22, 44),
  'machine_cpu_percent{phase:load,scenario:sync-relay}': score(120, 71, 94),
};

const SIGNALS: HealthSignal[] = [
  signal('event-loop-delay', 4.1, 100, 'ms', 'sync-relay'),
  signal('generator-cpu', 0.41, 0.9, 'ratio', 'sync-relay'),
  signal('gc-pause', 3.2, 100, 'ms', 'sync-relay'),
  signal('event-loop-delay', 6.3, 100, 'ms', 'light'),
  signal('generator-cpu', 0.08, 0.9, 'ratio', 'light'),
  signal('machine-cpu', 0.72, 0.95, 'ratio'),
  signal('steal', 0.002, 0.1, 'ratio'),
  signal('control-page', 31, 75, 'ms'),
];

const CROSSED = {
  kind: 'threshold',
  severity: 'fail',
  metric: 'iteration_response_time{scenario:sync-relay}',
  expression: 'p(95)<500',
  observed: 812,
  limit: 500,
  unit: 'ms',
  count: 24_690,
} as const;

const DROPPED = {
  kind: 'dropped',
  severity: 'fail',
  scenario: 'sync-relay',
  dropped: 310,
  due: 25_000,
  maxVUs: 50,
  allowed: 0,
} as const;

/** A failed run: one threshold crossed, some arrivals dropped. `overrides` replace whole fields. */
export function exampleVerdict(overrides: Partial<Verdict> = {}): Verdict {
  return {
    schemaVersion: 2,
    status: 'fail',
    runId: '20250607-142233-k3f9',
    profile: 'medium',
    target: { name: 'embedded', url: 'http://127.0.0.1:41233' },
    startedAt: '2025-06-07T14:22:33.120Z',
    durationMs: 125_000,
    seed: '42',
    phases: [
      { name: 'calm', startMs: 0, endMs: 10_000, load: 0 },
      { name: 'load', startMs: 10_000, endMs: 125_000, load: 1 },
    ],
    slices: { expected: 4, received: 4 },
    reasons: [reason(CROSSED), reason(DROPPED)],
    thresholds: [
      {
        metric: CROSSED.metric,
        expression: 'p(95)<500',
        observed: 812,
        limit: 500,
        unit: 'ms',
        count: 24_690,
        ok: false,
        decided: true,
      },
      {
        metric: 'http_req_failed{scenario:sync-relay}',
        expression: 'rate<0.05',
        observed: 11 / 32_097,
        limit: 0.05,
        unit: 'ratio',
        count: 32_097,
        ok: true,
        decided: true,
      },
      {
        metric: 'changes_accepted{scenario:sync-relay}',
        expression: 'count>0',
        observed: 51_840,
        limit: 0,
        unit: 'count',
        count: 51_840,
        ok: true,
        decided: true,
      },
      {
        metric: 'browser_web_vital_lcp{phase:load}',
        expression: 'p(75)<2.5*calm',
        observed: 239,
        limit: 298,
        unit: 'ms',
        count: 208,
        ok: true,
        decided: true,
        reference: { phase: 'calm', value: 119.2 },
      },
      {
        metric: 'browser_step_duration{journey:light,phase:load,step:sync}',
        expression: 'p(95)<1000',
        observed: 402,
        limit: 1_000,
        unit: 'ms',
        count: 104,
        ok: true,
        decided: true,
      },
    ],
    oracles: [
      {
        name: 'acknowledged-writes',
        promise: 'What the relay accepted can be read by the other devices.',
        checked: 51_840,
        violations: 0,
        examples: [],
        status: 'ok',
        counts: { participants: 50, duplicates: 3, indeterminate: 0, ofOthers: 1 },
      },
      { name: 'convergence', checked: 128, violations: 0, examples: [], status: 'ok' },
    ],
    health: {
      scenarios: [
        {
          scenario: 'sync-relay',
          latenessP99Ms: 0.84,
          latenessMaxMs: 12.1,
          dropped: 310,
          interrupted: 2,
          startSkewMs: 3.1,
        },
        { scenario: 'light', latenessP99Ms: 1.9, latenessMaxMs: 4.2, dropped: 0, interrupted: 0, startSkewMs: 2.2 },
      ],
      startSpreadMs: 3.1,
      signals: SIGNALS,
      generatorCpuSeconds: 41.7,
    },
    regressions: [],
    warnings: [],
    errors: { 'HTTP 503': 8, ECONNRESET: 3 },
    failures: [],
    metrics: METRICS,
    ...overrides,
  };
}

/** Of one scenario, each slower than the one before: `GET /1`, `GET /2`, … */
export function operationsOf(number: number): Verdict['metrics'] {
  return Object.fromEntries(
    Array.from({ length: number }, (_, index) => {
      const ms = index + 1;
      return [`http_req_duration{op:GET /${ms},scenario:attack}`, trend(9, ms / 2, ms, ms, ms)];
    }),
  );
}

/** What a front end that shows no heading fails with. */
export const exampleFailure: Verdict['failures'][0] = {
  scenario: 'light',
  step: 'sign in',
  name: 'light, step "sign in": expect(locator).toBeVisible() failed',
  error: [
    'Error: expect(locator).toBeVisible() failed',
    '',
    "Locator: getByRole('heading', { name: 'a < b & c' })",
    'Expected: visible',
    'Received: <element(s) not found>',
    '',
    'Call log:',
    '  - Expect "toBeVisible" with timeout 5000ms',
    "  - waiting for getByRole('heading')",
    '',
  ].join('\n'),
  at: 'journeys/light.journey.ts:12',
  screenshot: 'light-session-3.png',
  trace: 'light-session-3-trace.zip',
  count: 12,
};

/** A threshold that a full machine casts doubt on, on the right side of its limit or on the wrong one. */
export function undecidedThreshold(ok: boolean): Verdict['thresholds'][0] {
  const about = { metric: 'http_req_duration{op:GET /a|b}', expression: 'p(95)<500', unit: 'ms' } as const;
  const doubt = { by: 'machine-cpu', observed: 0.99, allowed: 0.95, unit: 'ratio' } as const;
  return { ...about, observed: ok ? 400 : 600, limit: 500, count: 20, ok, decided: false, doubts: [doubt] };
}

/** The same run passing. */
export function passedVerdict(): Verdict {
  const { thresholds, metrics, health } = exampleVerdict();
  return exampleVerdict({
    status: 'pass',
    reasons: [],
    thresholds: thresholds.map((t) => (t.ok ? t : { ...t, observed: 98.2, ok: true })),
    metrics: { ...metrics, 'iteration_response_time{scenario:sync-relay}': trend(24_690, 12.1, 98.2, 144, 660) },
    health: { ...health, scenarios: health.scenarios.map((s) => ({ ...s, dropped: 0, interrupted: 0 })) },
    errors: {},
  });
}

/** The same run halfway through. */
export function exampleSnapshot(overrides: Partial<LiveSnapshot> = {}): LiveSnapshot {
  const idle = { p95Ms: null, iterations: 0, failed: 0, dropped: 0 };
  return {
    runId: '20250607-142233-k3f9',
    profile: 'medium',
    target: { name: 'embedded', url: 'http://127.0.0.1:41233' },
    phase: 'load',
    elapsedMs: 72_400,
    totalMs: 125_000,
    slicesReady: 4,
    slicesExpected: 4,
    scenarios: [
      {
        name: 'sync-relay',
        kind: 'load',
        ratePerSecond: 1_246,
        p95Ms: 45.1,
        iterations: 41_200,
        failed: 12,
        dropped: 0,
        activeVUs: 50,
        maxVUs: 50,
      },
      {
        name: 'light',
        kind: 'journey',
        ratePerSecond: 0.83,
        p95Ms: 2_310,
        iterations: 58,
        failed: 0,
        dropped: 0,
        activeVUs: 3,
        maxVUs: 4,
      },
      { name: 'power', kind: 'journey', ratePerSecond: 0, activeVUs: 1, maxVUs: 1, ...idle },
    ],
    stopReason: null,
    p95Ms: 45.1,
    sessions: { active: 4, done: 58, failed: 0 },
    latenessP99Ms: 0.84,
    machineCpuPercent: 41.7,
    targetCpuPercent: 63.4,
    targetMemoryBytes: 182_400_000,
    missing: [],
    errors: {},
    ...overrides,
  };
}
