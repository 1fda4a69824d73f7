import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import type { SliceContext } from '../../support/test.ts';
import { loadSchemas, withClient } from '../apis/database/schema.ts';
import { shownDatabase } from '../apis/database/settings.ts';
import type { IntegrityOptions } from './options.ts';
import { Absent, type Sighting, type View } from './part.ts';
import { RestoredDatabase } from './restored-database.ts';

/** Where Debian has PostgreSQL's programs, a folder for each version. */
const DEBIAN = '/usr/lib/postgresql';
/** More than that takes longer to be copied than a run may wait, and room on somebody's disk. */
const MOST_BYTES = 2 * 1024 ** 3;
const SAID_MAX = 500;

/** Texts of rows are compared: they must not depend on who asks. */
const SESSION =
  "SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1";

/** Those of the database, but for what loads of a run are at work in. */
const TABLES = `
  SELECT format('%I.%I', nspname, relname) AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relkind = 'r' AND relpersistence = 'p' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND nspname NOT LIKE '${loadSchemas.like}'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1`;

/** The order of rows means nothing, and two that are equal count twice. */
const contentOf = (table: string) =>
  `SELECT count(*) AS rows, coalesce(sum(hashtextextended(tandem_row::text, 0)), 0) AS checksum FROM ONLY ${table} AS tandem_row`;

interface DatabaseFacts {
  major: number;
  version: string;
  bytes: string;
  mayCreate: boolean;
}

/** A backup of the database, restored beside it into a database of its own, which must be equal to it. */
export class Backup {
  readonly #url: string;
  readonly #runId: string;
  /** Programs, each with its arguments: the output of one is the input of the next. */
  readonly #commands: (from: string, to: string, snapshot: string) => string[][];

  /** @throws {Absent} when there can be none */
  static async open(
    { runId, options: { backup } }: Pick<SliceContext<IntegrityOptions>, 'runId' | 'options'>,
    url: string,
  ): Promise<Backup | undefined> {
    if (backup === 'none') return undefined;
    const { major, version, bytes, mayCreate } = await withClient(url, async (client) => {
      const { rows } = await client.query<DatabaseFacts>(
        `SELECT current_setting('server_version_num')::int / 10000 AS major, current_setting('server_version') AS version,
           pg_database_size(current_database()) AS bytes, rolcreatedb OR rolsuper AS "mayCreate"
         FROM pg_roles WHERE rolname = current_user`,
      );
      return rows[0]!;
    });
    const refuse = (why: string) => new Absent(`No backup of ${shownDatabase(url)} is restored and compared: ${why}.`);
    if (!mayCreate) throw refuse('its user may not create a database');
    if (backup !== 'pg_dump') return new Backup(url, runId, () => [backup]);
    if (Number(bytes) > MOST_BYTES)
      throw refuse(
        `it has ${Math.ceil(Number(bytes) / 1024 ** 3)} GiB, more than 2; allowed is a command in options.backup`,
      );
    const bin = await programsFor(major);
    if (bin === undefined)
      throw refuse(
        `it is PostgreSQL ${version}, and there is no pg_dump of version ${major} or newer; install one, or name a command in options.backup`,
      );
    return new Backup(url, runId, (from, to, snapshot) => [
      [join(bin, 'pg_dump'), `--snapshot=${snapshot}`, `--exclude-schema=${loadSchemas.pattern}`, `--dbname=${from}`],
      [join(bin, 'psql'), '--quiet', '--no-psqlrc', '--set=ON_ERROR_STOP=1', '--output=/dev/null', `--dbname=${to}`],
    ]);
  }

  private constructor(
    url: string,
    runId: string,
    commands: (from: string, to: string, snapshot: string) => string[][],
  ) {
    this.#url = url;
    this.#runId = runId;
    this.#commands = commands;
  }

  /**
   * Each table, as the database and its backup have it.
   * @param signal ends it; what it has made is gone all the same
   * @throws when it cannot be made or restored
   */
  compare(signal: AbortSignal): Promise<Sighting[]> {
    return RestoredDatabase.with(this.#url, this.#runId, (restored) =>
      withClient(this.#url, async (client) => {
        await client.query(SESSION);
        // What is copied and what is counted is of one instant, whoever writes meanwhile.
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        const { rows } = await client.query('SELECT pg_export_snapshot() AS snapshot');
        await this.#copy(restored, rows[0].snapshot, signal);
        const database = await contents(client);
        const backup = await withClient(restored, async (copy) => {
          await copy.query(SESSION);
          return contents(copy);
        });
        const names = [...new Set([...database.keys(), ...backup.keys()])];
        return names.map((id) => ({
          id,
          views: { database: database.get(id) ?? null, backup: backup.get(id) ?? null },
        }));
      }),
    );
  }

  async #copy(to: string, snapshot: string, signal: AbortSignal): Promise<void> {
    const from = withoutPassword(this.#url);
    const { password } = new URL(this.#url);
    const env = {
      ...process.env,
      ...(password && { PGPASSWORD: decodeURIComponent(password) }),
      ...{ BACKUP_FROM: this.#url, BACKUP_TO: to, BACKUP_SNAPSHOT: snapshot },
    };
    const children = this.#commands(from, withoutPassword(to), snapshot).map(([program = '', ...args]) => {
      const child = spawn(program, args, { env, signal, stdio: ['pipe', 'pipe', 'pipe'] });
      const ended = new Promise<void>((resolve, reject) => {
        child.on('error', reject);
        const said = text(child.stderr);
        child.on('close', async (status, by) => {
          if (status === 0) resolve();
          else
            reject(
              new Error(
                `${program} ended with ${by ?? `exit code ${status}`}: ${(await said).trim().slice(0, SAID_MAX)}`,
              ),
            );
        });
      });
      return { child, ended };
    });
    const [{ child: first }] = children as [(typeof children)[0]];
    first.stdin.end();
    const carried = children.map(({ child }, n) =>
      // What comes of the last one is read by nobody.
      n + 1 < children.length ? pipeline(child.stdout, children[n + 1]!.child.stdin) : child.stdout.resume(),
    );
    const all = await Promise.allSettled([...children.map(({ ended }) => ended), ...carried]);
    const failed = all.find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}

async function contents(client: pg.ClientBase): Promise<Map<string, View>> {
  const { rows } = await client.query<{ name: string }>(TABLES);
  const found = new Map<string, View>();
  for (const { name } of rows) found.set(name, (await client.query(contentOf(name))).rows[0]);
  return found;
}

/** The folder of a pg_dump that knows the server, with its psql; undefined: there is none. */
async function programsFor(serverMajor: number): Promise<string | undefined> {
  for (const bin of [...debianFolders(), '']) {
    const child = spawn(join(bin, 'pg_dump'), ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const said = await new Promise<string>((resolve) => {
      child.on('error', () => resolve(''));
      text(child.stdout).then(resolve);
    });
    if (Number(/ (\d+)/.exec(said)?.[1]) >= serverMajor) return bin;
  }
  return undefined;
}

/** The newest version first. */
function debianFolders(): string[] {
  try {
    const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(DEBIAN, version, 'bin'));
  } catch {
    return [];
  }
}

/** Arguments are for all to see. */
function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  return url.href;
}
