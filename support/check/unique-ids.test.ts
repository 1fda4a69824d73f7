import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uniqueIds } from './unique-ids.ts';

test('ids that were given out once are unique', () => {
  const evidence = [
    { by: 'vu 0', ids: ['a', 'b'] },
    { by: 'vu 1', ids: ['c', 'constructor'] },
  ];
  assert.deepEqual(uniqueIds(evidence), { checked: 4, violations: 0, examples: [] });
});

test('an id that was given out again is a violation, and says to whom', () => {
  const evidence = [
    { by: 'vu 0', ids: ['a', 'b', 'b'] },
    { by: 'vu 1', ids: ['a'] },
  ];
  assert.deepEqual(uniqueIds(evidence), {
    ...{ checked: 4, violations: 2, summary: '4 ids given out, 2 of them once more' },
    examples: [
      { id: 'b', givenTo: ['vu 0', 'vu 0'] },
      { id: 'a', givenTo: ['vu 0', 'vu 1'] },
    ],
  });
  const { violations, examples } = uniqueIds([{ by: 'vu 0', ids: Array(50).fill('a') }]);
  assert.deepEqual([violations, examples.length], [49, 10]);
});

test('without an id nobody knows', () => {
  for (const evidence of [[], [{ by: 'vu 0', ids: [] }]]) {
    assert.deepEqual(uniqueIds(evidence), { checked: 0, violations: 0, examples: ['no id was given out'] });
  }
});
