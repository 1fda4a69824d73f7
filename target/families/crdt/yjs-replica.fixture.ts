import { once } from 'node:events';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import { Doc, type Map as YMap } from 'yjs';

const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const STEP_2 = 1;
const UPDATE = 2;

/** A document kept in step with a Yjs room by the protocol's own library, as y-websocket's provider does it. */
export class TestReplica {
  readonly doc = new Doc();
  readonly awareness = new Awareness(this.doc);
  readonly socket: WebSocket;
  /** Sync messages that came, by kind: step 1, step 2, update. */
  readonly received: [number, number, number] = [0, 0, 0];
  /** The updates that came, sync steps aside. */
  readonly updates: Uint8Array[] = [];
  readonly #checks = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.awareness.setLocalState(null);
    socket.on('message', (data: Buffer) => this.#receive(data));
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#sendSync((encoder) => writeUpdate(encoder, update));
    });
    socket.on('close', () => this.awareness.destroy());
  }

  /** Enters a room and waits until the server has given what it has (sync step 2). */
  static async enter(url: string, room: string, token: string): Promise<TestReplica> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/yjs/${room}?token=${token}`);
    const replica = new TestReplica(socket);
    await once(socket, 'open');
    await replica.resync();
    return replica;
  }

  get map(): YMap<unknown> {
    return this.doc.getMap('map');
  }

  /** Asks for what is missing, and waits until it is here. */
  async resync(): Promise<void> {
    const before = this.received[STEP_2];
    this.#sendSync((encoder) => writeSyncStep1(encoder, this.doc));
    await this.until(() => this.received[STEP_2] > before);
  }

  /** Waits until `condition` holds, looking whenever a message has come. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (condition()) done(resolve);
      };
      const fail = (code: number) => done(() => reject(new Error(`closed with ${code}`)));
      const done = (settle: () => void) => {
        this.#checks.delete(check);
        this.socket.off('close', fail);
        settle();
      };
      this.#checks.add(check);
      this.socket.on('close', fail);
    });
  }

  /** Tells the others about this client; null: that it leaves. */
  present(state: Record<string, unknown> | null): void {
    this.awareness.setLocalState(state);
    const states = encodeAwarenessUpdate(this.awareness, [this.doc.clientID]);
    this.send((encoder) => {
      encoding.writeVarUint(encoder, AWARENESS);
      encoding.writeVarUint8Array(encoder, states);
    });
  }

  queryAwareness(): void {
    this.send((encoder) => encoding.writeVarUint(encoder, QUERY_AWARENESS));
  }

  send(write: (encoder: encoding.Encoder) => void): void {
    this.socket.send(encoding.encode(write));
  }

  async leave(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }

  #receive(data: Buffer): void {
    const decoder = decoding.createDecoder(data);
    const type = decoding.readVarUint(decoder);
    if (type === SYNC) {
      const answer = encoding.createEncoder();
      encoding.writeVarUint(answer, SYNC);
      const kind = readSyncMessage(decoder, answer, this.doc, this) as 0 | 1 | 2;
      this.received[kind] += 1;
      if (kind === UPDATE) this.updates.push(updateOf(data));
      if (encoding.length(answer) > 1) this.socket.send(encoding.toUint8Array(answer));
    } else if (type === AWARENESS) {
      applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
    }
    for (const check of this.#checks) check();
  }

  #sendSync(write: (encoder: encoding.Encoder) => void): void {
    this.send((encoder) => {
      encoding.writeVarUint(encoder, SYNC);
      write(encoder);
    });
  }
}

function updateOf(frame: Buffer): Uint8Array {
  const decoder = decoding.createDecoder(frame.subarray(2));
  return decoding.readVarUint8Array(decoder);
}
