import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OracleResult } from '../judge/verdict.ts';
import { besideText, counterText, observedText, requiredText, statText } from './words.ts';

test('what is required, in the unit of the metric', () => {
  const about = { expression: 'p(95)<1500', observed: 12, limit: 1_500, unit: 'ms' } as const;
  assert.deepEqual([observedText(about), requiredText(about)], ['12.0 ms', '< 1.5 s']);
  const calm = { ...about, expression: 'p(75)<2.5*calm' };
  assert.equal(requiredText({ ...calm, limit: 298 }), '< 298 ms = 2.5 × calm');
  assert.equal(requiredText({ ...calm, limit: null }), 'p(75)<2.5*calm');
  assert.equal(requiredText({ ...about, observed: null }), '< 1.5 s');
});

test('the rate of a counter is per second, that of a rate is a share, and a count is neither', () => {
  const about = { expression: 'rate>100', observed: 60, limit: 100, unit: 'count' } as const;
  assert.deepEqual([observedText(about), requiredText(about)], ['60/s', '> 100/s']);
  const bytes = { ...about, unit: 'bytes', observed: 1_500 } as const;
  assert.deepEqual([observedText(bytes), requiredText(bytes)], ['1.50 kB/s', '> 100 B/s']);
  const share = { ...about, expression: 'rate>0.9', observed: 0.5, limit: 0.9, unit: 'ratio' } as const;
  assert.deepEqual([observedText(share), requiredText(share)], ['50 %', '> 90 %']);
  const counted = { ...about, expression: 'count>100' };
  assert.deepEqual([observedText(counted), requiredText(counted)], ['60', '> 100']);
  assert.equal(observedText({ ...about, observed: null }), '–');
});

test('of a threshold that must hold in windows their share is what is told, and what is required of it', () => {
  const about = { expression: 'p(95)<500', observed: 0.9, limit: 0.99, unit: 'ratio' } as const;
  const windows = { everyMs: 10_000, held: 9, unknown: 0, unit: 'ms' } as const;
  const inWindows = { ...about, windows: { ...windows, missed: [] } };
  assert.deepEqual(
    [statText(inWindows), observedText(inWindows), requiredText(inWindows)],
    ['p(95)<500', '90 %', '≥ 99 % of windows of 10 s'],
  );
  const overall = { ...about, observed: 812, limit: 500, unit: 'ms' } as const;
  assert.deepEqual([statText(overall), requiredText(overall)], ['p(95)', '< 500 ms']);
});

test('what an oracle counted beside violations, as words; what did not happen is left out', () => {
  const oracle: OracleResult = { name: 'o', checked: 1, violations: 0, examples: [], status: 'ok' };
  const counts = { devices: 1_250, duplicates: 3, indeterminate: 0, ofOthers: 1 };
  assert.equal(besideText({ ...oracle, counts }), '1,250 devices, 3 duplicates, 1 of others');
  assert.equal(besideText(oracle), '');
  assert.equal(besideText({ ...oracle, counts, summary: '3 acknowledged, 2 found' }), '3 acknowledged, 2 found');
});

test('of a gauge the most is told, which it no longer is at the end of a run', () => {
  const gauge = { type: 'gauge', contains: 'default', count: 9, values: { value: 0, min: 0, max: 1_000 } } as const;
  assert.equal(counterText(gauge), 'at most 1,000');
  assert.equal(counterText({ ...gauge, contains: 'data' }), 'at most 1.00 kB');
  assert.equal(counterText({ type: 'counter', contains: 'default', count: 1, values: { count: 7, rate: 1 } }), '7');
});
