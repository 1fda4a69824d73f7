import { crash } from './crash.ts';
import { dropUpdate } from './drop-update.ts';
import { duplicateChange } from './duplicate-change.ts';
import { emptyPull } from './empty-pull.ts';
import { error } from './error.ts';
import type { FaultKind } from './fault.ts';
import { freezeReplica } from './freeze-replica.ts';
import { latency } from './latency.ts';
import { loseWrite } from './lose-write.ts';
import { rateLimit } from './rate-limit.ts';
import { rejectSilently } from './reject-silently.ts';
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
  freezeReplica,
  latency,
  loseWrite,
  rateLimit,
  rejectSilently,
  reset,
  slowBody,
  slowPaint,
  stall,
  truncateJson,
];
