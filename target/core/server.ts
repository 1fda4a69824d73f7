import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { authRoutes } from '../families/auth/routes.ts';
import { YjsRooms } from '../families/crdt/yjs-rooms.ts';
import { MigrationJobs, recoverVms } from '../families/migrations/jobs.ts';
import { migrationFacts, migrationRoutes } from '../families/migrations/routes.ts';
import { DwcpStream } from '../families/migrations/stream.ts';
import { Realtime } from '../families/realtime/sockets.ts';
import { relayFacts, relayRoutes } from '../families/relay/routes.ts';
import { SyncSockets } from '../families/relay/sockets.ts';
import { vmRoutes } from '../families/vms/routes.ts';
import { VmStore } from '../families/vms/store.ts';
import { Accounts, bearerToken } from './accounts.ts';
import { installErrorAnswers, unauthorized } from './api-error.ts';
import { type Database, openDatabase } from './database.ts';
import { Delivery } from './delivery.ts';
import { Events } from './events.ts';
import { type Fault, installFaults } from './faults.ts';
import { healthRoute } from './health.ts';
import { Metrics } from './metrics.ts';
import { pageRoutes } from './page.ts';
import type { RateLimit } from './rate-limit.ts';
import { StartError } from './start-error.ts';
import { type ProcessFigures, ProcessMonitor, SystemMetrics } from './system-metrics.ts';
import { WebSockets } from './web-sockets.ts';

/** How long requests that are being answered may hold up a stop. */
const DRAIN_MS = 3_000;
const SWEEP_MS = 50;
/** Connections that wait to be accepted: a load opens thousands at once. */
const BACKLOG = 4_096;
export const METRICS_EVERY_MS = 5_000;
const TIME_SCALE = 0.05;

declare module 'fastify' {
  interface FastifyRequest {
    /** The account of the bearer token, on the routes that need one. */
    account: string;
  }
}

export interface TargetOptions {
  /** 0, the default: any free port. */
  port?: number;
  host?: string;
  /** PostgreSQL to use; without it, one is started. */
  databaseUrl?: string;
  faults?: Fault[];
  /** Where the faults' random numbers begin; 1 without it. */
  faultsSeed?: number;
  rateLimit?: RateLimit;
  /** How long a migration takes, as a share of the time its bytes need at their bandwidth; 0.05 without it. */
  timeScale?: number;
  /** How often `system_metrics` come; 5 s without it. */
  metricsEveryMs?: number;
  /** What joins this process to a target of several; without it, it is the only one. */
  link?: ProcessLink;
  /** Folder of the page's sources. */
  webFolder?: string;
}

/** How one process of several takes part in what they do together. */
export interface ProcessLink {
  /** Numbered by the first process, the same for all. */
  events: Events;
  /** Tells the first process the figures of this one, for `system_metrics`. */
  report(figures: ProcessFigures): void;
  /** Connections to the database. */
  poolSize: number;
}

export interface Target {
  /** Where it listens, as in `http://127.0.0.1:4000`. */
  url: string;
  database: Database;
  /** Answers what has been asked, closes every connection, and stops the PostgreSQL that was started. */
  stop(): Promise<void>;
}

/** Starts the whole system. @throws {StartError} when it cannot; nothing is left running then. */
export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  const { port = 0, host = '127.0.0.1', webFolder = join(import.meta.dirname, '..', 'web'), link } = options;
  const database = await openDatabase(options.databaseUrl, { poolSize: link?.poolSize, hasTables: Boolean(link) });
  const accounts = new Accounts(database.pool);
  const events = link?.events ?? new Events();
  const vms = new VmStore(database.pool, events);
  const sockets = new SyncSockets();
  const rooms = new YjsRooms(database.pool);
  const delivery = new Delivery();
  const realtime = new Realtime({
    pool: database.pool,
    events,
    delivery,
    figures: (): ProcessFigures => monitor.figures,
  });
  const dwcpStream = new DwcpStream({ events, delivery });
  const webSockets = new WebSockets(accounts, [sockets, rooms, realtime, dwcpStream]);
  const jobs = new MigrationJobs(database.pool, events, options.timeScale ?? TIME_SCALE);
  const metricsEveryMs = options.metricsEveryMs ?? METRICS_EVERY_MS;
  const systemMetrics = link ? undefined : new SystemMetrics(database.pool, events, metricsEveryMs);
  const monitor = new ProcessMonitor(
    metricsEveryMs,
    () => ({ connections: webSockets.size, listeners: realtime.metricsListeners }),
    (figures) => (link ?? systemMetrics)?.report(figures),
  );
  const app = Fastify({ forceCloseConnections: 'idle' });
  const stop = async () => {
    // Closing the server closes connections that are idle then; those in use become idle with their answer.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    await webSockets.close();
    await app.close();
    monitor.stop();
    await systemMetrics?.stop();
    await jobs.stop();
    await vms.stop();
    clearInterval(sweep);
    clearTimeout(impatience);
    await database.stop();
  };
  try {
    const metrics = new Metrics();
    metrics.observe(app);
    installErrorAnswers(app);
    if (!link) await recoverVms(database.pool);
    const seed = options.faultsSeed ?? 1;
    installFaults(options.faults ?? [], { app, rooms, vms, migrations: jobs, delivery, seed });
    const parts = { pool: database.pool, sockets, metrics };
    app.register(async (withAccount) => {
      requireAccount(withAccount, accounts, options.rateLimit);
      relayRoutes(withAccount, parts);
      vmRoutes(withAccount, vms);
      migrationRoutes(withAccount, { pool: database.pool, jobs });
    });
    relayFacts(app, parts);
    migrationFacts(app);
    authRoutes(app, database.pool, accounts);
    healthRoute(app, database.pool);
    app.get('/metrics', (_request, reply) =>
      reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .send(metrics.text(database.pool, webSockets.size, rooms.size)),
    );
    await pageRoutes(app, webFolder);
    webSockets.listen(app.server);
    await app.listen({ port, host, backlog: BACKLOG }).catch((error: NodeJS.ErrnoException) => {
      throw new StartError(listenFailure(error, port, host));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${host}:${(app.server.address() as AddressInfo).port}`, database, stop };
}

/** Gives every request of `app` its account, and refuses those without one before their body is read. */
function requireAccount(app: FastifyInstance, accounts: Accounts, rateLimit: RateLimit | undefined): void {
  app.decorateRequest('account', '');
  app.addHook('onRequest', (request, _reply, done) => {
    const admit = (account: string | undefined) => {
      if (account === undefined) throw unauthorized();
      rateLimit?.take(account);
      request.account = account;
    };
    const account = accounts.resolve(bearerToken(request.headers));
    if (account instanceof Promise) {
      account.then(admit).then(() => done(), done);
      return;
    }
    // Most requests of a load need no look-up: no promise for them.
    try {
      admit(account);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `PORT=${port} is in use on ${host}; set PORT to a free port, or to 0 for any.`;
    case 'EACCES':
      return `PORT=${port} is not allowed to this user; set PORT to one above 1023, or to 0 for any.`;
    default:
      return `HOST=${host} cannot be listened on: ${error.message}.`;
  }
}
