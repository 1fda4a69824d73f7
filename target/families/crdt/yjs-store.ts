import type pg from 'pg';

/** The updates of the Yjs rooms, in PostgreSQL. */
export class YjsStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Every update of a room. Their order means nothing: Yjs merges them in any. */
  async load(account: string, room: string): Promise<Uint8Array[]> {
    const { rows } = await this.#pool.query<[Buffer]>({
      name: 'yjs load',
      text: 'SELECT update FROM tandem.yjs_updates WHERE account = $1 AND room = $2',
      values: [account, room],
      rowMode: 'array',
    });
    return rows.map(([update]) => update);
  }

  /** Adds updates to a room, all or (on an error) none; once this resolves they are committed. */
  async append(account: string, room: string, updates: Uint8Array[]): Promise<void> {
    await this.#pool.query({
      name: 'yjs append',
      text: 'INSERT INTO tandem.yjs_updates (account, room, update) SELECT $1, $2, unnest($3::bytea[])',
      values: [account, room, updates],
    });
  }
}
