import type { WebSocket } from 'ws';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import {
  EMPTY_STEP_2,
  readMessage,
  writeAwareness,
  writeStep1,
  writeStep2,
  writeUpdate,
  type YjsMessage,
} from './yjs-wire.ts';

/** From here on a room reads no more before what it has is stored. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** A client that lets more than this pile up does not read: it is disconnected. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** Clients that one connection may announce; a provider announces one, perhaps some more after reconnects. */
const MAX_AWARENESS_CLIENTS = 100;
/** Awareness remembers clients that have left; from here on it is reminded to forget. */
const MAX_AWARENESS_MEMORY = 10_000;

/** Content of a document that is about to be sent to one connection. */
export interface Delivery {
  kind: 'sync-step-2' | 'update';
  to: Receiver;
  /** Whether it was the receiver that made the update. */
  own: boolean;
}

/** A connection as faults see it: one object as long as it lasts. */
export interface Receiver {
  /** Its place in the order in which the room was entered, from 1. */
  nth: number;
}

export interface RoomParts {
  load(): Promise<Uint8Array[]>;
  /** Stores updates; once it resolves they are committed. */
  append(updates: Uint8Array[]): Promise<void>;
  /** Whether content may go to a connection; an honest server always says yes. */
  delivers(delivery: Delivery): boolean;
  /** The room is empty and has nothing left to do, or can do nothing more. */
  onEnd(): void;
}

interface Connection extends Receiver {
  webSocket: WebSocket;
  /** The awareness clients that it has announced; they leave with it. */
  clients: Set<number>;
}

interface Waiting {
  from: Connection;
  message: Extract<YjsMessage, { kind: 'sync-step-1' | 'update' }>;
}

interface Fresh {
  from: Connection;
  update: Uint8Array;
}

/**
 * One document and those who work on it. As in y-websocket's own server everybody gets every update and awareness
 * state, its sender included: an echo is how that provider knows that it is connected. Unlike there, nobody gets what is
 * not committed yet, be it as an update or in sync step 2.
 */
export class YjsRoom {
  readonly #parts: RoomParts;
  readonly #doc = new Doc();
  readonly #awareness = new Awareness(this.#doc);
  readonly #connections = new Set<Connection>();
  #entered = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #loaded = false;
  #working = true;
  #ended = false;
  /** What the message being merged has brought. */
  #fresh: Fresh[] = [];

  constructor(parts: RoomParts) {
    this.#parts = parts;
    this.#awareness.setLocalState(null);
    this.#awareness.on('update', (changes: AwarenessChanges, origin: unknown) => this.#announce(changes, origin));
    this.#start().catch((error) => this.#fail(error));
  }

  /** Lets a connection take part until it closes. */
  enter(webSocket: WebSocket): void {
    this.#entered += 1;
    const connection: Connection = { nth: this.#entered, webSocket, clients: new Set() };
    this.#connections.add(connection);
    webSocket.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) webSocket.close(1003, 'Only binary messages are understood.');
      else if (webSocket.readyState === webSocket.OPEN) this.#receive(connection, data);
    });
    webSocket.on('close', () => this.#leave(connection));
    if (this.#loaded) this.#greet(connection);
  }

  async #start(): Promise<void> {
    for (const update of await this.#parts.load()) applyUpdate(this.#doc, update);
    this.#doc.on('update', (update: Uint8Array, from: Connection) => this.#fresh.push({ from, update }));
    this.#loaded = true;
    for (const connection of this.#connections) this.#greet(connection);
    await this.#work();
  }

  #greet(connection: Connection): void {
    this.#send(connection, writeStep1(encodeStateVector(this.#doc)));
    this.#sendAwareness(connection);
  }

  #receive(from: Connection, frame: Buffer): void {
    let message: YjsMessage;
    try {
      message = readMessage(frame);
      if (message.kind === 'awareness') applyAwarenessUpdate(this.#awareness, message.states, from);
    } catch {
      refuse(from);
      return;
    }
    if (message.kind === 'query-awareness') this.#sendAwareness(from);
    else if (message.kind !== 'awareness') this.#wait({ from, message }, frame.length);
  }

  #wait(one: Waiting, bytes: number): void {
    this.#waiting.push(one);
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) for (const { webSocket } of this.#connections) webSocket.pause();
    if (!this.#working) {
      this.#working = true;
      this.#work().catch((error) => this.#fail(error));
    }
  }

  /** Everything that waits, in turns: merge, store, and only then tell. */
  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      const fresh: Fresh[] = [];
      const stored: Uint8Array[] = [];
      for (const { from, message } of batch) {
        if (message.kind !== 'update') continue;
        const { merged, toStore } = this.#merge(from, message.update);
        fresh.push(...merged);
        stored.push(...toStore);
      }
      if (stored.length > 0) await this.#parts.append(stored);
      for (const { from, update } of fresh) this.#broadcast(from, update);
      for (const { from, message } of batch)
        if (message.kind === 'sync-step-1') this.#answer(from, message.stateVector);
      for (const { webSocket } of this.#connections) webSocket.resume();
    }
    this.#working = false;
    this.#endWhenEmpty();
  }

  #merge(from: Connection, update: Uint8Array): { merged: Fresh[]; toStore: Uint8Array[] } {
    this.#fresh = [];
    let readable = true;
    try {
      applyUpdate(this.#doc, update, from);
    } catch {
      readable = false;
      refuse(from);
    }
    // What Yjs has made of it, since of a broken update it may have merged the first part.
    const merged = this.#fresh;
    const toStore = merged.map((one) => one.update);
    // An update whose predecessors are missing waits inside the document; it must survive that as well.
    const { pendingStructs, pendingDs } = this.#doc.store;
    if (readable && (pendingStructs || pendingDs)) toStore.push(update);
    return { merged, toStore };
  }

  #broadcast(from: Connection, update: Uint8Array): void {
    const message = writeUpdate(update);
    for (const to of this.#connections) {
      if (this.#parts.delivers({ kind: 'update', to, own: to === from })) this.#send(to, message);
    }
  }

  #answer(to: Connection, stateVector: Uint8Array): void {
    try {
      const missing = encodeStateAsUpdate(this.#doc, stateVector);
      const delivers = this.#parts.delivers({ kind: 'sync-step-2', to, own: false });
      this.#send(to, delivers ? writeStep2(missing) : EMPTY_STEP_2);
    } catch {
      refuse(to);
    }
  }

  #announce({ added, updated, removed }: AwarenessChanges, origin: unknown): void {
    const changed = [...added, ...updated, ...removed];
    const message = writeAwareness(encodeAwarenessUpdate(this.#awareness, changed));
    for (const connection of this.#connections) {
      if (connection === origin) {
        for (const client of added) connection.clients.add(client);
        for (const client of removed) connection.clients.delete(client);
        if (connection.clients.size > MAX_AWARENESS_CLIENTS) {
          connection.webSocket.close(1008, `More than ${MAX_AWARENESS_CLIENTS} clients in one connection.`);
        }
      }
      this.#send(connection, message);
    }
    const { meta, states } = this.#awareness;
    if (meta.size <= MAX_AWARENESS_MEMORY) return;
    for (const client of meta.keys()) if (!states.has(client)) meta.delete(client);
  }

  #sendAwareness(to: Connection): void {
    const clients = [...this.#awareness.getStates().keys()];
    if (clients.length > 0) this.#send(to, writeAwareness(encodeAwarenessUpdate(this.#awareness, clients)));
  }

  #send({ webSocket }: Connection, message: Uint8Array): void {
    if (webSocket.bufferedAmount > MAX_UNREAD_BYTES) webSocket.terminate();
    else webSocket.send(message, () => {});
  }

  #leave(connection: Connection): void {
    this.#connections.delete(connection);
    removeAwarenessStates(this.#awareness, [...connection.clients], null);
    this.#endWhenEmpty();
  }

  #endWhenEmpty(): void {
    if (!this.#working && this.#connections.size === 0) this.#end();
  }

  /** The document may hold what is not stored: those who come back get the stored one, and send what is missing. */
  #fail(error: unknown): void {
    console.error(`A Yjs room had to be closed: ${error instanceof Error ? error.message : error}`);
    for (const { webSocket } of this.#connections) {
      webSocket.close(1011, 'The database does not answer.');
      webSocket.resume();
    }
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#doc.destroy();
    this.#parts.onEnd();
  }
}

interface AwarenessChanges {
  added: number[];
  updated: number[];
  removed: number[];
}

function refuse({ webSocket }: Connection): void {
  webSocket.close(1007, 'The message is not one of the Yjs protocol.');
}
