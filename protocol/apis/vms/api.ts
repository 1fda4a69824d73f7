import type { SliceContext, Target, Vu } from '../../../support/test.ts';
import { type Answer, type Call, type Http, json, type Method, mayHaveHappened } from '../../transports/http.ts';
import { bearer, userIn } from '../auth.ts';
import { type Id, isId, isSame } from '../id.ts';
import { vmSettings } from './settings.ts';

/** Metrics of the VM control plane's calls; a load that uses them declares them. */
export const vmMetrics = {
  vm_list_duration: 'trend',
  vm_create_duration: 'trend',
  vm_get_duration: 'trend',
  vm_update_duration: 'trend',
  vm_delete_duration: 'trend',
  vm_start_duration: 'trend',
  vm_stop_duration: 'trend',
  vm_migrate_duration: 'trend',
  vm_metrics_duration: 'trend',
  vm_search_duration: 'trend',
  vm_aggregate_duration: 'trend',
  vm_batch_duration: 'trend',
} as const;

/** Where VMs can be. */
export const zones: readonly string[] = ['us-west-1', 'us-east-1', 'eu-west-1'];

/** What a VM is made with. */
export interface VmSpec {
  name: string;
  cpu_cores: number;
  memory_mb: number;
  disk_gb: number;
  image: string;
  zone: string;
  tags: Record<string, string>;
}

export type VmChanges = Partial<Pick<VmSpec, 'cpu_cores' | 'memory_mb' | 'tags'>>;

/** What can be relied on in a VM that the target tells of. */
export interface Vm {
  id: Id;
  name: string;
  status: string;
  zone: string;
  cpu_cores: number;
  memory_mb: number;
  /** A target need not tell it, or as a number. */
  disk_gb?: unknown;
  tags?: Record<string, string> | null;
}

/** Which VMs are asked for; the contract's words. */
export interface VmQuery {
  /** Up to 100. */
  limit: number;
  offset?: number;
  zone?: string;
  status?: string;
  sort?: 'cpu_cores' | 'memory_mb' | 'created_at';
  order?: 'asc' | 'desc';
  /** Such as `metrics,migrations`. */
  include?: string;
}

export interface VmPage {
  data: Vm[];
  /** How many there are on all pages; a target need not say. */
  total: number | undefined;
}

export type BatchOperation = { action: 'create'; data: VmSpec } | { action: 'delete'; id: Id };

/**
 * What has become of a write. `unknown` when there was no answer, or a gateway's 5xx, which does not say what became
 * of the request behind it, or a status that is neither the contract's nor a refusal.
 */
export type WriteResult = 'done' | 'refused' | 'unknown';

export interface Written {
  result: WriteResult;
  /** 0 without an answer. */
  status: number;
  /** When it is done and the answer shows it. */
  vm: Vm | undefined;
}

export interface BatchWritten {
  result: WriteResult;
  status: number;
  /** Ids in the order of the operations; undefined unless it is done and the answer is as in the contract. */
  ids: Id[] | undefined;
}

type Op =
  | 'list'
  | 'create'
  | 'get'
  | 'update'
  | 'delete'
  | 'start'
  | 'stop'
  | 'migrate'
  | 'metrics'
  | 'search'
  | 'aggregate'
  | 'batch';

/** What is written on every call of a kind, made once. */
interface Words {
  op: Op;
  metric: keyof typeof vmMetrics;
  /** The contract's. */
  good: readonly number[];
  statusCheck: string;
  contractCheck: string;
}

const words = (op: Op, ...good: number[]): Words => ({
  op,
  metric: `vm_${op}_duration`,
  good,
  statusCheck: `${op}: status is ${good.join(' or ')}`,
  contractCheck: `${op}: answer is as in the contract`,
});

const calls = {
  list: words('list', 200),
  create: words('create', 201),
  get: words('get', 200),
  find: words('get', 200, 404),
  update: words('update', 200),
  delete: words('delete', 204),
  deleteAgain: words('delete', 204, 404),
  start: words('start', 200, 202),
  stop: words('stop', 200, 202),
  migrate: words('migrate', 200, 202),
  metrics: words('metrics', 200),
  metricsWhileMigrating: words('metrics', 200, 503),
  search: words('search', 200),
  aggregate: words('aggregate', 200),
  batch: words('batch', 200, 201),
} as const satisfies Record<string, Words>;

/** Where the VM control plane's paths begin. */
export function vmBaseUrl(target: Target): string {
  return `${target.apiUrl}${vmSettings(target).prefix}`;
}

/**
 * The token of a run's VMs: the configured one, or one made up, which is an account that all VM loads of the run share; undefined
 * when user and password in API_URL say whose they are.
 */
export function vmToken({ target, runId }: SliceContext): string | undefined {
  return target.token ?? (userIn(target.apiUrl) ? undefined : `tandem-${runId}-vms`);
}

/** A VU's calls to the VM control plane, each measured and its answer checked. Nothing here throws. */
export class VmApi {
  readonly #http: Http;
  readonly #vu: Vu;
  readonly #updateMethod: Method;
  readonly #headers: Record<string, string>;
  readonly #jsonHeaders: Record<string, string>;

  /** @param http of {@link vmBaseUrl} */
  constructor(http: Http, vu: Vu, token: string | undefined) {
    this.#http = http;
    this.#vu = vu;
    this.#updateMethod = vmSettings(vu.target).updateMethod;
    this.#headers = bearer(token);
    this.#jsonHeaders = { ...this.#headers, 'content-type': 'application/json' };
  }

  /** One page of the account's VMs; undefined when the answer is of no use. */
  async list(query: VmQuery): Promise<VmPage | undefined> {
    const words = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const answer = await this.#send(calls.list, 'GET', `/vms?${words.join('&')}`);
    if (answer.status !== 200) return undefined;
    const page = json<{ data?: unknown; pagination?: { total?: unknown } }>(answer);
    const data = page?.data;
    if (!this.#vu.check(calls.list.contractCheck, areVms(data))) return undefined;
    const vms = data as Vm[];
    this.#vu.check('list: VMs are those asked for, in order', fits(vms, query));
    this.#vu.check('list: none is there twice', new Set(vms.map(({ id }) => id)).size === vms.length);
    const total = page?.pagination?.total;
    return { data: vms.filter(isThere), total: typeof total === 'number' ? total : undefined };
  }

  create(spec: VmSpec): Promise<Written> {
    return this.#write(calls.create, 'POST', '/vms', spec);
  }

  /** The VM, which must be there. Null when it is not (404, or it is said to be deleted), undefined when the answer is of no use. */
  get(id: Id): Promise<Vm | null | undefined> {
    return this.#read(calls.get, id);
  }

  /** The VM, if there is one: as `get`, but 404 is an answer like any other. */
  find(id: Id): Promise<Vm | null | undefined> {
    return this.#read(calls.find, id);
  }

  update(id: Id, changes: VmChanges): Promise<Written> {
    return this.#write(calls.update, this.#updateMethod, pathOf(id), changes);
  }

  /** @param mayBeGone an earlier deletion was never answered: 404 is as good as 204 */
  delete(id: Id, mayBeGone = false): Promise<Written> {
    return this.#write(mayBeGone ? calls.deleteAgain : calls.delete, 'DELETE', pathOf(id));
  }

  start(id: Id): Promise<Written> {
    return this.#write(calls.start, 'POST', `${pathOf(id)}/start`);
  }

  stop(id: Id): Promise<Written> {
    return this.#write(calls.stop, 'POST', `${pathOf(id)}/stop`);
  }

  migrate(id: Id, targetZone: string, bandwidthMbps: number): Promise<Written> {
    const order = { target_zone: targetZone, bandwidth_limit_mbps: bandwidthMbps };
    return this.#write(calls.migrate, 'POST', `${pathOf(id)}/migrate`, order);
  }

  /**
   * How busy a VM is. Gives the answer's status, 0 without one.
   * @param mayBePaused it migrates: 503 is an answer, too
   */
  async metrics(id: Id, mayBePaused = false): Promise<number> {
    const kind = mayBePaused ? calls.metricsWhileMigrating : calls.metrics;
    const answer = await this.#send(kind, 'GET', `${pathOf(id)}/metrics`);
    if (answer.status === 200) this.#vu.check(kind.contractCheck, isOf(id, json(answer)));
    return answer.status;
  }

  /** VMs with `words` in them; undefined when the answer is of no use. */
  async search(words: string, limit: number): Promise<Vm[] | undefined> {
    const answer = await this.#send(calls.search, 'GET', `/vms/search?q=${encodeURIComponent(words)}&limit=${limit}`);
    if (answer.status !== 200) return undefined;
    const data = json<{ data?: unknown }>(answer)?.data;
    if (!this.#vu.check(calls.search.contractCheck, areVms(data))) return undefined;
    this.#vu.check('search: at most as many as asked for', (data as Vm[]).length <= limit);
    return (data as Vm[]).filter(isThere);
  }

  async aggregate(): Promise<void> {
    const answer = await this.#send(calls.aggregate, 'GET', '/vms/stats/aggregate');
    if (answer.status !== 200) return;
    const total = json<{ total_vms?: unknown }>(answer)?.total_vms;
    this.#vu.check(calls.aggregate.contractCheck, Number.isInteger(total) && (total as number) >= 0);
  }

  /** All or nothing, in one transaction. */
  async batch(operations: readonly BatchOperation[]): Promise<BatchWritten> {
    const answer = await this.#send(calls.batch, 'POST', '/vms/batch', { operations });
    const result = resultOf(answer, calls.batch);
    const { status } = answer;
    if (result !== 'done') return { result, status, ids: undefined };
    const results = json<{ results?: { id?: unknown }[] }>(answer)?.results;
    const ids = Array.isArray(results) ? results.map((result) => result?.id) : [];
    const isRight = ids.length === operations.length && ids.every(isId);
    return { result, status, ids: this.#vu.check(calls.batch.contractCheck, isRight) ? (ids as Id[]) : undefined };
  }

  async #read(kind: Words, id: Id): Promise<Vm | null | undefined> {
    const answer = await this.#send(kind, 'GET', pathOf(id));
    if (answer.status === 404) return null;
    if (answer.status !== 200) return undefined;
    const vm = json<Vm>(answer);
    if (!this.#vu.check(kind.contractCheck, isVm(vm))) return undefined;
    return isThere(vm!) ? vm : null;
  }

  async #write(kind: Words, method: Method, path: string, content?: object): Promise<Written> {
    const answer = await this.#send(kind, method, path, content);
    const { status } = answer;
    const result = resultOf(answer, kind);
    if (result !== 'done' || kind.op === 'delete') return { result, status, vm: undefined };
    const vm = json<Vm>(answer);
    const isRight = isVm(vm);
    // What start, stop and migrate say beside their status is not in the contract.
    if (kind.op === 'create' || kind.op === 'update') this.#vu.check(kind.contractCheck, isRight);
    return { result, status, vm: isRight ? vm : undefined };
  }

  async #send(kind: Words, method: Method, path: string, content?: object): Promise<Answer> {
    const call: Call = { op: kind.op, method, path, headers: this.#headers, expects: kind.good };
    if (content) {
      call.headers = this.#jsonHeaders;
      call.body = JSON.stringify(content);
    }
    const answer = await this.#http.request(call);
    const vu = this.#vu;
    if (answer.durationMs > 0) vu.add(kind.metric, answer.durationMs);
    if (answer.outcome !== 'ok') vu.fail(answer.outcome);
    vu.check(kind.statusCheck, kind.good.includes(answer.status));
    return answer;
  }
}

function pathOf(id: Id): string {
  return `/vms/${encodeURIComponent(id)}`;
}

function resultOf(answer: Answer, { good }: Words): WriteResult {
  if (good.includes(answer.status)) return 'done';
  return mayHaveHappened(answer) ? 'unknown' : 'refused';
}

function isVm(found: Vm | undefined | null): found is Vm {
  return (
    typeof found === 'object' &&
    found !== null &&
    isId(found.id) &&
    typeof found.name === 'string' &&
    typeof found.status === 'string' &&
    typeof found.zone === 'string' &&
    typeof found.cpu_cores === 'number' &&
    typeof found.memory_mb === 'number' &&
    // One without any may have null, as a nil map is in Go.
    (found.tags === undefined || typeof found.tags === 'object')
  );
}

/** The last state of a VM's life is `deleted`: some systems go on to tell of it, and it is gone all the same. */
export function isThere({ status }: Pick<Vm, 'status'>): boolean {
  return status !== 'deleted';
}

export function areVms(found: unknown): found is Vm[] {
  return Array.isArray(found) && found.every(isVm);
}

/** Whether they are metrics, and of no other VM. */
function isOf(id: Id, metrics: { vm_id?: unknown } | undefined): boolean {
  return typeof metrics === 'object' && metrics !== null && (metrics.vm_id === undefined || isSame(metrics.vm_id, id));
}

function fits(vms: Vm[], { limit, zone, status, sort, order }: VmQuery): boolean {
  if (vms.length > limit) return false;
  const sign = order === 'asc' ? 1 : -1;
  let before: Vm | undefined;
  for (const vm of vms) {
    if (zone !== undefined && vm.zone !== zone) return false;
    if (status !== undefined && vm.status !== status) return false;
    const sorted = sort === undefined || sort === 'created_at' || !before || sign * (vm[sort] - before[sort]) >= 0;
    if (!sorted) return false;
    before = vm;
  }
  return true;
}
