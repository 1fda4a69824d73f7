import type { FaultKind } from './fault.ts';
import { duration } from './values.ts';

/** Stop-the-world, once, as a long garbage collection is: nothing is answered, WebSockets and health included. */
export const stall: FaultKind = {
  name: 'stall',
  usage: 'stall=<duration>, as in stall=2s',
  parse(value) {
    const stallMs = duration(value);
    return ({ onBegin }) => {
      onBegin(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
      });
    };
  },
};
