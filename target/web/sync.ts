import { decrypt, encrypt } from './crypto.ts';
import { HttpError } from './http.ts';
import type { Edit } from './ledger.ts';
import type { Change, Relay, VersionVector } from './relay.ts';

const COLLECT_MS = 150;
const RETRY_MS = { first: 1_000, most: 30_000 };
const CHANGES_A_PUSH = 20;

export type Rejection = { change: Change; reason: string };

/**
 * How far this device and the relay agree. `synced` means that the relay accepted every local change; `problem` says
 * why it is `offline`; `unreadable` counts pulled changes that this account's key does not open.
 */
export type SyncStatus = {
  state: 'synced' | 'pending' | 'syncing' | 'rejected' | 'offline';
  pending: number;
  rejections: readonly Rejection[];
  unreadable: number;
  problem: string | undefined;
  sessionEnded: boolean;
  lastSyncAt: Date | undefined;
};

type Outgoing = Omit<Change, 'encrypted_payload'> & { payload: Promise<string> };

/** Carries local edits to the relay and everybody else's changes back, one run at a time. */
export class Sync {
  readonly #relay: Pick<Relay, 'deviceId' | 'push' | 'pull'>;
  readonly #key: CryptoKey;
  readonly #merge: (updates: Uint8Array[]) => number;
  readonly #onStatus: (status: SyncStatus) => void;
  #outbox: Outgoing[] = [];
  #rejections: Rejection[] = [];
  #unreadable = 0;
  #cursor = 0;
  #counter = 0;
  readonly #seen = new Map<string, VersionVector>();
  #wanted = { push: false, pull: false };
  #running: Promise<void> | undefined;
  #visible = false;
  #failures = 0;
  #problem: string | undefined;
  #sessionEnded = false;
  #lastSyncAt: Date | undefined;
  #collecting: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** `merge` puts updates into the document and says how many it could not read. */
  constructor(
    relay: Pick<Relay, 'deviceId' | 'push' | 'pull'>,
    key: CryptoKey,
    merge: (updates: Uint8Array[]) => number,
    onStatus: (status: SyncStatus) => void,
  ) {
    this.#relay = relay;
    this.#key = key;
    this.#merge = merge;
    this.#onStatus = onStatus;
  }

  get status(): SyncStatus {
    return {
      state: this.#state(),
      pending: this.#outbox.length,
      rejections: this.#rejections,
      unreadable: this.#unreadable,
      problem: this.#problem,
      sessionEnded: this.#sessionEnded,
      lastSyncAt: this.#lastSyncAt,
    };
  }

  /** Takes a local edit; it is pushed a moment later, together with what else is edited by then. */
  add(edit: Edit): void {
    this.#outbox.push({
      id: crypto.randomUUID(),
      entity_type: edit.entityType,
      entity_id: edit.entityId,
      operation: edit.operation,
      version_vector: this.#nextVersion(edit.entityId),
      timestamp: Date.now(),
      payload: encrypt(this.#key, edit.update),
    });
    this.#collecting ??= setTimeout(() => this.#pushCollected(), COLLECT_MS);
    this.#report();
  }

  /** Pushes and pulls now, as the user asked. Resolves when it is done or has failed; `status` says which. */
  async now(): Promise<void> {
    this.#wanted = { push: true, pull: true };
    this.#visible = true;
    await this.#run();
  }

  /** Pulls, unless the relay is failing and its next attempt is scheduled. */
  pull(): void {
    this.#wanted.pull = true;
    if (this.#failures === 0) void this.#run();
  }

  /** Offers rejected changes once more, as new changes that know of everything seen since. */
  async resendRejected(): Promise<void> {
    const rejections = this.#rejections;
    this.#rejections = [];
    this.#outbox.push(
      ...rejections.map(({ change: { encrypted_payload, ...change } }) =>
        this.#renewed({ ...change, payload: Promise.resolve(encrypted_payload) }),
      ),
    );
    await this.now();
  }

  /** Says at once what the next failing call would only say later. */
  lostNetwork(): void {
    this.#problem = 'There is no network.';
    this.#report();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#collecting);
    clearTimeout(this.#retry);
  }

  #state(): SyncStatus['state'] {
    if (this.#running && this.#visible) return 'syncing';
    if (this.#problem !== undefined) return 'offline';
    if (this.#outbox.length > 0) return this.#running ? 'syncing' : 'pending';
    return this.#rejections.length > 0 ? 'rejected' : 'synced';
  }

  #report(): void {
    if (!this.#stopped) this.#onStatus(this.status);
  }

  #pushCollected(): void {
    this.#collecting = undefined;
    if (this.#outbox.length === 0) return;
    this.#wanted.push = true;
    // While the relay is failing, the next attempt is its back-off's business.
    if (this.#failures === 0) void this.#run();
  }

  #run(): Promise<void> {
    this.#running ??= this.#cycle().finally(() => {
      this.#running = undefined;
      this.#visible = false;
      this.#report();
    });
    this.#report();
    return this.#running;
  }

  async #cycle(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      while (!this.#stopped && (this.#wanted.push || this.#wanted.pull)) {
        if (this.#wanted.push) {
          this.#wanted.push = false;
          await this.#pushAll();
        } else {
          this.#wanted.pull = false;
          await this.#pullAll();
        }
      }
      this.#failures = 0;
      this.#problem = undefined;
      this.#lastSyncAt = new Date();
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    this.#problem = error instanceof Error ? error.message : String(error);
    this.#failures++;
    // Without an answer nobody knows what was stored, and an id offered twice is rejected. Offered as new changes they
    // are accepted for certain, and merging the same update twice changes nothing. All of them, to stay in order.
    this.#outbox = this.#outbox.map((change) => this.#renewed(change));
    // What was not done is wanted again: the pull may have been given up for a push that failed.
    this.#wanted = { push: this.#outbox.length > 0, pull: true };
    this.#sessionEnded = error instanceof HttpError && error.status === 401;
    if (this.#sessionEnded || this.#stopped) return;
    const delayMs = Math.min(RETRY_MS.first * 2 ** (this.#failures - 1), RETRY_MS.most);
    this.#retry = setTimeout(() => void this.#run(), delayMs * (0.5 + Math.random() / 2));
  }

  async #pushAll(): Promise<void> {
    while (this.#outbox.length > 0 && !this.#stopped) {
      const batch = this.#outbox.slice(0, CHANGES_A_PUSH);
      const changes = await Promise.all(batch.map(sealed));
      const { accepted, rejected } = await this.#relay.push(changes);
      const reasons = new Map(rejected.map(({ id, reason }) => [id, reason]));
      const stored = new Set(accepted);
      for (const change of changes) {
        const reason = reasons.get(change.id);
        if (reason !== undefined && !stored.has(change.id))
          this.#rejections = [...this.#rejections, { change, reason }];
      }
      this.#outbox = this.#outbox.filter(({ id }) => !stored.has(id) && !reasons.has(id));
      this.#report();
      const forgotten = changes.filter(({ id }) => !stored.has(id) && !reasons.has(id)).length;
      if (forgotten > 0) throw new Error(`The server did not acknowledge ${forgotten} of ${changes.length} changes.`);
    }
  }

  async #pullAll(): Promise<void> {
    for (let hasMore = true; hasMore && !this.#stopped; ) {
      const page = await this.#relay.pull(this.#cursor);
      if (page.hasMore && page.cursor <= this.#cursor)
        throw new Error('The server gives the same page again and again.');
      const opened = await Promise.allSettled(
        page.changes.map((change) => decrypt(this.#key, change.encrypted_payload)),
      );
      const updates = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      this.#unreadable += opened.length - updates.length + (updates.length > 0 ? this.#merge(updates) : 0);
      for (const { entity_id, version_vector } of page.changes) this.#see(entity_id, version_vector);
      this.#cursor = page.cursor;
      hasMore = page.hasMore;
    }
  }

  #renewed(change: Outgoing): Outgoing {
    return { ...change, id: crypto.randomUUID(), version_vector: this.#nextVersion(change.entity_id) };
  }

  #nextVersion(entityId: string): VersionVector {
    this.#see(entityId, { [this.#relay.deviceId]: ++this.#counter });
    return { ...this.#seen.get(entityId) };
  }

  #see(entityId: string, vector: VersionVector): void {
    const known = this.#seen.get(entityId) ?? {};
    for (const [device, count] of Object.entries(vector)) known[device] = Math.max(known[device] ?? 0, count);
    this.#seen.set(entityId, known);
  }
}

async function sealed({ payload, ...change }: Outgoing): Promise<Change> {
  return { ...change, encrypted_payload: await payload };
}
