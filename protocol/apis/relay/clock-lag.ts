import { type SliceContext, unmeasured } from '../../../support/test.ts';
import { Http, json } from '../../transports/http.ts';
import { bearer } from '../auth.ts';
import { PROTOCOL_VERSION } from './api.ts';
import { relaySettings } from './settings.ts';

const TIMEOUT_MS = 10_000;
/** What differs by more is no clock that anybody goes by. */
const MAX_LAG_MS = 24 * 3_600_000;

/**
 * How far the relay's clock is behind ours, ms: whoever begins to pull an account that has a history must begin before both, since
 * some relays go by their own clock and others by the changes'. 0 when it is not, or nobody knows; no part of the load.
 */
export async function clockLag(slice: SliceContext): Promise<number> {
  const { syncUrl } = relaySettings(slice.target);
  const { token } = slice.target;
  const http = new Http(unmeasured(slice), syncUrl, { connections: 1, timeoutMs: TIMEOUT_MS });
  const answer = await http.request({
    op: 'pull',
    method: 'POST',
    path: '/pull',
    headers: { ...bearer(token), 'content-type': 'application/json' },
    body: JSON.stringify({
      protocol_version: PROTOCOL_VERSION,
      device_id: `${slice.runId}-${slice.scenario}-clock`,
      since_timestamp: Date.now(),
      sync_vector: {},
    }),
    readOnly: true,
  });
  await http.close();
  const timestamp = answer.status === 200 ? json<{ timestamp?: unknown }>(answer)?.timestamp : undefined;
  const lagMs = typeof timestamp === 'number' ? Date.now() - timestamp : 0;
  return lagMs > 0 && lagMs < MAX_LAG_MS ? lagMs : 0;
}
