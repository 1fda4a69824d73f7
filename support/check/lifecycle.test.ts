import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ExpectedResource,
  type LifecycleEvidence,
  lifecycle,
  ResourceHistory,
  type ResourceKind,
} from './lifecycle.ts';

type Note = { text: string };

/** A kind without states. */
const note: ResourceKind<Note> = {
  initial: ['there'],
  isSame: (found, written) => found.text === written.text,
  shown: ({ text }) => ({ text }),
};
const created = () => new ExpectedResource(note, 1, 'id-1', { text: 'a' }, 'create → 201', 5);

test('a resource without states: its content is the last that was written, or one that may have been', () => {
  const one = created();
  assert.equal(one.compare('id-1', 'there', { text: 'a' }), undefined);
  assert.deepEqual(one.compare('id-1', 'there', { text: 'b' }), {
    breach: 'changed',
    expected: { id: 'id-1', text: 'a' },
    found: { id: 'id-1', text: 'b' },
  });
  one.mayHaveWritten({ text: 'b' });
  assert.deepEqual([one.compare('id-1', 'there', { text: 'a' }), one.open], [undefined, 1]);
  assert.deepEqual([one.compare('id-1', 'there', { text: 'b' }), one.open], [undefined, 0]);
  assert.equal(one.compare('id-1', 'there', { text: 'a' })?.breach, 'changed');
  assert.equal(one.compare('id-2', 'there', { text: 'b' })?.breach, 'changed');
  assert.equal(one.compare('id-1', 'archived', { text: 'b' })?.breach, 'illegalState');
});

test('a whole list holds every resource, but for one that may be gone', () => {
  const seen = (ids: string[], deleted = false) => {
    const history = new ResourceHistory();
    const one = created();
    if (deleted) one.mayHaveDeleted();
    history.listed([one], new Set(ids), ({ id }) => ({ note: id }));
    return lifecycle([history.evidence()]);
  };
  assert.deepEqual(
    [seen(['id-0', 'id-1']).status, seen(['id-0']).status, seen([], true).checked],
    ['ok', 'violated', 0],
  );
  assert.deepEqual(seen([]).examples, [
    { promise: 'lists and single reads agree', note: 'id-1', expected: 'in the list', found: 'not there' },
  ]);
});

test('what is another tenant’s must not be seen', () => {
  const history = new ResourceHistory();
  assert.deepEqual([history.ownedBy('a', 'a', {}), history.ownedBy('b', 'a', { note: 'id-9' })], [true, false]);
  const { status, checked, counts, examples } = lifecycle([history.evidence()]);
  assert.deepEqual([status, checked, counts?.foreign], ['violated', 2, 1]);
  assert.deepEqual(examples, [
    { promise: 'nothing of another tenant is ever seen', note: 'id-9', expected: 'a', found: 'b' },
  ]);
});

/** As it is when it comes out of a report. */
function evidence(...stories: ((history: ResourceHistory) => void)[]): LifecycleEvidence[] {
  return stories.map((story) => {
    const history = new ResourceHistory();
    story(history);
    return JSON.parse(JSON.stringify(history.evidence()));
  });
}

const none = { lost: 0, resurrected: 0, illegalState: 0, changed: 0, orphan: 0, unlisted: 0, foreign: 0 };

test('kept promises: ok, with what was left open counted', () => {
  const result = lifecycle(
    evidence(
      (history) => {
        for (let n = 1; n <= 1_000; n++) history.created(n);
        for (let n = 1; n <= 10; n++) history.deleted(n);
        assert.deepEqual([history.wasDeleted(10), history.wasDeleted(11)], [true, false]);
        history.looked();
        history.count('indeterminate', 3);
        history.count('reconciled', 2);
      },
      (history) => {
        history.created(1);
        history.looked();
        history.count('unread');
      },
    ),
  );
  const counts = { created: 1_001, deleted: 10, indeterminate: 3, reconciled: 2, unread: 1, unswept: 0, leftBehind: 0 };
  assert.deepEqual(result, { checked: 2, violations: 0, examples: [], status: 'ok', counts: { ...none, ...counts } });
});

test('each broken promise is a violation, and says which with what a person needs', () => {
  for (const breach of ['lost', 'resurrected', 'illegalState', 'changed', 'orphan', 'unlisted', 'foreign'] as const) {
    const [one] = evidence((history) => {
      history.looked();
      history.broken({ breach, expected: 'stopped', found: 'running' }, { vm: 'vm-1', id: 'id-1' });
    });
    const { status, violations, counts, examples, summary } = lifecycle([one!]);
    assert.deepEqual([status, violations, counts?.[breach]], ['violated', 1, 1]);
    assert.match(summary ?? '', /^\d+ looks at resources, 1 [a-z ]+$/);
    const { promise, ...rest } = examples[0] as { promise: string };
    assert.ok(promise.length > 10);
    assert.deepEqual(rest, { vm: 'vm-1', id: 'id-1', expected: 'stopped', found: 'running' });
  }
});

test('examples are ten at most, of many VUs; the count is not', () => {
  const broken = (history: ResourceHistory) => {
    for (let n = 0; n < 50; n++) history.broken({ breach: 'lost', expected: 200, found: 404 }, { vm: `vm-${n}` });
  };
  const { violations, examples } = lifecycle(evidence(...Array(20).fill(broken)));
  assert.deepEqual([violations, examples.length], [1_000, 10]);
});

test('without a look nobody knows', () => {
  for (const pieces of [[], evidence((history) => history.created(1))]) {
    const { status, examples } = lifecycle(pieces);
    assert.deepEqual([status, examples], ['unknown', ['nothing could be looked at']]);
  }
});
