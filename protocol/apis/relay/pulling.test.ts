import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PulledChange } from './pulling.ts';
import { Pulling } from './pulling.ts';

const change = (id: string, timestamp?: number): PulledChange => ({
  id,
  entity_id: id,
  encrypted_payload: '',
  version_vector: {},
  ...(timestamp !== undefined && { timestamp }),
});
const ids = (changes: PulledChange[]) => changes.map(({ id }) => id).join(' ');

test('behind the last page the answer’s timestamp is the cursor', () => {
  const pulling = new Pulling(5);
  assert.equal(ids(pulling.take({ changes: [change('a', 10)], has_more: false, timestamp: 20 })), 'a');
  assert.equal(pulling.since, 20);
  assert.equal(ids(pulling.take({ changes: [], has_more: false, timestamp: 20 })), '');
  assert.equal(pulling.since, 20);
});

test('between pages of a relay whose timestamp is its clock, the last change’s own millisecond is not over', () => {
  const pulling = new Pulling(0);
  pulling.take({ changes: [change('a', 10), change('b', 11)], has_more: true, timestamp: 99 });
  assert.equal(pulling.since, 10);
  assert.equal(ids(pulling.take({ changes: [change('b', 11), change('c', 11)], has_more: false, timestamp: 99 })), 'c');
});

test('what is stamped ahead of the relay’s clock comes with the next pulls too, and once it is over is twice', () => {
  const pulling = new Pulling(0);
  const [ahead, behind] = [change('a', 60), change('b', 40)];
  assert.equal(ids(pulling.take({ changes: [behind, ahead], has_more: false, timestamp: 50 })), 'b a');
  assert.equal(ids(pulling.take({ changes: [ahead], has_more: false, timestamp: 55 })), '');
  assert.equal(ids(pulling.take({ changes: [behind, ahead], has_more: true, timestamp: 65 })), 'b');
  assert.equal(ids(pulling.take({ changes: [ahead, change('c', 66)], has_more: false, timestamp: 66 })), 'c');
  assert.equal(ids(pulling.take({ changes: [ahead], has_more: false, timestamp: 70 })), 'a');
});

test('what a relay brings again whose next pull begins at the cursor is no second delivery, however often', () => {
  const pulling = new Pulling(0);
  const [first, second, third] = [change('a', 5), change('b', 9), change('c', 9)];
  // Its cursor is the last change's own timestamp.
  assert.equal(ids(pulling.take({ changes: [first, second, third], has_more: false, timestamp: 9 })), 'a b c');
  for (let pull = 0; pull < 3; pull++)
    assert.equal(ids(pulling.take({ changes: [second, third], has_more: false, timestamp: 9 })), '');
  assert.equal(ids(pulling.take({ changes: [first], has_more: false, timestamp: 9 })), 'a');
  // Its cursor is a time of its own, and changes have none.
  const own = new Pulling(0);
  assert.equal(ids(own.take({ changes: [change('a'), change('b')], has_more: false, timestamp: 9 })), 'a b');
  assert.equal(ids(own.take({ changes: [change('b')], has_more: false, timestamp: 9 })), '');
  assert.equal(ids(own.take({ changes: [], has_more: false, timestamp: 9 })), '');
  assert.equal(ids(own.take({ changes: [change('b'), change('c')], has_more: false, timestamp: 12 })), 'c');
  assert.equal(ids(own.take({ changes: [change('b')], has_more: false, timestamp: 13 })), 'b');
});

test('between pages of a relay whose timestamp is the page’s end, what comes again is left out', () => {
  const pulling = new Pulling(0);
  pulling.take({ changes: [change('a', 30), change('b', 12)], has_more: true, timestamp: 31 });
  assert.equal(pulling.since, 11);
  assert.equal(ids(pulling.take({ changes: [change('a', 30), change('c', 13)], has_more: false, timestamp: 40 })), 'c');
  // In a pull of its own a second delivery is one.
  assert.equal(ids(pulling.take({ changes: [change('a', 30)], has_more: false, timestamp: 50 })), 'a');
});

test('between pages that end ahead of the relay’s clock likewise', () => {
  const pulling = new Pulling(0);
  pulling.take({ changes: [change('a', 10), change('b', 30)], has_more: true, timestamp: 20 });
  assert.equal(pulling.since, 20);
  assert.equal(ids(pulling.take({ changes: [change('b', 30), change('c', 31)], has_more: false, timestamp: 40 })), 'c');
});

test('a change twice in a page is twice', () => {
  const pulling = new Pulling(0);
  assert.equal(ids(pulling.take({ changes: [change('a', 3), change('a', 3)], has_more: true, timestamp: 9 })), 'a a');
});

test('a page that brings nothing new does not come for ever', () => {
  const pulling = new Pulling(0);
  // Devices whose clocks are behind wrote after others.
  const page = { changes: [change('a', 30), change('b', 2)], has_more: true, timestamp: 31 };
  pulling.take(page);
  assert.equal(pulling.since, 1);
  assert.equal(ids(pulling.take(page)), '');
  assert.equal(pulling.since, 31);
});

test('a second delivery in the next page is one, where that began at the end of the first', () => {
  const pulling = new Pulling(0);
  pulling.take({ changes: [change('a', 9)], has_more: true, timestamp: 9 });
  assert.equal(ids(pulling.take({ changes: [change('a', 9)], has_more: false, timestamp: 9 })), 'a');
});

test('changes without timestamps leave the answer’s', () => {
  const pulling = new Pulling(0);
  pulling.take({ changes: [change('a')], has_more: true, timestamp: 7 });
  assert.equal(pulling.since, 7);
});
