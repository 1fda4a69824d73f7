import type { SliceContext, TotalEvidence, Vu } from '../../support/test.ts';
import { withClient } from '../apis/database/schema.ts';
import type { Isolation, Statement } from '../transports/postgres.ts';
import { Database } from './database.ts';
import { addEntry, Entries, entriesTable } from './entries.ts';
import type { TransferOptions } from './options.ts';
import { type Change, Tally } from './tally.ts';

/** In cents, of each account: more than transfers could ever take. */
const INITIAL_BALANCE = 1_000_000_000;
const MOST_MOVED = 10_000;
/** Totals that a teller keeps of those that are right; of those that are wrong it keeps as many besides. */
const MAX_TOTALS = 100;

const tables = (accounts: number) => `
  CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
  INSERT INTO accounts SELECT i, ${INITIAL_BALANCE} FROM generate_series(0, ${accounts - 1}) i;
  ${entriesTable}`;

/** What the tellers of a slice share. */
export class Bank {
  readonly database: Database;
  readonly accounts: number;
  readonly isolation: readonly Isolation[];
  readonly unordered: number;
  readonly move: Statement;
  readonly total: Statement;
  readonly enter: Statement;
  readonly tally: Tally;

  static async open(slice: SliceContext<TransferOptions>): Promise<Bank> {
    return new Bank(await Database.open(slice, tables(slice.options.accounts)), slice.options);
  }

  private constructor(database: Database, { accounts, isolation, unordered }: TransferOptions) {
    const { name } = database;
    this.database = database;
    this.accounts = accounts;
    this.isolation = isolation;
    this.unordered = unordered;
    this.move = {
      name: 'move',
      kind: 'write',
      text: `UPDATE ${name}.accounts SET balance = balance + $2 WHERE id = $1`,
    };
    this.total = { name: 'total', kind: 'read', text: `SELECT sum(balance) AS total FROM ${name}.accounts` };
    this.enter = addEntry(name);
    this.tally = new Tally(`${name}.accounts`);
  }

  /** The last look at what all transfers have come to, whoever made them. */
  readBack(): Promise<void> {
    return this.tally.readBack(this.database.url, `${this.database.name}.accounts`, `balance - ${INITIAL_BALANCE}`);
  }

  /** Null where nothing was transferred. */
  evidence() {
    return { 'committed-sums': this.tally.evidence() };
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

/** Somebody who moves money from one account to another, enters that, and now and then adds up all that there is. */
export class Teller {
  readonly #vu: Vu;
  readonly #bank: Bank;
  readonly #entries: Entries;
  readonly #right: TotalEvidence[] = [];
  readonly #wrong: TotalEvidence[] = [];

  constructor(vu: Vu, bank: Bank) {
    this.#vu = vu;
    this.#bank = bank;
    this.#entries = new Entries(bank.database.name, vu.slice, vu.id);
  }

  async transfer(): Promise<void> {
    const { database, accounts, isolation, unordered, move, enter, tally } = this.#bank;
    const { random } = this.#vu;
    const from = random.int(0, accounts - 1);
    const to = (from + random.int(1, accounts - 1)) % accounts;
    const amount = random.int(1, MOST_MOVED);
    const moves: Change[] = [
      [from, -amount],
      [to, amount],
    ];
    // Whoever locks accounts in the same order as everybody else waits for others, and never for somebody who waits for them.
    if (random() >= unordered) moves.sort(([a], [b]) => a - b);
    const name = this.#entries.next();
    tally.begin(moves);
    const answer = await database.postgres.transaction('transfer', random.pick(isolation), async (transaction) => {
      await transaction.query(enter, [name]);
      for (const values of moves) await transaction.query(move, [...values]);
    });
    tally.answered(moves, answer);
    this.#entries.answered(name, answer);
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
  }

  /** One statement sees the accounts as they are at one instant. */
  async audit(): Promise<void> {
    const { database, total } = this.#bank;
    const { rows, outcome } = await database.postgres.query<{ total: string }>(total);
    if (outcome === 'ok') this.#keep(rows[0]!.total);
    else this.#vu.fail(outcome);
  }

  async settle(): Promise<void> {
    if (this.#vu.id !== 0) return;
    const { url } = this.#bank.database;
    await withClient(url, async (client) => this.#keep((await client.query(this.#bank.total.text)).rows[0].total));
    await this.#bank.readBack();
    await this.#entries.readBack(url);
  }

  evidence() {
    return { 'account-totals': [...this.#right, ...this.#wrong], 'committed-rows': this.#entries.evidence() };
  }

  #keep(read: string): void {
    const { accounts, database } = this.#bank;
    const total = Number(read);
    const expected = accounts * INITIAL_BALANCE;
    const kept = total === expected ? this.#right : this.#wrong;
    if (kept.length < MAX_TOTALS) kept.push({ of: database.name, total, expected, atMs: this.#vu.slice.elapsedMs() });
  }
}
