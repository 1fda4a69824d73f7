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

test('a metric has a name that a threshold can be about', () => {
  for (const name of ['__proto__', 'a b', 'a{b:1}', 'a-b', '1st', '', 'é']) {
    const sentence = `metrics has ${JSON.stringify(name)}; allowed is a name of letters, digits and _, such as push_duration.`;
    assert.throws(() => metricDefinitions({ [name]: 'counter' as const }), new Error(sentence));
  }
  assert.deepEqual(Object.keys(metricDefinitions({ _a1: 'counter', B: 'rate' })), ['_a1', 'B']);
});
