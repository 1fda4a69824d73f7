import type { SliceContext } from '../../support/test.ts';
import { Schema, withClient } from '../apis/database/schema.ts';
import type { Part, Sighting } from './part.ts';

const ACCOUNTS = 4;
const INITIAL_CENTS = 1_000_000;
const TRANSFERS = 3;
/** Transfers that are looked for, the newest. */
const KEPT = 12;

const tables = `
  CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
  INSERT INTO accounts SELECT i, ${INITIAL_CENTS} FROM generate_series(0, ${ACCOUNTS - 1}) i;
  CREATE TABLE transfers (id text PRIMARY KEY, sender int NOT NULL, receiver int NOT NULL, cents int NOT NULL)`;

/** Money that is moved between accounts of our own: each transfer is there as it was committed, and balances are what they come to. */
export class Transfers implements Part {
  readonly name = 'transfers';
  readonly #url: string;
  readonly #schema: Schema;
  readonly #who: string;
  readonly #committed = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #forgotten = new Set<string>();
  #count = 0;

  static async open({ runId, scenario }: SliceContext, url: string, vuId: number): Promise<Transfers> {
    return new Transfers(url, await Schema.open(url, runId, scenario, tables), `${scenario}-${vuId}`);
  }

  private constructor(url: string, schema: Schema, who: string) {
    this.#url = url;
    this.#schema = schema;
    this.#who = who;
  }

  async change(): Promise<void> {
    const { name } = this.#schema;
    await withClient(this.#url, async (client) => {
      for (let n = 0; n < TRANSFERS; n++) {
        this.#count += 1;
        const id = `${this.#who}-${this.#count}`;
        const sender = this.#count % ACCOUNTS;
        const transfer = { id, sender, receiver: (sender + 1) % ACCOUNTS, cents: 1 + (this.#count % 100) };
        await client.query('BEGIN');
        await client.query(`INSERT INTO ${name}.transfers VALUES ($1, $2, $3, $4)`, Object.values(transfer));
        // Whoever locks accounts in the same order waits for nobody who waits for them.
        for (const account of [sender, transfer.receiver].sort()) {
          const cents = account === sender ? -transfer.cents : transfer.cents;
          await client.query(`UPDATE ${name}.accounts SET balance = balance + $2 WHERE id = $1`, [account, cents]);
        }
        const { command } = await client.query('COMMIT');
        if (command === 'COMMIT') this.#committed.set(id, transfer);
      }
    }).catch(() => {}); // what was not answered may be there or not
    for (const [id] of [...this.#committed].slice(0, -KEPT)) this.#committed.delete(id);
  }

  async look(): Promise<Sighting[]> {
    const { name } = this.#schema;
    const [transfers, accounts] = await withClient(this.#url, async (client) => [
      (await client.query(`SELECT * FROM ${name}.transfers WHERE id = ANY ($1)`, [[...this.#committed.keys()]])).rows,
      (
        await client.query(
          `SELECT id, balance, ${INITIAL_CENTS}
             + (SELECT coalesce(sum(cents), 0) FROM ${name}.transfers WHERE receiver = accounts.id)
             - (SELECT coalesce(sum(cents), 0) FROM ${name}.transfers WHERE sender = accounts.id) AS sum
           FROM ${name}.accounts ORDER BY id`,
        )
      ).rows,
    ]);
    const rows = new Map(transfers.map((row) => [row.id, row]));
    const balances = accounts.map(({ id, balance, sum }) => ({
      id: `account ${id}`,
      views: { transfers: { balance: sum }, database: { balance } },
    }));
    const sightings = [...this.#committed].map(([id, acknowledged]) => ({
      id,
      views: { acknowledged, database: rows.get(id) ?? null },
    }));
    return [...sightings, ...balances].filter(({ id }) => !this.#forgotten.has(id));
  }

  forget(id: string): void {
    this.#committed.delete(id);
    this.#forgotten.add(id);
  }

  close(): Promise<void> {
    return this.#schema.close();
  }
}
