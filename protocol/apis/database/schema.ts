import { createHash } from 'node:crypto';
import pg from 'pg';

/** Names of our schemas begin with it. */
const PREFIX = 'tandem_load_';
/** Those of loads that are at work: as LIKE has it, and as PostgreSQL's programs do. */
export const loadSchemas = { like: `${PREFIX.replaceAll('_', '\\_')}%`, pattern: `${PREFIX}*` };
/** Of a schema's name, what of the run's id is in it; PostgreSQL cuts names after 63 bytes. */
const RUN_LENGTH = 32;
const HASH_LENGTH = 12;
/** Of the comment that each has: one without it is somebody else's. */
const COMMENT = 'run %, made %';
const CONNECT_TIMEOUT_MS = 10_000;
const RETRY_MS = 500;

/**
 * Who uses a schema holds this lock, shared; who is alone with it may drop it. Each is held in a transaction, and ends with it, or with
 * the connection: between two transactions a pooler gives the connection to others, and would give them its locks.
 */
const use = 'hashtextextended($1, 0)';
/** Who makes a schema. */
const making = 'hashtextextended($1, 1)';

/** A schema of an earlier run, and what became of it now. */
export interface Leftover {
  schema: string;
  /** The run that made it, and when. */
  origin: string;
  /** False: it belongs to another user. */
  isDropped: boolean;
}

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'tandem',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Whoever has asked for something is told.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** That a schema or what else has a name is in use: its lock, taken again whenever the connection that holds it breaks. */
export class Use {
  readonly #url: string;
  readonly #name: string;
  #holder: pg.Client | undefined;
  /** Of a lock whose connection broke, the next one. */
  #retaking: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  async begin(): Promise<void> {
    const holder = await connected(this.#url);
    try {
      if (this.#isOver) throw new Error(`${this.#name} is not used any more.`);
      // A snapshot that it kept would keep all rows that are replaced meanwhile, in the whole database, as long as the run lasts: as any other
      // level does, and a query with values, until the next one.
      await holder.query(
        `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0;
         SELECT pg_advisory_xact_lock_shared(${use.replace('$1', () => holder.escapeLiteral(this.#name))})`,
      );
    } catch (error) {
      await holder.end();
      throw error;
    }
    this.#holder = holder.once('end', () => this.#again());
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#retaking;
    // With its connection ends the lock, but a pooler may keep that.
    await this.#holder?.query('ROLLBACK').catch(() => {});
    await this.#holder?.end();
  }

  #again(): void {
    if (this.#isOver) return;
    this.#retaking = this.begin().catch(() => {
      setTimeout(() => this.#again(), RETRY_MS).unref();
    });
  }
}

/** The schema of a scenario of a run, which all of its slices share: the first makes it, the last one drops it. */
export class Schema {
  readonly name: string;
  readonly #url: string;
  readonly #use: Use;

  /** @param tables SQL that makes what is in it, in the search path of the schema */
  static async open(url: string, runId: string, scenario: string, tables: string): Promise<Schema> {
    const schema = new Schema(url, schemaName(runId, scenario));
    await schema.#use.begin();
    try {
      await schema.#make(`run ${runId}, made ${new Date().toISOString()}`, tables);
    } catch (error) {
      await schema.#use.end();
      throw error;
    }
    return schema;
  }

  private constructor(url: string, name: string) {
    this.name = name;
    this.#url = url;
    this.#use = new Use(url, name);
  }

  /** Drops the schema, unless another slice still uses it. */
  async close(): Promise<void> {
    await this.#use.end();
    await withClient(this.#url, async (client) => {
      await client.query('BEGIN');
      if (await isUnused(client, this.name)) await client.query(`DROP SCHEMA IF EXISTS ${this.name} CASCADE`);
      await client.query('COMMIT');
    });
  }

  /** Makes it, if it is not there. */
  #make(origin: string, tables: string): Promise<void> {
    const { name } = this;
    return withClient(this.#url, async (client) => {
      await client.query('BEGIN');
      await client.query(`SELECT pg_advisory_xact_lock(${making})`, [name]);
      const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [name]);
      const comment = client.escapeLiteral(origin);
      if (rowCount) await client.query('COMMIT');
      else
        await client.query(
          `CREATE SCHEMA ${name}; COMMENT ON SCHEMA ${name} IS ${comment}; SET LOCAL search_path = ${name}; ${tables}; COMMIT`,
        );
    });
  }
}

/** Whether nobody uses what has that name; nobody will then, until the transaction ends that this is asked in. */
export async function isUnused(client: pg.ClientBase, name: string): Promise<boolean> {
  const { rows } = await client.query(`SELECT pg_try_advisory_xact_lock(${use}) AS is_alone`, [name]);
  return rows[0].is_alone;
}

/** Drops the schemas of runs that were killed before they could: nobody uses them any more. */
export async function dropLeftovers(client: pg.ClientBase): Promise<Leftover[]> {
  const { rows } = await client.query<{ nspname: string; comment: string; is_own: boolean }>(
    `SELECT nspname, obj_description(oid, 'pg_namespace') AS comment, pg_has_role(nspowner, 'USAGE') AS is_own
     FROM pg_namespace WHERE nspname LIKE $1 AND obj_description(oid, 'pg_namespace') LIKE $2 ORDER BY nspname`,
    [loadSchemas.like, COMMENT],
  );
  const leftovers: Leftover[] = [];
  for (const { nspname: schema, comment, is_own: isOwn } of rows) {
    await client.query('BEGIN');
    const isLeft = await isUnused(client, schema);
    if (isLeft && isOwn) await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(schema)} CASCADE`);
    await client.query('COMMIT');
    if (isLeft) leftovers.push({ schema, origin: comment, isDropped: isOwn });
  }
  return leftovers;
}

function schemaName(runId: string, scenario: string): string {
  const words = runId.toLowerCase().replace(/[^a-z0-9]+/g, '_');
  const hash = createHash('sha256')
    .update(JSON.stringify([runId, scenario]))
    .digest('hex');
  return `${PREFIX}${words.slice(-RUN_LENGTH)}_${hash.slice(0, HASH_LENGTH)}`;
}
