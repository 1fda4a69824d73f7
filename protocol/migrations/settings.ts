import { settings, wsUrl } from '../../support/family.ts';

export const streamSettings = settings({
  /** The migrations' event stream is `/stream` below it. */
  dwcpUrl: wsUrl('DWCP_WS_URL', ({ wsUrl }) => `${wsUrl}/dwcp/v3`),
});
