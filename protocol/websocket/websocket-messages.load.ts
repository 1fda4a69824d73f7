import { load } from '../../support/test.ts';
import { websocketMetrics } from './access.ts';
import { Connections } from './connections.ts';
import { websocketOptions } from './options.ts';
import { checkServer } from './preflight.ts';

/**
 * Connections to an echo server, or to one that sends everything to everybody, each of them with messages at a steady rate: an
 * iteration is the life of one. A ramp that takes VUs away needs a `gracefulRampDown` as long as that; at the end of the schedule
 * they end by themselves.
 */
load('websocket-messages', {
  metrics: websocketMetrics,
  options: websocketOptions,
  oracles: ['message-delivery'],
  preflight: checkServer,
  setup: (slice) => new Connections(slice),
  teardown: (connections) => connections.close(),
  vu: (vu, connections) => connections.join(vu),
  operations: { live: { weight: 1, run: (client) => client.live() } },
  sliceEvidence: (connections) => ({ 'message-delivery': connections.evidence() }),
});
