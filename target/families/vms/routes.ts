import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../core/api-error.ts';
import { allowEmptyBodies } from '../../core/empty-bodies.ts';
import type { JsonObject } from '../../core/fields.ts';
import type { VmRow, VmStore } from './store.ts';
import { type Operation, parseBatch, parseChanges, parseNewVm, parseQuery, parseSearch, type Vm } from './vm.ts';

const BATCH_LIMIT_BYTES = 5 * 1024 * 1024;
/** How long the ups and downs of a VM's processors take. */
const CPU_WAVE_MS = 20_000;

interface VmMetrics {
  vm_id: string;
  status: string;
  cpu_percent: number;
  memory_used_mb: number;
  disk_used_gb: number;
  timestamp: number;
}

type OneVm = { Params: { id: string } };
type WithQuery = { Querystring: JsonObject };

/** The routes below `/api/v1/vms`, but for migrations. */
export function vmRoutes(app: FastifyInstance, store: VmStore): void {
  // As with start and stop.
  allowEmptyBodies(app);

  app.get<WithQuery>('/api/v1/vms', async ({ account, query }) => {
    const asked = parseQuery(query);
    const { rows, total } = await store.list(account, asked);
    const withMetrics = asked.include.includes('metrics');
    const { limit, offset } = asked;
    return { data: withMetrics ? rows.map(addMetrics) : rows, pagination: { limit, offset, total } };
  });

  app.post('/api/v1/vms', async ({ account, body }, reply) =>
    reply.code(201).send(await store.run(account, { action: 'create', data: parseNewVm(body) })),
  );

  app.get<OneVm>('/api/v1/vms/:id', async ({ account, params }) => withoutPhase(await store.get(account, params.id)));

  app.route<OneVm>({
    method: ['PATCH', 'PUT'],
    url: '/api/v1/vms/:id',
    handler: ({ account, params, body }) =>
      store.run(account, { action: 'update', id: params.id, data: parseChanges(body) }),
  });

  app.delete<OneVm>('/api/v1/vms/:id', async ({ account, params }, reply) => {
    await store.run(account, { action: 'delete', id: params.id });
    return reply.code(204).send();
  });

  for (const action of ['start', 'stop'] as const) {
    app.post<OneVm>(`/api/v1/vms/:id/${action}`, ({ account, params }) =>
      store.run(account, { action, id: params.id }),
    );
  }

  app.get<OneVm>('/api/v1/vms/:id/metrics', async ({ account, params }) => {
    const metrics = metricsOf(await store.get(account, params.id));
    if (!metrics)
      throw new ApiError(503, 'VM_PAUSED', `The VM ${params.id} does not answer while it is switched over.`);
    return metrics;
  });

  app.get<WithQuery>('/api/v1/vms/search', async ({ account, query }) => {
    const { words, limit } = parseSearch(query);
    const { rows, total } = await store.search(account, words, limit);
    return { data: rows, total };
  });

  app.get('/api/v1/vms/stats/aggregate', ({ account }) => store.stats(account));

  app.post('/api/v1/vms/batch', { bodyLimit: BATCH_LIMIT_BYTES }, async ({ account, body }, reply) => {
    const operations = parseBatch(body);
    const vms = await store.runAll(account, operations);
    const results = operations.map((operation, index) => resultOf(operation, vms[index]!));
    return reply.code(operations.some(({ action }) => action === 'create') ? 201 : 200).send({ results });
  });
}

function resultOf({ action }: Operation, vm: Vm): object {
  return { action, id: vm.id, status: 'ok', ...(action === 'delete' ? {} : { vm }) };
}

function withoutPhase({ phase: _, ...vm }: VmRow): Vm {
  return vm;
}

function addMetrics(row: VmRow): object {
  return { ...withoutPhase(row), metrics: metricsOf(row) ?? null };
}

/** Made-up figures that a VM of this size might have; undefined during the blackout of its migration. */
function metricsOf({ id, status, phase, memory_mb, disk_gb }: VmRow): VmMetrics | undefined {
  if (phase === 'stop-and-copy' || phase === 'switch-over') return undefined;
  const timestamp = Date.now();
  const works = status === 'running' || status === 'migrating';
  // Every VM has a rhythm of its own.
  const offset = Number.parseInt(id.slice(0, 4), 16);
  const load = works ? 0.5 + 0.45 * Math.sin(offset + (2 * Math.PI * timestamp) / CPU_WAVE_MS) : 0;
  return {
    vm_id: id,
    status,
    cpu_percent: Math.round(load * 1_000) / 10,
    memory_used_mb: works ? Math.round(memory_mb * (0.3 + 0.5 * load)) : 0,
    disk_used_gb: Math.round(disk_gb * 0.4),
    timestamp,
  };
}
