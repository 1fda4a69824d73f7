import type { DrillKind } from './drill.ts';
import { modes, type ProxyMode } from './proxy.ts';

/**
 * Between the clients and the API nothing gets through (`drop`), or not in one direction; or all is late, or connections are
 * reset. What was dropped arrives when it ends, as TCP sends it again.
 */
export const partition: DrillKind = {
  name: 'partition',
  values: modes,
  begin: ({ proxy }, value = 'drop') => proxy.set(value as ProxyMode),
  end: ({ proxy }) => proxy.set(undefined),
};
