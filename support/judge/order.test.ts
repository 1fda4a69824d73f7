import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossed, failing, neverBought, saturated, url } from '../report/findings.fixture.ts';
import { worstFirst } from './order.ts';
import type { Finding, Severity } from './verdict.ts';

test('worst first: correctness, what is missed by how far, drops, what is undecided, warnings', () => {
  const dropped = {
    kind: 'dropped',
    severity: 'fail',
    scenario: 's',
    dropped: 1,
    due: 9,
    maxVUs: 1,
    allowed: 0,
  } as const;
  const findings: Finding[] = [
    { ...crossed, metric: 'warned', severity: 'warning' as Severity as 'fail' },
    dropped,
    { ...crossed, metric: 'little over' },
    { ...crossed, metric: 'none done', expression: 'count>0', observed: 0, limit: 0 },
    { ...crossed, metric: 'far under', expression: 'rate>0.95', observed: 0.095, limit: 0.95, unit: 'ratio' },
    { kind: 'no-data', severity: 'invalid', metric: 'm', expression: 'p(95)<5', count: 0, needed: 20 },
    { kind: 'cut-off', severity: 'warning', scenario: 's', interrupted: 1 },
    { kind: 'lateness', severity: 'invalid', scenario: 's', p99Ms: 9, allowedMs: 5, count: 1 },
    saturated('steal', 1, 0, 'ratio'),
    { kind: 'missing-slice', severity: 'invalid', scenario: 's', slice: 0, of: 2, cause: 'c' },
    { kind: 'failed-share', ...failing, failed: 41, allowed: 0.5, errors: [], scenarios: ['ping'] },
    { ...neverBought, severity: 'invalid' },
    neverBought,
    { kind: 'target-down', severity: 'fail', url, atMs: 1, forMs: 1, tries: 1, error: 'e' },
    { kind: 'oracle', severity: 'fail', oracle: 'o', checked: 1, violations: 1 },
  ];
  const before = [...findings];
  const names = worstFirst(findings).map((f) => (f.kind === 'threshold' ? f.metric : f.kind));
  assert.deepEqual(names, [
    'oracle',
    'target-down',
    'no-success',
    'failed-share',
    'none done',
    'far under',
    'little over',
    'dropped',
    'missing-slice',
    'saturated',
    'lateness',
    'no-success',
    'no-data',
    'warned',
    'cut-off',
  ]);
  assert.deepEqual(findings, before);
});
