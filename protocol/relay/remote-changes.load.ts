import { z } from 'zod';
import { load, unmeasured } from '../../support/test.ts';
import { relayMetrics } from '../apis/relay/api.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { Http } from '../transports/http.ts';
import { Marker } from './marker.ts';

/** What people watch appear: VU n writes into the ledger that session slot n of the watching journey has open. */
load('remote-changes', {
  metrics: relayMetrics,
  oracles: ['acknowledged-writes', 'screen'],
  options: z.strictObject({
    watchedBy: z
      .string()
      .default('watcher')
      .describe('The scenario whose sessions watch: a journey that calls watchRemoteChanges().'),
  }),
  setup: (slice) => ({
    watchedBy: slice.options.watchedBy,
    relay: new Http(slice, relaySettings(slice.target).syncUrl),
    auth: new Http(unmeasured(slice), slice.target.apiUrl),
  }),
  async teardown({ relay, auth }) {
    await Promise.all([relay.close(), auth.close()]);
  },
  vu: (vu, { watchedBy, relay, auth }) => new Marker(vu, watchedBy, relay, auth),
  operations: { push: { weight: 1, run: (marker) => marker.push() } },
  settle: (marker) => marker.readBack(),
  evidence: (marker) => marker.evidence(),
});
