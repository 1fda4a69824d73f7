import type { Family } from '../../core/family.ts';
import { publishFigures, Realtime } from './realtime.ts';

/** What happens to VMs and to the target, as it happens. */
export const realtime: Family = {
  name: 'realtime',
  api: ['/realtime'],
  tell: publishFigures,
  start(core) {
    const sockets = new Realtime(core);
    return { parts: {}, sockets: [sockets], listeners: () => sockets.metricsListeners };
  },
};
