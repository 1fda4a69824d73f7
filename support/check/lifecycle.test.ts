import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ExpectedResource,
  type LifecycleEvidence,
  lifecycle,
  onlyListed,
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

test('a whole list holds every resource as it is, but for what is open', () => {
  const row = (text: string, state = 'there') => ({ state, content: { text } });
  const one = created();
  assert.equal(one.inList(row('a')), undefined);
  assert.deepEqual(one.inList(undefined), { breach: 'unlisted', expected: 'in the list', found: 'not there' });
  assert.deepEqual(one.inList(row('b')), {
    breach: 'mislisted',
    expected: { state: 'there', text: 'a' },
    found: { state: 'there', text: 'b' },
  });
  assert.equal(one.inList(row('a', 'archived'))?.breach, 'mislisted');
  one.mayHaveWritten({ text: 'b' });
  assert.deepEqual([one.inList(row('c')), one.inList(undefined)?.breach], [undefined, 'unlisted']);
  one.mayHaveDeleted();
  assert.equal(one.inList(undefined), undefined);
});

test('what a list has wrong is wrong when it is looked at once more', async () => {
  const notes = async (ids: string[], later: () => Promise<string[] | undefined>) => {
    const history = new ResourceHistory();
    const wrongIn = (list: string[]) => list.map((id) => ({ example: { note: id }, mismatch: onlyListed }));
    await history.listed(ids, { wrongIn, later });
    const { counts, examples } = history.evidence();
    assert.equal(counts.mislisted, examples.length);
    return examples.map((one) => (one as { note: string }).note);
  };
  const nothingToLookAt = () => assert.fail('there is nothing to look at again');
  assert.deepEqual(await notes([], nothingToLookAt), []);
  assert.deepEqual(await notes(['a', 'b'], async () => []), []);
  assert.deepEqual(await notes(['a', 'b'], async () => undefined), []);
  assert.deepEqual(await notes(['a', 'b'], async () => ['b', 'c']), ['b', 'c']);
});

test('what is on its way is so until it is there, or something about it is open', () => {
  const one = created();
  assert.equal(one.isMoving, false);
  one.moved('there', 'elsewhere');
  assert.deepEqual([one.isMoving, one.stuck], [true, { breach: 'stuck', expected: 'elsewhere', found: 'there' }]);
  one.mayHaveDeleted();
  assert.equal(one.isMoving, false);
  const other = created();
  other.moved('there', 'elsewhere');
  other.compare('id-1', 'elsewhere', { text: 'a' });
  assert.equal(other.isMoving, false);
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

const breaches = [
  ...(['lost', 'resurrected', 'illegalState', 'stuck', 'changed'] as const),
  ...(['orphan', 'unlisted', 'mislisted', 'foreign'] as const),
];
const none = Object.fromEntries(breaches.map((breach) => [breach, 0]));

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
  for (const breach of breaches) {
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
