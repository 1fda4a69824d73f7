import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregationName, aggregationsOf, holds, parseExpression, parseSelector } from './expression.ts';

test('threshold expressions are k6’s, and multiples of a phase', () => {
  const table: [source: string, name: string, operator: string, value: number, of?: string][] = [
    ['p(95)<500', 'p(95)', '<', 500],
    ['p(99.9) <= 500.5', 'p(99.9)', '<=', 500.5],
    ['p(0)>=0', 'p(0)', '>=', 0],
    ['p(100)<1', 'p(100)', '<', 1],
    ['  avg < 200 ', 'avg', '<', 200],
    ['min>1', 'min', '>', 1],
    ['med!=3', 'med', '!=', 3],
    ['max<1000', 'max', '<', 1_000],
    ['count==7', 'count', '==', 7],
    ['count===7', 'count', '===', 7],
    ['rate>0.95', 'rate', '>', 0.95],
    ['value<-5', 'value', '<', -5],
    ['p(75)<1.5*calm', 'p(75)', '<', 1.5, 'calm'],
    ['p(95)<1.2*baseline', 'p(95)', '<', 1.2, 'baseline'],
    ['p(75) < 3 * calm', 'p(75)', '<', 3, 'calm'],
  ];
  for (const [source, name, operator, value, of] of table) {
    const { aggregation, ...parsed } = parseExpression(source)!;
    assert.equal(aggregationName(aggregation), name);
    assert.deepEqual(parsed, { source, operator, value, ...(of !== undefined && { of }) });
  }
});

test('what is no threshold expression', () => {
  const table = [
    ...[
      '',
      'p95<500',
      'p(95)',
      '<500',
      'p(101)<5',
      'p(-1)<5',
      'p()<5',
      'p(95)=500',
      'p(95)=<500',
      'p(95)<',
      'p(95)<abc',
    ],
    ...[
      'p(95)<500ms',
      'p(95)<500 and rate<1',
      'average<5',
      'P(95)<500',
      'rate<5%',
      'max<1e',
      'p(75)<calm',
      'p(75)<1.5 calm',
    ],
    ...['p(75)<1.5*2', 'rate<.5', 'rate<1,5', 'p(95)<<500', 'p(95)<500<600', 'p(95)>500*calm*calm'],
  ];
  for (const source of table) assert.equal(parseExpression(source), undefined, source);
});

test('selectors are a metric with or without tags', () => {
  const table: [string, ReturnType<typeof parseSelector>][] = [
    ['http_reqs', { metric: 'http_reqs', tags: {} }],
    ['m{ op : push , scenario: sync-relay }', { metric: 'm', tags: { op: 'push', scenario: 'sync-relay' } }],
    ['checks{check:status is 200}', { metric: 'checks', tags: { check: 'status is 200' } }],
    ['m{op:GET /orders}', { metric: 'm', tags: { op: 'GET /orders' } }],
    [
      'm{op:"GET /orders", url:http://x/{id}?a=1}',
      { metric: 'm', tags: { op: 'GET /orders', url: 'http://x/{id}?a=1' } },
    ],
    ['checks{check:"a, b"}', { metric: 'checks', tags: { check: 'a, b' } }],
    ...[
      ' http_reqs',
      'http_reqs{op:push} ',
      'm{op:push,op:pull}',
      'm{op:"push}',
      'm{op:push}{a:1}',
      '',
      '{op:push}',
      'm{}',
      'm{op}',
      'm{op:}',
      'm{:push}',
      'm{op=push}',
      'm{op:push',
      'm{op:push,}',
      'm op',
      '9m',
    ].map((source): [string, undefined] => [source, undefined]),
  ];
  for (const [source, selector] of table) assert.deepEqual(parseSelector(source), selector, source);
});

test('operators compare', () => {
  const table = {
    '<': [true, false, false],
    '<=': [true, true, false],
    '>': [false, false, true],
    '>=': [false, true, true],
    '==': [false, true, false],
    '===': [false, true, false],
    '!=': [true, false, true],
  } as const;
  for (const [operator, expected] of Object.entries(table)) {
    const actual = [4, 5, 6].map((observed) => holds(observed, operator as keyof typeof table, 5));
    assert.deepEqual(actual, expected, operator);
    if (operator !== '!=') assert.equal(holds(Number.NaN, operator as keyof typeof table, 5), false, operator);
  }
});

test('each type has its own aggregations', () => {
  assert.deepEqual(aggregationsOf('trend'), ['p(N)', 'avg', 'min', 'med', 'max', 'count']);
  assert.deepEqual(aggregationsOf('rate'), ['rate', 'count']);
  assert.deepEqual(aggregationsOf('counter'), ['count', 'rate']);
  assert.deepEqual(aggregationsOf('gauge'), ['value', 'min', 'max', 'avg']);
});
