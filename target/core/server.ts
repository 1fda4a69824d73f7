import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { Accounts, bearerToken } from './accounts.ts';
import { installErrorAnswers, unauthorized } from './api-error.ts';
import { type Database, openDatabase } from './database.ts';
import { Delivery } from './delivery.ts';
import { Events } from './events.ts';
import type { AnyFamily, Core } from './family.ts';
import { type Fault, installFaults } from './faults.ts';
import { type ProcessFigures, ProcessMonitor, TargetFigures } from './figures.ts';
import { healthRoute } from './health.ts';
import { Metrics } from './metrics.ts';
import { makePages, pageRoutes } from './page.ts';
import type { RateLimit } from './rate-limit.ts';
import { CORE_SCHEMA } from './schema.ts';
import { StartError } from './start-error.ts';
import { WebSockets } from './web-sockets.ts';

/** How long requests that are being answered may hold up a stop. */
const DRAIN_MS = 3_000;
const SWEEP_MS = 50;
/** Connections that wait to be accepted: a load opens thousands at once. */
const BACKLOG = 4_096;
export const METRICS_EVERY_MS = 5_000;
const TIME_SCALE = 0.05;
/** About 10 ms instead of the 45 of a product's 16,384: most loads are about something else, on the same few cores. */
export const DEFAULT_SCRYPT_N = 4_096;
export const DEFAULT_TOKEN_SECONDS = 3_600;

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
  /** How long what takes its time takes, as a share of what it would; 0.05 without it. */
  timeScale?: number;
  /** What a password's hash costs, scrypt's N; 4,096 without it. */
  scryptN?: number;
  /** How long a token that was issued lets anybody in; 3,600 without it. */
  tokenSeconds?: number;
  /** How often the target's figures are told; 5 s without it. */
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
  /** Tells the first process the figures of this one. */
  report(figures: ProcessFigures): void;
  /** Connections to the database. */
  poolSize: number;
  /** Whether it listens on a port of its own; else all share one. */
  hasOwnPort: boolean;
}

export interface Target {
  /** Where it listens, as in `http://127.0.0.1:4000`. */
  url: string;
  /** Where else it listens, by the variable that names it. */
  addresses: Readonly<Record<string, string>>;
  database: Database;
  /** Answers what has been asked, closes every connection, and stops the PostgreSQL that was started. */
  stop(): Promise<void>;
}

/** SQL that makes every table. */
export function schemaOf(families: readonly AnyFamily[]): string {
  return [CORE_SCHEMA, ...families.map(({ schema = '' }) => schema)].join('\n');
}

/** Puts right what a former target left half done. */
export async function recover(families: readonly AnyFamily[], { pool }: Database): Promise<void> {
  for (const family of families) await family.recover?.(pool);
}

/** What tells the families the figures of the whole target. */
export function targetFigures(families: readonly AnyFamily[], core: Pick<Core, 'pool' | 'events'>, everyMs: number) {
  return new TargetFigures(everyMs, async (sum) => {
    for (const family of families) await family.tell?.(core, sum);
  });
}

/** Starts a server of these families. @throws {StartError} when it cannot; nothing is left running then. */
export async function startServer(families: readonly AnyFamily[], options: TargetOptions = {}): Promise<Target> {
  const { port = 0, host = '127.0.0.1', webFolder = join(import.meta.dirname, '..', 'web'), link } = options;
  const schema = link ? undefined : schemaOf(families);
  const pages = families.flatMap((family) => family.pages ?? []);
  // While the database starts.
  const files = makePages(webFolder, pages);
  files.catch(() => {}); // it is awaited below
  const database = await openDatabase(options.databaseUrl, { poolSize: link?.poolSize, schema });
  const { pool } = database;
  const accounts = new Accounts(pool, !link);
  const events = link?.events ?? new Events();
  const delivery = new Delivery();
  const metrics = new Metrics();
  const figures = (): ProcessFigures => monitor.figures;
  const timeScale = options.timeScale ?? TIME_SCALE;
  const scryptN = options.scryptN ?? DEFAULT_SCRYPT_N;
  const tokenSeconds = options.tokenSeconds ?? DEFAULT_TOKEN_SECONDS;
  const uses: (() => void)[] = [];
  const noteUse = () => {
    for (const listener of uses) listener();
  };
  const core: Core = {
    pool,
    databaseUrl: database.url,
    accounts,
    events,
    delivery,
    metrics,
    timeScale,
    scryptN,
    tokenSeconds,
    noteUse,
    figures,
  };
  const running = families.map((family) => ({ name: family.name, ...family.start(core) }));
  const webSockets = new WebSockets(
    accounts,
    running.flatMap(({ sockets = [] }) => sockets),
  );
  const metricsEveryMs = options.metricsEveryMs ?? METRICS_EVERY_MS;
  const ofTarget = link ? undefined : targetFigures(families, core, metricsEveryMs);
  const listeners = () => running.reduce((sum, family) => sum + (family.listeners?.() ?? 0), 0);
  const monitor = new ProcessMonitor(
    metricsEveryMs,
    () => ({ connections: webSockets.size, listeners: listeners() }),
    (taken) => (link ?? ofTarget)?.report(taken),
  );
  const app = Fastify({ forceCloseConnections: 'idle' });
  const stop = async () => {
    // Closing the server closes connections that are idle then; those in use become idle with their answer.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    const drained = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    await webSockets.close();
    await app.close();
    monitor.stop();
    await ofTarget?.stop();
    for (const family of running.toReversed()) await family.stop?.();
    clearInterval(sweep);
    clearTimeout(drained);
    await database.stop();
  };
  const addresses: Record<string, string> = {};
  try {
    metrics.observe(app);
    installErrorAnswers(app);
    if (!link) await recover(families, database);
    installFaults(options.faults ?? [], {
      app,
      delivery,
      isApi: ({ url }) => families.some(({ api }) => api.some((path) => url.startsWith(path))),
      onUse: (listener) => uses.push(listener),
      isPage: ({ url }) => pages.some(({ path }) => path === url.split('?')[0]),
      parts: new Map(running.map(({ name, parts }) => [name, parts])),
      seed: options.faultsSeed ?? 1,
    });
    app.register(async (withAccount) => {
      requireAccount(withAccount, accounts, options.rateLimit);
      for (const { accountRoutes } of running) withAccount.register(async (own) => accountRoutes?.(own));
    });
    for (const { openRoutes } of running) app.register(async (own) => openRoutes?.(own));
    healthRoute(app, pool);
    app.get('/metrics', (_request, reply) => {
      const gauges = Object.assign({}, ...running.map((family) => family.gauges?.()));
      const text = metrics.text(pool, { websocket_connections: webSockets.size, ...gauges });
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text);
    });
    pageRoutes(app, await files);
    webSockets.listen(app.server);
    const exclusive = link?.hasOwnPort === true;
    await app.listen({ port, host, exclusive, backlog: BACKLOG }).catch((error: NodeJS.ErrnoException) => {
      throw new StartError(listenFailure(error, port, host));
    });
    for (const { listen } of running) Object.assign(addresses, await listen?.(host));
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `http://${host}:${(app.server.address() as AddressInfo).port}`, addresses, database, stop };
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
