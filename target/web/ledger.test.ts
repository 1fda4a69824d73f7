import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Edit, Ledger, type LedgerChange, newId } from './ledger.ts';

function device() {
  const edits: Edit[] = [];
  const changes: LedgerChange[] = [];
  const ledger = new Ledger(
    (edit) => edits.push(edit),
    (change) => changes.push(change),
  );
  return { ledger, edits, changes, updates: () => edits.map(({ update }) => update) };
}

const bakery = { date: '2025-03-14', payee: 'Bakery', amount_cents: -420, account_id: 'checking' };
const salary = { date: '2025-03-01', payee: 'Salary', amount_cents: 300_000, account_id: 'checking' };
const invoice = {
  number: 'INV-1',
  client: 'Meridian',
  due: '2025-04-01',
  amount_cents: 5_000,
  status: 'draft' as const,
};

test('two devices that edited apart agree once each has the other’s updates, in whatever order and how often', () => {
  const [a, b] = [device(), device()];
  a.ledger.addTransactions([bakery, salary]);
  a.ledger.addInvoice(invoice);
  b.ledger.addTransactions([{ ...bakery, payee: 'Greengrocer' }]);
  b.ledger.addAccount({ name: 'Travel card', kind: 'credit' });
  a.ledger.renameAccount(a.ledger.accounts[0]!, 'Everyday');
  b.ledger.renameAccount(b.ledger.accounts[0]!, 'Daily');
  assert.equal(a.ledger.merge(b.updates().reverse()), 0);
  assert.equal(b.ledger.merge([...a.updates(), ...a.updates()]), 0);
  assert.deepEqual(a.ledger.rows, b.ledger.rows);
  assert.deepEqual(a.ledger.accounts, b.ledger.accounts);
  assert.deepEqual(a.ledger.invoices, b.ledger.invoices);
  assert.equal(a.ledger.rows.length, 3);
  assert.equal(a.ledger.rows.at(-1)!.totalBalanceCents, 300_000 - 420 - 420);
});

test('one edit is one update, named after the first entity', () => {
  const { ledger, edits } = device();
  ledger.addTransactions([bakery, salary]);
  ledger.addTransactions([]);
  ledger.addInvoice(invoice);
  ledger.setInvoiceStatus(ledger.invoices[0]!, 'sent');
  assert.deepEqual(
    edits.map(({ entityType, operation }) => `${operation} ${entityType}`),
    ['CREATE transaction', 'CREATE invoice', 'UPDATE invoice'],
  );
  assert.ok(ledger.rows.some(({ transaction }) => transaction.id === edits[0]!.entityId));
  assert.equal(edits[2]!.entityId, edits[1]!.entityId);
});

test('does not hand out what came from other devices as its own edit, and tells the views once', () => {
  const [a, b] = [device(), device()];
  a.ledger.addTransactions([bakery]);
  a.ledger.addTransactions([salary]);
  b.ledger.merge(a.updates());
  assert.deepEqual(b.edits, []);
  assert.equal(b.changes.length, 1);
  assert.deepEqual(b.changes[0], { transactionIds: new Set(a.edits.map(({ entityId }) => entityId)), remote: true });
  b.ledger.merge(a.updates());
  assert.equal(b.changes.length, 1);
});

test('counts what is no update, and merges the rest', () => {
  const [a, b] = [device(), device()];
  a.ledger.addTransactions([bakery]);
  assert.equal(b.ledger.merge([new Uint8Array([255, 255, 255]), ...a.updates()]), 1);
  assert.equal(b.ledger.rows.length, 1);
});

test('the two first accounts are there without having been written', () => {
  const { ledger, edits } = device();
  assert.deepEqual(
    ledger.accounts.map(({ id }) => id),
    ['checking', 'savings'],
  );
  assert.deepEqual(edits, []);
  ledger.renameAccount(ledger.accounts[1]!, 'Rainy day');
  ledger.renameAccount(ledger.accounts[1]!, 'Holiday');
  assert.deepEqual(
    ledger.accounts.map(({ name }) => name),
    ['Checking', 'Holiday'],
  );
  assert.deepEqual(
    edits.map(({ operation }) => operation),
    ['CREATE', 'UPDATE'],
  );
});

test('an older transaction is sorted in, and the balances after it change', () => {
  const { ledger } = device();
  ledger.addTransactions([bakery]);
  assert.equal(ledger.rows[0]!.totalBalanceCents, -420);
  ledger.addTransactions([salary]);
  assert.deepEqual(
    ledger.rows.map(({ transaction }) => transaction.payee),
    ['Salary', 'Bakery'],
  );
  assert.equal(ledger.rows[1]!.totalBalanceCents, 299_580);
});

test('new ids sort by creation', () => {
  const ids = Array.from({ length: 500 }, newId);
  assert.deepEqual(ids.toSorted(), ids);
});
