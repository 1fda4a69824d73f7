import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeStateAsUpdate } from 'yjs';
import { areMerged, Replica } from './replica.ts';

/** Two replicas, and the updates that each has made. */
function pair() {
  const [one, other] = [new Replica('one', 1), new Replica('other', 2)];
  const updates = { one: [] as Uint8Array[], other: [] as Uint8Array[] };
  one.onLocal = (update) => updates.one.push(update);
  other.onLocal = (update) => updates.other.push(update);
  return { one, other, updates };
}

test('concurrent changes of one entity merge to one value on both, whatever the order', () => {
  const { one, other, updates } = pair();
  one.change('milk', { cents: 1 });
  other.change('milk', { cents: 2 });
  assert.equal(areMerged([one, other]), false);
  assert.equal(one.apply(updates.other[0]!), true);
  assert.equal(areMerged([one, other]), false);
  assert.equal(other.apply(updates.one[0]!), true);
  assert.equal(areMerged([one, other]), true);
  // Yjs lets the greater client number win.
  assert.deepEqual([one.value('milk'), other.value('milk')], ['{"cents":2}', '{"cents":2}']);
  assert.deepEqual(one.digests(), other.digests());
  assert.match(one.digests().content, /^[0-9a-f]{64}$/);
});

test('entities in another order are the same content', () => {
  const { one, other, updates } = pair();
  one.change('milk', { cents: 1 });
  other.change('bread', { cents: 2 });
  one.apply(updates.other[0]!);
  other.apply(updates.one[0]!);
  assert.equal(one.content(), '[["bread",{"cents":2}],["milk",{"cents":1}]]');
  assert.deepEqual(one.digests(), other.digests());
});

test('a replica that lacks one update is not merged, though its content is the same', () => {
  const { one, other, updates } = pair();
  one.change('milk', { cents: 1 });
  one.change('milk', { cents: 1 });
  other.apply(updates.one[0]!);
  assert.equal(one.content(), other.content());
  assert.equal(areMerged([one, other]), false);
  assert.notEqual(one.digests().stateVector, other.digests().stateVector);
  assert.deepEqual([one.clockOf(1), other.clockOf(1), other.clockOf(2)], [2, 1, 0]);
});

test('only what is new from elsewhere counts as received', () => {
  const { one, other, updates } = pair();
  let news = 0;
  other.onReceived = () => {
    news += 1;
  };
  one.change('milk', { cents: 1 });
  other.apply(updates.one[0]!);
  other.apply(updates.one[0]!);
  other.apply(encodeStateAsUpdate(other.doc));
  other.change('bread', {});
  assert.deepEqual([other.received, news, one.received, updates.other.length], [1, 1, 0, 1]);
});

test('an update out of its turn waits for the one before', () => {
  const { one, other, updates } = pair();
  one.change('milk', { cents: 1 });
  one.change('milk', { cents: 2 });
  assert.equal(other.apply(updates.one[1]!), true);
  assert.deepEqual([other.clockOf(1), other.value('milk')], [0, undefined]);
  other.apply(updates.one[0]!);
  assert.equal(areMerged([one, other]), true);
});

test('whose work is missing for what came is known, until it is there', () => {
  const { one, other, updates } = pair();
  one.change('milk', { cents: 1 });
  one.change('bread', { cents: 2 });
  other.apply(updates.one[1]!);
  assert.deepEqual([other.awaited, other.entities], [[1], []]);
  other.apply(updates.one[0]!);
  assert.deepEqual([other.awaited, other.entities], [[], ['milk', 'bread']]);
});

test('what is no update is said to be none', () => {
  const { one } = pair();
  for (const bytes of [[], [255], [1, 1, 1, 0, 200], [3, 250, 250]]) {
    assert.equal(one.apply(Uint8Array.from(bytes)), false, String(bytes));
  }
  assert.equal(one.received, 0);
  one.change('milk', {});
  assert.equal(one.value('milk'), '{}');
});
