import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causes } from './causes.ts';
import { rateLimitFindings } from './rate-limit.ts';
import { loadOf, nothingFailed, storeOf } from './store.fixture.ts';
import type { Finding } from './verdict.ts';

/** Of each scenario how many requests it sent, and how many were turned away. */
function found(outcomes: Record<string, [requests: number, turnedAway: number]>) {
  const measured = Object.entries(outcomes).map(([name, [requests]]) => [`http_reqs{scenario:${name}}`, [requests]]);
  const slices = Object.entries(outcomes).map(([scenario, [, turnedAway]]) => ({
    scenario,
    end: { ...nothingFailed, errors: { 'HTTP 500': 3, ...(turnedAway && { 'HTTP 429 (rate limited)': turnedAway }) } },
  }));
  const scenarios = Object.keys(outcomes).map((name) => loadOf(name));
  return rateLimitFindings({ store: storeOf(Object.fromEntries(measured)), scenarios, slices }, 'http://a.test');
}

test('what a rate limit turns away fails the run when it is more than a few in a hundred', () => {
  const limited = { kind: 'rate-limited', url: 'http://a.test', allowed: 0.05 };
  assert.deepEqual(found({ relay: [193, 150], vms: [100, 0] }), [
    { ...limited, severity: 'fail', scenarios: ['relay'], turnedAway: 150, requests: 193 },
  ]);
  assert.deepEqual(found({ relay: [100, 5] }), [
    { ...limited, severity: 'warning', scenarios: ['relay'], turnedAway: 5, requests: 100 },
  ]);
  assert.deepEqual(found({ relay: [100, 0] }), []);
});

test('what failed for the limit, or could not be checked, is told by the limit', () => {
  const relay = { ...loadOf('relay'), oracles: ['convergence'] };
  const effects = [
    { kind: 'no-success', severity: 'invalid', what: 'scenario', scenarios: ['relay'], doubt: 'rate-limit' },
    { kind: 'oracle-unknown', severity: 'invalid', oracle: 'convergence' },
    { kind: 'no-success', severity: 'fail', what: 'scenario', scenarios: ['vms'] },
  ] as Finding[];
  const left = (turnedAway: number) => causes([...found({ relay: [100, turnedAway] }), ...effects], [relay]);
  assert.deepEqual(
    left(90).map((one) => effects.indexOf(one)),
    [-1, 2],
  );
  assert.equal(left(1).length, 4);
});
