import { load, unmeasured } from '../../support/test.ts';
import { relayMetrics } from '../apis/relay/api.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { Http } from '../transports/http.ts';
import { Marker } from './marker.ts';

/** What people watch appear: VU n writes into the ledger that session slot n of `journeys/watcher.journey.ts` has open. */
load('remote-changes', {
  metrics: relayMetrics,
  oracles: ['acknowledged-writes', 'screen'],
  setup: (slice) => ({
    relay: new Http(slice, relaySettings(slice.target).syncUrl),
    auth: new Http(unmeasured(slice), slice.target.apiUrl),
  }),
  async teardown({ relay, auth }) {
    await Promise.all([relay.close(), auth.close()]);
  },
  vu: (vu, { relay, auth }) => new Marker(vu, 'watcher', relay, auth),
  operations: { push: { weight: 1, run: (marker) => marker.push() } },
  settle: (marker) => marker.readBack(),
  evidence: (marker) => marker.evidence(),
});
