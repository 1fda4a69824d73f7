import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decrypt, encrypt, importKey } from './crypto.ts';
import { HttpError } from './http.ts';
import type { Edit } from './ledger.ts';
import type { Change, PullAnswer, PushAnswer } from './relay.ts';
import { Sync, type SyncStatus } from './sync.ts';

const key = await importKey(randomBytes(32));
const nothing: PullAnswer = { changes: [], hasMore: false, cursor: 0 };
const accept = (changes: readonly Change[]): PushAnswer => ({ accepted: changes.map(({ id }) => id), rejected: [] });
const edit = (entityId: string, byte = 1): Edit => ({
  entityType: 'transaction',
  entityId,
  operation: 'CREATE',
  update: new Uint8Array([byte]),
});

function remote(entity_id: string, encrypted_payload: string, version_vector = {}): Change {
  return {
    id: entity_id,
    entity_type: 'transaction',
    entity_id,
    operation: 'CREATE',
    encrypted_payload,
    version_vector,
    timestamp: 1,
  };
}

function setUp() {
  const pushes: Change[][] = [];
  const cursors: number[] = [];
  const merged: Uint8Array[] = [];
  const statuses: SyncStatus[] = [];
  const answers = { push: accept, pull: (_cursor: number): PullAnswer => nothing };
  const relay = {
    deviceId: 'me',
    push: async (changes: readonly Change[]) => {
      pushes.push([...changes]);
      return answers.push(changes);
    },
    pull: async (cursor: number) => {
      cursors.push(cursor);
      return answers.pull(cursor);
    },
  };
  const merge = (updates: Uint8Array[]) => {
    merged.push(...updates);
    return 0;
  };
  const sync = new Sync(relay, key, merge, (status) => statuses.push(status));
  return { sync, answers, pushes, cursors, merged, statuses };
}

test('is synced only when the relay has accepted the change', async (t) => {
  const { sync, pushes, statuses } = setUp();
  t.after(() => sync.stop());
  sync.add(edit('e1', 7));
  assert.equal(sync.status.state, 'pending');
  assert.equal(sync.status.pending, 1);
  const syncing = sync.now();
  assert.equal(sync.status.state, 'syncing');
  await syncing;
  assert.equal(sync.status.state, 'synced');
  assert.equal(statuses.at(-1)!.state, 'synced');
  assert.ok(sync.status.lastSyncAt);
  const change = pushes[0]![0]!;
  assert.deepEqual(change.version_vector, { me: 1 });
  assert.deepEqual(await decrypt(key, change.encrypted_payload), new Uint8Array([7]));
});

test('pushes soon after an edit without being asked, edits of one moment together', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sync, answers, pushes } = setUp();
  const pushed = new Promise<void>((resolve) => {
    answers.push = (changes) => {
      resolve();
      return accept(changes);
    };
  });
  sync.add(edit('e1'));
  sync.add(edit('e2'));
  t.mock.timers.tick(149);
  assert.equal(pushes.length, 0);
  t.mock.timers.tick(1);
  await pushed;
  assert.deepEqual(
    pushes.map((changes) => changes.length),
    [2],
  );
});

test('keeps a rejected change with its reason, and offers it again as a new one', async (t) => {
  const { sync, answers, pushes } = setUp();
  t.after(() => sync.stop());
  answers.push = (changes) => ({ accepted: [], rejected: changes.map(({ id }) => ({ id, reason: 'conflict' })) });
  sync.add(edit('e1'));
  await sync.now();
  assert.equal(sync.status.state, 'rejected');
  assert.deepEqual(
    sync.status.rejections.map(({ reason }) => reason),
    ['conflict'],
  );
  answers.push = accept;
  await sync.resendRejected();
  assert.equal(sync.status.state, 'synced');
  const [first, second] = [pushes[0]![0]!, pushes[1]![0]!];
  assert.notEqual(second.id, first.id);
  assert.deepEqual(second.version_vector, { me: 2 });
  assert.equal(second.encrypted_payload, first.encrypted_payload);
});

test('a change that is neither accepted nor rejected is not synced', async (t) => {
  const { sync, answers } = setUp();
  t.after(() => sync.stop());
  answers.push = (changes) => ({ accepted: [changes[0]!.id], rejected: [] });
  sync.add(edit('e1'));
  sync.add(edit('e2'));
  await sync.now();
  assert.equal(sync.status.state, 'offline');
  assert.equal(sync.status.pending, 1);
  assert.equal(sync.status.problem, 'The server did not acknowledge 1 of 2 changes.');
});

test('a push without an answer is tried again later, under new ids and in order', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sync, answers, pushes } = setUp();
  answers.push = () => {
    throw new HttpError(0, 'The server cannot be reached.');
  };
  sync.add(edit('e1'));
  sync.add(edit('e1'));
  await sync.now();
  assert.equal(sync.status.state, 'offline');
  assert.equal(sync.status.problem, 'The server cannot be reached.');
  const again = new Promise<void>((resolve) => {
    answers.push = (changes) => {
      resolve();
      return accept(changes);
    };
  });
  t.mock.timers.tick(1_000);
  await again;
  assert.deepEqual(
    pushes[1]!.map(({ version_vector }) => version_vector),
    [{ me: 3 }, { me: 4 }],
  );
  assert.equal(new Set(pushes.flat().map(({ id }) => id)).size, 4);
});

test('an ended session is said so and not tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sync, answers, cursors } = setUp();
  answers.pull = () => {
    throw new HttpError(401, 'A valid bearer token is required.');
  };
  await sync.now();
  assert.equal(sync.status.sessionEnded, true);
  t.mock.timers.tick(60_000);
  assert.equal(cursors.length, 1);
});

test('pulls page after page, opens what its key opens, and counts the rest', async (t) => {
  const { sync, answers, cursors, merged } = setUp();
  t.after(() => sync.stop());
  const readable = remote('r1', await encrypt(key, new Uint8Array([9])), { other: 4 });
  const foreign = remote('r2', await encrypt(await importKey(randomBytes(32)), new Uint8Array([9])));
  answers.pull = (cursor) =>
    cursor === 0
      ? { changes: [readable, foreign], hasMore: true, cursor: 50 }
      : { changes: [], hasMore: false, cursor: 60 };
  await sync.now();
  assert.deepEqual(cursors, [0, 50]);
  assert.deepEqual(merged, [new Uint8Array([9])]);
  assert.equal(sync.status.unreadable, 1);
  assert.equal(sync.status.state, 'synced');
});

test('a change of a seen entity knows what it follows', async (t) => {
  const { sync, answers, pushes } = setUp();
  t.after(() => sync.stop());
  const seen = remote('r1', await encrypt(key, new Uint8Array([9])), { other: 4 });
  answers.pull = () => ({ changes: [seen], hasMore: false, cursor: 50 });
  await sync.now();
  sync.add(edit('r1'));
  await sync.now();
  assert.deepEqual(pushes[0]![0]!.version_vector, { other: 4, me: 1 });
});

test('does not pull the same page for ever', async (t) => {
  const { sync, answers, cursors } = setUp();
  t.after(() => sync.stop());
  answers.pull = () => ({ changes: [], hasMore: true, cursor: 0 });
  await sync.now();
  assert.equal(cursors.length, 1);
  assert.equal(sync.status.problem, 'The server gives the same page again and again.');
});
