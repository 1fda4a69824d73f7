import type pg from 'pg';
import { ApiError } from '../../core/api-error.ts';
import { isUuid } from '../../core/fields.ts';
import type { Operation, Vm, VmStatus } from './vm.ts';

/** A pool, or one connection with its transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

/** What an operation has done. */
export interface Outcome {
  action: Operation['action'];
  account: string;
  /** The VM as it is now; a deleted one as it was. */
  vm: Vm;
  /** The status before; undefined of what was not there. */
  was: VmStatus | undefined;
}

type Creation = Extract<Operation, { action: 'create' }>;
type Change = Exclude<Operation, Creation>;

/** The columns of a VM, but for the account. */
export const COLUMNS =
  'id, name, cpu_cores, memory_mb, disk_gb, image, zone, tags, status, revision, created_at, updated_at';

const ALLOWED_WHEN: Record<Change['action'], readonly VmStatus[]> = {
  start: ['stopped'],
  stop: ['running'],
  update: ['creating', 'stopped', 'running'],
  delete: ['creating', 'stopped', 'running'],
};

export const notFound = (id: string) => new ApiError(404, 'NOT_FOUND', `There is no VM ${id}.`);

/** Carries out an operation, in one statement. @throws {ApiError} 404, or 409 when the VM's status does not allow it */
export function perform(db: Queryable, account: string, operation: Operation): Promise<Outcome> {
  return operation.action === 'create' ? create(db, account, operation) : change(db, account, operation);
}

/** Locks the VMs of operations that follow in the same transaction, so that two such never wait for each other. */
export async function lock(db: Queryable, account: string, operations: Operation[]): Promise<void> {
  const ids = operations.flatMap((each) => (each.action !== 'create' && isUuid(each.id) ? each.id : []));
  await db.query({ name: 'vm locks', text: LOCK_SQL, values: [account, ids] });
}

/** Gives the VM of an outcome another status than the outcome says, `deleted` for none. */
export async function falsify(db: Queryable, { account, vm }: Outcome, truth: VmStatus | 'deleted'): Promise<void> {
  if (truth === 'deleted') await db.query('DELETE FROM tandem.vms WHERE id = $1', [vm.id]);
  else await db.query(FALSIFY_SQL, [account, JSON.stringify({ ...vm, status: truth })]);
}

async function create(db: Queryable, account: string, { action, data }: Creation): Promise<Outcome> {
  const { name, cpu_cores, memory_mb, disk_gb, image, zone, tags } = data;
  const { rows } = await db.query<Vm>({
    name: 'vm create',
    text: CREATE_SQL,
    values: [account, name, cpu_cores, memory_mb, disk_gb, image, zone, tags],
  });
  return { action, account, vm: rows[0]!, was: undefined };
}

async function change(db: Queryable, account: string, operation: Change): Promise<Outcome> {
  const { action, id } = operation;
  if (!isUuid(id)) throw notFound(id);
  const allowed = ALLOWED_WHEN[action];
  const { name, text, values } = statementOf(operation);
  const { rows } = await db.query<Vm & { was: VmStatus }>({ name, text, values: [account, id, allowed, ...values] });
  if (!rows[0]) throw notFound(id);
  const { was, ...vm } = rows[0];
  if (vm.id === null) {
    const when = `${action} is allowed when it is ${allowed.join(' or ')}`;
    throw new ApiError(409, 'ILLEGAL_STATE', `The VM ${id} is ${was}; ${when}.`);
  }
  return { action, account, vm, was };
}

function statementOf(operation: Change): { name: string; text: string; values: unknown[] } {
  switch (operation.action) {
    case 'start':
      return { name: 'vm start or stop', text: STATUS_SQL, values: ['running'] };
    case 'stop':
      return { name: 'vm start or stop', text: STATUS_SQL, values: ['stopped'] };
    case 'update': {
      const { name, cpu_cores, memory_mb, tags } = operation.data;
      return { name: 'vm update', text: UPDATE_SQL, values: [name, cpu_cores, memory_mb, tags] };
    }
    case 'delete':
      return { name: 'vm delete', text: DELETE_SQL, values: [] };
  }
}

const CREATE_SQL = `
INSERT INTO tandem.vms (account, name, cpu_cores, memory_mb, disk_gb, image, zone, tags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${COLUMNS}`;

/**
 * Parameters: account, id, statuses that allow it, then those of `change`. Columns: `was`, and those of the VM, all null
 * when its status does not allow it. No row: there is no VM.
 */
function changeSql(change: string): string {
  // Locked first: the status that decides is the newest, and the one that a refusal names.
  return `
WITH before AS MATERIALIZED (
  SELECT id AS vm_id, status AS was FROM tandem.vms WHERE account = $1 AND id = $2 FOR UPDATE
), changed AS (
  ${change} WHERE id = vm_id AND status = ANY ($3) RETURNING ${COLUMNS}
)
SELECT was, ${COLUMNS} FROM before LEFT JOIN changed ON true`;
}

const STATUS_SQL = changeSql(`
  UPDATE tandem.vms SET status = $4, revision = revision + 1, updated_at = clock_timestamp() FROM before`);

const UPDATE_SQL = changeSql(`
  UPDATE tandem.vms
  SET name = coalesce($4, name), cpu_cores = coalesce($5, cpu_cores), memory_mb = coalesce($6, memory_mb),
    tags = coalesce($7, tags), revision = revision + 1, updated_at = clock_timestamp()
  FROM before`);

const DELETE_SQL = changeSql('DELETE FROM tandem.vms USING before');

// By id, whatever the order of the operations. Those that are migrating are left out: they are refused anyway, and it is
// for migrations to lock them.
const LOCK_SQL = `
SELECT FROM tandem.vms WHERE account = $1 AND id = ANY ($2) AND status <> 'migrating' ORDER BY id FOR UPDATE`;

const FALSIFY_SQL = `
INSERT INTO tandem.vms (account, ${COLUMNS}) SELECT $1, ${COLUMNS} FROM jsonb_populate_record(NULL::tandem.vms, $2)
ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status`;
