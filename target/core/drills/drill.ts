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
  /** Each of those has a clock so far ahead, or behind; 0: as the machine's. */
  setClocksAhead(aheadMs: number): void;
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

/**
 * Sends a signal to all processes of PostgreSQL, its server first.
 * @throws {Error} when it is not ours to break, or does not run
 */
export async function signalDatabase({ cluster }: System, signal: NodeJS.Signals): Promise<void> {
  if (!cluster) throw new Error('DATABASE_URL names a PostgreSQL that is not the target’s own to break.');
  const pids = await cluster.pids();
  // What is gone need not go on.
  if (pids.length === 0 && signal !== 'SIGCONT') throw new Error('PostgreSQL does not run at the moment.');
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {} // one of a connection that has just ended, or that its server's end has ended
  }
}
