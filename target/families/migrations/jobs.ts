import type pg from 'pg';
import { ApiError, invalid } from '../../core/api-error.ts';
import type { Events } from '../../core/events.ts';
import { isUuid } from '../../core/fields.ts';

const TICK_MS = 10;
const PROGRESS_EVERY_MS = 500;
const RETRY_AFTER_MS = 500;
const MIN_DURATION_MS = 200;
/** What compression leaves of the memory to be copied. */
const COMPRESSED = 0.7;

export const JOB_STATUSES: readonly string[] = ['pending', 'in_progress', 'completed', 'failed'];

export type Phase = 'pending' | 'pre-copy' | 'stop-and-copy' | 'switch-over' | 'done';

/** The phases of a migration in their order, and at what progress, in percent, each ends. */
const PHASES: readonly { phase: Phase; endsAt: number }[] = [
  { phase: 'pending', endsAt: 0 },
  { phase: 'pre-copy', endsAt: 80 },
  { phase: 'stop-and-copy', endsAt: 95 },
  { phase: 'switch-over', endsAt: 100 },
  { phase: 'done', endsAt: 100 },
];

/** What is asked of a migration. */
export interface MigrationOrder {
  /** Where the client thinks that the VM is; not checked without it. */
  sourceZone?: string | undefined;
  targetZone: string;
  bandwidthMbps: number;
  compression: boolean;
  /** What has no effect here, and is kept. */
  options: Record<string, unknown>;
}

/** How a migration ends; that of an honest server loses nothing, in the zone that was asked for. */
export interface MigrationResult {
  readonly sourceZone: string;
  readonly targetZone: string;
  /** Where the VM ends up. */
  zone: string;
  dataLoss: boolean;
  /** Whether it never gets beyond stop-and-copy. */
  stuck: boolean;
}

interface Job {
  id: string;
  account: string;
  vmId: string;
  plannedMs: number;
  result: MigrationResult;
  /** Index in PHASES. */
  phase: number;
  /** Of the process's own clock; of the order as long as it is pending. */
  startedAt: number;
  progressAt: number;
  events: number;
}

interface VmRow {
  id: string;
  name: string;
  status: string;
  zone: string;
  revision: number;
}

/** How far a migration is, in percent, by the clock; never outside of its phase, and 100 only when it is done. */
export function progressOf(phase: Phase, elapsedMs: number, plannedMs: number): number {
  if (phase === 'done') return 100;
  const index = PHASES.findIndex((each) => each.phase === phase);
  const beginsAt = PHASES[index - 1]?.endsAt ?? 0;
  const progress = Math.min((elapsedMs / plannedMs) * 100, PHASES[index]!.endsAt, 99.9);
  return Math.floor(Math.max(progress, beginsAt) * 10) / 10;
}

/** Ends what a former target left half done: its jobs failed, their VMs run, and those being created are stopped. */
export async function recoverVms(pool: pg.Pool): Promise<void> {
  // The lock of the schema: another target that makes its tables now would lock the same ones in another order.
  await pool.query(`
    SELECT pg_advisory_xact_lock(hashtext('tandem schema'));
    WITH failed AS (
      UPDATE tandem.migrations
      SET status = 'failed', completed_at = clock_timestamp(), error = 'The server was stopped before it was done.'
      WHERE status IN ('pending', 'in_progress')
    )
    UPDATE tandem.vms
    SET status = CASE status WHEN 'creating' THEN 'stopped' ELSE 'running' END,
        revision = revision + 1, updated_at = clock_timestamp()
    WHERE status IN ('creating', 'migrating')`);
}

/** What the family's faults reach into: a rule changes how a migration ends. */
export interface MigrationParts {
  migrations: Pick<MigrationJobs, 'addRule'>;
}

/** The migrations that this process carries out. What is told of them is committed. */
export class MigrationJobs {
  readonly #pool: pg.Pool;
  readonly #events: Events;
  readonly #timeScale: number;
  readonly #rules: ((result: MigrationResult) => void)[] = [];
  readonly #jobs = new Map<string, Job>();
  /** One for all jobs; runs while there are any. */
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #notBefore = 0;

  /** @param timeScale how long a migration takes, as a share of the time its bytes need at their bandwidth */
  constructor(pool: pg.Pool, events: Events, timeScale: number) {
    this.#pool = pool;
    this.#events = events;
    this.#timeScale = timeScale;
  }

  /** Lets `rule` change how migrations end, when they begin. */
  addRule(rule: (result: MigrationResult) => void): void {
    this.#rules.push(rule);
  }

  /**
   * Begins a migration; gives its id.
   * @throws {ApiError} 404 when the account has no such VM, 409 when it does not run, 400 when it is there already.
   */
  async start(account: string, vmId: string, order: MigrationOrder): Promise<string> {
    const { sourceZone, targetZone, bandwidthMbps, compression, options } = order;
    if (!isUuid(vmId)) throw noVm(vmId);
    const { rows } = await this.#pool.query<VmRow & { job_id: string; source_zone: string; planned_ms: number }>({
      name: 'migration start',
      text: START_SQL,
      values: [
        account,
        vmId,
        sourceZone,
        targetZone,
        bandwidthMbps,
        { ...options, compression },
        compression ? COMPRESSED : 1,
        this.#timeScale,
        MIN_DURATION_MS,
      ],
    });
    const started = rows[0];
    if (!started) throw await this.#refusal(account, vmId, order);
    const result: MigrationResult = {
      sourceZone: started.source_zone,
      targetZone,
      zone: targetZone,
      dataLoss: false,
      stuck: false,
    };
    for (const rule of this.#rules) rule(result);
    const job: Job = {
      id: started.job_id,
      account,
      vmId,
      plannedMs: started.planned_ms,
      result,
      phase: 0,
      startedAt: performance.now(),
      progressAt: Number.POSITIVE_INFINITY,
      events: 0,
    };
    this.#jobs.set(job.id, job);
    this.#publishVm(account, started);
    this.#publish(job, 'pending');
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    return job.id;
  }

  /** Leaves the jobs as they are; `recoverVms` of the next target ends them. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#working;
  }

  /** Why a migration could not begin. */
  async #refusal(account: string, vmId: string, { sourceZone }: MigrationOrder): Promise<ApiError> {
    const { rows } = await this.#pool.query<VmRow>({
      name: 'migration refusal',
      text: 'SELECT status, zone FROM tandem.vms WHERE account = $1 AND id = $2',
      values: [account, vmId],
    });
    const vm = rows[0];
    if (!vm) return noVm(vmId);
    if (vm.status !== 'running') {
      return new ApiError(409, 'ILLEGAL_STATE', `The VM is ${vm.status}; only a running one can be migrated.`);
    }
    return sourceZone !== undefined && sourceZone !== vm.zone
      ? invalid(`source_zone is ${sourceZone}; the VM is in ${vm.zone}.`)
      : invalid(`target_zone must be another than ${vm.zone}, where the VM is.`);
  }

  #tick(): void {
    if (this.#working || performance.now() < this.#notBefore) return;
    const { advancing, arriving } = this.#due(performance.now());
    if (advancing.length + arriving.length === 0) return;
    this.#working = this.#advance(advancing)
      .then(() => this.#arrive(arriving))
      .catch((error) => {
        console.error(`Migrations have to wait: ${error instanceof Error ? error.message : error}`);
        this.#notBefore = performance.now() + RETRY_AFTER_MS;
      })
      .finally(() => {
        this.#working = undefined;
      });
  }

  /** The jobs whose phase is over. Of the others it tells the progress, now and then. */
  #due(now: number): { advancing: Job[]; arriving: Job[] } {
    const advancing: Job[] = [];
    const arriving: Job[] = [];
    for (const job of this.#jobs.values()) {
      const { phase, endsAt } = PHASES[job.phase]!;
      const over =
        now - job.startedAt >= (job.plannedMs * endsAt) / 100 && !(job.result.stuck && phase === 'stop-and-copy');
      if (over) (phase === 'switch-over' ? arriving : advancing).push(job);
      else if (now >= job.progressAt) this.#publish(job, 'in_progress');
    }
    return { advancing, arriving };
  }

  async #advance(jobs: Job[]): Promise<void> {
    if (jobs.length === 0) return;
    const { rows } = await this.#pool.query<{ id: string }>({
      name: 'migration advance',
      text: ADVANCE_SQL,
      values: [jobs.map(({ id }) => id), jobs.map(({ phase }) => PHASES[phase + 1]!.phase)],
    });
    const advanced = new Set(rows.map(({ id }) => id));
    for (const job of jobs) {
      if (!advanced.has(job.id)) continue;
      if (job.phase === 0) job.startedAt = performance.now();
      job.phase += 1;
      this.#publish(job, 'in_progress');
    }
    await this.#giveUp(jobs.filter(({ id }) => !advanced.has(id)));
  }

  async #arrive(jobs: Job[]): Promise<void> {
    if (jobs.length === 0) return;
    const { rows } = await this.#pool.query<VmRow & { job_id: string }>({
      name: 'migration arrive',
      text: ARRIVE_SQL,
      values: [
        jobs.map(({ id }) => id),
        jobs.map(({ result }) => result.zone),
        jobs.map(({ result }) => result.dataLoss),
      ],
    });
    const arrived = new Map(rows.map((row) => [row.job_id, row]));
    for (const job of jobs) {
      const vm = arrived.get(job.id);
      if (!vm) continue;
      job.phase = PHASES.length - 1;
      this.#forget(job);
      // Of a VM that is gone there is nothing to tell.
      if (vm.id) this.#publishVm(job.account, vm);
      this.#publish(job, 'completed');
    }
    await this.#giveUp(jobs.filter(({ id }) => !arrived.has(id)));
  }

  /** Jobs that are over without us: another target on the same database has ended them. */
  async #giveUp(jobs: Job[]): Promise<void> {
    if (jobs.length === 0) return;
    const { rows } = await this.#pool.query<{ id: string; status: string }>({
      name: 'migration end',
      text: 'SELECT id, status FROM tandem.migrations WHERE id = ANY ($1)',
      values: [jobs.map(({ id }) => id)],
    });
    const statuses = new Map(rows.map(({ id, status }) => [id, status]));
    for (const job of jobs) {
      const status = statuses.get(job.id) ?? 'failed';
      if (status === 'completed') job.phase = PHASES.length - 1;
      this.#forget(job);
      this.#publish(job, status);
      if (status !== 'failed') continue;
      this.#events.publish('alerts', job.account, 'alert', {
        severity: 'critical',
        message: `The migration ${job.id} failed.`,
        vm_id: job.vmId,
      });
    }
  }

  #forget(job: Job): void {
    this.#jobs.delete(job.id);
    if (this.#jobs.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #publish(job: Job, status: string): void {
    const now = performance.now();
    job.progressAt = now + PROGRESS_EVERY_MS;
    job.events += 1;
    const { phase } = PHASES[job.phase]!;
    this.#events.publish('migrations', job.account, 'migration', {
      job_sequence: job.events,
      job_id: job.id,
      vm_id: job.vmId,
      source_zone: job.result.sourceZone,
      target_zone: job.result.targetZone,
      status,
      phase,
      progress: progressOf(phase, now - job.startedAt, job.plannedMs),
      data_loss: phase === 'done' && job.result.dataLoss,
    });
  }

  #publishVm(account: string, { id, name, status, zone, revision }: VmRow): void {
    this.#events.publish('vm_status', account, 'vm_status', { vm_id: id, name, status, zone, revision });
  }
}

const noVm = (id: string) => new ApiError(404, 'NOT_FOUND', `There is no VM ${id}.`);

// Of starts at the same time the second waits for the row, and then finds it migrating.
const START_SQL = `
WITH vm AS (
  UPDATE tandem.vms SET status = 'migrating', revision = revision + 1, updated_at = clock_timestamp()
  WHERE account = $1 AND id = $2 AND status = 'running' AND zone = coalesce($3, zone) AND zone <> $4::text
  RETURNING *
), job AS (
  INSERT INTO tandem.migrations
    (account, vm_id, source_zone, target_zone, bandwidth_mbps, options, bytes_total, planned_ms)
  SELECT account, id, zone, $4::text, $5::float8, $6::jsonb, memory_mb * 1048576.0 * $7::float8,
         greatest($9::float8, memory_mb * 8 * $7::float8 / $5::float8 * 1000 * $8::float8)
  FROM vm
  RETURNING *
)
SELECT job.id AS job_id, job.source_zone, job.planned_ms, vm.id, vm.name, vm.status, vm.zone, vm.revision
FROM job, vm`;

const ADVANCE_SQL = `
UPDATE tandem.migrations AS m
SET phase = next.phase, status = 'in_progress', started_at = coalesce(m.started_at, clock_timestamp()),
    paused_at = CASE next.phase WHEN 'stop-and-copy' THEN clock_timestamp() ELSE m.paused_at END
FROM unnest($1::uuid[], $2::text[]) AS next (id, phase)
WHERE m.id = next.id AND m.status IN ('pending', 'in_progress')
RETURNING m.id`;

const ARRIVE_SQL = `
WITH arrived AS (
  UPDATE tandem.migrations AS m
  SET status = 'completed', phase = 'done', completed_at = clock_timestamp(), data_loss = result.data_loss
  FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS result (id, zone, data_loss)
  WHERE m.id = result.id AND m.status = 'in_progress'
  RETURNING m.id, m.vm_id, result.zone
), vm AS (
  UPDATE tandem.vms AS v
  SET status = 'running', zone = arrived.zone, revision = v.revision + 1, updated_at = clock_timestamp()
  FROM arrived WHERE v.id = arrived.vm_id
  RETURNING v.*
)
SELECT arrived.id AS job_id, vm.id, vm.name, vm.status, vm.zone, vm.revision
FROM arrived LEFT JOIN vm ON vm.id = arrived.vm_id`;
