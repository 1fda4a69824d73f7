import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRate } from './rate.ts';

test('a rate is a number a second, or in the time after its slash', () => {
  const table: [string, number | undefined][] = [
    ['50', 50],
    ['50/s', 50],
    ['50/1s', 50],
    ['2.5', 2.5],
    ['3000/1m', 50],
    ['3000/m', 50],
    ['1/500ms', 2],
    ['0', 0],
    ['', undefined],
    ['fast', undefined],
    ['-1', undefined],
    ['50/', undefined],
    ['50/0s', undefined],
    ['50/week', undefined],
    ['50 / 1s', undefined],
    ['Infinity', undefined],
    [`1${'0'.repeat(400)}`, undefined],
  ];
  for (const [text, perSecond] of table) assert.equal(parseRate(text), perSecond, text);
});
