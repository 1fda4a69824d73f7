import type { FastifyInstance, FastifyRequest } from 'fastify';
import type pg from 'pg';
import { ApiError, invalid } from '../../core/api-error.ts';
import { isUuid, object, oneOf, text } from '../../core/fields.ts';
import { ZONES } from '../vms/vm.ts';
import { JOB_STATUSES, type MigrationJobs, type MigrationOrder, type Phase, progressOf } from './jobs.ts';

const PROTOCOL = 'dwcp-v3';
const VERSION = '3.0.0';
const BANDWIDTH_MBPS = { default: 1_000, min: 1, max: 100_000 };
const LIMIT = { default: 20, max: 100 };

/** Where a migration is, as the wire has it. */
export interface Migration {
  job_id: string;
  vm_id: string;
  source_zone: string;
  target_zone: string;
  status: string;
  phase: Phase;
  /** Percent. */
  progress: number;
  data_loss: boolean;
  bytes_total: number;
  bytes_transferred: number;
  bandwidth_mbps: number;
  /** How long the VM did not answer; null until it does again. */
  downtime_ms: number | null;
  created_at: Date;
  started_at: Date | null;
  completed_at: Date | null;
  error: string | null;
}

type MigrationRow = Omit<Migration, 'progress' | 'bytes_transferred'> & {
  elapsed_ms: number | null;
  planned_ms: number;
};

const COLUMNS = `id AS job_id, vm_id, source_zone, target_zone, status, phase, data_loss, bytes_total::float8,
  bandwidth_mbps, planned_ms, created_at, started_at, completed_at, error,
  extract(epoch FROM coalesce(completed_at, clock_timestamp()) - started_at)::float8 * 1000 AS elapsed_ms,
  extract(epoch FROM completed_at - paused_at)::float8 * 1000 AS downtime_ms`;

/** The migrations' routes that need an account. */
export function migrationRoutes(app: FastifyInstance, pool: pg.Pool, jobs: MigrationJobs): void {
  app.post<{ Params: { id: string } }>('/api/v1/vms/:id/migrate', async ({ account, params, body }, reply) => {
    const fields = object(body, 'The body');
    const bandwidthMbps = bandwidth(fields.bandwidth_limit_mbps);
    const order = {
      targetZone: zone(fields.target_zone, 'target_zone'),
      bandwidthMbps,
      compression: false,
      options: {},
    };
    return reply.code(202).send(await begin(jobs, account, params.id, order));
  });

  app.post('/api/v1/dwcp/migrations', async ({ account, body }, reply) => {
    const { vmId, order } = parseOrder(body);
    return reply.code(202).send(await begin(jobs, account, vmId, order));
  });

  app.get<{ Params: { id: string } }>('/api/v1/dwcp/migrations/:id', async ({ account, params }) => {
    const { rows } = isUuid(params.id)
      ? await pool.query<MigrationRow>({
          name: 'migration',
          text: `SELECT ${COLUMNS} FROM tandem.migrations WHERE account = $1 AND id = $2`,
          values: [account, params.id],
        })
      : { rows: [] };
    if (!rows[0]) throw new ApiError(404, 'NOT_FOUND', `There is no migration ${params.id}.`);
    return toMigration(rows[0]);
  });

  app.get('/api/v1/dwcp/migrations', async (request) => {
    const { status, limit } = parseList(request);
    const where = 'FROM tandem.migrations WHERE account = $1 AND ($2::text IS NULL OR status = $2)';
    const { rows } = await pool.query<MigrationRow>({
      name: 'migrations',
      text: `SELECT ${COLUMNS} ${where} ORDER BY tandem.migrations.created_at DESC, id LIMIT $3`,
      values: [request.account, status, limit],
    });
    const total = await pool.query<{ total: number }>({
      name: 'migrations total',
      text: `SELECT count(*)::int AS total ${where}`,
      values: [request.account, status],
    });
    return { migrations: rows.map(toMigration), total: total.rows[0]!.total };
  });

  app.get('/api/v1/dwcp/stats', async ({ account }) => {
    const { rows } = await pool.query({
      name: 'migration stats',
      text: `SELECT (count(*) FILTER (WHERE status IN ('pending', 'in_progress')))::int AS active_migrations,
          (count(*) FILTER (WHERE status = 'completed'))::int AS completed,
          (count(*) FILTER (WHERE status = 'failed'))::int AS failed, count(*)::int AS total,
          extract(epoch FROM avg(completed_at - started_at) FILTER (WHERE status = 'completed'))::float8 * 1000
            AS average_duration_ms
        FROM tandem.migrations WHERE account = $1`,
      values: [account],
    });
    return rows[0];
  });
}

/** What the protocol says about itself, to everybody. */
export function migrationFacts(app: FastifyInstance): void {
  const facts = () => ({ status: 'ok', version: VERSION, protocol: PROTOCOL, timestamp: Date.now() });
  app.get('/dwcp/v3/health', facts);
  app.get('/api/v1/dwcp/version', facts);
}

async function begin(jobs: MigrationJobs, account: string, vmId: string, order: MigrationOrder): Promise<object> {
  return { job_id: await jobs.start(account, vmId, order), vm_id: vmId, status: 'pending' };
}

function parseOrder(value: unknown): { vmId: string; order: MigrationOrder } {
  const body = object(value, 'The body');
  const { source_zone: from, protocol, live_migration, encryption } = body;
  if (protocol !== undefined) oneOf(protocol, 'protocol', [PROTOCOL]);
  return {
    vmId: text(body.vm_id, 'vm_id'),
    order: {
      sourceZone: from === undefined ? undefined : zone(from, 'source_zone'),
      targetZone: zone(body.target_zone, 'target_zone'),
      bandwidthMbps: bandwidth(body.bandwidth_limit_mbps),
      compression: flag(body.compression, 'compression'),
      options: {
        live_migration: flag(live_migration, 'live_migration'),
        encryption: flag(encryption, 'encryption'),
      },
    },
  };
}

function parseList({ query }: FastifyRequest): { status: string | undefined; limit: number } {
  const { status, limit = String(LIMIT.default) } = query as Record<string, unknown>;
  if (!/^\d{1,3}$/.test(String(limit)) || Number(limit) < 1 || Number(limit) > LIMIT.max) {
    throw invalid(`limit must be a whole number from 1 to ${LIMIT.max}.`);
  }
  return { status: status === undefined ? undefined : oneOf(status, 'status', JOB_STATUSES), limit: Number(limit) };
}

function zone(value: unknown, field: string): string {
  return oneOf(value, field, ZONES);
}

function flag(value: unknown, field: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw invalid(`${field} must be true or false.`);
  return value === true;
}

function bandwidth(value: unknown = BANDWIDTH_MBPS.default): number {
  const { min, max } = BANDWIDTH_MBPS;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw invalid(`bandwidth_limit_mbps must be a number from ${min} to ${max}.`);
  }
  return value;
}

function toMigration({ elapsed_ms, planned_ms, ...row }: MigrationRow): Migration {
  const progress = progressOf(row.phase, elapsed_ms ?? 0, planned_ms);
  return { ...row, progress, bytes_transferred: Math.floor((row.bytes_total * progress) / 100) };
}
