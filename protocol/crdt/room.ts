import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import {
  messageYjsSyncStep1,
  messageYjsSyncStep2,
  messageYjsUpdate,
  writeSyncStep1,
  writeSyncStep2,
  writeUpdate,
} from 'y-protocols/sync';
import type { SliceContext } from '../../support/test.ts';
import type { Replica } from '../apis/relay/replica.ts';
import { Socket } from '../transports/socket.ts';
import type { RoomWire } from './room-wire.ts';

export interface RoomOptions {
  wire: RoomWire;
  /** Longest wait for the connection, and then for sync step 2. */
  timeoutMs: number;
}

/**
 * Keeps a replica in step with a Yjs room, as the provider of its dialect does: it sends its own changes when they are made,
 * and is "synced" from sync step 2 until the connection ends.
 */
export class RoomClient {
  readonly #slice: SliceContext;
  readonly #replica: Replica;
  readonly #options: RoomOptions;
  #socket: Socket | undefined;
  #connecting: Promise<boolean> | undefined;
  #synced = false;
  #onStep2: () => void = () => {};

  /** Takes over the replica's `onLocal`. */
  constructor(slice: SliceContext, replica: Replica, options: RoomOptions) {
    this.#slice = slice;
    this.#replica = replica;
    this.#options = options;
    replica.onLocal = (update) => this.#send((encoder) => writeUpdate(encoder, update));
  }

  /** What a provider tells its user: connected, and sync step 2 has come. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Connects unless it is; also after a connection was lost, when each side sends what the other lacks. */
  connect(): Promise<boolean> {
    if (this.#synced) return Promise.resolve(true);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async close(): Promise<void> {
    await this.#connecting;
    await this.#socket?.close();
  }

  async #connect(): Promise<boolean> {
    const { wire, timeoutMs } = this.#options;
    const answered = new Promise<void>((resolve) => {
      this.#onStep2 = resolve;
    });
    const opened = await Socket.open(this.#slice, wire.url, {
      messages: 'binary',
      connectTimeoutMs: timeoutMs,
      onOpen: (socket) => {
        this.#socket = socket;
        if (wire.greeting) socket.send(wire.greeting);
        this.#send((encoder) => writeSyncStep1(encoder, this.#replica.doc));
      },
      onMessage: (message) => this.#receive(message),
      onEnd: () => {
        this.#synced = false;
        this.#onStep2();
      },
    });
    if (!opened) return false;
    const timeout = setTimeout(() => this.#socket?.fail('no sync step 2 from the Yjs room'), timeoutMs);
    await answered;
    clearTimeout(timeout);
    return this.#synced;
  }

  #receive(message: Buffer): void {
    try {
      this.#read(decoding.createDecoder(message));
    } catch {
      this.#socket?.fail('no valid Yjs message');
    }
  }

  #read(decoder: decoding.Decoder): void {
    const message = this.#options.wire.read(decoder);
    if (message === 'sync') this.#sync(decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder));
    // Of the others none matters: nobody looks at the cursors of a load.
    else if (message === 'denied') this.#socket?.fail('the Yjs room denies access');
    // Servers have kinds of their own, which providers leave alone; who begins with one speaks another dialect.
    else if (message === 'unknown' && !this.#synced) throw new Error('not a kind of message');
    else if (message === 'closed') this.#socket?.fail('the Yjs room was closed by the target');
  }

  #sync(step: number, content: Uint8Array): void {
    switch (step) {
      case messageYjsSyncStep1:
        this.#send((encoder) => writeSyncStep2(encoder, this.#replica.doc, content));
        break;
      case messageYjsSyncStep2:
        this.#merge(content);
        this.#synced = true;
        this.#onStep2();
        break;
      case messageYjsUpdate:
        this.#merge(content);
        break;
      default:
        throw new Error('not a sync message');
    }
  }

  #merge(update: Uint8Array): void {
    if (!this.#replica.apply(update)) throw new Error('not an update');
  }

  #send(write: (encoder: encoding.Encoder) => void): void {
    if (!this.#socket?.isOpen) return;
    this.#socket.send(
      encoding.encode((encoder) => {
        this.#options.wire.writeSync(encoder);
        write(encoder);
      }),
    );
  }
}
