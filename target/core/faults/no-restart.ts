import type { FaultKind } from './fault.ts';
import { nothing } from './values.ts';

/** What dies stays dead, processes and database. */
export const noRestart: FaultKind = {
  name: 'no-restart',
  usage: 'no-restart',
  parse(value) {
    nothing(value);
    return () => {};
  },
  supervision: { restarts: false },
};
