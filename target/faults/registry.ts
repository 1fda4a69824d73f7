import { crash } from './crash.ts';
import { dropUpdate } from './drop-update.ts';
import { duplicateChange } from './duplicate-change.ts';
import { emptyPull } from './empty-pull.ts';
import { error } from './error.ts';
import { eventDrop } from './event-drop.ts';
import { eventDuplicate } from './event-duplicate.ts';
import { eventReorder } from './event-reorder.ts';
import type { FaultKind } from './fault.ts';
import { freezeReplica } from './freeze-replica.ts';
import { illegalState } from './illegal-state.ts';
import { latency } from './latency.ts';
import { loseWrite } from './lose-write.ts';
import { migrationDataLoss } from './migration-data-loss.ts';
import { migrationStuck } from './migration-stuck.ts';
import { migrationWrongZone } from './migration-wrong-zone.ts';
import { rateLimit } from './rate-limit.ts';
import { rejectSilently } from './reject-silently.ts';
import { reset } from './reset.ts';
import { slowBody } from './slow-body.ts';
import { slowPaint } from './slow-paint.ts';
import { stall } from './stall.ts';
import { truncateJson } from './truncate-json.ts';
import { vmLost } from './vm-lost.ts';
import { vmResurrect } from './vm-resurrect.ts';

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
