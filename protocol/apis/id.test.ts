import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSame } from './id.ts';

test('two ids are one though the one is a number and the other a text, and what is no id is none', () => {
  for (const [one, other] of [
    ['a', 'a'],
    [7, 7],
    [7, '7'],
    ['7', 7],
  ])
    assert.equal(isSame(one, other), true, `${one} ${other}`);
  for (const [one, other] of [
    ['a', 'b'],
    [7, '07'],
    [7, 8],
    ['', 'a'],
    [undefined, 'undefined'],
    [null, 'null'],
    [1.5, '1.5'],
  ])
    assert.equal(isSame(one, other), false, `${one} ${other}`);
});
