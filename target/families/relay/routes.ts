import type { FastifyInstance, FastifyReply } from 'fastify';
import type pg from 'pg';
import type { Metrics } from '../../core/metrics.ts';
import { type ChangeColumns, PROTOCOL_VERSION, parsePull, parsePush } from './change.ts';
import { PULL_SQL, PUSH_SQL } from './schema.ts';
import type { SyncSockets } from './sockets.ts';

export const PAGE_SIZE = 100;
const BODY_LIMIT_BYTES = 5 * 1024 * 1024;
const REJECTED = 'Duplicate or outdated change';

/** The sync relay's routes that need an account: push and pull. */
export function relayRoutes(app: FastifyInstance, pool: pg.Pool, sockets: SyncSockets): void {
  app.post('/sync/push', { bodyLimit: BODY_LIMIT_BYTES }, async (request, reply) => {
    const { device, changes } = parsePush(request.body);
    const rejectedIndexes = changes.ids.length === 0 ? [] : await store(pool, request.account, changes);
    const accepted = changes.ids.filter((_, index) => !rejectedIndexes.includes(index));
    if (accepted.length > 0) sockets.announce(request.account, device, accepted.length);
    const rejected = rejectedIndexes.map((index) => ({ id: changes.ids[index], reason: REJECTED }));
    return json(
      reply,
      `{"protocol_version":"${PROTOCOL_VERSION}","success":${rejected.length === 0},` +
        `"accepted":${JSON.stringify(accepted)},"rejected":${JSON.stringify(rejected)},"timestamp":${Date.now()}}`,
    );
  });

  app.post('/sync/pull', async (request, reply) => {
    const { device, since } = parsePull(request.body);
    const { rows } = await pool.query<[last: string, receivedAt: string | null, body: string]>({
      name: 'pull',
      text: PULL_SQL,
      // One more than a page tells whether there is another.
      values: [request.account, since, device, PAGE_SIZE + 1],
      rowMode: 'array',
    });
    const hasMore = rows.length > PAGE_SIZE;
    const page = rows.filter((row) => row[1] !== null).slice(0, PAGE_SIZE);
    const timestamp = hasMore ? page.at(-1)![1] : Math.max(since, Number(rows[0]?.[0] ?? 0));
    // The bodies are JSON already; parsing them to print them again would be most of a pull's cost.
    const changes = page.map((row) => row[2]).join(',');
    return json(
      reply,
      `{"protocol_version":"${PROTOCOL_VERSION}","changes":[${changes}],"has_more":${hasMore},"timestamp":${timestamp}}`,
    );
  });
}

/** The relay's routes about itself, open to everybody. */
export function relayFacts(app: FastifyInstance, metrics: Metrics): void {
  app.get('/sync/version', () => ({
    protocol_version: PROTOCOL_VERSION,
    supported_versions: [PROTOCOL_VERSION],
    timestamp: Date.now(),
  }));
  app.get('/sync/regions', () => ({
    regions: [{ id: 'local', name: 'This machine', status: 'available' }],
    timestamp: Date.now(),
  }));
  app.get('/sync/metrics/sla', () => {
    const { requests, serverErrors, meanSeconds } = metrics.totals('/sync/');
    return {
      uptime_seconds: process.uptime(),
      requests_total: requests,
      errors_total: serverErrors,
      availability: requests === 0 ? 1 : 1 - serverErrors / requests,
      mean_latency_ms: meanSeconds * 1_000,
      timestamp: Date.now(),
    };
  });
}

/** Stores a push; once this resolves it is committed. Gives the indexes of the changes that were not stored. */
async function store(pool: pg.Pool, account: string, changes: ChangeColumns): Promise<number[]> {
  const { ids, entityTypes, entityIds, devices, counters, bodies } = changes;
  const { rows } = await pool.query<[number[]]>({
    name: 'push',
    text: PUSH_SQL,
    values: [account, ids, entityTypes, entityIds, devices, counters, bodies],
    rowMode: 'array',
  });
  return rows[0]![0].map((position) => position - 1);
}

function json(reply: FastifyReply, body: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(body);
}
