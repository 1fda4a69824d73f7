/** Findings as runs have them. */
import type { Finding } from '../judge/verdict.ts';
import { signal } from './verdict.fixture.ts';

export const url = 'http://127.0.0.1:4000';
export const crossed = {
  kind: 'threshold',
  severity: 'fail',
  metric: 'http_req_duration{scenario:sync-relay}',
  expression: 'p(95)<500',
  observed: 812,
  limit: 500,
  unit: 'ms',
  count: 12_345,
} as const;

export function saturated(...args: Parameters<typeof signal>): Extract<Finding, { kind: 'saturated' }> {
  const { ok: _, ...rest } = signal(...args);
  return { kind: 'saturated', severity: 'invalid', ...rest };
}

export const neverBought: Extract<Finding, { kind: 'no-success' }> = {
  kind: 'no-success',
  severity: 'fail',
  what: 'scenario',
  scenarios: ['visit'],
  journey: true,
  tries: 63,
  failed: 63,
  errors: [{ name: 'visit, step "buy": Error: expect(locator).toBeVisible() failed', count: 63 }],
  example: {
    scenario: 'visit',
    step: 'buy',
    name: 'visit, step "buy": Error: expect(locator).toBeVisible() failed',
    error: 'Error: expect(locator).toBeVisible() failed\n\nLocator: getByText("Buy")\nExpected: visible',
    screenshot: 'visit-session-0.png',
  },
};
export const failing = {
  severity: 'fail',
  what: 'operation',
  scenarios: ['ping'],
  journey: false,
  operation: 'get',
  tries: 50,
  errors: [
    { name: 'HTTP 500', count: 50 },
    { name: 'check: status is 200', count: 49 },
  ],
} as const;
