import { load } from '../../support/test.ts';
import { relayMetrics } from '../apis/relay/api.ts';
import { RelayAccess, RelayDevice } from './relay.ts';

/** Devices of many accounts keep in step through the relay: the bulk of what a local-first app sends. */
load('sync-relay', {
  metrics: relayMetrics,
  oracles: ['acknowledged-writes'],
  setup: (slice) => RelayAccess.open(slice),
  teardown: (access) => access.close(),
  vu: (vu, access) => new RelayDevice(access, vu),
  operations: {
    push: {
      weight: 40,
      async run(device, vu) {
        await device.push(vu.random.int(1, 5));
      },
    },
    pull: {
      weight: 30,
      async run(device) {
        await device.pull();
      },
    },
    'full-sync': { weight: 30, run: (device, vu) => device.fullSync(vu.random.int(1, 5)) },
  },
  settle: (device) => device.settle(),
  evidence: (device) => device.evidence(),
});
