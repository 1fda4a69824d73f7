import type { FastifyInstance } from 'fastify';
import type { YjsRooms } from '../../families/crdt/yjs-rooms.ts';
import type { MigrationJobs } from '../../families/migrations/jobs.ts';
import type { VmStore } from '../../families/vms/store.ts';
import type { Delivery } from '../delivery.ts';

/** What a fault works with. */
export interface FaultContext {
  /** The whole server, before any route is added: Fastify's own hooks reach every request and every answer. */
  app: FastifyInstance;
  /** The Yjs rooms: a rule says which content goes to whom. */
  rooms: Pick<YjsRooms, 'addRule'>;
  /** The VMs: a rule makes what is stored another than what is answered. */
  vms: Pick<VmStore, 'addRule'>;
  /** The migrations: a rule changes how one ends. */
  migrations: Pick<MigrationJobs, 'addRule'>;
  /** The events on `/realtime` and the migrations' stream, on the way to each who has subscribed. */
  delivery: Pick<Delivery, 'wrap'>;
  /** Whether the fault has begun. */
  active(): boolean;
  /** Runs `action` once, when the fault begins. */
  onBegin(action: () => void): void;
  /** Random numbers in [0, 1): the same ones in every run with the same seed. */
  random(): number;
}

/** One way to misbehave; each is one file in `faults/` and one line in its registry. */
export interface FaultKind {
  name: string;
  /** How it is written, as in `latency=80ms`. */
  usage: string;
  /**
   * Reads the value after `=` (undefined when there is none) and gives what puts the fault in place.
   * @throws {TypeError} with what is wrong, when the value is.
   */
  parse(value: string | undefined): (context: FaultContext) => void;
}

/** Whether a request is one of the API (relay, rooms, auth, VMs, events), not of a page, health or metrics. */
export function isApi({ url }: { url: string }): boolean {
  return /^\/(sync|yjs\/|realtime|api\/(?!v1\/health)|dwcp\/(?!v3\/health))/.test(url);
}
