import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomNumbers } from './random-numbers.ts';

function take(count: number, seed: number, fault: string): number[] {
  const next = randomNumbers(seed, fault);
  return Array.from({ length: count }, next);
}

test('the same seed gives the same numbers, another seed or another fault others', () => {
  const numbers = take(20, 1, 'error');
  assert.deepEqual(take(20, 1, 'error'), numbers);
  for (const others of [take(20, 2, 'error'), take(20, 1, 'reset')]) {
    for (const [index, number] of others.entries()) assert.notEqual(number, numbers[index]);
  }
});

test('a share of them is below that share, so that at 0 nothing strikes and at 1 everything', () => {
  for (const [seed, fault] of [
    [1, 'error'],
    [2, 'error'],
    [1, 'lose-write'],
    [77, 'vm-lost'],
  ] as const) {
    const numbers = take(20_000, seed, fault);
    assert.ok(numbers.every((number) => number >= 0 && number < 1));
    for (const share of [0.01, 0.3, 0.9]) {
      const below = numbers.filter((number) => number < share).length / numbers.length;
      assert.ok(Math.abs(below - share) < 0.01, `${below} of ${share}`);
    }
  }
});

test('whether one fault strikes says nothing of another', () => {
  const [one, other] = [take(20_000, 1, 'error'), take(20_000, 1, 'truncate-json')];
  const both = one.filter((number, index) => number < 0.3 && other[index]! < 0.3).length / one.length;
  assert.ok(Math.abs(both - 0.09) < 0.01, `${both}`);
});
