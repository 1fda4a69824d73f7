import type { FaultKind } from './fault.ts';
import { nothing } from './values.ts';

/** The process ends at once, connections and all. */
export const crash: FaultKind = {
  name: 'crash',
  usage: 'crash',
  parse(value) {
    nothing(value);
    return ({ onBegin }) => onBegin(() => process.exit(1));
  },
};
