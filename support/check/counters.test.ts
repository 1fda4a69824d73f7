import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, random } from '../schedule/random.ts';
import { Counters } from './counters.ts';

/** The same numbers as a set would hold them, and as ranges. */
function both(numbers: Iterable<number>): { set: Set<number>; counters: Counters } {
  const set = new Set<number>();
  const counters = new Counters();
  for (const n of numbers) {
    assert.equal(counters.add(n), !set.has(n), `add(${n})`);
    set.add(n);
  }
  return { set, counters };
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

/** Numbers as devices bring them about: mostly in order, with gaps, late ones and repetitions. */
function numbers(next: Random, density: number): number[] {
  const list = Array.from({ length: 60 }, (_, n) => n).filter(() => next() < density);
  for (let i = 0; i < list.length; i++) {
    if (next() < 0.2) list.splice(next.int(0, list.length - 1), 0, next.pick(list));
    const other = next.int(0, list.length - 1);
    if (next() < 0.3) [list[i], list[other]] = [list[other]!, list[i]!];
  }
  return list;
}

test('is the same as a Set, for 300 seeds', () => {
  for (let seed = 0; seed < 300; seed++) {
    const next = random(seed, 'counters');
    const one = both(numbers(next, next()));
    const other = both(numbers(next, next()));
    const where = `seed ${seed}`;
    assert.equal(one.counters.size, one.set.size, where);
    assert.deepEqual([...one.counters], sorted(one.set), where);
    for (let n = 0; n < 62; n++) assert.equal(one.counters.has(n), one.set.has(n), `${where}: has(${n})`);
    const difference = sorted(one.set).filter((n) => !other.set.has(n));
    assert.deepEqual([...one.counters.without(other.counters)], difference, where);
    const union = one.counters.with(other.counters);
    assert.deepEqual([...union], sorted(new Set([...one.set, ...other.set])), where);
    const ranges = union.pack();
    for (let i = 2; i < ranges.length; i += 2) assert.ok(ranges[i]! > ranges[i - 1]! + 1, `${where}: ${ranges}`);
    assert.deepEqual([...new Counters(ranges)], [...union], where);
    assert.deepEqual([...one.counters], sorted(one.set), `${where}: operands stay as they are`);
  }
});

test('neighbours become one range, from either side and in between', () => {
  const { counters } = both([5, 7, 1, 2, 4, 6, 3]);
  assert.deepEqual(counters.pack(), [1, 7]);
  assert.deepEqual(both([0, 2, 4]).counters.pack(), [0, 0, 2, 2, 4, 4]);
  assert.deepEqual(new Counters().pack(), []);
  assert.equal(new Counters().size, 0);
});

test('what was packed is a copy', () => {
  const { counters } = both([1]);
  const packed = counters.pack();
  counters.add(2);
  assert.deepEqual(packed, [1, 1]);
  new Counters(packed).add(2);
  assert.deepEqual(packed, [1, 1]);
});

test('a million numbers in order take as much room as two', () => {
  const counters = new Counters();
  for (let n = 1; n <= 1_000_000; n++) counters.add(n);
  assert.deepEqual(counters.pack(), [1, 1_000_000]);
  assert.equal(counters.size, 1_000_000);
});
