/** What faults of a share are held against: their own random numbers, of which see `faults/random-numbers.test.ts`. */
import assert from 'node:assert/strict';
import { randomNumbers } from './faults/random-numbers.ts';

export const SHARE = 0.3;
/** None that a target has without it. */
export const SEED = 2;

/** Asserts that a fault of `SHARE`, in a target of `SEED`, struck when its numbers say so, one for each time, and only then. */
export function assertStrikes(fault: string, struck: boolean[]): void {
  const random = randomNumbers(SEED, fault);
  assert.deepEqual(
    struck,
    struck.map(() => random() < SHARE),
  );
  assert.ok(struck.includes(true) && struck.includes(false), `too few to see anything: ${struck.length}`);
}
