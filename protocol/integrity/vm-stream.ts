import { type SliceContext, unmeasured } from '../../support/test.ts';
import { inData, isConfirmation } from '../apis/events.ts';
import { Socket, type SocketOptions } from '../transports/socket.ts';
import type { View } from './part.ts';

const CHANNEL = 'vm_status';
const CONFIRM_MS = 5_000;

interface Event extends Record<string, unknown> {
  /** Of the event itself, where it has one. */
  id?: unknown;
  type?: unknown;
  channel?: unknown;
  timestamp?: unknown;
  sequence?: unknown;
  vm_id?: unknown;
  status?: unknown;
  revision?: unknown;
}

/** What the stream of events says of VMs, by the last event of each since the connection stands. */
export class VmStream implements SocketOptions {
  readonly messages = 'text';
  readonly #slice: SliceContext;
  readonly #url: URL;
  readonly #views = new Map<string, View>();
  #socket: Socket | undefined;
  /** On `performance.now()`'s clock; undefined while nothing is heard. */
  #hearsSince: number | undefined;
  #confirmed: (() => void) | undefined;

  constructor(slice: SliceContext, token: string | undefined) {
    this.#slice = unmeasured(slice);
    this.#url = new URL(`${slice.target.wsUrl}/realtime`);
    if (token !== undefined) this.#url.searchParams.set('token', token);
  }

  /** Whether it hears events, after an attempt to, where it did not. */
  async connect(): Promise<boolean> {
    if (this.#hearsSince !== undefined) return true;
    const confirmation = new Promise<void>((resolve) => {
      this.#confirmed = resolve;
      setTimeout(resolve, CONFIRM_MS).unref();
    });
    if (await Socket.open(this.#slice, this.#url, this)) await confirmation;
    if (this.#hearsSince === undefined) await this.close();
    return this.#hearsSince !== undefined;
  }

  /** What was heard of a VM, null when nothing was; undefined when something may have been missed since that moment. */
  viewOf(id: string, sinceMs: number): View | undefined {
    if (this.#hearsSince === undefined || this.#hearsSince > sinceMs) return undefined;
    return this.#views.get(id) ?? null;
  }

  async close(): Promise<void> {
    await this.#socket?.close();
  }

  onOpen(socket: Socket): void {
    this.#socket = socket;
    socket.send(JSON.stringify({ action: 'subscribe', channel: CHANNEL }));
  }

  onMessage(message: Buffer): void {
    const event = eventIn(message);
    if (event.channel !== CHANNEL) return;
    const { id: _own, type, channel, timestamp, sequence, vm_id: id, data, ...fields } = toldBy(event);
    if (isConfirmation(event)) {
      this.#hearsSince = performance.now();
      this.#confirmed?.();
    } else if (id !== undefined && !isOlder(fields, this.#views.get(String(id))))
      this.#views.set(String(id), fields.status === 'deleted' ? null : fields);
  }

  onEnd(): void {
    this.#socket = undefined;
    this.#hearsSince = undefined;
    this.#views.clear();
    this.#confirmed?.();
  }
}

/** Two changes at one time may be told of in either order; where events count changes, the higher count is the newer. What is deleted stays so. */
function isOlder({ revision }: Event, known: View | undefined): boolean {
  if (known === null) return true;
  return typeof revision === 'number' && typeof known?.revision === 'number' && revision < known.revision;
}

/** With what it says of its VM beside the channel. */
function toldBy(event: Event): Event {
  const data = inData(event);
  return data?.vm_id === undefined ? event : { ...event, ...data };
}

function eventIn(message: Buffer): Event {
  try {
    return Object(JSON.parse(message.toString())) as Event;
  } catch {
    return {};
  }
}
