import type { FastifyInstance } from 'fastify';
import type { Delivery } from '../delivery.ts';

/** What a fault works with. */
export interface FaultContext {
  /** The whole server, before any route is added: Fastify's own hooks reach every request and every answer. */
  app: FastifyInstance;
  /** Events, on the way to each who has subscribed. */
  delivery: Pick<Delivery, 'wrap'>;
  /** Whether a request is one of a family's API, not of a page, health or metrics. */
  isApi(request: { url: string }): boolean;
  /** Whether a request is one for a page. */
  isPage(request: { url: string }): boolean;
  /** Whether the fault has begun. */
  active(): boolean;
  /** Runs `action` once, when the fault begins. */
  onBegin(action: () => void): void;
  /** Random numbers in [0, 1): the same ones in every run with the same seed. */
  random(): number;
}

/** One way to misbehave; each is one file in a folder `faults/` and one line where those of the core or of its family are listed. */
export interface FaultKind<Parts = unknown> {
  name: string;
  /** How it is written, as in `latency=80ms`. */
  usage: string;
  /**
   * Reads the value after `=` (undefined when there is none) and gives what puts the fault in place.
   * @throws {TypeError} with what is wrong, when the value is.
   */
  parse(value: string | undefined): (context: FaultContext & Parts) => void;
  /** What it does to the process that supervises the others, where there is one that drills are told to. */
  supervision?: Partial<Supervision>;
}

/** How a target with drills is kept alive. */
export interface Supervision {
  /** What dies is started again. */
  restarts: boolean;
  /** What the database says is committed survives its death. */
  keepsCommits: boolean;
  /** A database that was started again has all that it had. */
  keepsRows: boolean;
}
