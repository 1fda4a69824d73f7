import { dropUpdate } from '../../families/crdt/faults/drop-update.ts';
import { freezeReplica } from '../../families/crdt/faults/freeze-replica.ts';
import { migrationDataLoss } from '../../families/migrations/faults/migration-data-loss.ts';
import { migrationStuck } from '../../families/migrations/faults/migration-stuck.ts';
import { migrationWrongZone } from '../../families/migrations/faults/migration-wrong-zone.ts';
import { duplicateChange } from '../../families/relay/faults/duplicate-change.ts';
import { emptyPull } from '../../families/relay/faults/empty-pull.ts';
import { loseWrite } from '../../families/relay/faults/lose-write.ts';
import { rejectSilently } from '../../families/relay/faults/reject-silently.ts';
import { illegalState } from '../../families/vms/faults/illegal-state.ts';
import { vmLost } from '../../families/vms/faults/vm-lost.ts';
import { vmResurrect } from '../../families/vms/faults/vm-resurrect.ts';
import { crash } from './crash.ts';
import { error } from './error.ts';
import { eventDrop } from './event-drop.ts';
import { eventDuplicate } from './event-duplicate.ts';
import { eventReorder } from './event-reorder.ts';
import type { FaultKind } from './fault.ts';
import { latency } from './latency.ts';
import { rateLimit } from './rate-limit.ts';
import { reset } from './reset.ts';
import { slowBody } from './slow-body.ts';
import { slowPaint } from './slow-paint.ts';
import { stall } from './stall.ts';
import { truncateJson } from './truncate-json.ts';

/** Every fault there is. */
export const kinds: readonly FaultKind[] = [
  crash,
  dropUpdate,
  duplicateChange,
  emptyPull,
  error,
  eventDrop,
  eventDuplicate,
  eventReorder,
  freezeReplica,
  illegalState,
  latency,
  loseWrite,
  migrationDataLoss,
  migrationStuck,
  migrationWrongZone,
  rateLimit,
  rejectSilently,
  reset,
  slowBody,
  slowPaint,
  stall,
  truncateJson,
  vmLost,
  vmResurrect,
];
