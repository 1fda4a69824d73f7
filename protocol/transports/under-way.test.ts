import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hearingSoftFailures } from '../../support/worker/soft-failures.ts';
import { type Pending, UnderWay } from './under-way.ts';

const pending = (lasts = false): Pending => ({ requests: undefined, lasts, place: -1, cutOff() {} });

test('what ends with none of its requests has not awaited them, but for those that are to last, and those it did not begin', async () => {
  const underWay = new UnderWay<Pending>();
  const before = pending();
  underWay.add(before);
  const heard = async (work: () => void, dueAt?: number) => {
    const errors: unknown[] = [];
    await hearingSoftFailures(
      (error) => errors.push(error),
      () => 'operation get',
      async () => work(),
      dueAt,
    );
    return errors.map(String);
  };
  const both = () => {
    const one = pending();
    underWay.add(one);
    underWay.add(pending());
    underWay.remove(one);
  };
  assert.deepEqual(await heard(() => underWay.add(pending()), 0), [
    'not awaited: operation get ended before any of its requests did',
  ]);
  assert.deepEqual(await heard(() => underWay.add(pending(true)), 0), []);
  assert.deepEqual(await heard(both, 0), []);
  assert.deepEqual(await heard(() => underWay.remove(before), 0), []);
  // Of a session, or a last look, no time is told.
  assert.deepEqual(await heard(() => underWay.add(pending())), []);
});
