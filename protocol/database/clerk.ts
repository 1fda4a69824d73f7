import type { SliceContext, Vu } from '../../support/test.ts';
import type { Answer, Statement } from '../transports/postgres.ts';
import { Database } from './database.ts';
import { addEntry, Entries, entriesTable } from './entries.ts';
import type { OrderOptions } from './options.ts';
import { type Change, Tally } from './tally.ts';

/** Words that notes are made of. */
const WORDS = 1_000;
const CUSTOMERS_OF_A_REPORT = 10;
const ORDERS_OF_A_CUSTOMER = 10;
const ORDERS_LISTED = 10;
/** What an order is worth before it is changed, each change adding a cent: its id modulo this. */
const TOTALS = 10_000;
/** What a note's words are the multiples of its order's id by. */
const WORD_FACTORS = [1, 7, 31];
const STATUSES = ['new', 'paid', 'sent'];

function customersOf(rows: number): number {
  return Math.floor(rows / ORDERS_OF_A_CUSTOMER);
}

/** Orders of customers, every customer with ten of them, each with a note that can be searched. */
const tables = (rows: number) => `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO customers SELECT i, 'customer ' || i FROM generate_series(0, ${customersOf(rows) - 1}) i;
  CREATE TABLE orders (
    id int PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers,
    status text NOT NULL,
    total_cents bigint NOT NULL,
    note text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', note)) STORED
  ) WITH (fillfactor = 80);
  INSERT INTO orders (id, customer_id, status, total_cents, note)
    SELECT i, i % ${customersOf(rows)}, (ARRAY['${STATUSES.join("', '")}'])[1 + i % ${STATUSES.length}], i % ${TOTALS},
      ${WORD_FACTORS.map((factor) => `'word' || i * ${factor} % ${WORDS}`).join(" || ' ' || ")}
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
        WHERE o.customer_id = $1 ORDER BY o.id DESC LIMIT ${ORDERS_LISTED}`,
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
    advance: { kind: 'write', text: `UPDATE ${orders} SET status = $2, total_cents = total_cents + 1 WHERE id = $1` },
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
  readonly customers: number;
  readonly statements: ReturnType<typeof statements>;
  readonly #tally: Tally;
  /** How often each order has been changed for certain. */
  readonly #changed: Uint32Array;

  static async open(slice: SliceContext<OrderOptions>): Promise<Office> {
    const { rows } = slice.options;
    return new Office(await Database.open(slice, tables(rows)), rows);
  }

  private constructor(database: Database, rows: number) {
    this.database = database;
    this.rows = rows;
    this.customers = customersOf(rows);
    this.statements = statements(database.name);
    this.#tally = new Tally(`${database.name}.orders`);
    this.#changed = new Uint32Array(rows);
  }

  /** Notes what changing an order comes to, which adds a cent to it. */
  async changing(order: number, change: () => Promise<Answer>): Promise<Answer> {
    const changes: Change[] = [[order, 1]];
    this.#tally.begin(changes);
    const answer = await change();
    this.#tally.answered(changes, answer);
    if (answer.outcome === 'ok') this.#changed[order]! += 1;
    return answer;
  }

  /** What an order is worth by now at least, in cents. */
  worth(order: number): number {
    return (order % TOTALS) + this.#changed[order]!;
  }

  /** Orders of a customer, the newest first. */
  ordersOf(customer: number): number[] {
    const count = Math.floor((this.rows - 1 - customer) / this.customers) + 1;
    return Array.from({ length: count }, (_, place) => customer + (count - 1 - place) * this.customers);
  }

  /** The last look at what all changes have come to, whoever made them. */
  readBack(): Promise<void> {
    const { name, url } = this.database;
    return this.#tally.readBack(url, `${name}.orders`, `total_cents - id % ${TOTALS}`);
  }

  /** Null where nothing was changed. */
  evidence() {
    return { 'committed-sums': this.#tally.evidence() };
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
    const leastWorth = this.#office.worth(order);
    const answer = await this.#query('point-read', [order]);
    this.#expect(
      answer,
      'point-read: the order that was asked for, with all changes that were committed before',
      ({ rows: [row] }) =>
        row?.id === order && STATUSES.includes(row?.status) && Number(row?.total_cents) >= leastWorth,
    );
  }

  /** The last orders of a customer, with the name. */
  async join(): Promise<void> {
    const customer = this.#customer();
    const answer = await this.#query('join', [customer]);
    this.#expect(answer, 'join: the last ten orders of the customer, with the name', ({ rows }) => {
      const expected = this.#office.ordersOf(customer).slice(0, ORDERS_LISTED);
      return (
        rows.length === expected.length &&
        rows.every(({ id, name }, place) => id === expected[place] && name === `customer ${customer}`)
      );
    });
  }

  /** What some customers have ordered, by status. */
  async aggregate(): Promise<void> {
    const first = this.#customer();
    const end = Math.min(first + CUSTOMERS_OF_A_REPORT, this.#office.customers);
    let orders = 0;
    let leastWorth = 0;
    for (let customer = first; customer < end; customer++) {
      for (const order of this.#office.ordersOf(customer)) {
        orders += 1;
        leastWorth += this.#office.worth(order);
      }
    }
    const answer = await this.#query('aggregate', [first, end - 1]);
    this.#expect(answer, 'aggregate: each of the orders, with all changes that were committed before', ({ rows }) => {
      const sumOf = (column: string) => rows.reduce((sum, row) => sum + Number(row[column]), 0);
      return sumOf('count') === orders && sumOf('sum') >= leastWorth;
    });
  }

  /** Orders whose notes have a word. */
  async search(): Promise<void> {
    // Also where there are fewer orders than words.
    const number = this.#order() % WORDS;
    const answer = await this.#query('search', [`word${number}`]);
    this.#expect(
      answer,
      'search: orders with the word',
      ({ rows }) =>
        rows.length > 0 &&
        rows.every(({ id }) => WORD_FACTORS.some((factor) => (Number(id) * factor) % WORDS === number)),
    );
  }

  async insert(): Promise<void> {
    const name = this.#entries.next();
    const answer = await this.#query('insert', [name]);
    this.#entries.answered(name, answer);
    this.#expect(answer, 'insert: one row', ({ count }) => count === 1);
  }

  async update(): Promise<void> {
    const order = this.#order();
    const answer = await this.#office.changing(order, () => this.#query('update', [order]));
    this.#expect(answer, 'update: one row', ({ count }) => count === 1);
  }

  /** An order is looked at, advanced, and this written down: all of it or nothing. */
  async transaction(): Promise<void> {
    const { database, statements } = this.#office;
    const order = this.#order();
    const name = this.#entries.next();
    const status = this.#vu.random.pick(STATUSES);
    const answer = await this.#office.changing(order, () =>
      database.postgres.transaction('transaction', 'read committed', async (transaction) => {
        await transaction.query(statements.lock, [order]);
        await transaction.query(statements.advance, [order, status]);
        await transaction.query(statements.insert, [name]);
      }),
    );
    this.#entries.answered(name, answer);
    this.#expect(answer, 'transaction: it is committed', () => true);
  }

  async settle(): Promise<void> {
    if (this.#vu.id !== 0) return;
    await this.#office.readBack();
    await this.#entries.readBack(this.#office.database.url);
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
    return this.#vu.random.int(0, this.#office.customers - 1);
  }
}
