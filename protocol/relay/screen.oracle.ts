import { type Judgement, markOf, oracle } from '../../support/test.ts';

const MAX_EXAMPLES = 10;
/** Rows named in one example, of each kind. */
const MAX_ROWS = 3;
/** Around every instant: clocks of two machines differ. */
const CLOCK_SLACK_MS = 1_000;

/** A row as a person reads it. */
export interface ShownRow {
  payee: string;
  amountCents: number;
}

/** What a session had on its screen at its end, after a sync; instants are of `epochMs`. */
export interface ShownLedger {
  kind: 'shown';
  account: string;
  session: string;
  /** Before the sync began. */
  syncedAt: number;
  /** After the screen was read. */
  readAt: number;
  /** What the page says how many transactions there are. */
  count: number;
  /** How many rows were looked at; the page shows at least as many when it has them. */
  limit: number;
  /** The newest rows, newest first, read in the same instant. */
  rows: ShownRow[];
}

export interface HeldTransaction extends ShownRow {
  id: string;
  /** `YYYY-MM-DD`; lists are sorted by date, then id. */
  date: string;
  /** When its change was made; undefined when the relay did not say. */
  madeAt?: number;
}

/** What a device that has never pulled before got of an account after the load had come to rest: decrypted and merged. */
export interface HeldLedger {
  kind: 'held';
  account: string;
  device: string;
  /** Before the reading began; of `epochMs`. */
  readFrom: number;
  transactions: HeldTransaction[];
}

/** When marks of a protocol worker were acknowledged; those that never were are not among them. */
export interface AcknowledgedMarks {
  kind: 'acknowledged';
  account: string;
  /** Epoch ms by the id of the marked transaction. */
  at: Record<string, number>;
}

/** Evidence of the oracle `screen`, from the journey and from the load that reads back. */
export type ScreenEvidence = ShownLedger | HeldLedger | AcknowledgedMarks;

/**
 * What a browser session shows equals what the relay holds for its account. The relay is read at the end of the run, the screen
 * earlier, so what is compared is what both had to know:
 * - a transaction that was stored before the session's last sync began must be shown: a mark from its acknowledgement on, a
 *   transaction of the page itself from when it was made, as the page has waited for that sync;
 * - one that was sent after the screen was read may be missing, and so may one in between;
 * - whatever is shown must be held, and the count must lie between what had to be and what could be shown.
 * A screen that was read after the relay, by a shard that ended later, may show what nobody read back: it is left out.
 *
 * It holds for accounts in which nothing is deleted or changed: nobody but the person and the marking worker writes there.
 */
export function screen(evidence: ScreenEvidence[]): Judgement {
  const ledgers = ledgersOf(evidence);
  const examples: unknown[] = [];
  const counts = { rows: 0, transactions: 0, unread: 0 };
  let checked = 0;
  let violations = 0;
  for (const { transactions } of ledgers.values()) counts.transactions += transactions.size;
  for (const shown of evidence) {
    if (shown.kind !== 'shown') continue;
    const held = ledgers.get(shown.account);
    if (!held || shown.readAt > held.readFrom) {
      counts.unread += 1;
      continue;
    }
    checked += 1;
    counts.rows += shown.rows.length;
    const difference = differenceOf(shown, [...held.transactions.values()]);
    if (!difference) continue;
    violations += 1;
    if (examples.length < MAX_EXAMPLES) examples.push(difference);
  }
  const status = violations > 0 ? 'violated' : checked > 0 ? 'ok' : 'unknown';
  if (status === 'unknown') {
    examples.push(
      counts.unread > 0
        ? `no device read back what ${counts.unread} sessions showed`
        : 'no session came to the end at which its screen is read',
    );
  }
  return { checked, violations, examples, status, counts };
}

interface Held extends HeldTransaction {
  /** From then on every sync brings it; infinite when nobody knows. */
  heldFrom: number;
  /** Before that it cannot have been shown. */
  sentAt: number;
}

interface Ledger {
  /** Of the device that looked last. */
  readFrom: number;
  /** By id. */
  transactions: Map<string, Held>;
}

/** By account. What any device could read the relay holds. */
function ledgersOf(evidence: ScreenEvidence[]): Map<string, Ledger> {
  const acknowledged = new Map<string, number>();
  for (const piece of evidence) {
    if (piece.kind !== 'acknowledged') continue;
    for (const [id, at] of Object.entries(piece.at)) acknowledged.set(`${piece.account} ${id}`, at);
  }
  const ledgers = new Map<string, Ledger>();
  for (const piece of evidence) {
    if (piece.kind !== 'held') continue;
    const ledger = ledgers.get(piece.account) ?? { readFrom: 0, transactions: new Map<string, Held>() };
    ledger.readFrom = Math.max(ledger.readFrom, piece.readFrom);
    ledgers.set(piece.account, ledger);
    for (const transaction of piece.transactions) {
      const mark = markOf(transaction.payee);
      const ownMoment = mark ? acknowledged.get(`${piece.account} ${mark.id}`) : transaction.madeAt;
      ledger.transactions.set(transaction.id, {
        ...transaction,
        heldFrom: ownMoment ?? Number.POSITIVE_INFINITY,
        sentAt: mark?.pushedAt ?? transaction.madeAt ?? 0,
      });
    }
  }
  return ledgers;
}

/** What the screen has too little or too much; undefined when it is true. */
function differenceOf(shown: ShownLedger, ledger: Held[]): object | undefined {
  const possible = ledger.filter(({ sentAt }) => sentAt <= shown.readAt + CLOCK_SLACK_MS).sort(newestFirst);
  const isDue = ({ heldFrom }: Held) => heldFrom < shown.syncedAt - CLOCK_SLACK_MS;
  const due = possible.filter(isDue).length;
  // Fewer than that lie above them, whatever of it was shown: they are among the rows that were looked at.
  const rowsDue = possible.slice(0, shown.limit).filter(isDue);
  const missing = without(rowsDue, shown.rows);
  const unknown = without(shown.rows, ledger);
  if (missing.length === 0 && unknown.length === 0 && shown.count >= due && shown.count <= possible.length)
    return undefined;
  return {
    account: shown.account,
    session: shown.session,
    readAt: new Date(shown.readAt).toISOString(),
    onScreen: { count: shown.count, notInRelay: unknown.slice(0, MAX_ROWS) },
    inRelay: {
      count: due === possible.length ? due : `${due} to ${possible.length}`,
      notOnScreen: missing.slice(0, MAX_ROWS).map(({ id, payee, amountCents }) => ({ id, payee, amountCents })),
    },
  };
}

/** Those of `rows` that are not among `others`; each of these answers for one. */
function without<T extends ShownRow>(rows: T[], others: ShownRow[]): T[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(textOf(other), (left.get(textOf(other)) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(textOf(row)) ?? 0;
    left.set(textOf(row), count - 1);
    return count <= 0;
  });
}

function textOf({ payee, amountCents }: ShownRow): string {
  return `${amountCents} ${payee}`;
}

function newestFirst(a: Held, b: Held): number {
  if (a.date !== b.date) return a.date < b.date ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

oracle('screen', {
  promise: 'What the browser shows is what the relay holds.',
  judge: screen,
});
