import assert from 'node:assert/strict';
import { test } from 'node:test';
import { build, encodeIntoCompressedBase64, type Histogram, JsHistogram } from 'hdr-histogram-js';
import { random } from '../schedule/random.ts';
import { countsArrayIndex, TREND_MAX, Trend } from './histogram.ts';

const COUNT = 5_000;

/** The library's decoder of what is not compressed; its types leave it out. */
const { decode } = JsHistogram as unknown as { decode(encoded: Uint8Array): Histogram };

/** Milliseconds, as targets of different kinds answer. */
const distributions: Record<string, (draw: () => number) => number> = {
  uniform: (draw) => 1 + draw() * 1_000,
  exponential: (draw) => 0.2 - Math.log1p(-draw()) * 40,
  'log-normal': (draw) => Math.exp(3 + Math.sqrt(-2 * Math.log1p(-draw())) * Math.cos(2 * Math.PI * draw())),
  'two humps': (draw) => (draw() < 0.9 ? 5 + draw() : 2_000 + draw() * 500),
  'all alike': () => 12.345,
  'long tail': (draw) => 1 / (1 - draw()),
};

function samples(name: string, seed: number): number[] {
  const draw = random(seed, name);
  return Array.from({ length: COUNT }, () => distributions[name]!(draw));
}

function trendOf(values: number[]): Trend {
  const trend = new Trend();
  for (const value of values) trend.add(value);
  return trend;
}

test('percentiles are within 0.1 % of the exact ones, whatever the distribution', () => {
  for (const name of Object.keys(distributions)) {
    const values = samples(name, 7);
    const trend = trendOf(values);
    const sorted = values.toSorted((a, b) => a - b);
    for (const p of [1, 10, 50, 75, 90, 95, 99, 99.9, 100]) {
      const exact = sorted[Math.ceil((p * COUNT) / 100) - 1]!;
      const error = Math.abs(trend.percentile(p) - exact);
      // Below a millisecond the grain of a microsecond is the larger one.
      assert.ok(error <= Math.max(exact * 0.001, 0.001), `${name} p${p}: ${trend.percentile(p)}, exactly ${exact}`);
    }
    assert.ok(Math.abs(trend.max - sorted.at(-1)!) <= Math.max(trend.max * 0.001, 0.001), `${name} max`);
    assert.ok(Math.abs(trend.min - sorted[0]!) <= Math.max(trend.min * 0.001, 0.001), `${name} min`);
    const sum = values.reduce((total, value) => total + value, 0);
    assert.deepEqual([trend.count, trend.sum, trend.avg], [COUNT, sum, sum / COUNT], name);
  }
});

test('merged parts equal one histogram of everything, bit by bit', () => {
  const draw = random(3, 'splits');
  for (const name of Object.keys(distributions)) {
    const values = samples(name, 11);
    for (let round = 0; round < 3; round++) {
      const parts = Array.from({ length: draw.int(2, 12) }, () => [] as number[]);
      for (const value of values) draw.pick(parts).push(value);
      const [merged, joined] = [new Trend(), new Trend()];
      // As they come from slices: encoded, and in any order.
      for (const part of parts.map(trendOf)) {
        const encoded = part.encode();
        assert.equal(
          encodeIntoCompressedBase64(decode(Buffer.from(encoded, 'base64'))),
          encodeIntoCompressedBase64(part.histogram),
          'as the library reads it',
        );
        merged.mergeEncoded(encoded, part.sum);
        joined.merge(part);
      }
      const whole = trendOf(values);
      for (const one of [merged, joined]) {
        assert.equal(one.encode(), whole.encode(), `${name} in ${parts.length} parts`);
        assert.deepEqual([one.count, one.min, one.max], [whole.count, whole.min, whole.max], name);
        assert.ok(Math.abs(one.sum - whole.sum) < 1e-6 * one.sum);
      }
    }
  }
});

test('a decoded histogram takes in larger values than it was made for', () => {
  const decoded = Trend.decode(trendOf([1, 2]).encode(), 3);
  decoded.add(60_000);
  decoded.merge(trendOf([3_000_000]));
  assert.equal(decoded.count, 4);
  assert.ok(Math.abs(decoded.max - 3_000_000) < 3_000);
});

test('long times and large sizes are held like short ones, over every boundary of 32 bits', () => {
  const large = [
    4_292_870,
    4_292_871,
    4_294_900,
    4_294_967.295,
    4_294_967.296,
    4_294_968,
    36_000_000,
    5e9,
    1e12,
    TREND_MAX,
  ];
  for (const value of large) {
    const some = trendOf([1, value]);
    const travelled = Trend.decode(some.encode(), some.sum);
    const merged = trendOf([2]);
    merged.merge(travelled);
    merged.mergeEncoded(some.encode(), some.sum);
    assert.equal(travelled.encode(), some.encode());
    assert.equal(merged.encode(), trendOf([2, 1, value, 1, value]).encode());
    assert.deepEqual([merged.count, merged.sum], [5, 4 + 2 * value]);
    assert.ok(Math.abs(merged.max - value) <= value * 0.001, `${value}: ${merged.max}`);
    assert.deepEqual(merged.countsUpTo([2, value - 1_000_000, value * 1.001]).at(-1), 0, `${value}`);
    const read = decode(Buffer.from(some.encode(), 'base64'));
    assert.deepEqual(
      [read.totalCount, read.getValueAtPercentile(100) / 1_000],
      [2, some.max],
      'as the library reads it',
    );
  }
});

test('an empty one knows nothing, and merging it changes nothing', () => {
  const empty = new Trend();
  assert.deepEqual([empty.count, empty.percentile(95), empty.max, empty.min, empty.avg], [0, NaN, NaN, NaN, NaN]);
  const some = trendOf([5]);
  const before = some.encode();
  some.merge(empty);
  assert.equal(some.encode(), before);
  some.merge(trendOf([0, 0]));
  empty.merge(trendOf([0]));
  assert.deepEqual([some.count, some.min, some.max, some.percentile(50)], [3, 0, trendOf([5]).max, 0]);
  assert.deepEqual([empty.count, empty.min, empty.max, empty.encode()], [1, 0, 0, trendOf([0]).encode()]);
  some.reset();
  assert.deepEqual([some.count, some.sum], [0, 0]);
});

test('what is no histogram does not decode', () => {
  const encoded = trendOf([1, 2, 3_000]).encode();
  const cut = Buffer.from(encoded, 'base64').subarray(0, -1).toString('base64');
  for (const text of ['', 'bm8gaGlzdG9ncmFt', encoded.replace(/^./, 'x'), cut]) {
    assert.throws(() => Trend.decode(text, 0), new Error('this is no encoded histogram'), text);
  }
  // A count beyond the last place that there is: a million places without any, then one.
  const far = Buffer.from(encoded, 'base64').subarray(0, 40);
  const body = Buffer.from([0x81, 0x89, 0x7a, 0x02]);
  far.writeUInt32BE(body.length, 4);
  assert.throws(
    () => Trend.decode(Buffer.concat([far, body]).toString('base64'), 0),
    new Error('this is no encoded histogram'),
  );
});

test('values are counted where HdrHistogram itself counts them, powers of two and the largest included', () => {
  const own = build({ numberOfSignificantValueDigits: 3 }) as Histogram & { countsArrayIndex(value: number): number };
  const draw = random(1, 'index');
  const values = Array.from({ length: 100_000 }, () => Math.floor(2 ** (draw() * 53)));
  for (let power = 0; power <= 53; power++) values.push(...[-1, 0, 1].map((step) => 2 ** power + step));
  for (const value of values) {
    if (value <= Number.MAX_SAFE_INTEGER)
      assert.equal(countsArrayIndex(value), own.countsArrayIndex(value), String(value));
  }
});

test('samples are counted between bounds, each bound inclusive', () => {
  const trend = trendOf([0, 0.5, 1, 1, 1.5, 2, 9, 10, 11, 5_000]);
  assert.deepEqual(trend.countsUpTo([1, 2, 10]), [4, 2, 2, 2]);
  assert.deepEqual(trend.countsUpTo([]), [10]);
  assert.deepEqual(trend.countsUpTo([1e12]), [10, 0]);
  assert.deepEqual(new Trend().countsUpTo([1, 2]), [0, 0, 0]);
  const decoded = Trend.decode(trend.encode(), trend.sum);
  assert.deepEqual(decoded.countsUpTo([1, 2, 10]), [4, 2, 2, 2]);
});
