import * as Y from 'yjs';
import { byDate, type LedgerRow, runningBalances } from './balances.ts';
import type { Account, Invoice, InvoiceStatus, Transaction } from './entities.ts';

/** A local edit, ready to be encrypted and pushed: one Yjs transaction is one update is one change. */
export type Edit = {
  entityType: 'transaction' | 'account' | 'invoice';
  entityId: string;
  operation: 'CREATE' | 'UPDATE';
  update: Uint8Array;
};

/** What changed: the transactions by id, and whether another device did it. */
export type LedgerChange = { transactionIds: ReadonlySet<string>; remote: boolean };

/**
 * Every account has these two before anybody wrote anything. They are not stored until someone renames them, so that
 * two devices which meet a new account at once have nothing to disagree about.
 */
const DEFAULT_ACCOUNTS: readonly Account[] = [
  { id: 'checking', name: 'Checking', kind: 'checking' },
  { id: 'savings', name: 'Savings', kind: 'savings' },
];

const REMOTE = Symbol('remote');
let idCount = 0;

/** A new entity id. Ids of one page sort by creation, which is the order of transactions within a day. */
export function newId(): string {
  const order = (idCount++ % 36 ** 4).toString(36).padStart(4, '0');
  const random = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => (byte % 36).toString(36)).join('');
  return `${Date.now().toString(36).padStart(9, '0')}-${order}-${random}`;
}

/** The ledger of one account on this device: a Yjs document, and what the views read from it. */
export class Ledger {
  readonly #doc = new Y.Doc();
  readonly #transactions = this.#doc.getMap<Transaction>('transactions');
  readonly #accounts = this.#doc.getMap<Account>('accounts');
  readonly #invoices = this.#doc.getMap<Invoice>('invoices');
  #sorted: Transaction[] = [];
  #rows: readonly LedgerRow[] | undefined = [];

  /** `onEdit` gets every local edit, `onChange` every change wherever it came from. */
  constructor(onEdit: (edit: Edit) => void, onChange: (change: LedgerChange) => void) {
    this.#doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) onEdit({ ...(origin as Omit<Edit, 'update'>), update });
    });
    this.#doc.on('afterTransaction', ({ changed, origin }: Y.Transaction) => {
      if (changed.size === 0) return;
      const transactionIds = (changed.get(this.#transactions as never) ?? new Set()) as ReadonlySet<string>;
      if (transactionIds.size > 0) this.#sort(transactionIds);
      onChange({ transactionIds, remote: origin === REMOTE });
    });
  }

  /** All transactions with their running balances, oldest first. */
  get rows(): readonly LedgerRow[] {
    this.#rows ??= runningBalances(this.#sorted);
    return this.#rows;
  }

  /** The default accounts first, then the others by name. */
  get accounts(): Account[] {
    const defaults = DEFAULT_ACCOUNTS.map((account) => this.#accounts.get(account.id) ?? account);
    const others = [...this.#accounts.values()].filter(({ id }) => !DEFAULT_ACCOUNTS.some((known) => known.id === id));
    return [...defaults, ...others.sort((a, b) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))];
  }

  /** Newest due date first. */
  get invoices(): Invoice[] {
    return [...this.#invoices.values()].sort((a, b) =>
      a.due === b.due ? (a.id < b.id ? 1 : -1) : a.due < b.due ? 1 : -1,
    );
  }

  /** Adds transactions as one edit; it carries the first one's id. */
  addTransactions(batch: readonly Omit<Transaction, 'id'>[]): void {
    const transactions = batch.map((transaction) => ({ id: newId(), ...transaction }));
    const first = transactions[0];
    if (!first) return;
    this.#edit('transaction', first.id, 'CREATE', () => {
      for (const transaction of transactions) this.#transactions.set(transaction.id, transaction);
    });
  }

  addAccount(account: Omit<Account, 'id'>): void {
    const id = newId();
    this.#edit('account', id, 'CREATE', () => this.#accounts.set(id, { id, ...account }));
  }

  renameAccount(account: Account, name: string): void {
    // The first rename of a default account is what stores it.
    const operation = this.#accounts.has(account.id) ? 'UPDATE' : 'CREATE';
    this.#edit('account', account.id, operation, () => this.#accounts.set(account.id, { ...account, name }));
  }

  addInvoice(invoice: Omit<Invoice, 'id'>): void {
    const id = newId();
    this.#edit('invoice', id, 'CREATE', () => this.#invoices.set(id, { id, ...invoice }));
  }

  setInvoiceStatus(invoice: Invoice, status: InvoiceStatus): void {
    this.#edit('invoice', invoice.id, 'UPDATE', () => this.#invoices.set(invoice.id, { ...invoice, status }));
  }

  /** Merges updates of other devices, in any order and any number of times; returns how many were no Yjs updates. */
  merge(updates: readonly Uint8Array[]): number {
    let unreadable = 0;
    // One transaction around all of them, so that the views hear of a whole page of changes once.
    this.#doc.transact(() => {
      for (const update of updates) {
        try {
          Y.applyUpdate(this.#doc, update, REMOTE);
        } catch {
          unreadable++;
        }
      }
    }, REMOTE);
    return unreadable;
  }

  #edit(entityType: Edit['entityType'], entityId: string, operation: Edit['operation'], write: () => void): void {
    this.#doc.transact(write, { entityType, entityId, operation });
  }

  // Sorting what is sorted already but for a few new ones at the end is one cheap pass.
  #sort(changed: ReadonlySet<string>): void {
    const kept = this.#sorted.filter(({ id }) => !changed.has(id));
    for (const id of changed) {
      const transaction = this.#transactions.get(id);
      if (transaction) kept.push(transaction);
    }
    this.#sorted = kept.sort(byDate);
    this.#rows = undefined;
  }
}
