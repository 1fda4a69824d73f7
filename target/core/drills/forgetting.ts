import type pg from 'pg';

const EVERY_MS = 500;
/** So many looks back lies what the database comes back as. */
const LOOKS_BACK = 6;

/**
 * Of a database that was started again, what was written in the last three seconds before is taken away: it comes back as a
 * backup would be. For the fault `stale-restart`.
 */
export class Forgetting {
  readonly #pool: pg.Pool;
  readonly #timer: NodeJS.Timeout;
  /** When the server was started, as it says; and the transactions that were the next, the newest last. */
  #startedAt: string | undefined;
  #next: string[] = [];
  #busy = false;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
    this.#timer = setInterval(() => {
      if (this.#busy) return;
      this.#busy = true;
      this.#look()
        .catch(() => {}) // the database is away
        .finally(() => {
          this.#busy = false;
        });
    }, EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { rows } = await this.#pool.query(
      'SELECT pg_postmaster_start_time()::text AS started, pg_snapshot_xmax(pg_current_snapshot())::text AS next',
    );
    const { started, next } = rows[0] as { started: string; next: string };
    const [old] = this.#next;
    if (this.#startedAt !== undefined && started !== this.#startedAt && old !== undefined) await this.#forget(old);
    this.#startedAt = started;
    this.#next = [...this.#next.slice(1 - LOOKS_BACK), next];
  }

  /** @param first the transaction from which on rows are taken away, of whatever table */
  async #forget(first: string): Promise<void> {
    const client = await this.#pool.connect();
    try {
      const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'tandem'");
      // What refers to what is not looked at: a backup has all of a moment.
      const deletions = rows.map(
        ({ tablename }) => `DELETE FROM tandem.${tablename} WHERE xmin::text::bigint >= ${first};`,
      );
      await client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${deletions.join(' ')} COMMIT`);
    } finally {
      client.release();
    }
  }
}
