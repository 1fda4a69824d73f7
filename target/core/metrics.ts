import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import type pg from 'pg';

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SAMPLE_EVERY_MS = 10;

interface RouteFigures {
  statuses: Map<number, number>;
  /** Requests per bucket, not cumulated; the last entry is those above the last bound. */
  buckets: number[];
  sumSeconds: number;
}

export interface Totals {
  requests: number;
  serverErrors: number;
  meanSeconds: number;
}

/** What the server counts about itself, in the names and the text format of Prometheus. */
export class Metrics {
  #routes = new Map<string, RouteFigures>();
  #delay = monitorEventLoopDelay({ resolution: SAMPLE_EVERY_MS });

  constructor() {
    this.#delay.enable();
  }

  /** Counts every request of the server; call it before routes are added. */
  observe(app: FastifyInstance): void {
    app.addHook('onResponse', (request, reply, done) => {
      // Never the URL: one series per route, however many ids and queries there are.
      this.#count(request.routeOptions.url ?? 'none', reply.statusCode, reply.elapsedTime / 1_000);
      done();
    });
    app.addHook('onClose', async () => {
      this.#delay.disable();
    });
  }

  /** Sums over the routes that start with `prefix`. */
  totals(prefix: string): Totals {
    let requests = 0;
    let serverErrors = 0;
    let sumSeconds = 0;
    for (const [route, figures] of this.#routes) {
      if (!route.startsWith(prefix)) continue;
      sumSeconds += figures.sumSeconds;
      for (const [status, count] of figures.statuses) {
        requests += count;
        if (status >= 500) serverErrors += count;
      }
    }
    return { requests, serverErrors, meanSeconds: requests === 0 ? 0 : sumSeconds / requests };
  }

  /**
   * The exposition text. The event-loop delay covers the time since the last call.
   * @param gauges what others count
   */
  text(pool: pg.Pool, gauges: Record<string, number>): string {
    const { user, system } = process.cpuUsage();
    const memory = process.memoryUsage();
    const lines = [
      ...metric('process_cpu_seconds_total', 'counter', (user + system) / 1e6),
      ...metric('process_resident_memory_bytes', 'gauge', memory.rss),
      ...metric('process_start_time_seconds', 'gauge', performance.timeOrigin / 1_000),
      ...metric('nodejs_heap_size_used_bytes', 'gauge', memory.heapUsed),
      ...metric('nodejs_active_resources_total', 'gauge', process.getActiveResourcesInfo().length),
      ...openFiles(),
      '# TYPE nodejs_eventloop_delay_seconds gauge',
      `nodejs_eventloop_delay_seconds{quantile="0.99"} ${delaySeconds(this.#delay.percentile(99))}`,
      `nodejs_eventloop_delay_seconds{quantile="mean"} ${delaySeconds(this.#delay.mean)}`,
      ...metric('pg_pool_connections', 'gauge', pool.totalCount),
      ...metric('pg_pool_idle_connections', 'gauge', pool.idleCount),
      ...metric('pg_pool_waiting_requests', 'gauge', pool.waitingCount),
      ...Object.entries(gauges).flatMap(([name, value]) => metric(name, 'gauge', value)),
      ...this.#requestLines(),
    ];
    this.#delay.reset();
    return `${lines.join('\n')}\n`;
  }

  #count(route: string, status: number, seconds: number): void {
    let figures = this.#routes.get(route);
    if (!figures) {
      figures = { statuses: new Map(), buckets: new Array(BUCKETS_SECONDS.length + 1).fill(0), sumSeconds: 0 };
      this.#routes.set(route, figures);
    }
    figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1);
    figures.sumSeconds += seconds;
    const bucket = BUCKETS_SECONDS.findIndex((bound) => seconds <= bound);
    figures.buckets[bucket === -1 ? BUCKETS_SECONDS.length : bucket]! += 1;
  }

  #requestLines(): string[] {
    const totals = ['# TYPE http_requests_total counter'];
    const durations = ['# TYPE http_request_duration_seconds histogram'];
    for (const [route, { statuses, buckets, sumSeconds }] of this.#routes) {
      const label = `route="${route}"`;
      for (const [status, count] of statuses) {
        totals.push(`http_requests_total{${label},status="${status}"} ${count}`);
      }
      let below = 0;
      buckets.forEach((count, index) => {
        below += count;
        durations.push(
          `http_request_duration_seconds_bucket{${label},le="${BUCKETS_SECONDS[index] ?? '+Inf'}"} ${below}`,
        );
      });
      durations.push(`http_request_duration_seconds_sum{${label}} ${sumSeconds}`);
      durations.push(`http_request_duration_seconds_count{${label}} ${below}`);
    }
    return [...totals, ...durations];
  }
}

/** Only where the system shows them. */
function openFiles(): string[] {
  try {
    return metric('process_open_fds', 'gauge', readdirSync('/proc/self/fd').length);
  } catch {
    return [];
  }
}

function metric(name: string, type: 'counter' | 'gauge', value: number): string[] {
  return [`# TYPE ${name} ${type}`, `${name} ${value}`];
}

/** Node records the whole interval of its sampling timer; what is above that is the delay. NaN: nothing sampled yet. */
function delaySeconds(nanoseconds: number): number {
  return Math.max(0, (nanoseconds || 0) / 1e9 - SAMPLE_EVERY_MS / 1_000);
}
