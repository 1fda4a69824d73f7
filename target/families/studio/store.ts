import type pg from 'pg';
import { ApiError } from '../../core/api-error.ts';
import { isUuid } from '../../core/fields.ts';
import type { ListQuery } from './query.ts';
import type { Kind, Noun, Resource } from './resource.ts';

/** What a fault makes of the store's work. Without any, what is answered is true. */
export interface Rule {
  /** Hears of what was created: true loses it all the same. */
  created?(noun: Noun, id: string): boolean;
  /** One is to be updated: true acknowledges it, and keeps what is stored. */
  keepsOld?(): boolean;
  /** Another organisation's could be shown, in a list or by its id: true shows it. */
  leaks?(): boolean;
  /** Whether a list leaves out what single reads find. */
  omits?(id: string): boolean;
}

export interface Page<T> {
  rows: T[];
  /** How many there are, beyond this page too. */
  total: number;
}

/** The resources of a kind in PostgreSQL, each of an organisation: what is told of them is committed. */
export class Store<T extends Resource> {
  readonly #pool: pg.Pool;
  readonly #kind: Kind;
  readonly #rules: readonly Rule[];

  constructor(pool: pg.Pool, kind: Kind, rules: readonly Rule[]) {
    this.#pool = pool;
    this.#kind = kind;
    this.#rules = rules;
  }

  /** What a list can be narrowed by. */
  get filters(): readonly string[] {
    return this.#kind.filters;
  }

  async create(organization: string, fields: Partial<T>): Promise<T> {
    const { noun, table, columns, created } = this.#kind;
    const names = created.join(', ');
    const places = created.map((_, index) => `$${index + 2}`).join(', ');
    const { rows } = await this.#pool.query<T>({
      name: `${noun} create`,
      text: `INSERT INTO ${table} (organization_id, ${names}) VALUES ($1, ${places}) RETURNING ${columns}`,
      values: [organization, ...created.map((name) => stored(fields[name as keyof T]))],
    });
    const resource = rows[0]!;
    if (this.#asked((rule) => rule.created?.(noun, resource.id))) {
      await this.#pool.query(`DELETE FROM ${table} WHERE id = $1`, [resource.id]);
    }
    return resource;
  }

  /** @throws {ApiError} 404, or 403 when it is another organisation's */
  async get(organization: string, id: string): Promise<T> {
    const { noun, table, columns } = this.#kind;
    if (!isUuid(id)) throw this.#notFound(id);
    const { rows } = await this.#pool.query<T>({
      name: `${noun} get`,
      text: `SELECT ${columns} FROM ${table} WHERE id = $1`,
      values: [id],
    });
    const resource = rows[0];
    if (!resource) throw this.#notFound(id);
    if (resource.organization_id !== organization && !this.#asked((rule) => rule.leaks?.())) throw this.#forbidden(id);
    return resource;
  }

  async list(organization: string, { page, pageSize, filters }: ListQuery): Promise<Page<T>> {
    const { noun, table, columns, listed = columns } = this.#kind;
    const values: unknown[] = [organization, pageSize, (page - 1) * pageSize];
    let where = 'organization_id = $1';
    for (const [name, value] of Object.entries(filters)) where += ` AND ${name}::text = $${values.push(value)}`;
    const { rows } = await this.#pool.query<T & { total: number }>({
      name: [noun, 'list', ...Object.keys(filters)].join(' '),
      // The total comes with every row; for an empty page, with one whose other columns are null.
      text: `
SELECT * FROM (SELECT count(*)::int AS total FROM ${table} WHERE ${where}) AS whole
LEFT JOIN LATERAL (
  SELECT ${listed} FROM ${table} WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3
) AS page ON true
ORDER BY created_at DESC, id DESC`,
      values,
    });
    const { total, id } = rows[0]!;
    const own = id === null ? [] : rows.map(({ total: _, ...row }) => row as unknown as T);
    const shown = own.filter((row) => !this.#asked((rule) => rule.omits?.(row.id)));
    if (this.#asked((rule) => rule.leaks?.())) shown.push(...(await this.#foreign(organization)));
    return { total, rows: shown };
  }

  /** Changes those fields that are given. @throws {ApiError} as `get` */
  async update(organization: string, id: string, changes: Partial<T>): Promise<T> {
    if (this.#asked((rule) => rule.keepsOld?.())) {
      return { ...(await this.get(organization, id)), ...changes, updated_at: new Date() };
    }
    const { noun, table, columns, updated } = this.#kind;
    const assignments = updated.map((name, index) => `${name} = coalesce($${index + 3}, ${name})`);
    return this.#change(organization, id, {
      name: `${noun} update`,
      text: `UPDATE ${table} SET ${assignments.join(', ')}, updated_at = clock_timestamp()
        WHERE organization_id = $1 AND id = $2 RETURNING ${columns}`,
      values: updated.map((name) => stored(changes[name as keyof T])),
    });
  }

  /** Gives it as it was. @throws {ApiError} as `get` */
  remove(organization: string, id: string): Promise<T> {
    const { noun, table, columns } = this.#kind;
    return this.#change(organization, id, {
      name: `${noun} delete`,
      text: `DELETE FROM ${table} WHERE organization_id = $1 AND id = $2 RETURNING ${columns}`,
      values: [],
    });
  }

  /** Carries out a statement whose parameters begin with organisation and id, and which gives the resource or no row. */
  async #change(organization: string, id: string, { name, text, values }: pg.QueryConfig<unknown[]>): Promise<T> {
    if (!isUuid(id)) throw this.#notFound(id);
    const { rows } = await this.#pool.query<T>({ name, text, values: [organization, id, ...(values ?? [])] });
    if (rows[0]) return rows[0];
    const other = await this.#pool.query(`SELECT FROM ${this.#kind.table} WHERE id = $1`, [id]);
    throw other.rowCount === 0 ? this.#notFound(id) : this.#forbidden(id);
  }

  /** The newest of another organisation, if there is one. */
  async #foreign(organization: string): Promise<T[]> {
    const { table, columns, listed = columns } = this.#kind;
    const { rows } = await this.#pool.query<T>(
      `SELECT ${listed} FROM ${table} WHERE organization_id <> $1 ORDER BY created_at DESC LIMIT 1`,
      [organization],
    );
    return rows;
  }

  /** Every rule is asked, so that the random numbers of one do not depend on another's. */
  #asked(ask: (rule: Rule) => boolean | undefined): boolean {
    return this.#rules.map(ask).includes(true);
  }

  #notFound(id: string): ApiError {
    return new ApiError(404, 'NOT_FOUND', `There is no ${this.#kind.noun} ${id}.`);
  }

  #forbidden(id: string): ApiError {
    return new ApiError(403, 'FORBIDDEN', `The ${this.#kind.noun} ${id} is another organisation's.`);
  }
}

/** A value as PostgreSQL takes it: lists are JSON there. */
function stored(value: unknown): unknown {
  return Array.isArray(value) ? JSON.stringify(value) : value;
}
