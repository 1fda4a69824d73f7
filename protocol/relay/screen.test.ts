import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markText } from '../../support/test.ts';
import {
  type HeldLedger,
  type HeldTransaction,
  type ScreenEvidence,
  type ShownLedger,
  screen,
} from './screen.oracle.ts';

const START = 1_767_225_600_000;
const account = 'watcher-0@tandem.test';

/** Transaction `n` of the account, made `atMs` after the start by the page itself. */
function own(n: number, atMs: number): HeldTransaction {
  const id = `id-${String(n).padStart(4, '0')}`;
  return { id, payee: `Bakery ${n}`, amountCents: -n, date: '2026-01-01', madeAt: START + atMs };
}

/** One of a protocol worker. */
function mark(n: number, atMs: number): HeldTransaction {
  const transaction = own(n, atMs);
  return { ...transaction, payee: markText({ id: transaction.id, pushedAt: START + atMs }) };
}

/** Read back two minutes after the start. */
function held(transactions: HeldTransaction[], readFrom = START + 120_000): HeldLedger {
  return { kind: 'held', account, device: 'reader', readFrom, transactions };
}

/** A screen that was synced after 60 s and read a second later; newest first. */
function shown(transactions: HeldTransaction[], changes: Partial<ShownLedger> = {}): ShownLedger {
  const rows = transactions.map(({ payee, amountCents }) => ({ payee, amountCents }));
  const times = { syncedAt: START + 60_000, readAt: START + 61_000 };
  return { kind: 'shown', account, session: 'watcher 0, 3', ...times, count: rows.length, limit: 25, rows, ...changes };
}

function acknowledged(at: Record<string, number>): ScreenEvidence {
  return { kind: 'acknowledged', account, at };
}

const [first, second, third] = [own(1, 1_000), own(2, 2_000), own(3, 3_000)];

function assertTrue(evidence: ScreenEvidence[], sessions = 1): void {
  const { checked, violations, examples, status } = screen(evidence);
  assert.deepEqual(
    { checked, violations, examples, status },
    { checked: sessions, violations: 0, examples: [], status: 'ok' },
  );
}

function difference(evidence: ScreenEvidence[]) {
  const { checked, violations, examples, status } = screen(evidence);
  assert.deepEqual({ checked, violations, status }, { checked: 1, violations: 1, status: 'violated' });
  return examples[0] as { onScreen: object; inRelay: object };
}

test('a screen that shows what the relay holds is true', () => {
  assertTrue([shown([third, second, first]), held([first, second, third])]);
  assertTrue([shown([]), held([])]);
  const earlier = shown([second, first], { syncedAt: START + 2_500, readAt: START + 2_600 });
  assertTrue([earlier, shown([third, second, first]), held([first, second, third])], 2);
});

test('a row that the page hides is named, with its account and session', () => {
  assert.deepEqual(difference([shown([third, first]), held([first, second, third])]), {
    account,
    session: 'watcher 0, 3',
    readAt: '2026-01-01T00:01:01.000Z',
    onScreen: { count: 2, notInRelay: [] },
    inRelay: { count: 3, notOnScreen: [{ id: 'id-0002', payee: 'Bakery 2', amountCents: -2 }] },
  });
});

test('a row that the relay has lost is named', () => {
  const { onScreen, inRelay } = difference([shown([third, second, first]), held([first, third])]);
  assert.deepEqual(onScreen, { count: 3, notInRelay: [{ payee: 'Bakery 2', amountCents: -2 }] });
  assert.deepEqual(inRelay, { count: 2, notOnScreen: [] });
});

test('a wrong amount is both: shown and not held, held and not shown', () => {
  const { onScreen, inRelay } = difference([shown([{ ...second, amountCents: 2 }, first]), held([first, second])]);
  assert.deepEqual(onScreen, { count: 2, notInRelay: [{ payee: 'Bakery 2', amountCents: 2 }] });
  assert.deepEqual(inRelay, { count: 2, notOnScreen: [{ id: 'id-0002', payee: 'Bakery 2', amountCents: -2 }] });
});

test('a row that is shown twice is one too many', () => {
  const { onScreen } = difference([shown([second, second, first]), held([first, second])]);
  assert.deepEqual(onScreen, { count: 3, notInRelay: [{ payee: 'Bakery 2', amountCents: -2 }] });
});

test('a count that does not fit is a difference, also when the newest rows do', () => {
  const many = Array.from({ length: 100 }, (_, n) => own(n, 1_000));
  const newest = many.slice(-25).reverse();
  assertTrue([shown(newest, { count: 100 }), held(many)]);
  assert.deepEqual(difference([shown(newest, { count: 99 }), held(many)]).inRelay, { count: 100, notOnScreen: [] });
  assert.deepEqual(difference([shown(newest, { count: 101 }), held(many)]).onScreen, { count: 101, notInRelay: [] });
});

test('what came after the sync began may be shown or not; what came after the screen was read does not count', () => {
  const [during, later] = [mark(4, 60_500), mark(5, 90_000)];
  const at = { [during.id]: START + 60_600, [later.id]: START + 90_100 };
  const ledger = [held([first, during, later]), acknowledged(at)];
  assertTrue([shown([during, first]), ...ledger]);
  assertTrue([shown([first]), ...ledger]);
});

test('a mark must be shown from its acknowledgement on, not from its push', () => {
  const slow = mark(4, 30_000);
  const acknowledgedAt = (ms: number) => [held([first, slow]), acknowledged({ [slow.id]: START + ms })];
  assertTrue([shown([first]), ...acknowledgedAt(60_100)]);
  assertTrue([shown([first]), held([first, slow])]);
  const { inRelay } = difference([shown([first]), ...acknowledgedAt(30_100)]);
  assert.deepEqual(inRelay, {
    count: 2,
    notOnScreen: [{ id: slow.id, payee: slow.payee, amountCents: slow.amountCents }],
  });
});

test('rows that were pushed below those that were read are not missed', () => {
  const newer = [mark(4, 60_200), mark(5, 60_300)];
  const at = Object.fromEntries(newer.map(({ id }) => [id, START + 60_400]));
  assertTrue([shown([newer[1]!, newer[0]!], { count: 3, limit: 2 }), held([first, ...newer]), acknowledged(at)]);
});

test('without a session, or without anybody who read its account back, nothing is known', () => {
  const noSession = screen([held([first])]);
  assert.equal(noSession.status, 'unknown');
  assert.deepEqual(noSession.examples, ['no session came to the end at which its screen is read']);
  const elsewhere = screen([shown([first]), { ...held([first]), account: 'another' }]);
  assert.equal(elsewhere.status, 'unknown');
  assert.deepEqual(elsewhere.examples, ['no device read back what 1 sessions showed']);
});

test('a screen that was read after the relay is not compared: a shard may end later', () => {
  const later = shown([third, second, first]);
  const { status, checked, counts } = screen([later, held([first, second], later.readAt - 1)]);
  assert.deepEqual([status, checked, counts?.unread], ['unknown', 0, 1]);
  assertTrue([later, held([first, second], later.readAt - 1), held([first, second, third])]);
});
