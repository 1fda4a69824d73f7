import type { Relay } from './relay.ts';

const PING_MS = 20_000;
const RECONNECT_MS = { first: 500, most: 10_000 };
const POLL_MS = 4_000;

/**
 * Calls `onNews` whenever there may be something to pull: when the relay says so, when its socket (re)opens, and every
 * few seconds while there is no socket. Ends with `signal`.
 */
export function listen(relay: Relay, onNews: () => void, signal: AbortSignal): void {
  let socket: WebSocket | undefined;
  let reconnectMs = RECONNECT_MS.first;
  let reconnect: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    const opened = relay.socket();
    let answered = true;
    socket = opened;
    opened.onopen = () => {
      reconnectMs = RECONNECT_MS.first;
      onNews();
    };
    opened.onmessage = ({ data }) => {
      answered = true;
      if (typeof data === 'string' && data.includes('"sync_available"')) onNews();
    };
    const ping = setInterval(() => {
      // A socket whose other end vanished stays open for minutes: no answer to a ping ends it.
      if (!answered) opened.close();
      else if (opened.readyState === WebSocket.OPEN) {
        answered = false;
        opened.send(JSON.stringify({ type: 'ping', timestamp: Date.now() }));
      }
    }, PING_MS);
    opened.onclose = () => {
      clearInterval(ping);
      if (signal.aborted) return;
      reconnect = setTimeout(connect, reconnectMs);
      reconnectMs = Math.min(reconnectMs * 2, RECONNECT_MS.most);
    };
  }

  const poll = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) onNews();
  }, POLL_MS);
  signal.addEventListener('abort', () => {
    clearInterval(poll);
    clearTimeout(reconnect);
    socket?.close();
  });
  connect();
}
