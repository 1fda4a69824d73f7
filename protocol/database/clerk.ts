import type { SliceContext, Vu } from '../../support/test.ts';
import type { Answer, Statement } from '../transports/postgres.ts';
import { Database } from './database.ts';
import { addEntry, Entries, entriesTable } from './entries.ts';
import type { OrderOptions } from './options.ts';

/** Words that notes are made of. */
const WORDS = 1_000;
const CUSTOMERS_OF_A_REPORT = 10;

/** Orders of customers, every customer with ten of them, each with a note that can be searched. */
const tables = (rows: number) => `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(0, ${Math.floor(rows / 10) - 1}) i;
  CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    status text NOT NULL,
    total_cents bigint NOT NULL,
    note text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', note)) STORED
  ) WITH (fillfactor = 80);
  INSERT INTO orders (id, customer_id, status, total_cents, note)
    SELECT i, i % ${Math.floor(rows / 10)}, (ARRAY['new', 'paid', 'sent'])[1 + i % 3], i % 10000,
      'word' || i % ${WORDS} || ' word' || i * 7 % ${WORDS} || ' word' || i * 31 % ${WORDS}
    FROM generate_series(0, ${rows - 1}) i;
  CREATE INDEX ON orders (customer_id, id);
  CREATE INDEX ON orders USING gin (words) WITH (fastupdate = off);
  ANALYZE customers, orders;
  ${entriesTable}`;

/** What clerks send, each by the name of its operation. */
function statements(schema: string) {
  const orders = `${schema}.orders`;
  const all = {
    'point-read': { kind: 'read', text: `SELECT id, status, total_cents FROM ${orders} WHERE id = $1` },
    join: {
      kind: 'read',
      text: `SELECT o.id, c.name FROM ${orders} o JOIN ${schema}.customers c ON c.id = o.customer_id
        WHERE o.customer_id = $1 ORDER BY o.id DESC LIMIT 10`,
    },
    aggregate: {
      kind: 'read',
      text: `SELECT status, count(*), sum(total_cents) FROM ${orders} WHERE customer_id BETWEEN $1 AND $2 GROUP BY status`,
    },
    search: {
      kind: 'read',
      text: `SELECT id FROM ${orders} WHERE words @@ plainto_tsquery('simple', $1) ORDER BY id LIMIT 20`,
    },
    update: { kind: 'write', text: `UPDATE ${orders} SET total_cents = total_cents + 1 WHERE id = $1` },
    lock: { kind: 'read', text: `SELECT status FROM ${orders} WHERE id = $1 FOR UPDATE` },
    advance: { kind: 'write', text: `UPDATE ${orders} SET status = $2 WHERE id = $1` },
  } as const;
  const named = Object.entries(all).map(([name, statement]): [string, Statement] => [name, { name, ...statement }]);
  return {
    ...(Object.fromEntries(named) as Record<keyof typeof all, Statement>),
    insert: addEntry(schema),
  };
}

/** What the clerks of a slice share. */
export class Office {
  readonly database: Database;
  readonly rows: number;
  readonly statements: ReturnType<typeof statements>;

  static async open(slice: SliceContext<OrderOptions>): Promise<Office> {
    const { rows } = slice.options;
    return new Office(await Database.open(slice, tables(rows)), rows);
  }

  private constructor(database: Database, rows: number) {
    this.database = database;
    this.rows = rows;
    this.statements = statements(database.name);
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

/** Somebody who looks orders up, changes them, and writes down what was done. */
export class Clerk {
  readonly #vu: Vu;
  readonly #office: Office;
  readonly #entries: Entries;

  constructor(vu: Vu, office: Office) {
    this.#vu = vu;
    this.#office = office;
    this.#entries = new Entries(office.database.name, vu.slice, vu.id);
  }

  /** An order by its id. */
  async read(): Promise<void> {
    const order = this.#order();
    const answer = await this.#query('point-read', [order]);
    this.#expect(answer, 'point-read: the order that was asked for', ({ rows }) => rows[0]?.id === order);
  }

  /** The last orders of a customer, with the name. */
  async join(): Promise<void> {
    const answer = await this.#query('join', [this.#customer()]);
    this.#expect(answer, 'join: ten orders', ({ rows }) => rows.length === 10);
  }

  /** What some customers have ordered, by status. */
  async aggregate(): Promise<void> {
    const first = this.#customer();
    const answer = await this.#query('aggregate', [first, first + CUSTOMERS_OF_A_REPORT - 1]);
    this.#expect(answer, 'aggregate: a sum for a status', ({ rows }) => rows.length > 0);
  }

  /** Orders whose notes have a word. */
  async search(): Promise<void> {
    // Also where there are fewer orders than words.
    const answer = await this.#query('search', [`word${this.#order() % WORDS}`]);
    this.#expect(answer, 'search: an order with the word', ({ rows }) => rows.length > 0);
  }

  async insert(): Promise<void> {
    const name = this.#entries.next();
    const answer = await this.#query('insert', [name]);
    this.#entries.answered(name, answer);
    this.#expect(answer, 'insert: one row', ({ count }) => count === 1);
  }

  async update(): Promise<void> {
    const answer = await this.#query('update', [this.#order()]);
    this.#expect(answer, 'update: one row', ({ count }) => count === 1);
  }

  /** An order is looked at, advanced, and this written down: all of it or nothing. */
  async transaction(): Promise<void> {
    const { database, statements } = this.#office;
    const order = this.#order();
    const name = this.#entries.next();
    const status = this.#vu.random.pick(['new', 'paid', 'sent']);
    const answer = await database.postgres.transaction('transaction', 'read committed', async (transaction) => {
      await transaction.query(statements.lock, [order]);
      await transaction.query(statements.advance, [order, status]);
      await transaction.query(statements.insert, [name]);
    });
    this.#entries.answered(name, answer);
    this.#expect(answer, 'transaction: it is committed', () => true);
  }

  async settle(): Promise<void> {
    if (this.#vu.id === 0) await this.#entries.readBack(this.#office.database.url);
  }

  evidence() {
    return { 'committed-rows': this.#entries.evidence() };
  }

  #query(statement: keyof Office['statements'], values: unknown[]): Promise<Answer> {
    const { database, statements } = this.#office;
    return database.postgres.query(statements[statement], values);
  }

  /** What was never answered cannot be wrong. */
  #expect(answer: Answer, check: string, holds: (answer: Answer) => boolean): void {
    if (answer.outcome === 'ok') this.#vu.check(check, holds(answer));
    else this.#vu.fail(answer.outcome);
  }

  #order(): number {
    return this.#vu.random.int(0, this.#office.rows - 1);
  }

  #customer(): number {
    return this.#vu.random.int(0, Math.floor(this.#office.rows / 10) - 1);
  }
}
