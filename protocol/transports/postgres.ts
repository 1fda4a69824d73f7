import pLimit from 'p-limit';
import pg from 'pg';
import {
  allowed,
  type MetricDefinition,
  type RecordedSeries,
  type Requests,
  type SliceContext,
  unfinished,
  workDueAt,
} from '../../support/test.ts';
import { checkDeclared, checkOptions, isCount, isYesOrNo } from './client-options.ts';
import { failedRate } from './failure.ts';
import { asksForAnotherTry, databaseError, endsConnection, isNotSent, sqlstateName, sqlstateOf } from './sqlstate.ts';
import { type Expiring, UnderWay } from './under-way.ts';

const time = { type: 'trend', contains: 'time', complete: true } as const;
const count = { type: 'counter', contains: 'default', followed: true } as const;
const gauge = { type: 'gauge', contains: 'default', followed: true } as const;

/** What a {@link Postgres} records: a load that has one declares them. */
export const postgresMetrics = {
  /** Statements sent, those that begin and end transactions included. */
  db_queries: { ...count, tells: 'work', ofWork: 'count' },
  /** Sent → answered, without the wait for a connection. */
  db_read_duration: time,
  /** The same of what changes something, and of COMMIT. */
  db_write_duration: time,
  /** Asked for → COMMIT was answered: with the wait for a connection, and all tries. Of one whose time was up, as the least that it takes. */
  db_transaction_duration: { type: 'trend', contains: 'time' },
  /** A connection was asked for → it was had, or the wait given up; a new one is connected meanwhile. */
  db_connection_wait: time,
  db_query_failed: failedRate,
  /** Rows that were read or changed. */
  db_rows: { ...count, tells: 'work' },
  /** Transactions that ran into another one (40001, 40P01) and were tried again: no failures. */
  db_retries: { ...count, tells: 'failure' },
  /** Of the pools, of all slices: connections there are, those at work, and who waits for one. */
  db_pool_connections: gauge,
  db_pool_busy: gauge,
  db_pool_waiting: gauge,
} as const satisfies Record<string, MetricDefinition>;

/** What may be sent. It is prepared once a connection, under its name, where that stays ours. */
export interface Statement {
  /** The tag `op` of its metrics. */
  readonly name: string;
  readonly text: string;
  /** `control`: it begins or ends a transaction, and is nobody's latency. */
  readonly kind: 'read' | 'write' | 'control';
}

/** What came of a statement or a transaction. The network's and PostgreSQL's failures are answers too: nothing throws for them. */
export interface Answer<R = pg.QueryResultRow> {
  readonly rows: readonly R[];
  /** Rows that were read or changed. */
  readonly count: number;
  /** `40001 serialization_failure`, `ECONNREFUSED`, `timeout: no answer` …; undefined when there was none. */
  readonly error: string | undefined;
  /** `indeterminate`: it would change something, was sent and never answered, so it may have happened. */
  readonly outcome: 'ok' | 'failed' | 'indeterminate';
}

export const isolationLevels = ['read committed', 'repeatable read', 'serializable'] as const;
export type Isolation = (typeof isolationLevels)[number];

export interface PostgresOptions {
  /** Connections of the pool. */
  connections: number;
  /** For a statement with its wait for a connection; PostgreSQL is asked to end what takes longer, and given up {@link GRACE_MS} later. */
  timeoutMs?: number;
  /**
   * A pooler gives connections to others between two transactions: nothing is set on them, and nothing is prepared under a name.
   * Default false.
   */
  isPooled?: boolean;
}

const optionKinds = { connections: isCount, timeoutMs: isCount, isPooled: isYesOrNo };
const statementKinds: readonly unknown[] = ['read', 'write', 'control'];

const DEFAULT_TIMEOUT_MS = 30_000;
/** Longest wait for a TCP (and TLS) connection, and for PostgreSQL to let it in. */
const CONNECT_TIMEOUT_MS = 10_000;
/** What PostgreSQL has ended is told before it is given up, also to a process that is late itself. */
const GRACE_MS = 1_000;
const SWEEP_MS = 250;
/** Connections that are made at one time: PostgreSQL starts a process for each. */
const CONNECTING = 8;
/** A transaction that ran into others so often is given up. */
const MAX_TRIES = 10;
const SQLSTATE_LENGTH = 5;

/** How the error of what was given up, or that PostgreSQL ended, for its time alone begins. */
const tookTooLong = /^(timeout: |57014|25P04)/;

type Recorder = SliceContext['recorder'];

/** What the statements of one name add to. */
class Series {
  readonly recorder: Recorder;
  readonly queries: RecordedSeries;
  readonly duration: RecordedSeries | undefined;
  readonly wait: RecordedSeries;
  readonly failed: RecordedSeries;
  readonly rows: RecordedSeries;
  /** Under which name its statement is prepared. */
  readonly preparedAs: string | undefined;
  readonly #statement: Statement;
  #cutOff: Series | undefined;

  constructor(recorder: Recorder, statement: Statement, isPooled: boolean, more: Record<string, string> = {}) {
    const { name: op, kind } = statement;
    this.preparedAs = isPooled ? undefined : op;
    const tags = { op, ...more };
    this.recorder = recorder;
    this.#statement = statement;
    this.queries = recorder.counter('db_queries', tags);
    this.duration = kind === 'control' ? undefined : recorder.trend(`db_${kind}_duration`, tags);
    this.wait = recorder.trend('db_connection_wait', tags);
    this.failed = recorder.rate('db_query_failed', tags);
    this.rows = recorder.counter('db_rows', tags);
  }

  /** Of those that had no answer when they were cut off. */
  get cutOff(): Series {
    this.#cutOff ??= new Series(this.recorder, this.#statement, this.preparedAs === undefined, unfinished);
    return this.#cutOff;
  }
}

/** pg's own bound on connecting is taken from the pool's options too, where it would set a timer for each statement. */
class Client extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    // Whoever it has work for is told; a connection that breaks without work is replaced.
    this.on('error', () => {});
  }
}

const NO_ROWS: readonly never[] = [];

/** Their client, once it is given up: other statements of the transaction may have been on their way there. */
const givenUp = new WeakSet<pg.PoolClient>();

/** What a statement is part of: nothing, a transaction that may be tried again, or one that may not. */
type Whole = 'itself' | 'transaction' | 'last try';
/** The connection comes back with the answer, unless it is of no use any more. */
type Resolve = (answer: Answer, client: pg.PoolClient | undefined) => void;

/** A statement on its way. */
class Query implements Expiring {
  readonly beganAt = performance.now();
  /** When the iteration was due that asked for it: its figures belong to that instant. */
  readonly #dueAt = workDueAt() ?? this.beganAt;
  place = -1;
  requests: Requests | undefined;
  readonly #statement: Statement;
  readonly #values: unknown[] | undefined;
  readonly #series: Series;
  readonly #underWay: UnderWay<Query>;
  readonly #whole: Whole;
  readonly #resolve: Resolve;
  #client: pg.PoolClient | undefined;
  #sentAt = 0;
  #counted = false;

  /** @param underWay holds it from now on until it has its answer */
  constructor(
    statement: Statement,
    values: unknown[] | undefined,
    series: Series,
    underWay: UnderWay<Query>,
    whole: Whole,
    resolve: Resolve,
  ) {
    this.#statement = statement;
    this.#values = values;
    this.#series = series;
    this.#underWay = underWay;
    this.#whole = whole;
    this.#resolve = resolve;
    underWay.add(this);
  }

  /** There is a connection, or there will be none. */
  readonly onClient = (error: Error | undefined, client: pg.PoolClient | undefined): void => {
    // Given up while it waited.
    if (this.place < 0) {
      client?.release();
      return;
    }
    if (client) {
      this.#addWait();
      this.send(client);
    } else this.#settle(databaseError(error), 'failed');
  };

  send(client: pg.PoolClient): void {
    const { text, kind } = this.#statement;
    const name = this.#series.preparedAs;
    this.#client = client;
    this.#sentAt = performance.now();
    void client.query(
      kind === 'control' || this.#statement === commit ? { text } : { name, text, values: this.#values },
      this.#onAnswer,
    );
  }

  expire(): void {
    const isSent = this.#client !== undefined;
    this.#giveUp(isSent ? 'timeout: no answer' : 'timeout: no connection', isSent);
  }

  /** Whoever waits still gets the answer. */
  cutOff(): void {
    const { cutOff, recorder } = this.#series;
    if (this.#sentAt === 0) cutOff.wait.add(performance.now() - this.beganAt, this.#dueAt);
    this.#count(cutOff, 0, true);
    recorder.error('query cut off by gracefulStop');
    this.#counted = true;
  }

  #addWait(): void {
    this.#series.wait.add(performance.now() - this.beganAt, this.#dueAt);
  }

  readonly #onAnswer = (error: Error | null, result: pg.QueryResult): void => {
    if (this.place < 0) return;
    if (error) {
      this.#fail(error);
      return;
    }
    // PostgreSQL says so, and nothing else, when it could not commit what had failed before.
    if (this.#statement === commit && result.command !== 'COMMIT') {
      this.#settle(`COMMIT answered with ${result.command}`, 'failed');
      return;
    }
    this.#settle(undefined, 'ok', result.rows, result.rowCount ?? 0);
  };

  #fail(error: Error): void {
    const sqlstate = sqlstateOf(error);
    if (isNotSent(error)) {
      this.#sentAt = 0;
      this.#giveUp(`query not sent: ${error.message}`, false);
    } else if (endsConnection(error)) this.#giveUp(databaseError(error), true);
    else if (this.#whole === 'transaction' && asksForAnotherTry(sqlstate))
      this.#settle(sqlstateName(sqlstate!), 'failed', NO_ROWS, 0, false);
    else this.#settle(databaseError(error), 'failed');
  }

  /** The connection, if there is one, is ended. */
  #giveUp(error: string, isSent: boolean): void {
    const client = this.#client;
    this.#client = undefined;
    // What a transaction did is undone with its connection; but for COMMIT.
    const isFinal = this.#whole === 'itself' || this.#statement === commit;
    const mayHaveHappened = isSent && isFinal && this.#statement.kind === 'write';
    this.#settle(error, mayHaveHappened ? 'indeterminate' : 'failed');
    if (!client || givenUp.has(client)) return;
    givenUp.add(client);
    client.release(true);
  }

  #settle(
    error: string | undefined,
    outcome: Answer['outcome'],
    rows: readonly pg.QueryResultRow[] = NO_ROWS,
    count = 0,
    hasFailed = error !== undefined,
  ): void {
    this.#underWay.remove(this);
    if (!this.#counted) {
      // Whoever gave up the wait has waited as long as that; who was refused has not waited.
      if (this.#sentAt === 0 && error?.startsWith('timeout: ')) this.#addWait();
      this.#count(this.#series, count, hasFailed);
      if (hasFailed) this.#series.recorder.error(error!);
    }
    this.#resolve({ rows, count, error, outcome }, this.#client);
  }

  #count({ queries, duration, failed, rows }: Series, count: number, hasFailed: boolean): void {
    const dueAt = this.#dueAt;
    if (this.#sentAt > 0) {
      queries.add(1, dueAt);
      duration?.add(performance.now() - this.#sentAt, dueAt);
    }
    failed.add(hasFailed ? 1 : 0, dueAt);
    if (count > 0) rows.add(count, dueAt);
  }
}

/** As a simple query: poolers and proxies know it by its text. */
const commit: Statement = { name: 'commit', text: 'COMMIT', kind: 'write' };
const rollback: Statement = { name: 'rollback', text: 'ROLLBACK', kind: 'control' };
const begins = Object.fromEntries(
  isolationLevels.map((level) => [level, { name: 'begin', text: `BEGIN ISOLATION LEVEL ${level}`, kind: 'control' }]),
) as Record<Isolation, Statement>;

/** A statement of a transaction failed: the rest of its work is left. */
class Ended extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(answer.error);
    this.answer = answer;
  }
}

/** What the work of a transaction sends its statements to. */
export interface Transaction {
  /** Throws when the statement fails; let it pass: the transaction is rolled back, and tried again if PostgreSQL asks for that. */
  query<R extends pg.QueryResultRow>(statement: Statement, values?: unknown[]): Promise<Answer<R>>;
}

/**
 * The PostgreSQL client of a slice: a pool of connections that its VUs share, as an application's do. Each has one statement at a
 * time, so that the wait for a connection and PostgreSQL's own time can be told apart.
 *
 * It is pg's, by the figures of `npm run bench -- database`: a prepared point read costs the generator 75 µs of CPU with a bare pg
 * pool, 0.7 of that with postgres.js, half of it with the statements of 20 loops pipelined onto two connections, and 1.1 with this
 * client. postgres.js sends on connections that are busy and tells nobody when: where it is cheaper, part of what it measures is
 * the queue on its wire. pg's pool says when a connection was had and who waits; pipelined, it would say as little.
 */
export class Postgres {
  readonly #slice: SliceContext;
  readonly #pool: pg.Pool;
  readonly #connections: number;
  readonly #isPooled: boolean;
  readonly #clients = new Set<pg.PoolClient>();
  /** Of a statement that is written anew for each call there are as many as calls: they are told apart by name. */
  readonly #series = new Map<string, Series>();
  readonly #seriesOf = new WeakMap<Statement, Series>();
  readonly #underWay = new UnderWay<Query>();
  readonly #sweeper: NodeJS.Timeout;

  /** @throws one sentence for what pg would put something else in the place of: without a URL a database of this machine's */
  constructor(slice: SliceContext, url: string, options: PostgresOptions) {
    if (!url) throw new Error(`Postgres: its URL is ${url === '' ? '""' : url}; allowed is postgres://….`);
    checkOptions('Postgres', options, optionKinds, ['connections']);
    checkDeclared('Postgres', slice.recorder.definitions, { postgresMetrics });
    const { connections, timeoutMs = DEFAULT_TIMEOUT_MS, isPooled = false } = options;
    this.#slice = slice;
    this.#isPooled = isPooled;
    this.#connections = connections;
    this.#pool = new pg.Pool({
      connectionString: url,
      application_name: `tandem ${slice.runId}`,
      max: connections,
      // Without an end to idle connections there is no timer for each statement either.
      idleTimeoutMillis: 0,
      Client,
      ...(!isPooled && { onConnect: (client) => client.query(`SET statement_timeout = ${timeoutMs}`) }),
    });
    this.#pool.on('connect', (client) => this.#clients.add(client));
    this.#pool.on('remove', (client) => this.#clients.delete(client as pg.PoolClient));
    this.#pool.on('error', () => {});
    const { recorder } = slice;
    const figures = {
      db_pool_connections: () => this.#pool.totalCount,
      db_pool_busy: () => this.#pool.totalCount - this.#pool.idleCount,
      db_pool_waiting: () => this.#pool.waitingCount,
    };
    recorder.onPack(() => {
      for (const [metric, figure] of Object.entries(figures)) recorder.add(metric, figure());
    });
    recorder.onCutOff(() => this.#underWay.cutOff());
    const sweep = () => this.#underWay.expire(performance.now() - timeoutMs - GRACE_MS);
    this.#sweeper = setInterval(sweep, SWEEP_MS).unref();
  }

  /** Connects the whole pool, as far as it can be: what cannot is tried again, and measured, when it is needed. */
  async connect(): Promise<void> {
    const limit = pLimit(CONNECTING);
    const attempts = Array.from({ length: this.#connections }, () => limit(() => this.#pool.connect()));
    const made = await Promise.allSettled(attempts);
    for (const one of made) if (one.status === 'fulfilled') one.value.release();
  }

  /** One statement, by itself. */
  query<R extends pg.QueryResultRow>(statement: Statement, values?: unknown[]): Promise<Answer<R>> {
    return new Promise((resolve) => {
      const query = this.#query(statement, values, 'itself', (answer, client) => {
        client?.release();
        resolve(answer as Answer<R>);
      });
      this.#pool.connect(query.onClient);
    });
  }

  /**
   * Begins, does the work, commits. When PostgreSQL ends it since it ran into another one, it is done again from its beginning.
   * @param op the tag of its `db_transaction_duration` and `db_retries`
   * @param work may be called several times
   * @returns the answer to COMMIT, or to what failed before it
   */
  async transaction(
    op: string,
    isolation: Isolation,
    work: (transaction: Transaction) => Promise<void>,
  ): Promise<Answer> {
    if (!Object.hasOwn(begins, isolation)) {
      throw new Error(
        `The isolation of transaction ${op} is "${isolation}"; ${allowed(isolation, [...isolationLevels])}.`,
      );
    }
    const { recorder } = this.#slice;
    const beganAt = performance.now();
    const dueAt = workDueAt() ?? beganAt;
    let client: pg.PoolClient | undefined;
    for (let tries = 1; ; tries++) {
      const whole = tries < MAX_TRIES ? 'transaction' : 'last try';
      let isOpen = false;
      let ended: Ended | undefined;
      const send = async (statement: Statement, values?: unknown[]) => {
        // Its connection is gone: on another one it would be no part of the transaction.
        if (ended && !client) throw ended;
        const [answer, kept] = await this.#send(statement, values, whole, client);
        client = kept;
        if (answer.error === undefined) return answer as Answer<never>;
        ended = new Ended(answer);
        throw ended;
      };
      try {
        await send(begins[isolation]);
        isOpen = true;
        await work({ query: send });
        isOpen = false;
        const answer = await send(commit);
        recorder.add('db_transaction_duration', performance.now() - beganAt, { op }, dueAt);
        client?.release();
        return answer;
      } catch (error) {
        if (client && isOpen) [, client] = await this.#send(rollback, undefined, whole, client);
        const answer = error instanceof Ended ? error.answer : undefined;
        if (client && whole === 'transaction' && asksForAnotherTry(answer?.error?.slice(0, SQLSTATE_LENGTH))) {
          recorder.add('db_retries', 1, { op, sqlstate: answer!.error! }, dueAt);
          continue;
        }
        client?.release();
        if (!answer) throw error;
        // Else the times would be those of the others alone, the better the more of them give up.
        if (tookTooLong.test(answer.error!))
          recorder.add('db_transaction_duration', performance.now() - beganAt, { op, ...unfinished }, dueAt);
        return answer;
      }
    }
  }

  /** Ends all connections, also those with a statement under way. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#clients].map((client) => client.end()));
    await this.#pool.end();
  }

  #send(
    statement: Statement,
    values: unknown[] | undefined,
    whole: Whole,
    client: pg.PoolClient | undefined,
  ): Promise<[answer: Answer, client: pg.PoolClient | undefined]> {
    return new Promise((resolve) => {
      const query = this.#query(statement, values, whole, (answer, kept) => resolve([answer, kept]));
      if (client) query.send(client);
      else this.#pool.connect(query.onClient);
    });
  }

  #query(statement: Statement, values: unknown[] | undefined, whole: Whole, resolve: Resolve): Query {
    let series = this.#seriesOf.get(statement);
    if (!series) {
      checkStatement(statement);
      const name = `${statement.kind} ${statement.name}`;
      series = this.#series.get(name) ?? new Series(this.#slice.recorder, statement, this.#isPooled);
      this.#series.set(name, series);
      this.#seriesOf.set(statement, series);
    }
    return new Query(statement, values, series, this.#underWay, whole, resolve);
  }
}

/** @throws one sentence, which holds nothing of what would be sent */
function checkStatement(statement: Statement): void {
  const { name, text, kind } = Object(statement) as Partial<Statement>;
  if (typeof name !== 'string' || typeof text !== 'string')
    throw new Error("A statement is { name: '…', text: 'SELECT …', kind: 'read' }, with a name of its own.");
  if (!statementKinds.includes(kind))
    throw new Error(`The kind of statement ${name} is "${kind}"; allowed: read, write, control.`);
}
