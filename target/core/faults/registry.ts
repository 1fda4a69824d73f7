import { crash } from './crash.ts';
import { error } from './error.ts';
import { eventDrop } from './event-drop.ts';
import { eventDuplicate } from './event-duplicate.ts';
import { eventReorder } from './event-reorder.ts';
import type { FaultKind } from './fault.ts';
import { fsyncOff } from './fsync-off.ts';
import { latency } from './latency.ts';
import { noRestart } from './no-restart.ts';
import { pageForgets } from './page-forgets.ts';
import { rateLimit } from './rate-limit.ts';
import { reset } from './reset.ts';
import { slowBody } from './slow-body.ts';
import { slowPaint } from './slow-paint.ts';
import { staleRestart } from './stale-restart.ts';
import { stall } from './stall.ts';
import { truncateJson } from './truncate-json.ts';
import { zombie } from './zombie.ts';

/** The faults that are of no family. */
export const coreFaults: readonly FaultKind[] = [
  crash,
  error,
  eventDrop,
  eventDuplicate,
  eventReorder,
  fsyncOff,
  latency,
  noRestart,
  pageForgets,
  rateLimit,
  reset,
  slowBody,
  slowPaint,
  staleRestart,
  stall,
  truncateJson,
  zombie,
];
