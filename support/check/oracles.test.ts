import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaEvidence } from './convergence.ts';
import { consult } from './oracles.ts';
import { DeviceHistory } from './writes.ts';

const ok = { checked: 1, violations: 0, examples: [], status: 'ok' as const };

test('evidence of all slices is judged as one', () => {
  const writer = new DeviceHistory('home', 'phone');
  writer.acknowledged(1, 0);
  const reader = new DeviceHistory('home', 'laptop');
  reader.received('phone-1');
  const slices = [
    { 'acknowledged-writes': [writer.evidence(true)] },
    { 'acknowledged-writes': [reader.evidence(true)] },
  ];
  const [result] = consult(['acknowledged-writes'], slices);
  assert.deepEqual([result?.name, result?.status, result?.checked], ['acknowledged-writes', 'ok', 1]);
  const [half] = consult(['acknowledged-writes'], slices.slice(0, 1));
  assert.equal(half?.status, 'unknown');
});

test('each promised oracle is asked once, in the order of names; others are not asked', () => {
  const replica: ReplicaEvidence = {
    document: 'ledger',
    replica: 'a',
    content: '',
    stateVector: '',
    received: 0,
    synced: true,
    complete: true,
  };
  const slices = [{ convergence: [replica, { ...replica, replica: 'b' }] }];
  const results = consult(['convergence', 'acknowledged-writes', 'convergence'], slices);
  assert.deepEqual(
    results.map(({ name, status }) => [name, status]),
    [
      ['acknowledged-writes', 'unknown'],
      ['convergence', 'ok'],
    ],
  );
  assert.deepEqual(consult([], slices), []);
});

test('a promise without evidence is unknown', () => {
  for (const slices of [[], [{}], [{ mine: [] }]]) {
    assert.deepEqual(consult(['mine'], slices, { mine: () => ok }), [
      { name: 'mine', checked: 0, violations: 0, examples: ['no slice brought evidence'], status: 'unknown' },
    ]);
  }
});

test('an oracle that does not apply to what any slice did is left out; one piece of evidence brings it back', () => {
  assert.deepEqual(consult(['mine'], [{ mine: null }, {}], { mine: () => ok }), []);
  assert.deepEqual(consult(['mine'], [{ mine: null }, { mine: [1] }], { mine: () => ok }), [{ name: 'mine', ...ok }]);
});

test('an oracle that crashes is unknown, and takes no other one with it', () => {
  const judgements = {
    broken: () => {
      throw new Error('no such device');
    },
    sound: () => ok,
  };
  const results = consult(['sound', 'broken'], [{ broken: [1], sound: [1] }], judgements);
  assert.deepEqual(results, [
    {
      name: 'broken',
      checked: 0,
      violations: 0,
      examples: ['the oracle crashed: no such device'],
      status: 'unknown',
    },
    { name: 'sound', ...ok },
  ]);
});

test('evidence that makes no sense crashes an oracle, and is unknown', () => {
  const nonsense = [{ 'acknowledged-writes': [null], convergence: [null] }];
  for (const { status } of consult(['acknowledged-writes', 'convergence'], nonsense)) assert.equal(status, 'unknown');
});

test('an oracle that nobody knows is unknown', () => {
  const [result] = consult(['screen?'], [{ 'screen?': [1] }]);
  assert.deepEqual([result?.status, result?.examples], ['unknown', ['there is no oracle of this name']]);
});
