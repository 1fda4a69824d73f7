import type { DrillKind } from './drill.ts';

/** Of each process; enough to be seen, and no machine falls over. */
const BYTES = 256 * 1024 * 1024;

/** Every process that serves the API holds 256 MB more. */
export const memoryPressure: DrillKind = {
  name: 'memory-pressure',
  begin: ({ holdBytes }) => holdBytes(BYTES),
  end: ({ holdBytes }) => holdBytes(0),
};
