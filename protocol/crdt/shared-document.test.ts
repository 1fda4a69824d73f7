import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Replica } from '../apis/relay/replica.ts';
import type { Peer } from './peer.ts';
import { entityName, SharedDocument } from './shared-document.ts';

/** A device that has everything, and answers nothing. */
function peerOf(replica: Replica): Peer {
  return { replica, upToDate: true, holdsBack: false, begin() {}, history() {} } as Partial<Peer> as Peer;
}

/** What is not of the document in the replica of its second device, to which these have come of a device's three changes, by their place. */
function strays(client: number, document: string, came: number[]): string[] {
  const [own, other, writer] = [new Replica('a', 1), new Replica('b', 2), new Replica('writer', client)];
  const updates: Uint8Array[] = [];
  writer.onLocal = (update) => updates.push(update);
  for (let n = 1; n <= 3; n++) writer.change(entityName(document, n), { n });
  for (const place of came) other.apply(updates[place]!);
  const shared = new SharedDocument('milk');
  for (const replica of [own, other]) shared.add(peerOf(replica));
  shared.episodes = 1;
  shared.rest();
  const [, { strays = [] } = {}] = shared.evidence().convergence;
  return strays;
}

test('what is of another document is a stray, also what a replica never shows, since its beginning is elsewhere', () => {
  assert.deepEqual(strays(7, 'bread', [0]), [entityName('bread', 1)]);
  assert.deepEqual(strays(7, 'bread', [1]), ['a part of what Yjs client 7 wrote']);
  assert.deepEqual(strays(7, 'bread', [0, 2]), [entityName('bread', 1), 'a part of what Yjs client 7 wrote']);
  // What is missing of the group's own is no stray: its replicas are not equal.
  assert.deepEqual(strays(1, 'milk', [1]), []);
  assert.deepEqual(strays(1, 'milk', [0]), []);
});
