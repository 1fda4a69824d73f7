import type { Family } from '../support/family.ts';
import { crdt } from './crdt/family.ts';
import { database } from './database/family.ts';
import { grpc } from './grpc/family.ts';
import { http } from './http/family.ts';
import { integrity } from './integrity/family.ts';
import { migrations } from './migrations/family.ts';
import { realtime } from './realtime/family.ts';
import { relay } from './relay/family.ts';
import { studio } from './studio/family.ts';
import { vms } from './vms/family.ts';
import { websocket } from './websocket/family.ts';

/** The families of systems that Tandem brings along, each a folder beside this file. */
export const families: readonly Family[] = [
  relay,
  crdt,
  vms,
  migrations,
  realtime,
  studio,
  http,
  grpc,
  database,
  websocket,
  integrity,
];

export { crdt, database, grpc, http, integrity, migrations, realtime, relay, studio, vms, websocket };
