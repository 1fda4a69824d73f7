import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from '../judge/verdict.ts';
import { boundedExample, boundedReason } from './examples.ts';

test('an example of any length is kept up to a bound, and says how long it was', () => {
  for (const one of [undefined, null, 3, 'text', { id: 'a'.repeat(9_000) }]) assert.equal(boundedExample(one), one);
  for (const one of ['x'.repeat(100_000), { id: 'x'.repeat(100_000) }]) {
    const kept = boundedExample(one);
    assert.ok(typeof kept === 'string');
    assert.match(kept, /x… \(1000\d\d? characters in all\)$/);
    assert.ok(kept.length < 10_100);
    const found = {
      kind: 'oracle',
      severity: 'fail',
      oracle: 'mine',
      checked: 1,
      violations: 1,
      message: 'm',
    } as const;
    const reason: Reason = { ...found, example: one };
    assert.deepEqual(boundedReason(reason), { ...reason, example: kept });
    assert.equal(boundedReason(found), found);
  }
});
