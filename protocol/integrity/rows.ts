import { withClient } from '../apis/database/schema.ts';
import { shownDatabase } from '../apis/database/settings.ts';
import { databaseError, sqlstateOf } from '../transports/sqlstate.ts';
import { Absent, type View } from './part.ts';

/** What the database itself has of a part. */
export class Rows {
  readonly #url: string;
  readonly #sql: string;

  /** @throws {Absent} when it is not to be asked that way */
  static async open(url: string, part: string, sql: string): Promise<Rows> {
    const rows = new Rows(url, sql);
    try {
      await rows.read([]);
    } catch (error) {
      if (sqlstateOf(error)?.startsWith('42') !== true) throw error;
      throw new Absent(
        `${part} are not compared with the database ${shownDatabase(url)}, which does not have them as options.rows.${part} asks for them (${databaseError(error)}).`,
      );
    }
    return rows;
  }

  private constructor(url: string, sql: string) {
    this.#url = url;
    this.#sql = sql;
  }

  /** By id; those that are not there are missing. @throws when the database does not answer */
  async read(ids: readonly string[]): Promise<Map<string, View>> {
    // A connection of its own each time: one that is kept would break with each drill.
    const { rows } = await withClient(this.#url, (client) => client.query<{ id: string }>(this.#sql, [ids]));
    return new Map(rows.map((row) => [String(row.id), row]));
  }
}
