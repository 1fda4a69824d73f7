import { counted } from './counts.ts';
import { byId, control, element, KeyedList, type Row, setText } from './dom.ts';
import type { Account, AccountKind } from './entities.ts';
import type { Ledger } from './ledger.ts';
import { formatCents } from './money.ts';

type Line = { account: Account; balanceCents: number; transactions: number };

/** The accounts with their balances, renaming them, and the form that adds one. */
export class AccountsView {
  readonly #ledger: Ledger;
  readonly #form = byId<HTMLFormElement>('account-form');
  readonly #list: KeyedList<Line>;

  constructor(ledger: Ledger, signal: AbortSignal) {
    this.#ledger = ledger;
    this.#list = new KeyedList<Line>(
      byId('account-list'),
      ({ account }) => account.id,
      (line) => this.#createCard(line),
    );
    this.#form.addEventListener('submit', (event) => this.#add(event), { signal });
  }

  render(): void {
    const totals = new Map<string, { balanceCents: number; transactions: number }>();
    for (const { transaction, accountBalanceCents } of this.#ledger.rows) {
      const transactions = (totals.get(transaction.account_id)?.transactions ?? 0) + 1;
      totals.set(transaction.account_id, { balanceCents: accountBalanceCents, transactions });
    }
    this.#list.render(
      this.#ledger.accounts.map((account) => ({
        account,
        ...(totals.get(account.id) ?? { balanceCents: 0, transactions: 0 }),
      })),
    );
  }

  #add(event: SubmitEvent): void {
    event.preventDefault();
    const input = control(this.#form, 'name');
    const kind = control<HTMLSelectElement>(this.#form, 'kind').value as AccountKind;
    const name = input.value.trim();
    const problem = this.#problemOf(name);
    setText(byId('account-error'), problem);
    if (problem !== '') {
      input.focus();
      return;
    }
    this.#ledger.addAccount({ name, kind });
    this.#form.reset();
    input.focus();
  }

  #problemOf(name: string, own?: Account): string {
    if (name === '') return 'An account needs a name.';
    // Transactions of a CSV file find their account by name.
    const taken = this.#ledger.accounts.some(
      (account) => account.id !== own?.id && account.name.toLowerCase() === name.toLowerCase(),
    );
    return taken ? `There is an account “${name}” already.` : '';
  }

  #createCard({ account: first }: Line): Row<Line> {
    let account = first;
    const name = element('h2', '');
    const kind = element('p', 'muted');
    const balance = element('p', 'balance');
    const rename = element('button', 'quiet', 'Rename');
    rename.type = 'button';
    const node = element('li', 'card', name, kind, balance, rename);
    rename.addEventListener('click', () => {
      const form = this.#renameForm(
        () => account,
        () => {
          form.replaceWith(name);
          rename.hidden = false;
          rename.focus();
        },
      );
      name.replaceWith(form);
      rename.hidden = true;
      form.querySelector('input')?.select();
    });
    return {
      node,
      update(line) {
        account = line.account;
        setText(name, account.name);
        setText(kind, `${account.kind} · ${counted(line.transactions, 'transaction')}`);
        setText(balance, formatCents(line.balanceCents));
        rename.setAttribute('aria-label', `Rename ${account.name}`);
      },
    };
  }

  #renameForm(account: () => Account, done: () => void): HTMLFormElement {
    const input = element('input', '');
    input.value = account().name;
    input.required = true;
    input.maxLength = 100;
    input.setAttribute('aria-label', `New name of ${account().name}`);
    const error = element('p', 'error');
    error.setAttribute('role', 'alert');
    const cancel = element('button', 'quiet', 'Cancel');
    cancel.type = 'button';
    const form = element(
      'form',
      'stack',
      input,
      error,
      element('div', 'buttons', element('button', '', 'Save'), cancel),
    );
    cancel.addEventListener('click', done);
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') done();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = input.value.trim();
      const problem = this.#problemOf(name, account());
      setText(error, problem);
      if (problem !== '') return;
      if (name !== account().name) this.#ledger.renameAccount(account(), name);
      done();
    });
    return form;
  }
}
