import type { FaultKind } from './fault.ts';
import { nothing } from './values.ts';

/** A database that was started again is what it was some seconds before it died. */
export const staleRestart: FaultKind = {
  name: 'stale-restart',
  usage: 'stale-restart',
  parse(value) {
    nothing(value);
    return () => {};
  },
  supervision: { keepsRows: false },
};
