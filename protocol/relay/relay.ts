import { epochMs, type SetEvidence, SetHistory, type SliceContext, type Target, type Vu } from '../../support/test.ts';
import { userIn } from '../apis/auth.ts';
import { type Change, RelayApi } from '../apis/relay/api.ts';
import { Cipher } from '../apis/relay/cipher.ts';
import { clockLag } from '../apis/relay/clock-lag.ts';
import { type PulledChange, Pulling } from '../apis/relay/pulling.ts';
import { relaySettings } from '../apis/relay/settings.ts';
import { Stamps } from '../apis/relay/stamps.ts';
import { Http } from '../transports/http.ts';
import { Ledger } from './ledger.ts';

/** What says of a change what it is about. */
type About = Pick<PulledChange, 'id' | 'entity_type' | 'entity_id' | 'operation' | 'version_vector'>;

/** A relay whose `has_more` never ends must not hold a VU for ever. */
const MAX_PAGES = 100;
/** Pages that a slice reads back at the end with devices that never pulled: all accounts of a small run, a sample of a large one. */
const READ_BACK_PAGES = 2_000;
const AS_PUSHED = 'pull: change is as it was pushed';
/** Entities whose last change is known: more than a device goes on editing. */
const MAX_ENTITIES = 400;
/** Devices that share one account, so that each has something to pull. */
const DEVICES_PER_ACCOUNT = 4;

/** What the devices of a slice share. */
export class RelayAccess {
  readonly http: Http;
  /** Where a device begins to pull: a made-up account is empty, a configured one has a history that every device pulled long ago. */
  readonly origin: number;
  readBackPages = READ_BACK_PAGES;

  static async open(slice: SliceContext): Promise<RelayAccess> {
    const isConfigured = configuredAccount(slice.target) !== undefined;
    return new RelayAccess(slice, isConfigured ? await clockLag(slice) : 0);
  }

  /** @param lagMs how far the relay's clock is behind ours */
  constructor(slice: SliceContext, lagMs = 0) {
    this.http = new Http(slice, relaySettings(slice.target).syncUrl);
    this.origin = configuredAccount(slice.target) === undefined ? 0 : Date.now() - lagMs;
  }

  async close(): Promise<void> {
    await this.http.close();
  }
}

/** Who is configured to ask the relay; undefined when the accounts are to be made up. Secret. */
function configuredAccount(target: Target): string | undefined {
  return target.token ?? userIn(relaySettings(target).syncUrl);
}

/** Account and key of a VU's device: what is configured, or one made up for this run, which is an account of its own. */
export function accountToken({ id, target, slice }: Vu): string {
  const madeUp = `tandem-${slice.runId}-${slice.scenario}-${Math.floor(id / DEVICES_PER_ACCOUNT)}`;
  return configuredAccount(target) ?? madeUp;
}

/** What is sent for it: nothing where user and password stand in the URL, and no token is configured. */
function sentToken(vu: Vu): string | undefined {
  const { target } = vu;
  return target.token ?? (userIn(relaySettings(target).syncUrl) ? undefined : accountToken(vu));
}

/**
 * One device of an account: pushes encrypted changes, pulls the others', checks every answer it gets, and keeps the history
 * by which the oracle `acknowledged-writes` finds what was lost.
 */
export class RelayDevice {
  readonly deviceId: string;
  readonly #vu: Vu;
  readonly #access: RelayAccess;
  readonly #token: string | undefined;
  readonly #api: RelayApi;
  readonly #cipher: Cipher;
  readonly #ledger: Ledger;
  readonly #history: SetHistory;
  /** Of each entity the last change that was not rejected; the entity that was changed last is the last. */
  readonly #lastOf = new Map<string, string>();
  #counter = 0;
  readonly #pulling: Pulling;
  readonly #stamps = new Stamps();
  #complete = false;
  #readFrom = 0;
  #readBack: SetEvidence | undefined;

  constructor(access: RelayAccess, vu: Vu) {
    this.deviceId = `${vu.slice.runId}-${vu.slice.scenario}-${vu.id}`;
    this.#vu = vu;
    this.#access = access;
    this.#token = sentToken(vu);
    this.#api = new RelayApi(access.http, vu, this.deviceId, this.#token);
    this.#cipher = Cipher.ofToken(accountToken(vu));
    this.#ledger = new Ledger(this.deviceId, vu.random);
    this.#history = this.#historyOf(this.deviceId, false);
    this.#pulling = new Pulling(access.origin);
  }

  /** Makes `count` edits and pushes them at once. True when the relay said what has become of them. */
  async push(count: number): Promise<boolean> {
    const changes = Array.from({ length: count }, () => this.#change());
    const { accepted, rejected } = await this.#api.push(changes);
    for (const { id, entity_id: entity } of changes) {
      if (accepted.has(id)) this.#history.acknowledged(id);
      if (rejected.has(id)) this.#history.refused(id);
      else this.#supersede(entity, id);
    }
    this.#history.told([...accepted, ...rejected]);
    const answered = accepted.size + rejected.size > 0;
    if (answered) this.#vu.check('push: no change is rejected', rejected.size === 0);
    return answered;
  }

  /** Pulls what the other devices pushed since the last time, page by page. True when the end was reached. */
  async pull(): Promise<boolean> {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const pulled = await this.#api.pull(this.#pulling, { [this.deviceId]: this.#counter });
      if (!pulled) return false;
      if (pulled.changes.length > 0) this.#take(pulled.changes);
      if (!pulled.hasMore) return true;
    }
    this.#vu.check('pull: has_more comes to an end', false);
    return false;
  }

  /** Push, then pull; its time counts when both were answered. */
  async fullSync(count: number): Promise<void> {
    const startAt = performance.now();
    const pushed = await this.push(count);
    const pulled = await this.pull();
    if (pushed && pulled) this.#vu.add('sync_full_sync_duration', performance.now() - startAt);
  }

  /** The last look: pulls what is left, and for one device of each account reads everything back as a device that never pulled. */
  async settle(): Promise<void> {
    this.#readFrom = epochMs();
    this.#complete = await this.pull();
    if (this.#vu.id % DEVICES_PER_ACCOUNT === 0) await this.#readAllBack();
  }

  evidence(): { 'acknowledged-writes': SetEvidence[] } {
    const own = this.#history.evidence(this.#complete, this.#readFrom);
    return { 'acknowledged-writes': this.#readBack ? [own, this.#readBack] : [own] };
  }

  /** What the entity was before, a relay need not hand out any more. */
  #supersede(entity: string, id: string): void {
    const before = this.#lastOf.get(entity);
    this.#history.supersedes(id, before);
    this.#lastOf.delete(entity);
    this.#lastOf.set(entity, id);
    const [oldest] = this.#lastOf.keys();
    if (this.#lastOf.size > MAX_ENTITIES) this.#lastOf.delete(oldest!);
  }

  #historyOf(by: string, isAnew: boolean): SetHistory {
    const { runId, scenario, elapsedMs } = this.#vu.slice;
    const isConfigured = configuredAccount(this.#vu.target) !== undefined;
    return new SetHistory({
      // Never the token itself: a configured one is secret.
      set: `${scenario}-${isConfigured ? 'configured' : Math.floor(this.#vu.id / DEVICES_PER_ACCOUNT)}`,
      by,
      now: elapsedMs,
      isAnew,
      // A configured account is everybody's: other scenarios write there, and other people.
      isOthers: (name) => isConfigured && !name.startsWith(`${runId}-${scenario}-`),
    });
  }

  async #readAllBack(): Promise<void> {
    const reader = `${this.deviceId}-reader`;
    const api = new RelayApi(this.#access.http, this.#vu, reader, this.#token);
    const history = this.#historyOf(reader, true);
    const readFrom = epochMs();
    const pulling = new Pulling(this.#access.origin);
    while (this.#access.readBackPages > 0) {
      this.#access.readBackPages -= 1;
      const pulled = await api.pull(pulling, {});
      if (!pulled) return;
      for (const change of pulled.changes) {
        if (!this.#isOfLoad(change) || this.#isAsPushed(change)) history.found(change.id);
        // What is not as it was pushed is not there, and the oracle tells of a loss: what it was is said here.
        else this.#vu.check(AS_PUSHED, false);
      }
      if (!pulled.hasMore) {
        this.#readBack = history.evidence(true, readFrom);
        return;
      }
    }
  }

  #change(): Change {
    const { entityType, entityId, operation, update } = this.#ledger.edit();
    this.#counter += 1;
    const about = {
      id: this.#history.next(),
      entity_type: entityType,
      entity_id: entityId,
      operation,
      version_vector: { [this.deviceId]: this.#counter },
    };
    return {
      ...about,
      encrypted_payload: this.#cipher.encrypt(update, textOf(about)),
      timestamp: this.#stamps.next(),
    };
  }

  #take(changes: PulledChange[]): void {
    let fresh = true;
    for (const { id } of changes) fresh = this.#history.found(id) && fresh;
    this.#vu.check('pull: no change twice', fresh);
    // One of a page, since decrypting all would cost more than the requests do; in the end all are.
    const sample = changes[this.#vu.random.int(0, changes.length - 1)]!;
    if (this.#isOfLoad(sample)) this.#vu.check(AS_PUSHED, this.#isAsPushed(sample));
  }

  /** Not of another scenario or person who has the same configured account. */
  #isOfLoad({ id }: PulledChange): boolean {
    const { runId, scenario } = this.#vu.slice;
    return configuredAccount(this.#vu.target) === undefined || id.startsWith(`${runId}-${scenario}-`);
  }

  #isAsPushed(change: PulledChange): boolean {
    return this.#cipher.decrypt(change.encrypted_payload, textOf(change)) !== undefined;
  }
}

/** All that a relay must hand on unchanged beside the payload; a timestamp may be its own. */
function textOf({ id, entity_type, entity_id, operation, version_vector }: About): string {
  const versions = Object.entries(version_vector).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([id, entity_type, entity_id, operation, versions]);
}
