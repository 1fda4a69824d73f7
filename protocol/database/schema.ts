import { createHash } from 'node:crypto';
import pg from 'pg';

/** Names of our schemas begin with it. */
const PREFIX = 'tandem_load_';
/** Of a schema's name, what of the run's id is in it; PostgreSQL cuts names after 63 bytes. */
const RUN_LENGTH = 32;
const HASH_LENGTH = 12;
const CONNECT_TIMEOUT_MS = 10_000;

/** Who uses a schema holds this lock, shared; who is alone with it may drop it. Both end with the connection, however that does. */
const use = 'hashtextextended($1, 0)';
/** Who makes a schema. */
const making = 'hashtextextended($1, 1)';

/** A schema of an earlier run, and what became of it now. */
export interface Leftover {
  schema: string;
  /** Of the run that made it, and when; as far as its comment says. */
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

/** The schema of a scenario of a run, which all of its slices share: the first makes it, the last one drops it. */
export class Schema {
  readonly name: string;
  readonly #url: string;
  readonly #holder: pg.Client;

  /** @param tables SQL that makes what is in it, in the search path of the schema */
  static async open(url: string, runId: string, scenario: string, tables: string): Promise<Schema> {
    const name = schemaName(runId, scenario);
    const holder = await connected(url);
    await holder.query(`SELECT pg_advisory_lock_shared(${use})`, [name]);
    await withClient(url, async (client) => {
      await client.query(`SELECT pg_advisory_lock(${making})`, [name]);
      const { rowCount } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [name]);
      if (rowCount) return;
      const comment = client.escapeLiteral(`run ${runId}, made ${new Date().toISOString()}`);
      await client.query(
        `BEGIN; CREATE SCHEMA ${name}; COMMENT ON SCHEMA ${name} IS ${comment}; SET LOCAL search_path = ${name}; ${tables}; COMMIT`,
      );
    });
    return new Schema(name, url, holder);
  }

  private constructor(name: string, url: string, holder: pg.Client) {
    this.name = name;
    this.#url = url;
    this.#holder = holder;
  }

  /** Drops the schema, unless another slice still uses it. */
  async close(): Promise<void> {
    // It may have gone meanwhile, and its lock with it.
    await this.#holder.query(`SELECT pg_advisory_unlock_shared(${use})`, [this.name]).catch(() => {});
    await this.#holder.end();
    await withClient(this.#url, async (client) => {
      const { rows } = await client.query(`SELECT pg_try_advisory_lock(${use}) AS is_alone`, [this.name]);
      if (rows[0].is_alone) await client.query(`DROP SCHEMA IF EXISTS ${this.name} CASCADE`);
    });
  }
}

/** Drops the schemas of runs that were killed before they could: nobody uses them any more. */
export async function dropLeftovers(client: pg.ClientBase): Promise<Leftover[]> {
  const { rows } = await client.query<{ nspname: string; comment: string | null; is_own: boolean }>(
    `SELECT nspname, obj_description(oid, 'pg_namespace') AS comment, pg_has_role(nspowner, 'USAGE') AS is_own
     FROM pg_namespace WHERE nspname LIKE $1 ORDER BY nspname`,
    [`${PREFIX.replaceAll('_', '\\_')}%`],
  );
  const leftovers: Leftover[] = [];
  for (const { nspname: schema, comment, is_own: isOwn } of rows) {
    const alone = await client.query(`SELECT pg_try_advisory_lock(${use}) AS is_alone`, [schema]);
    if (!alone.rows[0].is_alone) continue;
    if (isOwn) await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(schema)} CASCADE`);
    await client.query(`SELECT pg_advisory_unlock(${use})`, [schema]);
    leftovers.push({ schema, origin: comment ?? 'of an unknown run', isDropped: isOwn });
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
