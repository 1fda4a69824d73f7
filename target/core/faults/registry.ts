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

/** The faults that are of no family. */
export const coreFaults: readonly FaultKind[] = [
  crash,
  error,
  eventDrop,
  eventDuplicate,
  eventReorder,
  latency,
  rateLimit,
  reset,
  slowBody,
  slowPaint,
  stall,
  truncateJson,
];
