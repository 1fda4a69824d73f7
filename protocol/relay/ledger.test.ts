import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyUpdate, Doc } from 'yjs';
import { random } from '../../support/schedule/random.ts';
import { type Edit, Ledger } from './ledger.ts';

const edits = (count: number, name = 'device'): Edit[] => {
  const ledger = new Ledger(name, random('1', 'ledger', name));
  return Array.from({ length: count }, () => ledger.edit());
};

const collections = { transaction: 'transactions', account: 'accounts', invoice: 'invoices' } as const;
const fields = {
  transaction: ['account_id', 'amount_cents', 'date', 'id', 'payee'],
  account: ['id', 'kind', 'name'],
  invoice: ['amount_cents', 'client', 'due', 'id', 'number', 'status'],
};

test('every update does to another replica what the edit says', () => {
  const replica = new Doc();
  for (const { entityType, entityId, operation, update } of edits(1_000)) {
    const entities = replica.getMap(collections[entityType]);
    const before = entities.get(entityId);
    applyUpdate(replica, update);
    const after = entities.get(entityId) as Record<string, unknown> | undefined;
    if (operation === 'DELETE') assert.equal(after, undefined, entityId);
    else {
      assert.deepEqual(Object.keys(after!).sort(), fields[entityType]);
      assert.equal(after!.id, entityId);
      assert.notEqual(after, before, 'the update changed nothing');
    }
    if (operation === 'CREATE') assert.equal(before, undefined);
  }
  // Nothing that an update needs is missing: no structs wait for others.
  assert.equal(replica.store.pendingStructs, null);
  assert.equal(replica.store.pendingDs, null);
});

test('amounts are whole cents, and those of invoices not negative', () => {
  const replica = new Doc();
  for (const { update } of edits(200)) applyUpdate(replica, update);
  for (const name of ['transactions', 'invoices']) {
    const amounts = [...replica.getMap<{ amount_cents: number }>(name).values()].map((one) => one.amount_cents);
    assert.ok(amounts.every(Number.isInteger), name);
    if (name === 'invoices') assert.ok(amounts.every((amount) => amount >= 0));
  }
});

test('replicas of two devices converge in whatever order the updates come', () => {
  const updates = [...edits(150, 'one'), ...edits(150, 'two')].map(({ update }) => update);
  const contents = [updates, updates.toReversed()].map((order) => {
    const replica = new Doc();
    for (const update of order) applyUpdate(replica, update);
    return Object.values(collections).map((name) => replica.getMap(name).toJSON());
  });
  assert.deepEqual(contents[0], contents[1]);
});

test('all kinds of edits appear, mostly transactions, about half of them new', () => {
  const made = edits(2_000);
  const share = (count: number) => count / made.length;
  const of = (test: (edit: Edit) => boolean) => share(made.filter(test).length);
  const between = (name: string, value: number, min: number, max: number) =>
    assert.ok(value >= min && value <= max, `${name} is ${value}, required ${min} to ${max}`);
  between(
    'transactions',
    of(({ entityType }) => entityType === 'transaction'),
    0.55,
    0.85,
  );
  between(
    'accounts',
    of(({ entityType }) => entityType === 'account'),
    0.03,
    0.25,
  );
  between(
    'invoices',
    of(({ entityType }) => entityType === 'invoice'),
    0.1,
    0.35,
  );
  between(
    'creations',
    of(({ operation }) => operation === 'CREATE'),
    0.2,
    0.6,
  );
  between(
    'updates',
    of(({ operation }) => operation === 'UPDATE'),
    0.2,
    0.6,
  );
  between(
    'deletions',
    of(({ operation }) => operation === 'DELETE'),
    0.05,
    0.4,
  );
});

test('ids are never used again, also not in a new document', () => {
  const ids = edits(1_000)
    .filter(({ operation }) => operation === 'CREATE')
    .map(({ entityId }) => entityId);
  assert.equal(new Set(ids).size, ids.length);
});

test('the last of many edits is no more work than the first: an update stays small', () => {
  const bytes = edits(5_000).map(({ update }) => update.length);
  const most = (part: number[]) => Math.max(...part);
  assert.ok(most(bytes.slice(-400)) <= most(bytes.slice(0, 400)) + 16, `${most(bytes.slice(-400))} bytes`);
  // A new document writes as a new client: its clock, and with it the history that a document holds, begins anew.
  const clients = new Set(edits(1_000).flatMap(({ update }) => clientsOf(update)));
  assert.equal(clients.size, 5);
});

function clientsOf(update: Uint8Array): number[] {
  const replica = new Doc();
  applyUpdate(replica, update);
  return [...replica.store.clients.keys(), ...(replica.store.pendingStructs?.missing.keys() ?? [])];
}

test('the same seed edits the same entities in the same way', () => {
  const what = () => edits(300).map(({ entityType, entityId, operation }) => [entityType, entityId, operation]);
  assert.deepEqual(what(), what());
});
