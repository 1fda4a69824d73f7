import pg from 'pg';
import { withClient } from '../apis/database/schema.ts';
import { shownDatabase } from '../apis/database/settings.ts';
import { databaseError, sqlstateOf } from '../transports/sqlstate.ts';
import { Absent, type View } from './part.ts';

/** OIDs of PostgreSQL's types. */
const DATE = 1082;
const TIMESTAMP = 1114;

/** pg reads what has no zone in that of this machine: a day as its midnight here, an instant as if the database were here. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === DATE) return (text: string) => text;
    if (oid === TIMESTAMP) return (text: string) => (/^\d/.test(text) ? new Date(`${text.replace(' ', 'T')}Z`) : text);
    return pg.types.getTypeParser(oid, format);
  },
};

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
    const { rows } = await withClient(this.#url, (client) =>
      client.query<{ id: string; status?: unknown }>({ text: this.#sql, values: [ids], types }),
    );
    // As events and the API say it.
    const there = rows.filter(({ status }) => status !== 'deleted');
    return new Map(there.map((row) => [String(row.id), row]));
  }
}
