import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, random } from './random.ts';

const draw = (stream: () => number, count: number) => Array.from({ length: count }, () => stream());

function correlation(a: Random, b: Random, count = 50_000): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += (a() - 0.5) * (b() - 0.5);
  return (sum / count) * 12; // the variance of a number in [0, 1) is 1/12
}

test('the same seed and labels give the same stream', () => {
  assert.deepEqual(draw(random(42, 'sync', 3), 100), draw(random(42, 'sync', 3), 100));
});

test('a stream stays what it is from version to version', () => {
  assert.deepEqual(draw(random(1, 'a'), 3), [0.8599810227751732, 0.04591540130786598, 0.4422027454711497]);
});

test('another seed, label or split of the labels gives a stream that has nothing to do with it', () => {
  const others = [
    random(2, 'a', 1),
    random(1, 'b', 1),
    random(1, 'a', 2),
    random(1, 'a1'),
    random(1, 'a', '1'),
    random(1),
  ];
  for (const other of others) {
    const r = correlation(random(1, 'a', 1), other);
    assert.ok(Math.abs(r) < 0.02, `correlation ${r}`);
  }
});

test('neighbouring VUs start with unrelated numbers', () => {
  const firsts = Array.from({ length: 20_000 }, (_, id) => random(1, 'vu', id)());
  const mean = firsts.reduce((a, b) => a + b) / firsts.length;
  let together = 0;
  for (let id = 1; id < firsts.length; id++) together += (firsts[id]! - 0.5) * (firsts[id - 1]! - 0.5);
  assert.ok(Math.abs(mean - 0.5) < 0.01, `mean ${mean}`);
  assert.ok(Math.abs((together / firsts.length) * 12) < 0.03, `correlation ${(together / firsts.length) * 12}`);
});

test('numbers fill [0, 1) evenly', () => {
  const buckets = new Array<number>(20).fill(0);
  for (const x of draw(random(5), 100_000)) {
    assert.ok(x >= 0 && x < 1);
    buckets[Math.floor(x * 20)]!++;
  }
  for (const count of buckets) assert.ok(Math.abs(count - 5000) < 350, `${buckets}`);
});

test('int draws every number of its range, both ends included', () => {
  const stream = random(1);
  const seen = new Set(draw(() => stream.int(-1, 3), 500));
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [-1, 0, 1, 2, 3],
  );
});

test('pick draws every item, and refuses an empty list', () => {
  const stream = random(1);
  assert.deepEqual(new Set(Array.from({ length: 100 }, () => stream.pick(['a', 'b', 'c']))), new Set(['a', 'b', 'c']));
  assert.throws(() => stream.pick([]), new RangeError('random.pick: the list is empty; it needs at least one item'));
});

test('weighted draws by weight, never a key of weight 0', () => {
  const stream = random(1);
  const counts = { push: 0, pull: 0, never: 0 };
  for (let i = 0; i < 40_000; i++) counts[stream.weighted({ push: 3, pull: 1, never: 0 })]++;
  assert.ok(Math.abs(counts.push - 30_000) < 400, `${counts.push} of 40,000`);
  assert.equal(counts.never, 0);
});

test('weighted refuses weights from which nothing can be drawn', () => {
  const stream = random(1);
  assert.throws(
    () => stream.weighted({ a: 0 }),
    new RangeError('random.weighted: no weight is greater than 0; at least one must be'),
  );
  assert.throws(
    () => stream.weighted({ a: 1, b: -1 }),
    new RangeError('random.weighted: the weight of "b" is -1; it must be a number of 0 or more'),
  );
  assert.throws(() => stream.weighted({ a: Number.NaN }), /the weight of "a" is NaN/);
});

test('exponential has its mean, and the median that goes with it', () => {
  const stream = random(1);
  const gaps = draw(() => stream.exponential(200), 50_000).sort((a, b) => a - b);
  const mean = gaps.reduce((a, b) => a + b) / gaps.length;
  assert.ok(gaps[0]! >= 0 && Math.abs(mean - 200) < 4, `mean ${mean}`);
  assert.ok(Math.abs(gaps[25_000]! - 200 * Math.LN2) < 4, `median ${gaps[25_000]}`);
});
