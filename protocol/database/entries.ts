import { epochMs, type SetEvidence, SetHistory, type SliceContext } from '../../support/test.ts';
import { withClient } from '../apis/database/schema.ts';
import type { Answer, Statement } from '../transports/postgres.ts';

/** Rows that are only ever added, each by its name: what was committed of them has to be there in the end. */
export const entriesTable =
  'CREATE TABLE entries (name text COLLATE "C" PRIMARY KEY, made timestamptz NOT NULL DEFAULT clock_timestamp())';

const PAGE = 20_000;

/** Adds an entry of that name. */
export function addEntry(schema: string): Statement {
  return { name: 'entry-insert', kind: 'write', text: `INSERT INTO ${schema}.entries (name) VALUES ($1)` };
}

/** What a VU knows of the entries that it adds. */
export class Entries {
  readonly #schema: string;
  readonly #slice: SliceContext;
  readonly #own: SetHistory;
  /** Whether there is anything to judge. */
  #isUsed = false;
  #readBack: SetEvidence | undefined;

  constructor(schema: string, slice: SliceContext, vuId: number) {
    this.#schema = schema;
    this.#slice = slice;
    this.#own = this.#history(`${slice.scenario}-${vuId}`);
  }

  /** The name of the next one. */
  next(): string {
    this.#isUsed = true;
    return this.#own.next();
  }

  /** What PostgreSQL said to the statement or the transaction that was to add it. */
  answered(name: string, { outcome }: Answer): void {
    if (outcome === 'ok') this.#own.acknowledged(name);
    else if (outcome === 'failed') this.#own.refused(name);
  }

  /** The last look at all that there are, whoever added them. */
  async readBack(url: string): Promise<void> {
    const reader = this.#history('reader');
    const readFrom = epochMs();
    await withClient(url, async (client) => {
      let last = '';
      for (;;) {
        const text = `SELECT name FROM ${this.#schema}.entries WHERE name > $1 ORDER BY name LIMIT ${PAGE}`;
        const { rows } = await client.query<{ name: string }>(text, [last]);
        for (const { name } of rows) reader.found(name);
        this.#isUsed ||= rows.length > 0;
        if (rows.length < PAGE) break;
        last = rows.at(-1)!.name;
      }
    });
    this.#readBack = reader.evidence(true, readFrom);
  }

  /** Null where nobody added any. */
  evidence(): SetEvidence[] | null {
    if (!this.#isUsed) return null;
    return [this.#own.evidence(false), ...(this.#readBack ? [this.#readBack] : [])];
  }

  #history(by: string): SetHistory {
    return new SetHistory({ set: this.#schema, by, now: () => this.#slice.elapsedMs() });
  }
}
