import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type pg from 'pg';

export const VERSION = '0.1.0';
const DATABASE_TIMEOUT_MS = 2_000;

/** `GET /health` and `/api/v1/health`: 200 while the database answers, else 503. */
export function healthRoute(app: FastifyInstance, pool: pg.Pool): void {
  const answer = async (_request: FastifyRequest, reply: FastifyReply) => {
    const startedAt = performance.now();
    const ok = await answers(pool);
    return reply.code(ok ? 200 : 503).send({
      status: ok ? 'ok' : 'degraded',
      timestamp: Date.now(),
      version: VERSION,
      database: { status: ok ? 'ok' : 'unavailable', latency_ms: performance.now() - startedAt },
      uptime_seconds: process.uptime(),
    });
  };
  app.get('/health', answer);
  app.get('/api/v1/health', answer);
}

async function answers(pool: pg.Pool): Promise<boolean> {
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timeout = setTimeout(resolve, DATABASE_TIMEOUT_MS, false);
  });
  const query = pool.query('SELECT 1').then(
    () => true,
    () => false,
  );
  return Promise.race([query, late]).finally(() => clearTimeout(timeout));
}
