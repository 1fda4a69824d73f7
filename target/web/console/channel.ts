import { keepOpen, openSocket } from '../socket.ts';

const SUBSCRIBE_EVERY_MS = 5_000;

/** An event, or the answer to a subscription; the sequence of the latter is that of the last event. */
type Message = { type: string; channel?: string; sequence?: number };

export interface ChannelOptions<E> {
  path: string;
  channel: string;
  token: string;
  onEvent(event: E): void;
  /** Events may have been missed: what they told of has to be asked for. Also at every (re)subscription. */
  onGap(): void;
  /** Whether events come. */
  onLive(live: boolean): void;
}

/** Listens to a channel until `signal`. Events are numbered without a gap, and a gap is noticed. */
export function listen<E>({ path, channel, token, ...on }: ChannelOptions<E>, signal: AbortSignal): void {
  let last: number | undefined;
  // Subscribing once more changes nothing, and its answer tells whether the last event has come: a heartbeat that also
  // notices what nothing comes after.
  const subscribe = (socket: WebSocket) => socket.send(JSON.stringify({ action: 'subscribe', channel }));

  function onMessage(text: string): void {
    const message = JSON.parse(text) as Message;
    const { sequence } = message;
    if (message.channel !== channel || sequence === undefined) return;
    const isEvent = message.type !== 'subscribed';
    const expected = last === undefined ? undefined : last + (isEvent ? 1 : 0);
    if (isEvent) on.onEvent(message as E);
    else on.onLive(true);
    if (expected === undefined || sequence > expected) on.onGap();
    last = Math.max(last ?? 0, sequence);
  }

  keepOpen(
    {
      connect: () => openSocket(path, { token }),
      onOpen: subscribe,
      onMessage,
      onClose() {
        last = undefined;
        on.onLive(false);
        // There may be a way to the server without one for WebSockets; and a session that has ended is told only there.
        on.onGap();
      },
      ping: subscribe,
      pingEveryMs: SUBSCRIBE_EVERY_MS,
    },
    signal,
  );
}
