import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undecidedText } from './doubts.ts';

test('of a signal in many scenarios and phases one speaks for all, and says in how many more', () => {
  const about = (by: 'machine-cpu' | 'gc-pause', observed: number, where: object) => {
    const isCpu = by === 'machine-cpu';
    return { by, observed, allowed: isCpu ? 0.95 : 100, unit: isCpu ? 'ratio' : 'ms', ...where } as const;
  };
  const doubts = [
    about('gc-pause', 120, { scenario: 'light' }),
    about('gc-pause', 140, { scenario: 'power' }),
    about('gc-pause', 130, { scenario: 'power', phase: 'calm' }),
    about('machine-cpu', 0.99, {}),
    about('machine-cpu', 0.99, { phase: 'calm' }),
  ];
  const gc = 'GC pauses in power 140 ms (allowed 100 ms) and in 1 more scenario';
  assert.equal(undecidedText(doubts), `Undecided: ${gc}; machine CPU 99 % (allowed 95 %) may be the cause.`);
  assert.equal(
    undecidedText([{ by: 'interrupted' }, { by: 'no-data', observed: 3, allowed: 20 }]),
    'Undecided: the run was cut short; 3 of 20 samples that are needed.',
  );
  assert.equal(
    undecidedText([{ by: 'less-asked', observed: 0.2, allowed: 1, unit: 'ratio' }]),
    'Undecided: no more than 20 % of what the profile asks for was asked (LOAD_SCALE, LOAD_RATE, LOAD_DURATION).',
  );
});

test('a shard of another run is not called missing: the others may all be there', () => {
  assert.equal(undecidedText([{ by: 'foreign-shard' }]), 'Undecided: a shard is of another run.');
  assert.equal(undecidedText([{ by: 'missing-shard' }]), 'Undecided: a shard is missing.');
});
