import type { Vu } from '../../support/test.ts';
import { bearer } from '../apis/auth.ts';
import { type Id, isId, isSame } from '../apis/id.ts';
import { type Answer, type Call, type Http, json, mayHaveHappened } from '../transports/http.ts';
import type { MigrationState, MigrationStatus } from './history.ts';

/** Metrics of the migrations' calls; a load that uses them declares them. */
export const dwcpMetrics = {
  /** The start request sent → its answer read. */
  migration_start_duration: 'trend',
  /** Asking for one job. */
  migration_poll_duration: 'trend',
} as const;

/** The contract's. */
const MAX_LIST = 100;

export interface MigrationOrder {
  vmId: Id;
  sourceZone: string;
  targetZone: string;
  bandwidthMbps: number;
}

/** What a start has come to. `indeterminate`: there may be a job by now, of which we have no id. */
export type Started =
  | { outcome: 'accepted'; jobId: Id }
  | { outcome: 'refused' | 'indeterminate'; status: number; jobId?: undefined };

/** A job as an answer or an event tells of it. */
export interface Job extends MigrationState {
  jobId: Id;
}

/** A VU's calls to the REST interface of live migrations, each measured and its answer checked. Nothing here throws. */
export class DwcpApi {
  readonly #http: Http;
  readonly #vu: Vu;
  readonly #headers: Record<string, string>;

  /** @param http of the VM control plane's base URL, with its path prefix */
  constructor(http: Http, vu: Vu, token: string | undefined) {
    this.#http = http;
    this.#vu = vu;
    this.#headers = { ...bearer(token), 'content-type': 'application/json' };
  }

  /** Asks for a live migration. */
  async start(order: MigrationOrder): Promise<Started> {
    const answer = await this.#post('migration_start', order);
    if (answer.durationMs > 0) this.#vu.add('migration_start_duration', answer.durationMs);
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
    this.#vu.check('migration start: status is 202', answer.status === 202);
    const started = startedOf(answer);
    if (answer.status === 202) {
      this.#vu.check('migration start: answer is as in the contract', started.outcome === 'accepted');
    }
    return started;
  }

  /** Asks for a migration that must be refused, since one is under way; see to the answer yourself. */
  async startAnother(order: MigrationOrder): Promise<Started> {
    return startedOf(await this.#post('migration_start_another', order, [400, 409]));
  }

  /** What REST says of a job; undefined when the answer is of no use. */
  async job(jobId: Id): Promise<Job | undefined> {
    const answer = await this.#get('migration_poll', `/${encodeURIComponent(jobId)}`);
    if (answer.durationMs > 0) this.#vu.add('migration_poll_duration', answer.durationMs);
    if (!this.#vu.check('migration poll: status is 200', answer.status === 200)) return undefined;
    const job = jobOf(json<object>(answer), jobId);
    this.#vu.check('migration poll: answer is as in the contract', job?.dataLoss !== undefined);
    return job;
  }

  /** The account's jobs with a status, a hundred at most; undefined when the answer is of no use. */
  async list(status: MigrationStatus): Promise<Job[] | undefined> {
    const answer = await this.#get('migration_list', `?status=${status}&limit=${MAX_LIST}`);
    if (!this.#vu.check('migration list: status is 200', answer.status === 200)) return undefined;
    const listed = json<{ migrations?: unknown }>(answer)?.migrations;
    const jobs = Array.isArray(listed) ? listed.map((one) => jobOf(one)) : [undefined];
    const all = jobs.filter((job) => job !== undefined);
    if (!this.#vu.check('migration list: answer is as in the contract', all.length === jobs.length)) return undefined;
    this.#vu.check('migration list: at most as many as asked for', all.length <= MAX_LIST);
    this.#vu.check(
      'migration list: none but of the status asked for',
      all.every((job) => job.status === status),
    );
    return all;
  }

  /** Reads the statistics. */
  async stats(): Promise<void> {
    const answer = await this.#request({ op: 'migration_stats', method: 'GET', path: '/dwcp/stats' });
    if (!this.#vu.check('migration stats: status is 200', answer.status === 200)) return;
    const active = json<{ active_migrations?: unknown }>(answer)?.active_migrations;
    const sensible = typeof active === 'number' && active >= 0;
    this.#vu.check('migration stats: answer is as in the contract', sensible);
  }

  async #get(op: string, rest: string): Promise<Answer> {
    return this.#request({ op, method: 'GET', path: `/dwcp/migrations${rest}` });
  }

  async #request(call: Call): Promise<Answer> {
    const answer = await this.#http.request({ ...call, headers: this.#headers });
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
    return answer;
  }

  #post(op: string, order: MigrationOrder, expects?: readonly number[]): Promise<Answer> {
    const { vmId, sourceZone, targetZone, bandwidthMbps } = order;
    const body = JSON.stringify({
      vm_id: vmId,
      source_zone: sourceZone,
      target_zone: targetZone,
      protocol: 'dwcp-v3',
      live_migration: true,
      bandwidth_limit_mbps: bandwidthMbps,
      compression: true,
      encryption: true,
    });
    const call: Call = { op, method: 'POST', path: '/dwcp/migrations', headers: this.#headers, body };
    return this.#http.request(expects ? { ...call, expects } : call);
  }
}

function startedOf(answer: Answer): Started {
  const { status } = answer;
  const jobId = json<{ job_id?: unknown }>(answer)?.job_id;
  if (status >= 200 && status < 300 && isId(jobId)) return { outcome: 'accepted', jobId };
  return { outcome: mayHaveHappened(answer) ? 'indeterminate' : 'refused', status };
}

const statuses: readonly unknown[] = ['pending', 'in_progress', 'completed', 'failed'] satisfies MigrationStatus[];

/**
 * Reads what the wire says of a job; undefined when it is none.
 * @param asked the id that was asked for: an answer to that need not repeat it, but may not name another
 */
export function jobOf(found: unknown, asked?: Id): Job | undefined {
  if (typeof found !== 'object' || found === null) return undefined;
  const {
    job_id: jobId = asked,
    vm_id,
    status,
    phase,
    progress,
    source_zone,
    target_zone,
    data_loss,
    job_sequence,
  } = found as WireJob;
  if (!isId(jobId) || (asked !== undefined && !isSame(jobId, asked)) || !statuses.includes(status)) {
    return undefined;
  }
  return {
    jobId,
    vmId: isId(vm_id) ? vm_id : undefined,
    status: status as MigrationStatus,
    phase: typeof phase === 'string' ? phase : undefined,
    progress: typeof progress === 'number' ? progress : undefined,
    sourceZone: typeof source_zone === 'string' ? source_zone : undefined,
    targetZone: typeof target_zone === 'string' ? target_zone : undefined,
    dataLoss: typeof data_loss === 'boolean' ? data_loss : undefined,
    jobSequence: typeof job_sequence === 'number' ? job_sequence : undefined,
  };
}

type WireJob = Record<
  'job_id' | 'vm_id' | 'status' | 'phase' | 'progress' | 'source_zone' | 'target_zone' | 'data_loss' | 'job_sequence',
  unknown
>;
