import type { FaultKind } from './fault.ts';
import { nothing } from './values.ts';

/** What the database says is committed is written some time later, and lost if it dies before. */
export const fsyncOff: FaultKind = {
  name: 'fsync-off',
  usage: 'fsync-off',
  parse(value) {
    nothing(value);
    return () => {};
  },
  supervision: { keepsCommits: false },
};
