const RECONNECT_MS = { first: 500, most: 10_000 };

export interface SocketOptions {
  connect(): WebSocket;
  onOpen(socket: WebSocket): void;
  onMessage(text: string): void;
  /** It closed, or could not be opened; it will be tried again. */
  onClose(): void;
  /** Sends something that is answered; asked again and again while the socket is open. */
  ping(socket: WebSocket): void;
  pingEveryMs: number;
}

/** A WebSocket of the page's own origin. */
export function openSocket(path: string, query: Record<string, string>): WebSocket {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = new URLSearchParams(query).toString();
  return new WebSocket(url);
}

/** Keeps a WebSocket open until `signal`: whenever it closes it is opened again, after longer and longer waits. */
export function keepOpen(options: SocketOptions, signal: AbortSignal): void {
  let socket: WebSocket;
  let reconnectMs = RECONNECT_MS.first;
  let reconnect: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    const opened = options.connect();
    let answered = true;
    socket = opened;
    opened.onopen = () => {
      answered = true;
      reconnectMs = RECONNECT_MS.first;
      options.onOpen(opened);
    };
    opened.onmessage = ({ data }) => {
      answered = true;
      if (typeof data === 'string' && !signal.aborted) options.onMessage(data);
    };
    const ping = setInterval(() => {
      // A socket whose other end vanished stays as it is for minutes: no answer, to a ping or to the handshake, ends it.
      if (!answered) opened.close();
      answered = false;
      if (opened.readyState === WebSocket.OPEN) options.ping(opened);
    }, options.pingEveryMs);
    opened.onclose = () => {
      clearInterval(ping);
      if (signal.aborted) return;
      reconnect = setTimeout(connect, reconnectMs);
      reconnectMs = Math.min(reconnectMs * 2, RECONNECT_MS.most);
      options.onClose();
    };
  }

  signal.addEventListener('abort', () => {
    clearTimeout(reconnect);
    socket.close();
  });
  connect();
}
