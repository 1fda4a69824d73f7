import { load } from '../../support/test.ts';
import { vmMetrics } from '../apis/vms/api.ts';
import { realtimeMetrics } from './api.ts';
import { Audience } from './audience.ts';

/**
 * Connections that listen to what happens to VMs: an iteration is the life of one. A ramp that takes VUs away needs a
 * `gracefulRampDown` as long as that; at the end of the schedule they end by themselves.
 */
load('realtime', {
  metrics: { ...realtimeMetrics, ...vmMetrics },
  oracles: ['event-delivery'],
  setup: (slice) => new Audience(slice),
  teardown: (audience) => audience.close(),
  vu: (vu, audience) => ({ audience, client: audience.join(vu) }),
  operations: { live: { weight: 1, run: ({ audience, client }) => audience.live(client) } },
  evidence: ({ audience }) => ({ 'event-delivery': audience.evidence() }),
});
