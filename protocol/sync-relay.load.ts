import { load } from '../support/test.ts';
import { Http } from './clients/http.ts';
import { RelayDevice, relayMetrics } from './clients/relay.ts';

/** Devices of many accounts keep in step through the relay: the bulk of what a local-first app sends. */
load('sync-relay', {
  metrics: relayMetrics,
  setup: (slice) => new Http(slice, slice.target.syncUrl),
  teardown: (http) => http.close(),
  vu: (vu, http) => new RelayDevice(http, vu),
  operations: {
    push: { weight: 40, run: (device, vu) => device.push(vu.random.int(1, 5)) },
    pull: { weight: 30, run: (device) => device.pull() },
    'full-sync': { weight: 30, run: (device, vu) => device.fullSync(vu.random.int(1, 5)) },
  },
});
