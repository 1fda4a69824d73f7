import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import { withhold } from './withhold.ts';

/** A share of the pushed changes is not stored, and the answer has them neither in `accepted` nor in `rejected`. */
export const rejectSilently: FaultKind = {
  name: 'reject-silently',
  usage: 'reject-silently=<share>, as in reject-silently=0.01',
  parse(value) {
    const rejected = share(value);
    return (context) => withhold(context, rejected, (stored) => stored);
  },
};
