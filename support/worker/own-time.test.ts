import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnTime, ours } from './own-time.ts';

test('what is ours is a part of the step that waits for it and of those around it, once, and of none beside it', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const pass = (ms: number) => {
    now += ms;
  };
  const outer = new OwnTime(undefined);
  const beside = new OwnTime(undefined);
  let inner: OwnTime | undefined;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const all = [
    outer.of(async () => {
      inner = new OwnTime();
      await inner.of(async () => {
        await Promise.all([ours(held), ours(held)]);
      });
      await ours(
        Promise.resolve().then(() => pass(1)),
        inner.around,
      );
    }),
    beside.of(async () => {
      await held;
    }),
  ];
  pass(5);
  release();
  await Promise.all(all);
  assert.deepEqual([outer.ms, inner?.ms, beside.ms], [6, 5, 0]);
  assert.equal(await ours(Promise.resolve('outside of steps')), 'outside of steps');
});
