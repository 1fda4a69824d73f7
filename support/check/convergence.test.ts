import assert from 'node:assert/strict';
import { test } from 'node:test';
import { convergence, type ReplicaEvidence } from './convergence.ts';

function replica(name: string, changes: Partial<ReplicaEvidence> = {}): ReplicaEvidence {
  return {
    document: 'ledger',
    replica: name,
    content: 'c1',
    stateVector: 's1',
    received: 3,
    synced: true,
    complete: true,
    ...changes,
  };
}

test('equal in content and state vector: ok', () => {
  const result = convergence([replica('a'), replica('b'), replica('c')]);
  assert.deepEqual(result, {
    checked: 1,
    violations: 0,
    examples: [],
    status: 'ok',
    counts: { replicas: 3, incomplete: 0 },
  });
});

test('another content, or only another state vector: violated, and each replica is shown', () => {
  for (const different of [{ content: 'c2' }, { stateVector: 's2' }]) {
    const result = convergence([replica('a'), replica('b'), replica('c', different)]);
    assert.deepEqual([result.status, result.checked, result.violations], ['violated', 1, 1]);
    assert.equal(result.summary, '1 documents compared, 0 equal in all replicas');
    const shown = (name: string, content = 'c1') => ({ replica: name, content, received: 3, synced: true });
    assert.deepEqual(result.examples, [
      { document: 'ledger', states: 2, replicas: [shown('a'), shown('b'), shown('c', different.content)] },
    ]);
  }
});

test('a replica that received nothing while its provider says synced is a violation', () => {
  const result = convergence([replica('a'), replica('b', { content: 'c0', stateVector: 's0', received: 0 })]);
  assert.equal(result.status, 'violated');
  const [example] = result.examples as { replicas: object[] }[];
  assert.deepEqual(example!.replicas[1], { replica: 'b', content: 'c0', received: 0, synced: true });
});

test('equal replicas that hold what is of another document: violated', () => {
  const strays = { strays: ['invoice-1', 'invoice-2', 'invoice-3', 'invoice-4'] };
  const result = convergence([replica('a', strays), replica('b', strays), replica('c', { document: 'other' })]);
  assert.deepEqual([result.status, result.checked, result.violations], ['violated', 1, 1]);
  assert.deepEqual(result.examples, [{ document: 'ledger', ofOthers: ['invoice-1', 'invoice-2', 'invoice-3'] }]);
  assert.equal(result.summary, '0 documents compared, 0 equal in all replicas, 1 with content of another one');
  assert.equal(convergence([replica('a', { strays: [] }), replica('b')]).status, 'ok');
});

test('documents are judged by themselves', () => {
  const result = convergence([
    replica('a'),
    replica('b'),
    replica('c', { document: 'other', content: 'c9' }),
    replica('d', { document: 'other', content: 'c9' }),
  ]);
  assert.deepEqual([result.status, result.checked], ['ok', 2]);
});

test('a replica that could not be brought up to date is counted and not compared', () => {
  const behind = { content: 'c0', complete: false };
  const result = convergence([replica('a'), replica('b'), replica('c', behind)]);
  assert.deepEqual([result.status, result.checked, result.counts], ['ok', 1, { replicas: 3, incomplete: 1 }]);
});

test('without two replicas to compare nobody knows', () => {
  const lonely = [replica('a'), replica('b', { content: 'c0', complete: false })];
  for (const replicas of [[], [replica('a')], lonely, [replica('a'), replica('b', { document: 'other' })]]) {
    const result = convergence(replicas);
    assert.deepEqual([result.status, result.checked, result.violations], ['unknown', 0, 0]);
    assert.deepEqual(result.examples, ['no document had two replicas to compare']);
  }
});

test('examples are ten at most, the count is not', () => {
  const replicas = Array.from({ length: 25 }, (_, n) => `ledger ${n}`).flatMap((document) => [
    replica('a', { document }),
    replica('b', { document, content: 'c2' }),
  ]);
  const result = convergence(replicas);
  assert.deepEqual([result.violations, result.examples.length], [25, 10]);
});
