import { crash } from './crash.ts';
import { emptyPull } from './empty-pull.ts';
import { error } from './error.ts';
import type { FaultKind } from './fault.ts';
import { latency } from './latency.ts';
import { stall } from './stall.ts';

/** Every fault there is. */
export const kinds: readonly FaultKind[] = [crash, emptyPull, error, latency, stall];
