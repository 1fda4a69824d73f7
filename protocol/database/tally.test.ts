import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochMs } from '../../support/test.ts';
import type { Answer } from '../transports/postgres.ts';
import { addUp, type Change, Tally, type TallyEvidence } from './tally.ts';

const whole = { isWhole: true };
const transfer: Change[] = [
  [1, -5],
  [2, 5],
];

/** A slice's tally after transfers that ended like this. */
function tally(...outcomes: (Answer['outcome'] | 'unanswered')[]): TallyEvidence {
  const one = new Tally('accounts');
  for (const outcome of outcomes) {
    one.begin(transfer);
    if (outcome !== 'unanswered') one.answered(transfer, { outcome, rows: [], count: 0, error: undefined });
  }
  return one.evidence()!;
}

/** What a slice without changes of its own finds, by default a second from now. */
function look(first: number, second: number, readFrom = epochMs() + 1_000): TallyEvidence {
  const none = Array.from({ length: 64 }, () => 0);
  const found = [0, first, second, ...none.slice(3)];
  return {
    of: 'accounts',
    added: none,
    taken: none,
    perhapsAdded: none,
    perhapsTaken: none,
    lastAt: 0,
    found,
    readFrom,
  };
}

test('what was committed is there, and what nobody was told of may be', () => {
  assert.equal(new Tally('accounts').evidence(), null);
  const slices = [tally('ok', 'failed'), tally('ok', 'indeterminate', 'unanswered')];
  for (const [first, second] of [
    [-10, 10],
    [-15, 15],
    [-20, 20],
  ] as const) {
    assert.deepEqual(addUp([...slices, look(first, second)], whole), { checked: 64, violations: 0, examples: [] });
  }
});

test('what is lost, what was rolled back and what went elsewhere is a violation, though the total is right', () => {
  const slices = [tally('ok', 'failed'), tally('ok')];
  assert.deepEqual(addUp([...slices, look(-10, 5)], whole), {
    ...{ checked: 64, violations: 1, summary: 'of 64 groups of rows 1 are not what their changes add up to' },
    examples: [{ of: 'accounts', rows: 'whose id modulo 64 is 2', expected: 10, found: 5 }],
  });
  assert.equal(addUp([...slices, look(-15, 15)], whole).violations, 2);
  assert.equal(addUp([...slices, look(0, 0)], whole).violations, 2);
  const elsewhere = look(-10, 5);
  elsewhere.found![3] = 5;
  assert.equal(addUp([...slices, elsewhere], whole).violations, 2);
});

test('what another machine was told after the look need not be in it, and of a part of a run nothing is known', () => {
  const early = look(0, 0, epochMs() - 1_000);
  assert.equal(addUp([tally('ok'), early], whole).violations, 0);
  early.found![2] = 6;
  assert.equal(addUp([tally('ok'), early], whole).violations, 1);
  assert.deepEqual(addUp([tally('ok'), early], { isWhole: false }).checked, 0);
  assert.deepEqual(addUp([tally('ok')], whole).examples, ['nobody could look at the rows']);
});
