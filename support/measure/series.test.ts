import assert from 'node:assert/strict';
import { test } from 'node:test';
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
