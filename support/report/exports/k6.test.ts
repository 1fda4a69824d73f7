import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeOf } from '../../judge/store.fixture.ts';
import { MetricStore } from '../../measure/store.ts';
import { exampleVerdict } from '../verdict.fixture.ts';
import { k6Summary } from './k6.ts';

const extra = { isStdOutTTY: true, isStdErrTTY: false, noColor: false };
const nothing = { store: new MetricStore(), scenarios: [] };

test('the top of the object is what k6 hands to handleSummary', () => {
  const rate = (passes: number, fails: number) =>
    ({ type: 'rate', contains: 'default', count: 0, values: { passes, fails } }) as const;
  const metrics = {
    'checks{check:is status 200,scenario:a}': rate(32_000, 11),
    'checks{check:is status 200,scenario:b}': rate(86, 0),
    'checks{check:once,scenario:a}': rate(1, 1),
    'checks{check:once}': rate(5, 0),
    checks: rate(32_091, 11),
  };
  const summary = k6Summary(exampleVerdict({ metrics }), nothing, extra);
  assert.deepEqual(Object.keys(summary), ['root_group', 'options', 'state', 'metrics']);
  assert.deepEqual(summary.state, { isStdErrTTY: false, isStdOutTTY: true, testRunDurationMs: 125_000 });
  assert.deepEqual(summary.root_group, {
    name: '',
    path: '',
    id: 'd41d8cd98f00b204e9800998ecf8427e',
    groups: [],
    checks: [
      {
        name: 'is status 200',
        path: '::is status 200',
        // What k6 itself gives a check of this name.
        id: '548d37ca5f33793206f7832e7cea54fb',
        passes: 32_086,
        fails: 11,
      },
      { name: 'once', path: '::once', id: '64146805511467ec3d682b90642664fd', passes: 5, fails: 0 },
    ],
  });
});

test('metrics keep their kind, values and submetric key', () => {
  const { metrics } = k6Summary(exampleVerdict(), nothing, extra);
  const push = metrics['sync_push_duration{scenario:sync-relay}'];
  assert.equal(push?.type, 'trend');
  assert.equal(push?.contains, 'time');
  assert.equal(push?.values['p(95)'], 101);
  assert.equal(push?.values.count, 17_283);
  assert.deepEqual(metrics['http_req_failed{scenario:sync-relay}']?.values, {
    rate: 11 / 32_097,
    passes: 11,
    fails: 32_086,
  });
  assert.deepEqual(metrics.iterations?.values, { count: 24_794, rate: 24_794 / 125 });
});

test('a trend has the figures that the options list, and k6’s own names for what it has', () => {
  const { metrics, options } = k6Summary(exampleVerdict(), nothing, extra);
  const keysOf = (type: string) =>
    new Set(Object.values(metrics).flatMap((one) => (one.type === type ? Object.keys(one.values) : [])));
  assert.deepEqual([...keysOf('trend')].sort(), [...options.summaryTrendStats].sort());
  assert.deepEqual([...keysOf('rate')], ['rate', 'passes', 'fails']);
  assert.deepEqual([...keysOf('counter')], ['count', 'rate']);
  assert.deepEqual([...keysOf('gauge')], ['value', 'min', 'max']);
});

test('thresholds stand at their metric, however its tags are ordered', () => {
  const { thresholds } = exampleVerdict();
  const reordered = {
    ...thresholds[4]!,
    metric: 'browser_step_duration{step:sync, phase:load, journey:light}',
    expression: 'p(99)<2000',
  };
  const { metrics } = k6Summary(exampleVerdict({ thresholds: [...thresholds, reordered] }), nothing, extra);
  assert.deepEqual(metrics['iteration_response_time{scenario:sync-relay}']?.thresholds, { 'p(95)<500': { ok: false } });
  assert.deepEqual(metrics['browser_step_duration{journey:light,phase:load,step:sync}']?.thresholds, {
    'p(95)<1000': { ok: true },
    'p(99)<2000': { ok: true },
  });
  assert.ok(!(reordered.metric in metrics));
  assert.ok(!('thresholds' in metrics.iterations!));
});

test('what is asked of the whole run and of windows has held where both have', () => {
  const judged = {
    metric: 'm',
    expression: 'p(95)<5',
    observed: 1,
    limit: 5,
    unit: 'ms',
    count: 9,
    decided: true,
  } as const;
  const okOf = (...all: boolean[]) => {
    const thresholds = all.map((ok) => ({ ...judged, ok }));
    return k6Summary(exampleVerdict({ metrics: {}, thresholds }), nothing, extra).metrics.m!.thresholds;
  };
  assert.deepEqual(okOf(false, true), { 'p(95)<5': { ok: false } });
  assert.deepEqual(okOf(true, false), { 'p(95)<5': { ok: false } });
  assert.deepEqual(okOf(true, true), { 'p(95)<5': { ok: true } });
});

test('a threshold without data is there, and not ok', () => {
  const empty = { observed: null, limit: null, unit: 'ms', count: 0, ok: false, decided: false } as const;
  const thresholds = [
    { ...empty, metric: 'ws_session', expression: 'p(95)<5' },
    { ...empty, metric: 'drops', expression: 'rate<0.1' },
    { ...empty, metric: 'done', expression: 'count>0' },
    { ...empty, metric: 'level', expression: 'value<9' },
  ];
  const { metrics } = k6Summary(exampleVerdict({ metrics: {}, thresholds }), nothing, extra);
  assert.deepEqual(
    Object.entries(metrics).map(([name, m]) => [name, m.type, m.values, m.thresholds]),
    [
      ['ws_session', 'trend', {}, { 'p(95)<5': { ok: false } }],
      ['drops', 'rate', {}, { 'rate<0.1': { ok: false } }],
      ['done', 'counter', {}, { 'count>0': { ok: false } }],
      ['level', 'gauge', {}, { 'value<9': { ok: false } }],
    ],
  );
});

test('a threshold about a part of several series has the values of that part', () => {
  const store = storeOf({
    'http_req_duration{op:push,scenario:a}': [10, 20],
    'http_req_duration{op:push,scenario:b}': [30],
    'iterations{op:push,scenario:a}': [50],
  });
  const judged = { observed: 30, limit: 50, unit: 'ms', count: 3, ok: true, decided: true } as const;
  const thresholds = [
    { ...judged, metric: 'http_req_duration{ op : push }', expression: 'max<50' },
    { ...judged, metric: 'iterations{scenario:a}', expression: 'count>1' },
  ];
  const { metrics } = k6Summary(exampleVerdict({ metrics: {}, thresholds }), { store, scenarios: [] }, extra);
  const push = metrics['http_req_duration{ op : push }']!;
  assert.deepEqual(
    [push.type, push.contains, Math.round(push.values.max!), push.values.count],
    ['trend', 'time', 30, 3],
  );
  assert.deepEqual(push.thresholds, { 'max<50': { ok: true } });
  assert.equal(metrics['iterations{scenario:a}']!.values.count, 50);
});
