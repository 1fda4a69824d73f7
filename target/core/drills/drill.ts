import type pg from 'pg';
import type { Cluster } from '../postgres.ts';
import type { TcpProxy } from './proxy.ts';

/** What a drill can reach: the parts of a target that is made of several processes. */
export interface System {
  /** Of the process that supervises the others. */
  pool: pg.Pool;
  /** The PostgreSQL that was started; undefined: it is another's. */
  cluster: Cluster | undefined;
  /** In front of the API. */
  proxy: TcpProxy;
  /** Process ids of those that serve the API. */
  apiPids(): number[];
  /** Each of those holds so many bytes more, or none again. */
  holdBytes(bytes: number): void;
}

/** One way to break the target; each is a file, and a line of the registry. */
export interface DrillKind {
  name: string;
  /** What may stand behind `=`; none: nothing. */
  values?: readonly string[];
  /** @throws {Error} with a sentence when it cannot be done here */
  begin(system: System, value: string | undefined): void | Promise<void>;
  /** Makes it whole again; absent: there is nothing to undo. */
  end?(system: System): void | Promise<void>;
}

/** @throws {Error} when PostgreSQL is not ours to break */
export function ownCluster({ cluster }: System): Cluster {
  if (!cluster) throw new Error('DATABASE_URL names a PostgreSQL that is not the target’s own to break.');
  return cluster;
}
