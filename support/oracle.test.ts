import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declaredOracles, oracle } from './oracle.ts';

const promise = 'What is stored stays stored.';
const judge = () => ({ checked: 0, violations: 0, examples: [] });

test('an oracle is known by its name from then on', () => {
  oracle('stock-kept', { promise, judge });
  const declared = declaredOracles.get('stock-kept')!;
  assert.deepEqual(
    [declared.name, declared.promise, declared.judge([], { isWhole: true })],
    ['stock-kept', promise, judge()],
  );
});

test('what is no oracle is refused in a sentence', () => {
  oracle('twice', { promise, judge });
  // biome-ignore lint/suspicious/noExplicitAny: an author may write anything.
  const wrong: [name: any, definition: any, sentence: RegExp][] = [
    ['twice', { promise, judge }, /oracle\("twice", …\) is declared at .+ already; allowed is one oracle of a name\.$/],
    [
      'no blanks',
      { promise, judge },
      /oracle\("no blanks", …\) has no name that reports could show; allowed is a name/,
    ],
    ['constructor', { promise, judge }, /has no name that reports could show/],
    [7, { promise, judge }, /oracle\(7, …\) has no name that reports could show/],
    ['mine', { judge }, /oracle\("mine", …\) has no promise; allowed is a sentence for people\.$/],
    ['mine', { promise: ' ', judge }, /has no promise/],
    ['mine', { promise }, /oracle\("mine", …\) has no judge; allowed is a function from evidence to a judgement\.$/],
  ];
  for (const [name, definition, sentence] of wrong)
    assert.throws(() => oracle(name, definition), { message: sentence });
});
