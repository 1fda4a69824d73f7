import type { LedgerRow } from './balances.ts';
import { counted } from './counts.ts';
import { formatDate, isDate, today } from './dates.ts';
import { byId, control, element, KeyedList, type Row, setOptions, setText } from './dom.ts';
import type { Account } from './entities.ts';
import type { Ledger } from './ledger.ts';
import { formatCents, formatSignedCents, parseAmount } from './money.ts';

const PAGE_ROWS = 100;
const NOTHING_YET = 'No transactions yet. Add the first one above, or import a CSV file.';
const HIGHLIGHT_MS = 2_500;

type Line = LedgerRow & { balanceCents: number; accountName: string; remoteSince: number | undefined };

/** The transactions list, newest first, and the form that adds to it. */
export class TransactionsView {
  readonly #ledger: Ledger;
  readonly #isLoaded: () => boolean;
  readonly #form = byId<HTMLFormElement>('transaction-form');
  readonly #search = byId<HTMLInputElement>('search');
  readonly #filter = byId<HTMLSelectElement>('account-filter');
  readonly #more = byId('show-more');
  readonly #list = new KeyedList<Line>(byId('transaction-rows'), ({ transaction }) => transaction.id, createRow);
  readonly #remoteSince = new Map<string, number>();
  #shown = PAGE_ROWS;

  /** `isLoaded` tells an empty ledger from one that has not arrived yet. */
  constructor(ledger: Ledger, isLoaded: () => boolean, signal: AbortSignal) {
    this.#ledger = ledger;
    this.#isLoaded = isLoaded;
    control(this.#form, 'date').value = today();
    this.#form.addEventListener('submit', (event) => this.#add(event), { signal });
    for (const input of [this.#search, this.#filter]) {
      input.addEventListener('input', () => this.#showFrom(PAGE_ROWS), { signal });
    }
    this.#more.addEventListener('click', () => this.#showFrom(this.#shown + PAGE_ROWS), { signal });
  }

  /** Notes that these transactions have just come from another device; the next rendering points them out. */
  markRemote(ids: Iterable<string>): void {
    for (const id of ids) this.#remoteSince.set(id, performance.now());
  }

  render(): void {
    const { accounts, rows } = this.#ledger;
    const options = accounts.map(({ id, name }) => ({ value: id, label: name }));
    setOptions(control<HTMLSelectElement>(this.#form, 'account'), options);
    setOptions(this.#filter, [{ value: '', label: 'All accounts' }, ...options]);
    const { lines, matching } = this.#lines(rows, new Map(accounts.map((account) => [account.id, account])));
    this.#list.render(lines);
    this.#renderTotals(rows);
    const count = counted(rows.length, 'transaction');
    setText(
      byId('transaction-count'),
      matching === rows.length ? count : `${matching.toLocaleString('en')} of ${count}`,
    );
    const empty = byId('transactions-empty');
    empty.hidden = matching > 0;
    setText(empty, rows.length > 0 ? 'Nothing matches.' : this.#isLoaded() ? NOTHING_YET : 'Loading…');
    this.#more.hidden = matching <= lines.length;
    setText(this.#more, `Show more (${(matching - lines.length).toLocaleString('en')} older)`);
  }

  #lines(rows: readonly LedgerRow[], accounts: Map<string, Account>): { lines: Line[]; matching: number } {
    const accountId = this.#filter.value;
    const wanted = this.#search.value.trim().toLowerCase();
    const lines: Line[] = [];
    let matching = 0;
    for (let at = rows.length - 1; at >= 0; at--) {
      const row = rows[at]!;
      const { id, payee, account_id } = row.transaction;
      if (accountId !== '' && account_id !== accountId) continue;
      if (wanted !== '' && !payee.toLowerCase().includes(wanted)) continue;
      if (matching++ >= this.#shown) continue;
      lines.push({
        ...row,
        balanceCents: accountId === '' ? row.totalBalanceCents : row.accountBalanceCents,
        accountName: accounts.get(account_id)?.name ?? account_id,
        remoteSince: this.#remoteSince.get(id),
      });
    }
    return { lines, matching };
  }

  #renderTotals(rows: readonly LedgerRow[]): void {
    const month = today().slice(0, 7);
    let inCents = 0;
    let outCents = 0;
    for (const { transaction } of rows) {
      if (!transaction.date.startsWith(month)) continue;
      if (transaction.amount_cents > 0) inCents += transaction.amount_cents;
      else outCents += transaction.amount_cents;
    }
    setText(byId('total-balance'), formatCents(rows.at(-1)?.totalBalanceCents ?? 0));
    setText(byId('month-in'), formatCents(inCents));
    setText(byId('month-out'), formatCents(outCents));
  }

  #showFrom(rows: number): void {
    this.#shown = rows;
    this.render();
  }

  #add(event: SubmitEvent): void {
    event.preventDefault();
    const date = control(this.#form, 'date').value;
    const payee = control(this.#form, 'payee').value.trim();
    const amount = control(this.#form, 'amount');
    const account = control<HTMLSelectElement>(this.#form, 'account').value;
    const amountCents = parseAmount(amount.value);
    const problem =
      amountCents === undefined
        ? `“${amount.value}” is no amount. Write it like -12.50 or 1,200.`
        : payee === '' || !isDate(date)
          ? 'A transaction needs a date and a payee.'
          : '';
    setText(byId('transaction-error'), problem);
    if (amountCents === undefined || problem !== '') {
      amount.focus();
      return;
    }
    this.#ledger.addTransactions([{ date, payee, amount_cents: amountCents, account_id: account }]);
    // Date and account stay: the next receipt is usually of the same day.
    control(this.#form, 'payee').value = '';
    amount.value = '';
    control(this.#form, 'payee').focus();
  }
}

function createRow({ transaction }: Line): Row<Line> {
  const date = element('td', 'date');
  const payee = element('span', 'payee');
  const account = element('small', 'muted');
  const amount = element('td', 'number amount');
  const balance = element('td', 'number muted');
  const node = element('tr', '', date, element('td', '', payee, account), amount, balance);
  node.dataset.id = transaction.id;
  let isHighlighted = false;
  // A timer and no animation: with changes twice a second that one would repaint the page without a break.
  function highlight(forMs: number): void {
    isHighlighted = true;
    node.classList.add('arrived');
    setTimeout(() => {
      isHighlighted = false;
      node.classList.remove('arrived');
    }, forMs);
  }
  return {
    node,
    update({ transaction, balanceCents, accountName, remoteSince }) {
      setText(date, formatDate(transaction.date));
      setText(payee, transaction.payee);
      setText(account, accountName);
      setText(amount, formatSignedCents(transaction.amount_cents));
      amount.classList.toggle('in', transaction.amount_cents > 0);
      setText(balance, formatCents(balanceCents));
      if (remoteSince === undefined) return;
      node.dataset.origin = 'remote';
      // A row that is only now scrolled or filtered into view has not just arrived.
      const leftMs = remoteSince + HIGHLIGHT_MS - performance.now();
      if (leftMs > 0 && !isHighlighted) highlight(leftMs);
    },
  };
}
