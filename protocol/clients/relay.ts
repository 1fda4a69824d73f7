import type { Vu } from '../../support/test.ts';
import { Cipher } from './cipher.ts';
import { type Answer, type Http, json } from './http.ts';
import { type EntityType, Ledger, type Operation } from './ledger.ts';

const PROTOCOL_VERSION = '1.0.0';
/** The contract's. */
const MAX_PAGE = 100;
/** A relay whose `has_more` never ends must not hold a VU for ever. */
const MAX_PAGES = 100;
/** Ids of pulled changes that are remembered to notice a second delivery. */
const MAX_SEEN = 5_000;

/** Metrics of the relay's clients; a load that uses them declares them. */
export const relayMetrics = {
  sync_push_duration: 'trend',
  sync_pull_duration: 'trend',
  sync_full_sync_duration: 'trend',
  changes_pushed: 'counter',
  changes_accepted: 'counter',
  changes_rejected: 'counter',
  changes_pulled: 'counter',
} as const;

/** As on the wire. */
export interface Change {
  id: string;
  entity_type: EntityType;
  entity_id: string;
  operation: Operation;
  encrypted_payload: string;
  version_vector: Record<string, number>;
  timestamp: number;
  device_id?: string;
}

interface PushAnswer {
  protocol_version: string;
  success: boolean;
  accepted: string[];
  rejected: { id: string; reason: string }[];
  timestamp: number;
}

interface PullAnswer {
  protocol_version: string;
  changes: Change[];
  has_more: boolean;
  timestamp: number;
}

/** Devices that share one account, so that each has something to pull. */
const DEVICES_PER_ACCOUNT = 4;

/** Account and token of a VU's device: the configured token, or one made up for this run, which is an account of its own. */
export function accountToken(vu: Vu, devicesPerAccount = DEVICES_PER_ACCOUNT): string {
  return vu.target.token ?? `tandem-${vu.slice.runId}-${vu.slice.scenario}-${Math.floor(vu.id / devicesPerAccount)}`;
}

/** One device of an account: pushes encrypted changes, pulls the others', and checks every answer it gets. */
export class RelayDevice {
  readonly deviceId: string;
  readonly #vu: Vu;
  readonly #http: Http;
  readonly #headers: Record<string, string>;
  readonly #cipher: Cipher;
  readonly #ledger: Ledger;
  #counter = 0;
  #cursor: number;
  #seen = new Set<string>();

  constructor(http: Http, vu: Vu) {
    const token = accountToken(vu);
    this.deviceId = `${vu.slice.runId}-${vu.slice.scenario}-${vu.id}`;
    this.#vu = vu;
    this.#http = http;
    this.#headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    this.#cipher = Cipher.ofToken(token);
    this.#ledger = new Ledger(this.deviceId, vu.random);
    // A made-up account is empty; a configured one has a history that every device pulled long ago.
    this.#cursor = vu.target.token ? Date.now() : 0;
  }

  /** Makes `count` edits and pushes them at once. */
  async push(count: number): Promise<void> {
    const changes = Array.from({ length: count }, () => this.#change());
    const answer = await this.#send('push', { timestamp: Date.now(), changes });
    this.#vu.add('changes_pushed', count);
    if (answer.durationMs > 0) this.#vu.add('sync_push_duration', answer.durationMs);
    if (this.#vu.check('push: status is 200', answer.status === 200))
      this.#checkPush(json<PushAnswer>(answer), changes);
  }

  /** Pulls what the other devices pushed since the last time, page by page. */
  async pull(): Promise<void> {
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await this.#send('pull', {
        since_timestamp: this.#cursor,
        sync_vector: { [this.deviceId]: this.#counter },
      });
      if (answer.durationMs > 0) this.#vu.add('sync_pull_duration', answer.durationMs);
      if (!this.#vu.check('pull: status is 200', answer.status === 200)) return;
      const pulled = json<PullAnswer>(answer);
      if (!this.#vu.check('pull: answer is as in the contract', isPullAnswer(pulled))) return;
      this.#checkPull(pulled!);
      this.#cursor = pulled!.timestamp;
      if (!pulled!.has_more) return;
    }
    this.#vu.check('pull: has_more comes to an end', false);
  }

  /** Push, then pull. */
  async fullSync(count: number): Promise<void> {
    const startAt = performance.now();
    await this.push(count);
    await this.pull();
    this.#vu.add('sync_full_sync_duration', performance.now() - startAt);
  }

  async #send(call: 'push' | 'pull', content: object): Promise<Answer> {
    const body = JSON.stringify({ protocol_version: PROTOCOL_VERSION, device_id: this.deviceId, ...content });
    const answer = await this.#http.request({
      op: call,
      method: 'POST',
      path: `/${call}`,
      headers: this.#headers,
      body,
    });
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
    return answer;
  }

  #change(): Change {
    const { entityType, entityId, operation, update } = this.#ledger.edit();
    this.#counter += 1;
    return {
      id: `${this.deviceId}-${this.#counter}`,
      entity_type: entityType,
      entity_id: entityId,
      operation,
      encrypted_payload: this.#cipher.encrypt(update),
      version_vector: { [this.deviceId]: this.#counter },
      timestamp: Date.now(),
    };
  }

  /** 200 is not success: only ids in `accepted` are acknowledged, and every change must be in one of the two lists. */
  #checkPush(answer: PushAnswer | undefined, changes: Change[]): void {
    const vu = this.#vu;
    if (!vu.check('push: answer is as in the contract', isPushAnswer(answer))) return;
    const { accepted, rejected } = answer!;
    vu.add('changes_accepted', accepted.length);
    if (rejected.length > 0) vu.add('changes_rejected', rejected.length);
    const answered = new Set(accepted);
    for (const { id } of rejected) answered.add(id);
    const all = accepted.length + rejected.length === changes.length && changes.every(({ id }) => answered.has(id));
    vu.check('push: every change is accepted or rejected', all);
    vu.check('push: no change is rejected', rejected.length === 0);
  }

  #checkPull({ changes }: PullAnswer): void {
    const vu = this.#vu;
    vu.check('pull: at most 100 changes a page', changes.length <= MAX_PAGE);
    if (changes.length === 0) return;
    vu.add('changes_pulled', changes.length);
    vu.check(
      'pull: no change of its own',
      changes.every(({ device_id }) => device_id !== this.deviceId),
    );
    vu.check('pull: no change twice', this.#allNew(changes));
    // One of a page: decrypting all would cost more than the requests do, and a payload that is not what was pushed is
    // damaged on its way or in the store, which does not choose.
    const sample = changes[changes.length - 1]!;
    vu.check('pull: payload decrypts', this.#cipher.decrypt(sample.encrypted_payload) !== undefined);
  }

  #allNew(changes: Change[]): boolean {
    if (this.#seen.size > MAX_SEEN) this.#seen = new Set();
    const before = this.#seen.size;
    for (const { id } of changes) this.#seen.add(id);
    return this.#seen.size === before + changes.length;
  }
}

function isPushAnswer(answer: PushAnswer | undefined): boolean {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    typeof answer.protocol_version === 'string' &&
    typeof answer.success === 'boolean' &&
    typeof answer.timestamp === 'number' &&
    Array.isArray(answer.accepted) &&
    answer.accepted.every((id) => typeof id === 'string') &&
    Array.isArray(answer.rejected) &&
    answer.rejected.every((one) => typeof one?.id === 'string' && typeof one.reason === 'string')
  );
}

function isPullAnswer(answer: PullAnswer | undefined): boolean {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    typeof answer.protocol_version === 'string' &&
    typeof answer.has_more === 'boolean' &&
    typeof answer.timestamp === 'number' &&
    Array.isArray(answer.changes) &&
    answer.changes.every((one) => typeof one?.id === 'string' && typeof one.encrypted_payload === 'string')
  );
}
