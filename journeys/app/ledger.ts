import { expect, type Locator, type Page, type User } from '../../support/test.ts';
import { type Credentials, enter } from './sign-in.ts';

/** Money spent is negative. Without date or account it takes what the form shows: today, or what was used last. */
export type NewTransaction = { payee: string; amountCents: number; date?: string; accountName?: string };
/** Without a due date it is the one the form suggests. */
export type NewInvoice = { number: string; client: string; amountCents: number; due?: string };
export type CsvRow = { date: string; payee: string; amountCents: number; accountName?: string };
/** A row as a person reads it. */
export type ShownRow = { payee: string; amountCents: number };
type View = 'Transactions' | 'Accounts' | 'Invoices' | 'Import';

/** The ledger as its user sees it: every word here is something a person does or looks at. */
export class Ledger {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Loads the page; it shows the sign-in form, or the transactions of a session of this tab. */
  async open(): Promise<void> {
    await this.page.goto('/');
    await expect(this.page.getByRole('heading', { level: 1 })).toBeVisible();
  }

  /** Signs in, the first time by making an account, and waits until the ledger has been pulled. */
  async signIn(user: Credentials & Pick<User, 'sessions'>): Promise<void> {
    await enter(this.page, user, user.sessions === 0, 'Transactions');
    await this.waitForSynced();
  }

  /** Waits until the list has at least so many transactions. */
  async expectTransactions(count: number): Promise<void> {
    const listed = () => this.transactionCount();
    await expect.poll(listed, 'the list has the transactions that were left in it').toBeGreaterThanOrEqual(count);
  }

  async signOut(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await expect(this.page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  }

  /** Adds a transaction and waits until the list shows it. */
  async addTransaction({ payee, amountCents, date, accountName }: NewTransaction): Promise<void> {
    await this.#show('Transactions');
    const form = this.page.getByRole('form', { name: 'Add a transaction' });
    if (date !== undefined) await form.getByLabel('Date').fill(date);
    await form.getByLabel('Payee').fill(payee);
    await form.getByLabel('Amount').fill(amountText(amountCents));
    if (accountName !== undefined) await form.getByLabel('Account').selectOption(accountName);
    await form.getByRole('button', { name: 'Add transaction' }).click();
    await this.expectTransaction(payee);
  }

  /** How many transactions the ledger has, shown or not. */
  async transactionCount(): Promise<number> {
    await this.#show('Transactions');
    return countOf((await this.page.getByTestId('transaction-count').textContent()) ?? '');
  }

  /** What the list of transactions shows in one instant, painted: how many there are, and up to `limit` rows, newest first. */
  async shownTransactions(limit = 25): Promise<{ count: number; limit: number; rows: ShownRow[] }> {
    await this.#show('Transactions');
    const shown = await this.page.getByRole('region', { name: 'Transactions' }).evaluate(async (section, most) => {
      // What the document holds is on the screen after the next frame.
      for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
      const visible = [...section.querySelectorAll<HTMLTableRowElement>('tbody tr')].filter((row) =>
        row.checkVisibility(),
      );
      const rows = visible.slice(0, most).map(({ cells }) => ({
        payee: cells[1]?.firstElementChild?.textContent ?? '',
        amount: cells[2]?.textContent ?? '',
      }));
      return { count: section.querySelector('[data-testid="transaction-count"]')?.textContent ?? '', rows };
    }, limit);
    return {
      count: countOf(shown.count),
      limit,
      rows: shown.rows.map(({ payee, amount }) => ({ payee, amountCents: centsOf(amount) })),
    };
  }

  /** Waits until the list shows a transaction of this payee. */
  async expectTransaction(payee: string): Promise<void> {
    await expect(this.transaction(payee)).toBeVisible();
  }

  /** The newest row of this payee in the list. */
  transaction(payee: string): Locator {
    return this.page
      .getByRole('row')
      .filter({ has: this.page.getByText(payee, { exact: true }) })
      .first();
  }

  /** Creates an invoice and waits until the list shows it. */
  async createInvoice({ number, client, amountCents, due }: NewInvoice): Promise<void> {
    await this.#show('Invoices');
    const form = this.page.getByRole('form', { name: 'Create an invoice' });
    await form.getByLabel('Number').fill(number);
    await form.getByLabel('Client').fill(client);
    if (due !== undefined) await form.getByLabel('Due').fill(due);
    await form.getByLabel('Amount').fill(amountText(amountCents));
    await form.getByRole('button', { name: 'Create invoice' }).click();
    await expect(this.page.getByRole('cell').getByText(number, { exact: true })).toBeVisible();
  }

  /** Imports a CSV file of these rows and waits until all of them are in the ledger. */
  async importCsv(rows: readonly CsvRow[]): Promise<void> {
    await this.#show('Import');
    const buffer = Buffer.from(['date,payee,amount,account', ...rows.map(csvLine)].join('\n'));
    await this.page.getByLabel('CSV file').setInputFiles({ name: 'bank.csv', mimeType: 'text/csv', buffer });
    await this.page.getByRole('button', { name: 'Import', exact: true }).click();
    const lines = rows.length.toLocaleString('en');
    await expect(this.page.getByRole('status', { name: 'Import result' })).toHaveText(
      `Imported ${lines} of ${lines} lines.`,
    );
    await expect(this.page.getByRole('progressbar', { name: 'Import progress' })).toBeHidden();
  }

  async renameAccount(name: string, newName: string): Promise<void> {
    await this.#show('Accounts');
    await this.page.getByRole('button', { name: `Rename ${name}`, exact: true }).click();
    await this.page.getByLabel(`New name of ${name}`, { exact: true }).fill(newName);
    await this.page.keyboard.press('Enter');
    await expect(this.page.getByRole('heading', { name: newName, exact: true })).toBeVisible();
  }

  async addAccount(name: string, kind: 'Checking' | 'Savings' | 'Credit' = 'Checking'): Promise<void> {
    await this.#show('Accounts');
    const form = this.page.getByRole('form', { name: 'Add an account' });
    await form.getByLabel('Name').fill(name);
    await form.getByLabel('Kind').selectOption(kind);
    await form.getByRole('button', { name: 'Add account' }).click();
    await expect(this.page.getByRole('heading', { name, exact: true })).toBeVisible();
  }

  /** Presses “Sync now” and waits until everything is pushed and pulled. */
  async syncNow(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sync now' }).click();
    await this.waitForSynced();
  }

  /** Waits until the relay has accepted every change made here. */
  async waitForSynced(): Promise<void> {
    await expect(this.page.getByRole('status', { name: 'Sync state' })).toHaveText('Synced');
  }

  /** Waits a little for every change made here to be accepted; says what the page shows then. */
  async syncStateWithin(ms: number): Promise<'synced' | 'offline' | 'waiting'> {
    const state = this.page.getByRole('status', { name: 'Sync state' });
    const isSynced = await expect(state)
      .toHaveText('Synced', { timeout: ms })
      .then(
        () => true,
        () => false,
      );
    if (isSynced) return 'synced';
    return /^Offline/.test((await state.textContent()) ?? '') ? 'offline' : 'waiting';
  }

  /** Presses “Sync now” again and again, as long as the relay cannot be reached. */
  async syncAtLast(ms: number): Promise<void> {
    await expect(() => this.syncNow()).toPass({ timeout: ms });
  }

  /** Loads the page anew, as who closed it does: it shows what the relay has. */
  async reopen(): Promise<void> {
    await this.page.reload();
    await this.waitForSynced();
  }

  async #show(view: View): Promise<void> {
    const heading = this.page.getByRole('heading', { name: view, level: 1 });
    if (await heading.isVisible()) return;
    await this.page.getByRole('link', { name: view }).click();
    await expect(heading).toBeVisible();
  }
}

/** “1,234 transactions”, or “5 of 1,234 transactions” while a search narrows the list. */
function countOf(text: string): number {
  return Number(/([\d,]+) transactions?$/.exec(text)?.[1]?.replaceAll(',', ''));
}

/** “−1,234.50” or “+3.00”. */
function centsOf(text: string): number {
  return Math.round(100 * Number(text.replaceAll(',', '').replace('−', '-')));
}

function amountText(cents: number): string {
  return (cents / 100).toFixed(2);
}

function csvLine({ date, payee, amountCents, accountName = '' }: CsvRow): string {
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  return [date, quoted(payee), amountText(amountCents), quoted(accountName)].join(',');
}
