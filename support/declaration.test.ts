import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricDefinitions } from './declaration.ts';

test('a trend is of milliseconds unless it says otherwise', () => {
  const score = { type: 'trend', contains: 'default' } as const;
  assert.deepEqual(metricDefinitions({ push_duration: 'trend', accepted: 'counter', score }), {
    push_duration: { type: 'trend', contains: 'time' },
    accepted: { type: 'counter', contains: 'default' },
    score,
  });
});
