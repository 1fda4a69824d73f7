import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import type { Accounts } from './accounts.ts';
import type { Delivery } from './delivery.ts';
import type { Events } from './events.ts';
import type { FaultKind } from './faults/fault.ts';
import type { ProcessFigures } from './figures.ts';
import type { Metrics } from './metrics.ts';
import type { SocketEndpoint } from './web-sockets.ts';

/** What every family works with. */
export interface Core {
  pool: pg.Pool;
  /** Where the target's PostgreSQL is; with its password, if it has one. */
  databaseUrl: string;
  accounts: Accounts;
  events: Events;
  delivery: Delivery;
  metrics: Metrics;
  /** How long what takes its time takes, as a share of what it would. */
  timeScale: number;
  /** What a password's hash costs: scrypt's N. */
  scryptN: number;
  /** How long a token that was issued lets anybody in. */
  tokenSeconds: number;
  /** A request of the API has come by another way than the HTTP server: faults begin with the first. */
  noteUse(): void;
  /** The last figures of this process. */
  figures(): ProcessFigures;
}

/** A page, and its sources below the folder of the pages. */
export interface Page {
  path: string;
  html: string;
  /** The name under which the bundle of `entry` is served, as `html` names it. */
  script: string;
  entry: string;
  /** Pages may share it, and one may import another's; as `html` names it. */
  style: string;
}

/** A family at work in one process of a target. */
export interface Running<Parts = unknown> {
  /** What its faults reach into. */
  parts: Parts;
  sockets?: readonly SocketEndpoint[];
  /** How many want to be told of the target's figures. */
  listeners?(): number;
  /** Adds routes whose requests need an account. */
  accountRoutes?(app: FastifyInstance): void;
  /** Adds routes that are open to everybody. */
  openRoutes?(app: FastifyInstance): void;
  /**
   * Serves at an address of its own.
   * @returns each address that follows from no other by the variable that names it, as in `{ GRPC_ADDR: '127.0.0.1:50051' }`
   * @throws {StartError} when it cannot
   */
  listen?(host: string): Promise<Record<string, string>>;
  /** What it counts, for `GET /metrics`, by Prometheus's names. */
  gauges?(): Record<string, number>;
  /** Nothing of its own goes on after this. */
  stop?(): Promise<void>;
}

/** A family of routes, sockets, tables and faults: what the target serves, and nobody but the family says. */
export interface Family<Parts = unknown> {
  name: string;
  /** What the paths of its API begin with, WebSockets included: faults of the API are about these. */
  api: readonly string[];
  /** SQL that makes its tables in the schema `tandem`. Running it again changes nothing. */
  schema?: string;
  pages?: readonly Page[];
  faults?: readonly FaultKind<Parts>[];
  /** Puts right what a former target left half done; once in a target, before any request. */
  recover?(pool: pg.Pool): Promise<void>;
  /** Is told the figures of the whole target again and again, in one of its processes, while somebody listens. */
  tell?(core: Pick<Core, 'pool' | 'events'>, figures: ProcessFigures): Promise<void>;
  start(core: Core): Running<Parts>;
}

/** A family whose parts are its own business. */
export type AnyFamily = Omit<Family, 'faults'> & { faults?: readonly FaultKind<never>[] };
