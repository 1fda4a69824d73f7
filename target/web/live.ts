import type { Relay } from './relay.ts';
import { keepOpen } from './socket.ts';

const PING_MS = 20_000;
const POLL_MS = 4_000;

/**
 * Calls `onNews` whenever there may be something to pull: when the relay says so, when its socket (re)opens, and every
 * few seconds while there is no socket. Ends with `signal`.
 */
export function listen(relay: Relay, onNews: () => void, signal: AbortSignal): void {
  let open = false;
  const poll = setInterval(() => {
    if (!open) onNews();
  }, POLL_MS);
  signal.addEventListener('abort', () => clearInterval(poll));
  keepOpen(
    {
      connect: () => relay.socket(),
      onOpen() {
        open = true;
        onNews();
      },
      onMessage(text) {
        if (text.includes('"sync_available"')) onNews();
      },
      onClose() {
        open = false;
      },
      ping: (socket) => socket.send(JSON.stringify({ type: 'ping', timestamp: Date.now() })),
      pingEveryMs: PING_MS,
    },
    signal,
  );
}
