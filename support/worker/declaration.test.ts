import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinMetrics } from '../measure/metrics.ts';
import { type MetricDeclarations, metricDefinitions } from './declaration.ts';

test('a trend is of milliseconds unless it says otherwise', () => {
  const score = { type: 'trend', contains: 'default' } as const;
  assert.deepEqual(metricDefinitions({ push_duration: 'trend', accepted: 'counter', score }), {
    push_duration: { type: 'trend', contains: 'time' },
    accepted: { type: 'counter', contains: 'default' },
    score,
  });
});

test('a metric of the suite’s own that is declared once more is what it was', () => {
  const again = {
    http_req_failed: 'rate',
    http_req_duration: 'trend',
    data_sent: { type: 'counter', contains: 'data' },
  };
  const { http_req_failed, http_req_duration, data_sent } = builtinMetrics;
  assert.deepEqual(metricDefinitions(again as MetricDeclarations), { http_req_failed, http_req_duration, data_sent });
  // Whoever means another thing by it hears of that before the run.
  const other = { type: 'counter', contains: 'default' } as const;
  assert.deepEqual(metricDefinitions({ http_req_failed: 'counter' }), { http_req_failed: other });
});

test('a metric has a name that a threshold can be about', () => {
  for (const name of ['__proto__', 'constructor', 'valueOf', 'a b', 'a{b:1}', 'a-b', '1st', '', 'é']) {
    const sentence = `metrics has ${JSON.stringify(name)}; allowed is a name of letters, digits and _, such as push_duration.`;
    assert.throws(() => metricDefinitions({ [name]: 'counter' as const }), new Error(sentence));
  }
  assert.deepEqual(Object.keys(metricDefinitions({ _a1: 'counter', B: 'rate' })), ['_a1', 'B']);
});

test('what is no metric is told of before the run', () => {
  const allowed = "allowed is trend, rate, counter or gauge, or { type: 'trend', contains: 'data' } of sizes in bytes.";
  const table: [metric: unknown, shown: string][] = [
    ['count', '"count"'],
    ['constructor', '"constructor"'],
    [{ type: 'Trend', contains: 'time' }, '{"type":"Trend","contains":"time"}'],
    [{ type: 'trend', contains: 'ms' }, '{"type":"trend","contains":"ms"}'],
    [null, 'null'],
    [true, 'true'],
  ];
  for (const [metric, shown] of table)
    assert.throws(() => metricDefinitions({ orders: metric as 'trend' }), {
      message: `metrics.orders is ${shown}; ${allowed}`,
    });
  const size = { type: 'trend', contains: 'data' } as const;
  assert.deepEqual(metricDefinitions({ size }), { size });
});
