import type { AnyFamily } from '../core/family.ts';
import { auth } from './auth/family.ts';
import { crdt } from './crdt/family.ts';
import { database } from './database/family.ts';
import { grpc } from './grpc/family.ts';
import { migrations } from './migrations/family.ts';
import { realtime } from './realtime/family.ts';
import { relay } from './relay/family.ts';
import { studio } from './studio/family.ts';
import { vms } from './vms/family.ts';
import { websocket } from './websocket/family.ts';

/** The families that the target serves. Tables are made in this order, and what a family stands on comes before it. */
export const families: readonly AnyFamily[] = [
  auth,
  relay,
  crdt,
  vms,
  migrations,
  realtime,
  studio,
  grpc,
  database,
  websocket,
];
