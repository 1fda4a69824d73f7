import pg from 'pg';
import { type Cluster, clusterUrl, type Durability, startCluster } from './postgres.ts';
import { StartError } from './start-error.ts';

/** The target's PostgreSQL, tables made and ready. */
export interface Database {
  pool: pg.Pool;
  /** Where it is, for clients on this machine; with its password, if it has one. */
  url: string;
  /** The cluster that was started, when no URL was given. */
  cluster: Cluster | undefined;
  /** Ends the connections, and the cluster when it is ours. */
  stop(): Promise<void>;
}

/** Few connections: every statement is short, and PostgreSQL has one core or two. */
const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;

export interface DatabaseOptions {
  poolSize?: number;
  /** SQL that makes the tables. Without it another process of the target has made them, and may be at work in them. */
  schema?: string | undefined;
  /** Of a cluster of our own that drills break. */
  durability?: Durability | undefined;
}

/**
 * Connects to the PostgreSQL of `url`, or starts one of our own when there is none.
 * @throws {StartError} when it cannot be reached; the message names host and port, never user, password or URL.
 */
export async function openDatabase(url: string | undefined, options: DatabaseOptions = {}): Promise<Database> {
  const { poolSize = POOL_SIZE, schema, durability } = options;
  const cluster = url === undefined ? await startCluster(durability) : undefined;
  const own = cluster ? clusterUrl(cluster.folder) : checked(url!);
  const pool = new pg.Pool({ connectionString: own, max: poolSize, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A connection that breaks while idle is replaced when the next query needs one; that query reports what is wrong.
  pool.on('error', () => {});
  const stop = async () => {
    await pool.end();
    await cluster?.stop();
  };
  try {
    await pool.query(schema === undefined ? 'SELECT 1' : `BEGIN; ${schema} COMMIT`);
  } catch (error) {
    await stop();
    throw new StartError(
      `${cluster ? 'PostgreSQL' : `DATABASE_URL: PostgreSQL at ${address(url!)}`} ${reason(error)}.`,
    );
  }
  return { pool, url: own, cluster, stop };
}

function checked(url: string): string {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new StartError(
      'DATABASE_URL is not a PostgreSQL URL; allowed is postgres://user:password@host:port/database.',
    );
  }
  return url;
}

function address(url: string): string {
  const { hostname, port, searchParams } = new URL(url);
  return searchParams.get('host') ?? `${hostname || 'localhost'}:${port || 5432}`;
}

function reason(error: unknown): string {
  // A host name with two addresses fails with one error for each of them.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code, message } = first as { code?: string; message: string };
  switch (code) {
    case 'ECONNREFUSED':
      return 'cannot be reached: connection refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'cannot be reached: no such host';
    case 'ENOENT':
      return 'cannot be reached: no such socket';
    default:
      return /timeout/.test(message)
        ? `cannot be reached: no answer within ${CONNECT_TIMEOUT_MS / 1_000} s`
        : `refuses the target: ${message}`;
  }
}
