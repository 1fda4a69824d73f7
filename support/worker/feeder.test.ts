import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feeder, UsedUp } from './feeder.ts';

const sliceOf = (index: number, of: number, scenario = 'buy') => ({ slice: { scenario, index, of } });

test('over all slices each row is dealt out once, and to each scenario anew', () => {
  const rows = Array.from({ length: 10 }, (_, n) => n);
  const feeder = new Feeder(rows);
  const dealt = [0, 1, 2].map((index) => {
    const own: number[] = [];
    for (;;) {
      try {
        own.push(feeder.next(sliceOf(index, 3)));
      } catch (error) {
        assert.ok(error instanceof UsedUp);
        return own;
      }
    }
  });
  assert.deepEqual(dealt, [
    [0, 3, 6, 9],
    [1, 4, 7],
    [2, 5, 8],
  ]);
  assert.equal(feeder.next(sliceOf(0, 3, 'look')), 0);
});

test('at its end a list stops whoever asks, or begins again', () => {
  const stopping = new Feeder(['a']);
  stopping.next(sliceOf(0, 1));
  assert.throws(() => stopping.next(sliceOf(0, 1)), {
    message: "A list of 1 rows is used up; allowed is a longer one, or { atEnd: 'wrap' }.",
  });
  assert.throws(() => new Feeder(['a', 'b']).next(sliceOf(2, 3)), {
    message: "A list of 2 rows is used up, slice 3 of 3 has had its 0; allowed is a longer one, or { atEnd: 'wrap' }.",
  });
  const wrapping = new Feeder(['a', 'b', 'c'], { atEnd: 'wrap' });
  const next = () => wrapping.next(sliceOf(1, 2));
  assert.deepEqual([next(), next(), next()], ['b', 'a', 'c']);
});

test('a list without rows is refused', () => {
  assert.throws(() => new Feeder([]), { message: 'new Feeder(…) has no rows; allowed is a list of rows.' });
  assert.throws(() => new Feeder(undefined as never), {
    message: 'new Feeder(…) has no list; allowed is a list of rows.',
  });
  assert.throws(() => new Feeder([1], { atEnd: 'end' as never }), {
    message: 'new Feeder(…) has atEnd "end"; allowed is "stop" or "wrap".',
  });
});
