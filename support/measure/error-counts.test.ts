import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ErrorCounts, sumOfErrors } from './error-counts.ts';

test('errors beyond a hundred names are counted as other; that the generator ran out of something never is', () => {
  const errors = new ErrorCounts();
  for (let n = 0; n < 150; n++) errors.add(`id ${n}`, 1);
  errors.add('id 0', 1);
  errors.add('generator: EMFILE', 1);
  const counted = errors.byName;
  assert.deepEqual([counted['id 0'], counted['id 99'], counted['id 100'], counted.other], [2, 1, undefined, 50]);
  assert.equal(counted['generator: EMFILE'], 1);
});

test('names that an object has of its own count like all others', () => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty'];
  const errors = new ErrorCounts();
  for (const name of [...names, ...names]) errors.add(name, 1);
  const once = errors.byName;
  const travelled = JSON.parse(JSON.stringify(once)) as Record<string, number>;
  for (const counts of [once, travelled])
    assert.deepEqual(
      Object.entries(counts),
      names.map((name) => [name, 2]),
    );
  assert.deepEqual(Object.entries(sumOfErrors([travelled, once])).sort(), names.map((name) => [name, 4]).sort());
});

test('of many slices a hundred names are told apart, the same whatever the order', () => {
  const slices = Array.from({ length: 30 }, (_, slice) => {
    const own = Array.from({ length: 100 }, (_, n) => [`id ${slice}-${n}`, 1] as const);
    return Object.fromEntries([...own, ['HTTP 500', 7], ['other', 3]]);
  });
  const merged = sumOfErrors(slices);
  assert.equal(Object.keys(merged).length, 101);
  assert.deepEqual([merged['HTTP 500'], merged.other], [210, 30 * 3 + 3_000 - 99]);
  assert.deepEqual(sumOfErrors(slices.toReversed()), merged);
  assert.deepEqual(sumOfErrors([{ a: 1 }, { a: 2, b: 1 }]), { a: 3, b: 1 });
});
