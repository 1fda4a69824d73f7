import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { serve } from '../../support/server.fixture.ts';
import { Cipher } from '../apis/relay/cipher.ts';
import { Replica } from '../apis/relay/replica.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { testSlice, testVu } from '../slice.fixture.ts';
import { Http } from '../transports/http.ts';
import { RelayPeer } from './relay-peer.ts';

const cipher = Cipher.ofToken('token');
const pushed = (accepted: string[], rejected: string[] = []) => ({
  protocol_version: '1.0.0',
  success: rejected.length === 0,
  timestamp: 9,
  accepted,
  rejected: rejected.map((id) => ({ id, reason: 'Duplicate or outdated change' })),
});
const page = (changes: object[], fields: object = {}) => ({
  protocol_version: '1.0.0',
  changes,
  has_more: false,
  timestamp: 9,
  ...fields,
});

interface Body {
  changes?: { id: string; version_vector: object; timestamp: number; encrypted_payload: string }[];
  since_timestamp?: number;
}

/** The device `doc-a` of a relay that gives these answers, one after the other; the last one for ever. `null`: HTTP 500. */
const bed = (t: TestContext, ...answers: (object | null)[]) => bedIn(t, { isShared: false }, ...answers);

async function bedIn(t: TestContext, account: { isShared: boolean }, ...answers: (object | null)[]) {
  const bodies: Body[] = [];
  const { url } = await serve(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(JSON.parse(body));
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer === null) response.statusCode = 500;
    response.end(JSON.stringify(answer));
  });
  const slice = testSlice(url);
  const http = new Http(slice, relaySettings(slice.target).syncUrl);
  t.after(() => http.close());
  const replica = new Replica('doc-a', 1);
  const vu = testVu(slice);
  const peer = new RelayPeer(replica, { vu, http, token: 'token', cipher, document: 'doc', cursor: 3, ...account });
  return { peer, bodies, errors: slice.recorder.errors };
}

/** A change of another device, as the relay hands it out. */
function remote(id: string, fields: object = {}): object {
  const replica = new Replica('doc-b', 2);
  let payload = '';
  replica.onLocal = (update) => {
    payload = cipher.encrypt(update);
  };
  replica.change('milk', { cents: 5 });
  return { id, entity_id: 'milk', encrypted_payload: payload, version_vector: { 'doc-b': 1 }, ...fields };
}

const soon = () => performance.now() + 60_000;

test('pushes what it changed, in order, and what was accepted only once', async (t) => {
  const { peer, bodies, errors } = await bed(t, pushed(['doc-a-1', 'doc-a-2']));
  peer.change('milk', { cents: 1 });
  assert.deepEqual(peer.change('milk', { cents: 2 }), { id: 'doc-a-2', entity: 'milk', client: 1, clock: 2 });
  assert.equal(peer.holdsBack, true);
  await peer.push();
  await peer.push();
  assert.equal(peer.holdsBack, false);
  assert.deepEqual(
    bodies.map(({ changes }) => changes!.map(({ id, version_vector: vector }) => [id, vector])),
    [
      [
        ['doc-a-1', { 'doc-a': 1 }],
        ['doc-a-2', { 'doc-a': 2 }],
      ],
    ],
  );
  assert.deepEqual(peer.history(true).acknowledged, [1, 2]);
  assert.deepEqual(errors, {});
});

test('pushes again what had no answer; of a duplicate nobody knows whether it was stored, so it is made anew', async (t) => {
  const { peer, errors } = await bed(t, null, pushed([], ['doc-a-1']), page([]), pushed(['doc-a-2']));
  peer.change('milk', {});
  await peer.push();
  assert.equal(peer.holdsBack, true);
  await peer.push();
  await peer.pull(soon());
  await peer.push();
  assert.equal(peer.holdsBack, false);
  const { acknowledged, indeterminate } = peer.history(true);
  assert.deepEqual(
    [acknowledged, indeterminate],
    [
      [2, 2],
      [1, 1],
    ],
  );
  assert.deepEqual(Object.keys(errors), ['HTTP 500', 'check: push: status is 200']);
});

test('the answer to another device’s push is in its history', async (t) => {
  const { peer } = await bed(t, pushed(['doc-b-1']), pushed(['doc-a-1']));
  peer.change('milk', {});
  await peer.push();
  await peer.push();
  const { acknowledged, misdirected } = peer.history(true);
  assert.deepEqual([acknowledged, misdirected], [[1, 1], ['doc-b-1']]);
});

test('a change that was outdated when it came is made anew, later than all that is known by then', async (t) => {
  const ahead = Date.now() + 60_000;
  const answers = [pushed([], ['doc-a-1']), page([remote('doc-b-1', { timestamp: ahead })]), pushed(['doc-a-2'])];
  const { peer, bodies, errors } = await bed(t, ...answers);
  peer.change('milk', { cents: 1 });
  await peer.push();
  // Nothing is known yet of what it was rejected for.
  await peer.push();
  assert.deepEqual([bodies.length, peer.holdsBack], [1, true]);
  await peer.pull(soon());
  assert.equal(peer.holdsBack, true);
  await peer.push();
  assert.equal(peer.holdsBack, false);
  assert.deepEqual(errors, {});
  const [first, , second] = bodies.map(({ changes }) => changes?.[0]);
  assert.equal(second!.encrypted_payload, first!.encrypted_payload);
  assert.deepEqual([second!.id, second!.version_vector], ['doc-a-2', { 'doc-a': 2, 'doc-b': 1 }]);
  assert.ok(second!.timestamp > ahead);
  // What was rejected may not be there; its conflict was found all the same.
  const { acknowledged, indeterminate } = peer.history(true);
  assert.deepEqual([acknowledged, indeterminate], [[2, 2], []]);
  assert.deepEqual([...peer.conflicts()], ['doc-a-1 doc-b-1']);
});

test('a change that is rejected again and again fails a check, and its replica is not comparable', async (t) => {
  const all = Array.from({ length: 8 }, (_, n) => [pushed([], [`doc-a-${n + 1}`]), page([])]).flat();
  const { peer, bodies, errors } = await bed(t, ...all);
  peer.change('milk', {});
  for (let round = 0; round < 10; round++) {
    await peer.push();
    await peer.pull(soon());
  }
  assert.equal(bodies.filter(({ changes }) => changes).length, 8);
  assert.equal(peer.holdsBack, true);
  assert.deepEqual(errors, { 'check: push: no change is rejected for good': 1 });
  assert.deepEqual(peer.history(true).acknowledged, []);
});

test('pulls page by page to the end and finds the conflict with its own change', async (t) => {
  const { peer, bodies, errors } = await bed(t, page([remote('doc-b-1')], { has_more: true }), page([]));
  peer.change('milk', { cents: 1 });
  await peer.pull(soon());
  assert.equal(peer.upToDate, true);
  assert.deepEqual([...peer.conflicts()], ['doc-a-1 doc-b-1']);
  assert.equal(peer.replica.value('milk'), '{"cents":5}');
  assert.deepEqual(
    bodies.map((body) => body.since_timestamp),
    [3, 9],
  );
  assert.deepEqual(peer.history(true).found, { 'doc-b': [1, 1] });
  peer.begin();
  assert.equal(peer.conflicts().size, 0);
  assert.deepEqual(errors, {});
});

test('in an account of many, changes of others than its group are left alone, and so are second deliveries', async (t) => {
  const { peer, errors } = await bedIn(
    t,
    { isShared: true },
    page([remote('other-b-1'), remote('6f1e'), remote('doc-b-1'), remote('doc-b-1')]),
  );
  await peer.pull(soon());
  assert.equal(peer.replica.received, 1);
  const { found, duplicates } = peer.history(true);
  assert.deepEqual([found, duplicates], [{ 'doc-b': [1, 1] }, 1]);
  assert.deepEqual(errors, {});
});

test('in an account of its own, changes of others fail a check and are in its history', async (t) => {
  const foreign = remote('other-b-1', { encrypted_payload: Cipher.ofToken('other').encrypt(Uint8Array.of(0, 0)) });
  const { peer, errors } = await bed(t, page([foreign, remote('doc-b-1')]));
  await peer.pull(soon());
  assert.equal(peer.replica.received, 1);
  assert.deepEqual(peer.history(true).found, { 'other-b': [1, 1], 'doc-b': [1, 1] });
  assert.deepEqual(errors, { 'check: pull: payload is a change of the document': 1 });
});

test('a payload that is damaged, or no update, fails a check and changes nothing', async (t) => {
  const damaged = [remote('doc-b-1', { encrypted_payload: 'AAAA' })];
  const noUpdate = [remote('doc-b-2', { encrypted_payload: cipher.encrypt(Uint8Array.of(255)) })];
  const { peer, errors } = await bed(t, page([...damaged, ...noUpdate]));
  await peer.pull(soon());
  assert.equal(peer.replica.received, 0);
  assert.deepEqual(errors, { 'check: pull: payload is a change of the document': 2 });
});

test('a pull without an answer leaves it behind until the next one', async (t) => {
  const { peer } = await bed(t, page([]), null, page([]));
  await peer.pull(soon());
  assert.equal(peer.upToDate, true);
  await peer.pull(soon());
  assert.equal(peer.upToDate, false);
  await peer.pull(soon());
  assert.equal(peer.upToDate, true);
});

test('pages that never end are left after a hundred, or when the time is over', async (t) => {
  const { peer, bodies, errors } = await bed(t, page([], { has_more: true }));
  await peer.pull(soon());
  assert.deepEqual([peer.upToDate, bodies.length], [false, 100]);
  assert.deepEqual(errors, { 'check: pull: has_more comes to an end': 1 });
  await peer.pull(performance.now());
  assert.deepEqual([peer.upToDate, bodies.length], [false, 101]);
});
