import type pg from 'pg';
import { ApiError } from '../../core/api-error.ts';
import type { Events } from '../../core/events.ts';
import { isUuid } from '../../core/fields.ts';
import { COLUMNS, falsify, lock, notFound, type Outcome, perform, type Queryable } from './operations.ts';
import { Provisioning, type VmNews } from './provisioning.ts';
import { type Operation, STATUSES, type Vm, type VmQuery, type VmStatus } from './vm.ts';

/** Migrations that come with each VM of a list, the newest. */
const MAX_INCLUDED_MIGRATIONS = 10;

/** A VM, and what else was asked of it. */
export interface VmRow extends Vm {
  /** Of the migration under way. */
  phase?: string | null;
  migrations?: object[];
}

export interface Page {
  rows: VmRow[];
  /** How many there are, beyond this page too. */
  total: number;
}

/** Sums over all VMs of an account. */
export interface Stats {
  total_vms: number;
  by_status: Record<string, number>;
  by_zone: Record<string, number>;
  total_cpu_cores: number;
  total_memory_mb: number;
  total_disk_gb: number;
}

/** Gives the status that a VM is to have whatever is said of it, `deleted` for none; undefined: what is said is true. */
export type Rule = (outcome: Outcome) => VmStatus | 'deleted' | undefined;

/** What the family's faults reach into: a rule makes what is stored another than what is answered. */
export interface VmParts {
  vms: Pick<VmStore, 'addRule'>;
}

/** The VMs in PostgreSQL: what is told of them is committed. Every change is an event of `vm_status`. */
export class VmStore {
  readonly #pool: pg.Pool;
  readonly #events: Events;
  readonly #provisioning: Provisioning;
  readonly #rules: Rule[] = [];

  constructor(pool: pg.Pool, events: Events) {
    this.#pool = pool;
    this.#events = events;
    this.#provisioning = new Provisioning(pool, (account, vm) => this.#announce(account, vm, vm.status));
  }

  /** Lets `rule` make what is stored another than what is answered. */
  addRule(rule: Rule): void {
    this.#rules.push(rule);
  }

  /** No timer and no statement of its own after this. */
  stop(): Promise<void> {
    return this.#provisioning.stop();
  }

  /** @throws {ApiError} 404 */
  async get(account: string, id: string): Promise<VmRow> {
    if (!isUuid(id)) throw notFound(id);
    const { rows } = await this.#pool.query<VmRow>({ name: 'vm', text: GET_SQL, values: [account, id] });
    if (!rows[0]) throw notFound(id);
    return rows[0];
  }

  list(account: string, { limit, offset, zone, status, sort, order, include }: VmQuery): Promise<Page> {
    const values: unknown[] = [account, limit, offset];
    let where = 'account = $1';
    if (zone !== undefined) where += ` AND zone = $${values.push(zone)}`;
    if (status !== undefined) where += ` AND status = $${values.push(status)}`;
    let columns = COLUMNS;
    if (include.includes('metrics')) columns += `, ${PHASE_COLUMN}`;
    if (include.includes('migrations')) columns += `, ${MIGRATIONS_COLUMN}`;
    // What is put into the text is from the lists of words in vm.ts.
    const orderBy = [...new Set([sort, 'created_at', 'id'])].map((column) => `${column} ${order}`).join(', ');
    const text = listSql(columns, where, orderBy);
    const parts = ['vms', sort, order, zone && 'zone', status && 'status', ...new Set(include)];
    return this.#page({ name: parts.filter(Boolean).join(' '), text, values });
  }

  /** Those whose name, image or tags have the words in them, newest first. */
  search(account: string, words: string, limit: number): Promise<Page> {
    return this.#page({ name: 'vm search', text: SEARCH_SQL, values: [account, words, limit] });
  }

  async stats(account: string): Promise<Stats> {
    const { rows } = await this.#pool.query<StatsRow>({ name: 'vm stats', text: STATS_SQL, values: [account] });
    const stats: Stats = {
      total_vms: 0,
      by_status: Object.fromEntries(STATUSES.map((status) => [status, 0])),
      by_zone: {},
      total_cpu_cores: 0,
      total_memory_mb: 0,
      total_disk_gb: 0,
    };
    for (const { status, zone, vms, cpu_cores, memory_mb, disk_gb } of rows) {
      stats.total_vms += vms;
      stats.by_status[status]! += vms;
      stats.by_zone[zone] = (stats.by_zone[zone] ?? 0) + vms;
      stats.total_cpu_cores += cpu_cores;
      stats.total_memory_mb += memory_mb;
      stats.total_disk_gb += disk_gb;
    }
    return stats;
  }

  /** Carries out an operation; gives its VM. @throws {ApiError} 404, or 409 when the VM's status does not allow it */
  async run(account: string, operation: Operation): Promise<Vm> {
    const outcome = await this.#perform(this.#pool, account, operation);
    this.#settle(outcome);
    return outcome.vm;
  }

  /** Carries out all operations in their order, or none; gives their VMs. @throws {ApiError} as `run`, with the index */
  async runAll(account: string, operations: Operation[]): Promise<Vm[]> {
    const client = await this.#pool.connect();
    const outcomes: Outcome[] = [];
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      await lock(client, account, operations);
      for (const [index, operation] of operations.entries()) {
        const performing = this.#perform(client, account, operation);
        outcomes.push(await performing.catch((error) => Promise.reject(at(index, error))));
      }
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => {
        broken = failure;
      });
      throw error;
    } finally {
      client.release(broken);
    }
    for (const outcome of outcomes) this.#settle(outcome);
    return outcomes.map(({ vm }) => vm);
  }

  async #perform(db: Queryable, account: string, operation: Operation): Promise<Outcome> {
    const outcome = await perform(db, account, operation);
    // Every rule is asked, so that the random numbers of one do not depend on another's.
    const truth = this.#rules.map((rule) => rule(outcome)).find((status) => status !== undefined);
    if (truth !== undefined) await falsify(db, outcome, truth);
    return outcome;
  }

  /** What follows when an operation is committed. */
  #settle({ action, account, vm }: Outcome): void {
    if (action === 'create') this.#provisioning.add(vm.id);
    if (action === 'delete') this.#announce(account, { ...vm, revision: vm.revision + 1 }, 'deleted');
    else this.#announce(account, vm, vm.status);
  }

  #announce(account: string, { id, name, zone, revision }: VmNews, status: VmStatus | 'deleted'): void {
    this.#events.publish('vm_status', account, 'vm_status', { vm_id: id, name, status, zone, revision });
  }

  async #page(query: { name: string; text: string; values: unknown[] }): Promise<Page> {
    const { rows } = await this.#pool.query<VmRow & { total: number }>(query);
    // The total comes with every row; for an empty page, with one whose other columns are null.
    const { id, total } = rows[0]!;
    return { total, rows: id === null ? [] : rows.map(({ total: _, ...vm }) => vm) };
  }
}

type StatsRow = Pick<Vm, 'status' | 'zone' | 'cpu_cores' | 'memory_mb' | 'disk_gb'> & { vms: number };

/** An error of one operation, with its place among all. */
function at(index: number, error: Error): Error {
  if (!(error instanceof ApiError)) return error;
  return new ApiError(error.status, error.code, `operations[${index}]: ${error.message}`);
}

const PHASE_COLUMN = `(
  SELECT phase FROM tandem.migrations WHERE vm_id = vms.id AND status IN ('pending', 'in_progress')
) AS phase`;

const MIGRATIONS_COLUMN = `ARRAY (
  SELECT jsonb_build_object('job_id', id, 'source_zone', source_zone, 'target_zone', target_zone, 'status', status,
    'phase', phase, 'created_at', created_at, 'completed_at', completed_at)
  FROM tandem.migrations WHERE vm_id = vms.id ORDER BY created_at DESC LIMIT ${MAX_INCLUDED_MIGRATIONS}
) AS migrations`;

const GET_SQL = `SELECT ${COLUMNS}, ${PHASE_COLUMN} FROM tandem.vms WHERE account = $1 AND id = $2`;

/** Parameters: account, limit, offset, then those of `where`. */
function listSql(columns: string, where: string, orderBy: string): string {
  // Who knows how many there are need not look for more.
  return `
SELECT * FROM (SELECT coalesce(sum(vms), 0)::int AS total FROM tandem.vm_totals WHERE ${where}) AS whole
LEFT JOIN LATERAL (
  SELECT ${columns} FROM tandem.vms WHERE ${where}
  ORDER BY ${orderBy} LIMIT least($2, greatest(total - $3, 0)) OFFSET $3
) AS page ON true
ORDER BY ${orderBy}`;
}

const SEARCH_SQL = `
WITH found AS MATERIALIZED (
  SELECT id, created_at FROM tandem.vms WHERE account = $1 AND strpos(search_text, lower($2)) > 0
), page AS (
  SELECT * FROM tandem.vms WHERE id IN (SELECT id FROM found ORDER BY created_at DESC, id DESC LIMIT $3)
)
SELECT total, ${COLUMNS} FROM (SELECT count(*)::int AS total FROM found) AS whole LEFT JOIN page ON true
ORDER BY created_at DESC, id DESC`;

const STATS_SQL = `
SELECT status, zone, sum(vms)::int AS vms, sum(cpu_cores)::float8 AS cpu_cores, sum(memory_mb)::float8 AS memory_mb,
  sum(disk_gb)::float8 AS disk_gb
FROM tandem.vm_totals WHERE account = $1 GROUP BY status, zone HAVING sum(vms) > 0`;
