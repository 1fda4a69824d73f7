import assert from 'node:assert/strict';
import { test } from 'node:test';
import { random } from '../schedule/random.ts';
import { builtinMetrics, parseSeriesKey, readSeriesKey, seriesKey } from './metrics.ts';

test('a series has one spelling, which reads back', () => {
  const table = [
    ['vus', {}, 'vus'],
    ['http_reqs', { scenario: 'relay', op: 'push' }, 'http_reqs{op:push,scenario:relay}'],
    ['checks', { check: 'a:b' }, 'checks{check:a:b}'],
    // As k6's users write them, and as they can be read.
    ['http_reqs', { op: 'GET /orders/{id}' }, 'http_reqs{op:GET /orders/{id}}'],
    ['http_reqs', { url: 'http://x/y?z=1' }, 'http_reqs{url:http://x/y?z=1}'],
    ['checks', { check: 'is: "ok" \\ ü' }, 'checks{check:is: "ok" \\ ü}'],
    ['checks', { check: 'a, b' }, 'checks{check:"a, b"}'],
    ['checks', { check: '"ok"' }, 'checks{check:"\\"ok\\""}'],
    ['checks', { check: ' ok' }, 'checks{check:" ok"}'],
    ['checks', { check: '' }, 'checks{check:""}'],
    ['checks', { check: '}{' }, 'checks{check:"}{"}'],
    ['m', { 'a b': '1' }, 'm{"a b":1}'],
  ] as const;
  for (const [metric, tags, key] of table) {
    assert.equal(seriesKey(metric, tags), key);
    assert.deepEqual(parseSeriesKey(key), { metric, tags });
  }
});

test('a person may quote what needs no quotes, and leave blanks around it', () => {
  const read = (key: string) => readSeriesKey(key)?.tags;
  assert.deepEqual(read('m{ a : 1 , b:2 }'), { a: '1', b: '2' });
  assert.deepEqual(read('m{op:"GET /orders", b: "1" }'), { op: 'GET /orders', b: '1' });
  assert.deepEqual(read('m{op:"\\d"}'), { op: '\\d' });
  for (const key of [
    'm{',
    'm{}',
    'm{a}',
    'm{a:}',
    'm{a:1',
    'm{a:1}x',
    'm{a:1,}',
    'm{a:1}{b:2}',
    'm{a:"x}',
    'm{a: "x}',
    'm{a:1,a:2}',
  ]) {
    assert.equal(readSeriesKey(key), undefined, key);
  }
});

test('whatever characters names are made of, two of them never share a key', () => {
  const draw = random(5, 'names');
  const parts = [
    'a',
    'é',
    '😀',
    '\ud800',
    ' ',
    '\t',
    '\n',
    '\0',
    ',',
    ':',
    '{',
    '}',
    '"',
    '\\',
    "'",
    '|',
    '`',
    '<',
    '-',
    '\u2028',
    '\ufeff',
    '\\"',
    '__proto__',
    'other',
  ];
  const text = (least: number) => Array.from({ length: draw.int(least, 5) }, () => draw.pick(parts)).join('');
  const seen = new Map<string, string>();
  for (let round = 0; round < 20_000; round++) {
    const tags = Object.fromEntries(Array.from({ length: draw.int(1, 3) }, () => [text(1), text(0)]));
    const key = seriesKey('m', tags);
    assert.deepEqual(parseSeriesKey(key), { metric: 'm', tags });
    assert.doesNotThrow(() => encodeURIComponent(key), 'it survives a file');
    const all = JSON.stringify(Object.entries(tags).sort());
    assert.equal(seen.get(key) ?? all, all);
    seen.set(key, all);
  }
});

test('browser metrics stand apart from those of the protocol', () => {
  for (const [name, { type }] of Object.entries(builtinMetrics)) {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.ok(['trend', 'rate', 'counter', 'gauge'].includes(type), name);
  }
});
