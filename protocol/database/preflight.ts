import type pg from 'pg';
import { OptionError, type SliceContext } from '../../support/test.ts';
import { isPooler } from '../apis/database/pooler.ts';
import { dropLeftovers, withClient } from '../apis/database/schema.ts';
import { databaseSettings, databaseUrlHelp, shownDatabase } from '../apis/database/settings.ts';
import { databaseError, sqlstateOf } from '../transports/sqlstate.ts';

/** The oldest that is loaded, as `server_version_num`: those before get no security updates, and nobody has tried them. */
const OLDEST = 130_000;
const OLDEST_NAME = '13';

/** What a database says of itself. */
export interface DatabaseFacts {
  /** 150018 is 15.18. */
  versionNumber: number;
  version: string;
  inRecovery: boolean;
  readOnly: boolean;
  mayCreateSchemas: boolean;
  maxConnections: number;
  /** Of these, for others than us. */
  reserved: number;
  inUse: number;
}

const FACTS = `
  SELECT current_setting('server_version_num')::int AS "versionNumber",
    current_setting('server_version') AS version,
    pg_is_in_recovery() AS "inRecovery",
    current_setting('default_transaction_read_only')::bool AS "readOnly",
    has_database_privilege(current_database(), 'CREATE') AS "mayCreateSchemas",
    current_setting('max_connections')::int AS "maxConnections",
    current_setting('superuser_reserved_connections')::int
      + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved,
    (SELECT count(*)::int FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()) AS "inUse"`;

/** What is wrong with where the load would go. */
const refusals: Record<string, string> = {
  '28P01': 'does not take this user and password (28P01 invalid_password); correct them in the URL',
  '28000': 'does not let this user in (28000 invalid_authorization_specification); correct it, or its pg_hba.conf',
  '3D000': 'has no such database (3D000 invalid_catalog_name); correct its name in the URL',
  '53300': 'has no room for one more connection (53300 too_many_connections); end some, or raise its max_connections',
};

type Load = Pick<SliceContext<{ connections: number }>, 'scenario' | 'target' | 'options' | 'of'>;

/** Of the loads of a run, by scenario, how many connections each may have: all of them are told before the first is checked. */
const connectionsOf = new WeakMap<Load['target'], Map<string, number>>();

/** Each slice holds one more, by which its schema is known to be in use, and needs another now and then. */
const BESIDE_POOL = 2;

/**
 * Also drops what earlier runs left behind.
 * @param tell is told of that
 * @throws one sentence when the database cannot take the load
 */
export async function checkDatabase(load: Load, tell: (sentence: string) => void): Promise<void> {
  const { scenario, target } = load;
  const { databaseUrl: url } = databaseSettings(target);
  if (url === undefined) {
    const why = target.embedded ? ', and the embedded target does not tell the password in its DATABASE_URL' : '';
    throw new Error(`LOAD_DATABASE_URL is not set${why}; ${scenario} needs ${databaseUrlHelp}.`);
  }
  const shown = `LOAD_DATABASE_URL ${shownDatabase(url)}`;
  const asked = connectionsOf.get(target) ?? new Map<string, number>();
  connectionsOf.set(target, asked.set(scenario, load.options.connections + BESIDE_POOL * load.of));
  try {
    await withClient(url, async (client) => {
      const { rows } = await client.query<DatabaseFacts>(FACTS);
      const others = [...asked].reduce((sum, [name, connections]) => sum + (name === scenario ? 0 : connections), 0);
      // A pooler has room of its own, of which it does not tell.
      const room = (await isPooler(url)) ? { maxConnections: Number.POSITIVE_INFINITY } : {};
      checkFacts(shown, { ...rows[0]!, ...room }, load, others);
      await dropped(client, tell);
    });
  } catch (error) {
    if (error instanceof Refusal || error instanceof OptionError) throw error;
    throw new Error(`${shown} ${refusal(error)}.`);
  }
}

class Refusal extends Error {}

function refusal(error: unknown): string {
  const known = refusals[sqlstateOf(error) ?? ''];
  if (known) return known;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'open') return `names a file that cannot be read (${code} ${path}); correct its path in the URL`;
  // pg's own words, before it has asked for anything.
  if (/client password must be a (non-empty )?string/.test((error as Error).message))
    return 'asks for a password, and the URL has none';
  return `cannot be used: ${databaseError(error)}`;
}

/**
 * @param others connections that other scenarios of the run may have
 * @throws one sentence when such a database cannot take the load
 */
export function checkFacts(
  shown: string,
  facts: DatabaseFacts,
  { scenario, options, of }: Pick<Load, 'scenario' | 'options' | 'of'>,
  others = 0,
): void {
  const { maxConnections, reserved, inUse } = facts;
  const refuse = (sentence: string) => {
    throw new Refusal(`${shown} ${sentence}.`);
  };
  if (facts.versionNumber < OLDEST) refuse(`is PostgreSQL ${facts.version}; allowed is ${OLDEST_NAME} or newer`);
  if (facts.inRecovery) refuse('is in recovery and can only be read; allowed is a primary');
  if (facts.readOnly)
    refuse('only lets read, by its default_transaction_read_only; allowed is one that can be written to');
  if (!facts.mayCreateSchemas)
    refuse('does not let this user create a schema; allowed is one with GRANT CREATE ON DATABASE');
  const { connections } = options;
  const field = `scenarios.${scenario}.options.connections is ${connections}`;
  if (connections < of)
    throw new OptionError(['connections'], `${field}, and it runs in ${of} slices; allowed is one for each at least.`);
  const most = maxConnections - reserved - inUse - others - BESIDE_POOL * of;
  if (connections <= most) return;
  const inOthers = others > 0 ? `, ${others} for other scenarios` : '';
  const rest =
    most > 0 ? `allowed is at most ${most}, or a larger max_connections` : 'allowed is a larger max_connections';
  throw new OptionError(
    ['connections'],
    `${field}, but ${shown} has max_connections ${maxConnections}, of which ${reserved} are reserved${inOthers} and ${inUse} in use; ${rest}.`,
  );
}

async function dropped(client: pg.ClientBase, tell: (sentence: string) => void): Promise<void> {
  for (const { schema, origin, isDropped } of await dropLeftovers(client)) {
    const what = `Schema ${schema} was left behind (${origin})`;
    tell(
      isDropped
        ? `${what}: dropped.`
        : `${what}, and belongs to another user: drop it with DROP SCHEMA ${schema} CASCADE.`,
    );
  }
}
