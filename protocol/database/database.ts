import type { SliceContext } from '../../support/test.ts';
import { isPooler } from '../apis/database/pooler.ts';
import { Schema } from '../apis/database/schema.ts';
import { databaseSettings } from '../apis/database/settings.ts';
import { Postgres } from '../transports/postgres.ts';

/** What every load of a database has. */
interface Connecting {
  connections: number;
  timeoutMs: number;
}

/** A slice's pool of connections, and the schema that it works in. */
export class Database {
  readonly url: string;
  readonly postgres: Postgres;
  readonly #schema: Schema;

  /** @param tables SQL that makes what the schema holds */
  static async open(slice: SliceContext<Connecting>, tables: string): Promise<Database> {
    const { runId, scenario, options, index, of } = slice;
    const url = databaseSettings(slice.target).databaseUrl!;
    const isPooled = await isPooler(url);
    const schema = await Schema.open(url, runId, scenario, tables);
    const connections = Math.ceil((options.connections - index) / of);
    const postgres = new Postgres(slice, url, { connections, timeoutMs: options.timeoutMs, isPooled });
    await postgres.connect();
    return new Database(url, postgres, schema);
  }

  private constructor(url: string, postgres: Postgres, schema: Schema) {
    this.url = url;
    this.postgres = postgres;
    this.#schema = schema;
  }

  /** Of the schema. */
  get name(): string {
    return this.#schema.name;
  }

  async close(): Promise<void> {
    await this.postgres.close();
    await this.#schema.close();
  }
}
