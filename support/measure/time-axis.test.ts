import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Phase, TimeAxis } from './time-axis.ts';

function phasesOf(...lengths: [name: string, lengthMs: number][]): Phase[] {
  let startMs = 0;
  return lengths.map(([name, lengthMs]) => {
    const phase = { name, startMs, endMs: startMs + lengthMs, load: 1 };
    startMs = phase.endMs;
    return phase;
  });
}

test('intervals begin anew with each phase, and the drain goes on', () => {
  const axis = new TimeAxis(phasesOf(['calm', 2_400], ['load', 1_500], ['end', 300]), 1_000);
  const intervals = Array.from({ length: 7 }, (_, i) => [axis.startOf(i), axis.endOf(i), axis.phaseOf(i)]);
  assert.deepEqual(intervals, [
    [0, 1_000, 'calm'],
    [1_000, 2_400, 'calm'],
    [2_400, 3_900, 'load'],
    [3_900, 4_200, 'end'],
    [4_200, 5_200, 'drain'],
    [5_200, 6_200, 'drain'],
    [6_200, 7_200, 'drain'],
  ]);
  for (let ms = -5; ms < 7_000; ms += 7) {
    const index = axis.indexAt(ms);
    assert.ok(index === 0 || axis.startOf(index) <= ms, `${ms}`);
    assert.ok(ms < axis.endOf(index), `${ms}`);
  }
  assert.deepEqual(
    [2_399.9, 2_400, 4_199.9, 4_200].map((ms) => axis.phaseAt(ms)),
    ['calm', 'load', 'end', 'drain'],
  );
  const touched = (startMs: number, endMs: number) => axis.indicesIn({ startMs, endMs });
  assert.deepEqual(
    [touched(900, 2_400), touched(2_399, 4_201)],
    [
      [0, 1],
      [1, 2, 3, 4],
    ],
    'not what begins at its end',
  );
  assert.deepEqual([touched(1_000, 1_000), touched(-5, 0)], [[1], [0]], 'an instant lies in one');
  assert.deepEqual(axis.phaseBounds(0), { first: 0, last: 1 });
  assert.deepEqual(axis.phaseBounds(9), { first: 4, last: Number.POSITIVE_INFINITY });
});

test('without phases there are intervals all the same', () => {
  const axis = new TimeAxis([], 500);
  assert.deepEqual([axis.startOf(0), axis.endOf(3), axis.indexAt(1_499), axis.phaseOf(2)], [0, 2_000, 2, 'drain']);
});

test('what ends before its time goes on as the drain, in the same intervals', () => {
  const phases = phasesOf(['rest', 1_000], ['step', 2_000], ['later', 2_000]);
  const axis = new TimeAxis(phases, 500);
  axis.end(2);
  const short = new TimeAxis(phases.slice(0, 2), 500);
  for (const index of [0, 1, 2, 5, 6, 9]) {
    assert.deepEqual([axis.startOf(index), axis.phaseOf(index)], [short.startOf(index), short.phaseOf(index)]);
    assert.deepEqual(axis.phaseBounds(index), short.phaseBounds(index));
  }
  assert.deepEqual([axis.phaseAt(2_999), axis.phaseAt(3_000), axis.scheduled], ['step', 'drain', 6]);
});
