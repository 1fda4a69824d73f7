import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics, parseSeriesKey, safeTag, seriesKey } from './metrics.ts';

test('a series has one spelling, which reads back', () => {
  const table = [
    ['vus', {}, 'vus'],
    ['http_reqs', { scenario: 'relay', op: 'push' }, 'http_reqs{op:push,scenario:relay}'],
    ['checks', { check: 'a:b' }, 'checks{check:a:b}'],
  ] as const;
  for (const [metric, tags, key] of table) {
    assert.equal(seriesKey(metric, tags), key);
    assert.deepEqual(parseSeriesKey(key), { metric, tags });
  }
  assert.deepEqual(parseSeriesKey('m{ a : 1 , b:2 }'), { metric: 'm', tags: { a: '1', b: '2' } });
});

test('a tag value from anywhere breaks no key', () => {
  const value = 'is "status", {200}: ok\n';
  const key = seriesKey('checks', { check: safeTag(value), scenario: 'relay' });
  assert.deepEqual(parseSeriesKey(key).tags, { check: safeTag(value), scenario: 'relay' });
  assert.equal(safeTag('sign-in'), 'sign-in');
});

test('browser metrics stand apart from those of the protocol', () => {
  for (const [name, { type }] of Object.entries(builtinMetrics)) {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.ok(['trend', 'rate', 'counter', 'gauge'].includes(type), name);
  }
});
