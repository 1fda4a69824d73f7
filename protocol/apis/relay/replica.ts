import { createHash } from 'node:crypto';
import { applyUpdate, Doc, encodeStateVector, getState } from 'yjs';

/** Where the shared entities lie in a ledger's document. */
const COLLECTION = 'transactions';

const REMOTE = Symbol('remote');

/** One device's copy of a shared ledger. Equal replicas have the same content and the same state vector. */
export class Replica {
  readonly name: string;
  readonly doc = new Doc();
  /** Called with the Yjs update of each change of its own, before `change` returns. */
  onLocal: (update: Uint8Array) => void = () => {};
  /** Called when an update from elsewhere has brought something new. */
  onReceived: () => void = () => {};
  #received = 0;

  /** @param client Yjs's name of the device, a whole number: decides who wins when two change the same */
  constructor(name: string, client: number) {
    this.name = name;
    this.doc.clientID = client;
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === REMOTE) {
        this.#received += 1;
        this.onReceived();
      } else {
        this.onLocal(update);
      }
    });
  }

  get client(): number {
    return this.doc.clientID;
  }

  /** How many updates brought it something new. */
  get received(): number {
    return this.#received;
  }

  change(entity: string, value: object): void {
    this.doc.getMap(COLLECTION).set(entity, value);
  }

  /** As text, to compare; undefined when it does not know the entity. */
  value(entity: string): string | undefined {
    return JSON.stringify(this.doc.getMap(COLLECTION).get(entity));
  }

  /** Names of those that it knows. */
  get entities(): string[] {
    return [...this.doc.getMap(COLLECTION).keys()];
  }

  /** Clients whose work is missing for what came to be shown; Yjs holds it back until then. */
  get awaited(): number[] {
    return [...(this.doc.store.pendingStructs?.missing.keys() ?? [])];
  }

  /** Merges an update from elsewhere. False when it is none of Yjs's. */
  apply(update: Uint8Array): boolean {
    try {
      applyUpdate(this.doc, update, REMOTE);
      return true;
    } catch {
      return false;
    }
  }

  /** How much of a client's work it holds, as Yjs counts it. */
  clockOf(client: number): number {
    return getState(this.doc.store, client);
  }

  /** Everything that it shows, the same text for the same content. */
  content(): string {
    const entities = Object.entries(this.doc.getMap(COLLECTION).toJSON());
    return JSON.stringify(entities.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** SHA-256 of its content and of its state vector, hexadecimal. */
  digests(): { content: string; stateVector: string } {
    // Yjs writes the clients of a state vector in the order of their numbers.
    return { content: sha256(this.content()), stateVector: sha256(encodeStateVector(this.doc)) };
  }
}

/** Whether each holds all that any of them has written, and all show the same. */
export function areMerged(replicas: readonly Replica[]): boolean {
  const holdsAll = (one: Replica) =>
    replicas.every(({ client, doc }) => one.clockOf(client) === getState(doc.store, client));
  return replicas.every(holdsAll) && new Set(replicas.map((one) => one.content())).size === 1;
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
