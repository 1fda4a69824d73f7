import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';

test('durations are spelt as k6 spells them', () => {
  const table: [string, number | undefined][] = [
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1h1m1s1ms', 3_661_001],
    ['0s', 0],
    ['', undefined],
    ['30', undefined],
    ['abc', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['5s ', undefined],
    ['5S', undefined],
    ['.5s', undefined],
    ['1m30', undefined],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});
