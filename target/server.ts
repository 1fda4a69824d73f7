import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { Accounts, bearerToken } from './accounts.ts';
import { installErrorAnswers, unauthorized } from './api-error.ts';
import { authRoutes } from './auth.ts';
import { type Database, openDatabase } from './database.ts';
import { type Fault, installFaults } from './faults.ts';
import { healthRoute } from './health.ts';
import { Metrics } from './metrics.ts';
import { pageRoutes } from './page.ts';
import type { RateLimit } from './rate-limit.ts';
import { relayFacts, relayRoutes } from './relay.ts';
import { StartError } from './start-error.ts';
import { SyncSockets } from './sync-sockets.ts';
import { WebSockets } from './web-sockets.ts';
import { YjsRooms } from './yjs-rooms.ts';

/** How long requests that are being answered may hold up a stop. */
const DRAIN_MS = 3_000;
const SWEEP_MS = 50;

declare module 'fastify' {
  interface FastifyRequest {
    /** The account of the bearer token, on the relay's routes. */
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
  /** Folder of the page's sources. */
  webFolder?: string;
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
  const { port = 0, host = '127.0.0.1', webFolder = join(import.meta.dirname, 'web') } = options;
  const database = await openDatabase(options.databaseUrl);
  const accounts = new Accounts(database.pool);
  const sockets = new SyncSockets();
  const rooms = new YjsRooms(database.pool);
  const webSockets = new WebSockets(accounts, [sockets, rooms]);
  const app = Fastify({ forceCloseConnections: 'idle' });
  const stop = async () => {
    // Closing the server closes connections that are idle then; those in use become idle with their answer.
    const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
    const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    await webSockets.close();
    await app.close();
    clearInterval(sweep);
    clearTimeout(impatience);
    await database.stop();
  };
  try {
    const metrics = new Metrics();
    metrics.observe(app);
    installErrorAnswers(app);
    installFaults(options.faults ?? [], { app, rooms, seed: options.faultsSeed ?? 1 });
    const parts = { pool: database.pool, sockets, metrics };
    app.register(async (withAccount) => {
      requireAccount(withAccount, accounts, options.rateLimit);
      relayRoutes(withAccount, parts);
    });
    relayFacts(app, parts);
    authRoutes(app, database.pool, accounts);
    healthRoute(app, database.pool);
    app.get('/metrics', (_request, reply) =>
      reply
        .type('text/plain; version=0.0.4; charset=utf-8')
        .send(metrics.text(database.pool, webSockets.size, rooms.size)),
    );
    await pageRoutes(app, webFolder);
    webSockets.listen(app.server);
    await app.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
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
