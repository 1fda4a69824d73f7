import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TREND_MAX } from './histogram.ts';
import type { MetricType } from './metrics.ts';
import { type AnySeries, mergeInto, newSeries, type Packed, type Series, unpack } from './series.ts';

function seriesOf(type: MetricType, values: number[]): AnySeries {
  const series = newSeries(type);
  for (const value of values) series.add(value);
  return series;
}

/** As it travels: through JSON. */
function travelled(series: AnySeries): AnySeries {
  return unpack(JSON.parse(JSON.stringify(series.pack())) as Packed);
}

const types: MetricType[] = ['trend', 'rate', 'counter', 'gauge'];

test('what is unpacked is what was packed, and merges as it would have', () => {
  for (const type of types) {
    const series = seriesOf(type, [1, 0, 5]);
    assert.deepEqual(travelled(series).pack(), series.pack(), type);
    assert.equal(travelled(series).count, series.count, type);
    const parts = newSeries(type);
    mergeInto(parts, travelled(seriesOf(type, [1])));
    mergeInto(parts, travelled(seriesOf(type, [0, 5])));
    assert.deepEqual(parts.pack(), series.pack(), type);
  }
});

test('each type keeps its own figures', () => {
  const { h: _, ...trend } = seriesOf('trend', [1, 2]).pack() as Extract<Packed, { t: 'trend' }>;
  assert.deepEqual(trend, { t: 'trend', sum: 3 });
  assert.deepEqual(seriesOf('rate', [1, 0, 7, 0]).pack(), { t: 'rate', passes: 2, total: 4 });
  assert.deepEqual(seriesOf('counter', [1, 2]).pack(), { t: 'counter', sum: 3 });
  assert.deepEqual(seriesOf('gauge', [3, 1, 2]).pack(), { t: 'gauge', last: 2, min: 1, max: 3, sum: 6, n: 3 });
});

test('a reset series is like a new one', () => {
  for (const type of types) {
    const series = seriesOf(type, [1, 2]);
    series.reset();
    assert.equal(series.count, 0, type);
    assert.deepEqual(seriesOf(type, []).pack(), series.pack(), type);
  }
});

test('adding 0 to a counter is something; an empty gauge is nothing', () => {
  assert.equal(seriesOf('counter', [0]).count, 1);
  assert.equal(seriesOf('counter', []).count, 0);
  const gauge = seriesOf('gauge', [4]);
  mergeInto(gauge, newSeries('gauge'));
  assert.deepEqual(gauge.pack(), { t: 'gauge', last: 4, min: 4, max: 4, sum: 4, n: 1 });
});

test('series of different types do not merge', () => {
  for (const into of types) {
    for (const other of types) {
      const merge = () => mergeInto(newSeries(into), newSeries(other) as AnySeries & Series);
      if (into === other) merge();
      else assert.throws(merge, new Error(`a ${other} cannot be merged into a ${into}`));
    }
  }
});

/** What is told of a value that is added to a series, and what the series then holds. */
function adding(value: unknown, type: MetricType, contains: 'time' | 'data' | 'default' = 'default') {
  const told: string[] = [];
  const series = newSeries(type, contains, (what) => told.push(what));
  series.add(value as number);
  return { told, count: series.count };
}

test('what is no number is told by name and never added, least of all as 0', () => {
  const none: [value: unknown, what: string][] = [
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['5', 'a string'],
    [5n, 'a bigint'],
    [{}, 'an object'],
    [() => 5, 'a function'],
  ];
  for (const [value, what] of none) {
    for (const type of ['trend', 'counter', 'gauge'] as const) {
      assert.deepEqual(adding(value, type), { told: [`${what} is no number`], count: 0 }, type);
    }
    assert.deepEqual(adding(value, 'rate'), { told: [`${what} is neither true nor false`], count: 0 });
  }
  assert.deepEqual(adding(true, 'trend'), { told: ['true is no number'], count: 0 });
  assert.deepEqual(adding(Promise.resolve(true), 'rate').told, ['a Promise is neither true nor false']);
});

test('a number out of range is told: below it is not added, above it is added as the most', () => {
  const below = { told: ['a number below 0 is out of range'], count: 0 };
  assert.deepEqual(adding(-1, 'trend', 'time'), below);
  assert.deepEqual(adding(-1, 'counter'), below);
  assert.deepEqual(adding(-1, 'gauge', 'data'), below);
  const above = (most: number) => ({ told: [`a number above ${most} is counted as ${most}`], count: 1 });
  assert.deepEqual(adding(1e300, 'trend'), above(TREND_MAX));
  assert.deepEqual(adding(1e300, 'counter'), above(Number.MAX_SAFE_INTEGER));
  assert.deepEqual(adding(1e300, 'gauge'), above(Number.MAX_SAFE_INTEGER));
  const sum = newSeries('counter', 'default', () => {});
  for (let n = 0; n < 3; n++) sum.add(1.7e308);
  assert.deepEqual(unpack(sum.pack()).pack(), { t: 'counter', sum: 3 * Number.MAX_SAFE_INTEGER });
});

test('what is in range is told to nobody', () => {
  const fine = { told: [], count: 1 };
  for (const value of [0, -0, 1e-9, 5, 4_294_900, 5e9, TREND_MAX]) assert.deepEqual(adding(value, 'trend'), fine);
  // The difference of two readings of a clock.
  assert.deepEqual(adding(-1e-10, 'trend', 'time'), fine);
  assert.deepEqual(adding(-5, 'gauge', 'time'), fine);
  assert.deepEqual(adding(0, 'counter'), fine);
});

test('a rate takes booleans and, as k6 does, any number but 0 for true', () => {
  const rate = newSeries('rate');
  for (const value of [true, false, 1, 0, 0.5, -3]) (rate as { add(value: number | boolean): void }).add(value);
  assert.deepEqual(rate.pack(), { t: 'rate', passes: 4, total: 6 });
});
