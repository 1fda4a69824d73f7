import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochMs, markOf, markText } from './marks.ts';

test('a mark reads back, whatever an app puts around it', () => {
  const mark = { id: 'mb1x-0007-r3', pushedAt: 1_767_225_600_123.456 };
  assert.deepEqual(markOf(markText(mark)), mark);
  assert.deepEqual(markOf(`★ ${markText(mark)} · Checking`), mark);
  assert.deepEqual(markOf(markText({ id: 'a', pushedAt: 1_767_225_600_123 })), {
    id: 'a',
    pushedAt: 1_767_225_600_123,
  });
});

test('what looks nearly like a mark is none', () => {
  for (const text of ['', 'Corner bakery', 'Remote change', 'Remote change x at noon', 'Remote change  at 1.000']) {
    assert.equal(markOf(text), undefined, text);
  }
});

test('the epoch is the wall clock’s', () => {
  assert.ok(Math.abs(epochMs() - Date.now()) < 60_000);
});
