import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence } from '../measure/evidence.ts';
import { consult } from './oracles.ts';

const ok = { checked: 1, violations: 0, examples: [], status: 'ok' as const };
const PROMISE = 'what was promised is kept';

/** Oracles by name, each with the same promise. */
function oracles(judges: Record<string, (evidence: never[]) => unknown>) {
  return new Map(Object.entries(judges).map(([name, judge]) => [name, { promise: PROMISE, judge }]));
}

const sum = (evidence: number[]) => ({
  checked: evidence.length,
  violations: evidence.reduce((all, one) => all + one, 0),
  examples: [],
});

/** What an oracle that answers like this comes to, by one piece of evidence. */
function answering(judge: (evidence: never[]) => unknown, limitMs?: number) {
  const [result] = consult(['mine'], [{ mine: [1] }], oracles({ mine: judge }), { limitMs });
  return result!;
}

test('evidence of all slices is judged as one', () => {
  const slices: Evidence[] = [{ mine: [0, 1] }, {}, { mine: [2], other: [9] }];
  assert.deepEqual(consult(['mine'], slices, oracles({ mine: sum })), [
    { name: 'mine', promise: PROMISE, checked: 3, violations: 3, examples: [], status: 'violated' },
  ]);
});

test('each promised oracle is asked once, in the order of names; others are not asked', () => {
  const never = () => assert.fail('nobody asked');
  const asked = consult(['b', 'a', 'b'], [{ a: [0], b: [1] }], oracles({ c: never, b: sum, a: sum }));
  assert.deepEqual(
    asked.map(({ name, status }) => [name, status]),
    [
      ['a', 'ok'],
      ['b', 'violated'],
    ],
  );
  assert.deepEqual(consult([], [{ c: [1] }], oracles({ c: never })), []);
});

test('a promise without evidence is unknown', () => {
  for (const slices of [[], [{}], [{ mine: [] }]]) {
    assert.deepEqual(consult(['mine'], slices, oracles({ mine: () => ok })), [
      {
        ...{ name: 'mine', promise: PROMISE },
        ...{ checked: 0, violations: 0, examples: ['no slice brought evidence'], status: 'unknown' },
      },
    ]);
  }
});

test('an oracle that does not apply to what any slice did is left out; one piece of evidence brings it back', () => {
  const mine = oracles({ mine: () => ok });
  assert.deepEqual(consult(['mine'], [{ mine: null }, {}], mine), []);
  assert.deepEqual(consult(['mine'], [{ mine: null }, { mine: [1] }], mine), [
    { name: 'mine', promise: PROMISE, ...ok },
  ]);
});

test('an oracle that nobody knows is unknown, also where objects have something of its name', () => {
  for (const name of ['screen?', 'constructor']) {
    const [result] = consult([name], [{}], oracles({}));
    assert.deepEqual([result?.status, result?.examples], ['unknown', ['there is no oracle of this name']]);
  }
});

test('an oracle that crashes is unknown, and takes no other one with it', () => {
  const broken = () => {
    throw new Error('no such device');
  };
  const results = consult(['sound', 'broken'], [{ broken: [1], sound: [1] }], oracles({ broken, sound: () => ok }));
  assert.deepEqual(
    results.map(({ name, status, examples }) => [name, status, ...examples]),
    [
      ['broken', 'unknown', 'the oracle crashed: no such device'],
      ['sound', 'ok'],
    ],
  );
  const thrown = answering(() => {
    throw 'a text';
  });
  assert.deepEqual([thrown.status, thrown.examples], ['unknown', ['the oracle crashed: a text']]);
  const noText = answering(() => {
    throw Object.create(null);
  });
  assert.deepEqual([noText.status, noText.examples], ['unknown', ['the oracle crashed: what cannot be shown']]);
});

test('an oracle that does not come to an end is ended, and unknown', () => {
  const hanging = [
    () => {
      for (;;);
    },
    () => /^(a+)+$/.test(`${'a'.repeat(40)}b`),
  ];
  for (const judge of hanging) {
    const { status, examples } = answering(judge, 50);
    assert.deepEqual([status, examples], ['unknown', ['the oracle did not answer within 50 ms']]);
  }
});

test('what is no judgement is unknown, and says what it was', () => {
  const answers: [answer: unknown, why: string][] = [
    [undefined, 'it is undefined'],
    [true, 'it is true'],
    [{}, 'checked is undefined'],
    [{ checked: 1 }, 'violations is undefined'],
    [{ ...ok, checked: Number.NaN }, 'checked is NaN'],
    [{ ...ok, violations: -1 }, 'violations is -1'],
    [{ ...ok, violations: 0.5 }, 'violations is 0.5'],
    [{ ...ok, examples: 'none' }, "examples is 'none'"],
    [{ ...ok, counts: { read: '7' } }, "counts.read is '7'"],
    [{ ...ok, counts: 7 }, 'counts is 7'],
    [{ ...ok, summary: 7 }, 'summary is 7'],
    [{ ...ok, status: 'fine' }, "status is 'fine' with 0 violations in 1 checked"],
    [{ ...ok, violations: 1 }, "status is 'ok' with 1 violations in 1 checked"],
    [{ ...ok, checked: 0 }, "status is 'ok' with 0 violations in 0 checked"],
    [{ ...ok, status: 'violated' }, "status is 'violated' with 0 violations in 1 checked"],
    [{ ...ok, violations: 1, status: 'unknown' }, "status is 'unknown' with 1 violations in 1 checked"],
  ];
  for (const [answer, why] of answers) {
    const { status, examples } = answering(() => answer);
    assert.deepEqual([status, examples], ['unknown', [`the oracle gave no judgement: ${why}`]]);
  }
  for (const promise of [Promise.resolve(ok), Promise.reject(new Error('later'))]) {
    const { status, examples } = answering(() => promise);
    assert.deepEqual([status, examples], ['unknown', ['the oracle answered with a Promise, and not at once']]);
  }
});

test('the status is that of the figures, unless the oracle says that it could not tell', () => {
  const plain = (checked: number, violations: number) =>
    answering(() => ({ checked, violations, examples: [] })).status;
  assert.deepEqual([plain(1, 0), plain(1, 1), plain(0, 1), plain(0, 0)], ['ok', 'violated', 'violated', 'unknown']);
  const half = answering(() => ({ ...ok, status: 'unknown', examples: ['3 were not read'], counts: { unread: 3 } }));
  assert.deepEqual([half.status, half.examples, half.counts], ['unknown', ['3 were not read'], { unread: 3 }]);
});

test('ten examples are kept, as they would be in a report', () => {
  const many = answering(() => ({
    checked: 50,
    violations: 50,
    examples: Array.from({ length: 50 }, (_, n) => ({ n })),
  }));
  assert.deepEqual([many.violations, many.examples.length, many.examples[9]], [50, 10, { n: 9 }]);
  const ring: { self?: unknown } = {};
  ring.self = ring;
  const odd = answering(() => ({ checked: 1, violations: 1, examples: [1n, ring, undefined, new Date(0)] }));
  assert.deepEqual(odd.examples, ['1n', '<ref *1> { self: [Circular *1] }', 'undefined', '1970-01-01T00:00:00.000Z']);
  assert.equal(odd.status, 'violated');
});
