import '../apis/event-delivery.oracle.ts';
import { load } from '../../support/test.ts';
import { vmMetrics } from '../apis/vms/api.ts';
import { checkOpenFiles } from '../transports/open-files.ts';
import { realtimeMetrics } from './api.ts';
import { Connections } from './connections.ts';
import { realtimeOptions } from './options.ts';

/**
 * Connections that listen to what happens to VMs: an iteration is the life of one. A ramp that takes VUs away needs a
 * `gracefulRampDown` as long as that; at the end of the schedule they end by themselves.
 */
load('realtime', {
  metrics: { ...realtimeMetrics, ...vmMetrics },
  options: realtimeOptions,
  oracles: ['event-delivery', 'events-told'],
  preflight: async (slice) => checkOpenFiles(slice),
  setup: (slice) => new Connections(slice),
  teardown: (connections) => connections.close(),
  vu: (vu, connections) => ({ connections, client: connections.join(vu) }),
  operations: { live: { weight: 1, run: ({ connections, client }) => connections.live(client) } },
  sliceEvidence: (connections) => connections.evidence(),
});
