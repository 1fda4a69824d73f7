/** For tests: the limits of a profile that says nothing of health (`timeline.test.ts` sees to it that they are). */
import type { TimelineHealth } from './timeline.ts';

export const defaultHealth: TimelineHealth = {
  maxLatenessMs: 100,
  maxStartSpreadMs: 1_000,
  maxShardSpreadMs: 30_000,
  maxDropped: 0,
  minDelivered: 0.9,
  maxEventLoopDelayMs: 100,
  maxGeneratorCpuPercent: 90,
  maxGcPauseMs: 100,
  maxMachineCpuPercent: 95,
  maxStealPercent: 10,
  maxThrottledPercent: 10,
  maxControlSlowdown: 3,
  targetDownAfterMs: 5_000,
};
