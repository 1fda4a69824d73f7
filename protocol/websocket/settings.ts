import { settings, wsUrl } from '../../support/family.ts';

export const websocketSettings = settings({
  /** A server that sends each message back to whoever sent it. */
  echoUrl: wsUrl('WS_ECHO_URL', ({ wsUrl }) => `${wsUrl}/echo`),
  /** A server that sends each message to everybody who is connected. */
  broadcastUrl: wsUrl('WS_BROADCAST_URL', ({ wsUrl }) => `${wsUrl}/broadcast`),
});
