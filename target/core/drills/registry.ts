import { clockStep } from './clock-step.ts';
import { cutDatabase } from './cut-database.ts';
import { diskFull } from './disk-full.ts';
import type { DrillKind } from './drill.ts';
import { killApi } from './kill-api.ts';
import { killDatabase } from './kill-database.ts';
import { memoryPressure } from './memory-pressure.ts';
import { partition } from './partition.ts';
import { pauseDatabase } from './pause-database.ts';
import { slowDisk } from './slow-disk.ts';

export const drills: readonly DrillKind[] = [
  killApi,
  killDatabase,
  cutDatabase,
  partition,
  pauseDatabase,
  memoryPressure,
  slowDisk,
  diskFull,
  clockStep,
];
