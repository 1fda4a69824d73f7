import type { FaultKind } from '../../../core/faults/fault.ts';
import { duration } from '../../../core/faults/values.ts';
import type { DatabaseParts } from '../parts.ts';

/** Every statement that reads or changes something takes that much longer. */
export const slowQuery: FaultKind<DatabaseParts> = {
  name: 'slow-query',
  usage: 'slow-query=<duration>, as in slow-query=300ms',
  parse(value) {
    const delayMs = duration(value);
    return ({ proxy, active }) => {
      proxy.addRule({ delayMs: () => (active() ? delayMs : 0) });
    };
  },
};
