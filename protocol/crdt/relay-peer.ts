import { type SetEvidence, SetHistory, type Vu } from '../../support/test.ts';
import { type Change, RelayApi } from '../apis/relay/api.ts';
import type { Cipher } from '../apis/relay/cipher.ts';
import { type PulledChange, Pulling } from '../apis/relay/pulling.ts';
import type { Replica } from '../apis/relay/replica.ts';
import { Stamps } from '../apis/relay/stamps.ts';
import { EntityVersions } from '../apis/relay/version.ts';
import type { Http } from '../transports/http.ts';
import type { Edit, Peer } from './peer.ts';

/** A relay whose `has_more` never ends must not hold a device for ever. */
const MAX_PAGES = 100;

export interface RelayPeerOptions {
  vu: Vu;
  http: Http;
  /** Undefined: user and password stand in the URL. */
  token: string | undefined;
  cipher: Cipher;
  /** Of the group: for the oracle its account. Names of its devices begin with it. */
  document: string;
  /** Where its pulling begins. */
  cursor: number;
}

/** A device that pushes encrypted changes to the relay, pulls the others', and finds conflicts by their version vectors. */
export class RelayPeer implements Peer {
  readonly replica: Replica;
  upToDate = false;
  readonly #options: RelayPeerOptions;
  readonly #api: RelayApi;
  readonly #history: SetHistory;
  readonly #versions = new EntityVersions();
  /** Changes without an acknowledgement, oldest first: pushed in their order, or the relay takes them for outdated. */
  #outbox: Change[] = [];
  /** Ids of those that were pushed before, without an answer. */
  readonly #unanswered = new Set<string>();
  #refused = false;
  #update: Uint8Array = new Uint8Array();
  #counter = 0;
  readonly #pulling: Pulling;
  readonly #stamps = new Stamps();

  constructor(replica: Replica, options: RelayPeerOptions) {
    this.replica = replica;
    this.#options = options;
    this.#api = new RelayApi(options.http, options.vu, replica.name, options.token);
    this.#history = new SetHistory({ set: options.document, by: replica.name, now: options.vu.slice.elapsedMs });
    this.#pulling = new Pulling(options.cursor);
    replica.onLocal = (update) => {
      this.#update = update;
    };
  }

  get holdsBack(): boolean {
    return this.#refused || this.#outbox.length > 0;
  }

  begin(): void {
    this.#versions.forget();
  }

  change(entity: string, value: object): Edit {
    const { replica } = this;
    replica.change(entity, value);
    this.#counter += 1;
    const id = this.#history.next();
    const vector = this.#versions.next(entity, replica.name, this.#counter);
    this.#versions.add(entity, id, vector);
    this.#outbox.push({
      id,
      entity_type: 'transaction',
      entity_id: entity,
      operation: 'UPDATE',
      encrypted_payload: this.#options.cipher.encrypt(this.#update),
      version_vector: vector,
      timestamp: this.#stamps.next(),
      device_id: replica.name,
    });
    return { id, entity, client: replica.client, clock: replica.clockOf(replica.client) };
  }

  async push(): Promise<void> {
    const changes = this.#outbox;
    if (changes.length === 0) return;
    const { vu } = this.#options;
    const { accepted, rejected } = await this.#api.push(changes);
    let refused = false;
    for (const { id } of changes) {
      if (accepted.has(id)) this.#history.acknowledged(id);
      // A second attempt is a duplicate when the first one was stored after all.
      else if (rejected.has(id) && !this.#unanswered.has(id)) {
        this.#history.refused(id);
        refused = true;
      }
      if (accepted.has(id) || rejected.has(id)) this.#unanswered.delete(id);
      else this.#unanswered.add(id);
    }
    vu.check('push: no change is rejected', !refused);
    this.#refused ||= refused;
    this.#outbox = this.#outbox.filter(({ id }) => !accepted.has(id) && !rejected.has(id));
  }

  async pull(deadline: number): Promise<void> {
    const { vu } = this.#options;
    this.upToDate = false;
    for (let page = 1; page <= MAX_PAGES; page++) {
      if (page > 1 && performance.now() >= deadline) return;
      const pulled = await this.#api.pull(this.#pulling, { [this.replica.name]: this.#counter });
      if (!pulled) return;
      for (const change of pulled.changes) this.#take(change);
      if (!pulled.hasMore) {
        this.upToDate = true;
        return;
      }
    }
    vu.check('pull: has_more comes to an end', false);
  }

  conflicts(): ReadonlySet<string> {
    return this.#versions.conflicts;
  }

  history(complete: boolean): SetEvidence {
    return this.#history.evidence(complete);
  }

  async close(): Promise<void> {}

  #take({ id, entity_id: entity, encrypted_payload: payload, version_vector: vector }: PulledChange): void {
    const { vu, cipher, document } = this.#options;
    // An account that is configured may hold other groups' changes, and other people's.
    if (!id.startsWith(`${document}-`)) return;
    if (!this.#history.found(id)) return;
    const update = cipher.decrypt(payload);
    const readable = update !== undefined && this.replica.apply(update);
    if (vu.check('pull: payload is a change of the document', readable)) this.#versions.add(entity, id, vector);
  }
}
