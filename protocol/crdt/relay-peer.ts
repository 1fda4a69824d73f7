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
/** Of devices that change an entity at one time each is rejected for every other one at most; a relay that goes on rejecting does so for good. */
const MAX_REJECTIONS = 8;

export interface RelayPeerOptions {
  vu: Vu;
  http: Http;
  /** Undefined: user and password stand in the URL. */
  token: string | undefined;
  cipher: Cipher;
  /** Of the group: for the oracle its account. Names of its devices begin with it. */
  document: string;
  /** Others have the account too, and what they write is left alone. */
  isShared: boolean;
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
  /** Changes for which the relay had a later one: made anew once that was pulled. */
  #rejected: Change[] = [];
  /** How often a change was rejected, by its id. */
  readonly #rejections = new Map<string, number>();
  /** Ids of those that were pushed before, without an answer. */
  readonly #unanswered = new Set<string>();
  #refused = false;
  #update: Uint8Array = new Uint8Array();
  #counter = 0;
  readonly #pulling: Pulling;
  readonly #stamps = new Stamps();
  /** The latest timestamp that it has pulled. */
  #latest = 0;

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
    return this.#refused || this.#outbox.length + this.#rejected.length > 0;
  }

  begin(): void {
    this.#versions.forget();
  }

  change(entity: string, value: object): Edit {
    const { replica } = this;
    replica.change(entity, value);
    const { id } = this.#post(entity, this.#options.cipher.encrypt(this.#update));
    return { id, entity, client: replica.client, clock: replica.clockOf(replica.client) };
  }

  async push(): Promise<void> {
    const changes = this.#outbox;
    if (changes.length === 0) return;
    const { vu } = this.#options;
    // As they are sent, and not as they were made: to some relays the others are beyond what was made long before it came.
    for (const change of changes) change.timestamp = this.#stamp(change);
    const { accepted, rejected } = await this.#api.push(changes);
    this.#history.told([...accepted, ...rejected]);
    let refused = false;
    for (const change of changes) {
      const { id } = change;
      if (accepted.has(id)) {
        this.#history.acknowledged(id);
        this.#rejections.delete(id);
      } else if (rejected.has(id)) refused = this.#wasRejected(change) || refused;
      if (accepted.has(id) || rejected.has(id)) this.#unanswered.delete(id);
      else this.#unanswered.add(id);
    }
    vu.check('push: no change is rejected for good', !refused);
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
        this.#makeAnew();
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

  #post(entity: string, payload: string): Change {
    const { name } = this.replica;
    this.#counter += 1;
    const id = this.#history.next();
    const vector = this.#versions.next(entity, name, this.#counter);
    this.#versions.add(entity, id, vector);
    const change: Change = {
      id,
      entity_type: 'transaction',
      entity_id: entity,
      operation: 'UPDATE',
      encrypted_payload: payload,
      version_vector: vector,
      timestamp: 0,
      device_id: name,
    };
    this.#outbox.push(change);
    return change;
  }

  /** Of one that was outdated a later one than all that is known. */
  #stamp({ id }: Change): number {
    const isAnew = this.#rejections.has(id);
    return this.#stamps.next(isAnew ? Math.max(Date.now(), this.#latest + 1) : Date.now());
  }

  /** @returns whether it is of no use to make it anew */
  #wasRejected(change: Change): boolean {
    const { id } = change;
    // A second attempt is a duplicate when the first one was stored after all; or outdated by now, when it was not.
    if (!this.#unanswered.has(id)) this.#history.refused(id);
    const rejections = (this.#rejections.get(id) ?? 0) + 1;
    this.#rejections.set(id, rejections);
    if (rejections >= MAX_REJECTIONS) return true;
    this.#rejected.push(change);
    return false;
  }

  /** To merge is the client's work: an edit that was outdated when it came becomes one that knows of the others'. */
  #makeAnew(): void {
    for (const { id, entity_id: entity, encrypted_payload: payload } of this.#rejected) {
      const anew = this.#post(entity, payload);
      this.#rejections.set(anew.id, this.#rejections.get(id)!);
      this.#rejections.delete(id);
    }
    this.#rejected = [];
  }

  #take({
    id,
    entity_id: entity,
    encrypted_payload: payload,
    version_vector: vector,
    timestamp = 0,
  }: PulledChange): void {
    const { vu, cipher, document, isShared } = this.#options;
    if (isShared && !id.startsWith(`${document}-`)) return;
    if (!this.#history.found(id)) return;
    const update = cipher.decrypt(payload);
    const readable = update !== undefined && this.replica.apply(update);
    if (!vu.check('pull: payload is a change of the document', readable)) return;
    this.#versions.add(entity, id, vector);
    this.#latest = Math.max(this.#latest, timestamp);
  }
}
