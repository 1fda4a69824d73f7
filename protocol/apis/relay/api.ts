import type { Vu } from '../../../support/test.ts';
import { type Answer, type Http, json } from '../../transports/http.ts';
import { bearer } from '../auth.ts';
import type { PullAnswer, PulledChange, Pulling } from './pulling.ts';
import type { VersionVector } from './version.ts';

export const PROTOCOL_VERSION = '1.0.0';
/** The contract's. */
const MAX_PAGE = 100;

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

export type EntityType = 'transaction' | 'account' | 'invoice';
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** As on the wire. */
export interface Change {
  id: string;
  entity_type: EntityType;
  entity_id: string;
  operation: Operation;
  encrypted_payload: string;
  version_vector: VersionVector;
  timestamp: number;
  /** Default: the device that pushes it. */
  device_id?: string;
}

/** What a push has come to. Changes in neither set may or may not have been stored. */
export interface Pushed {
  accepted: ReadonlySet<string>;
  rejected: ReadonlySet<string>;
}

/** What a pull brought. */
export interface Page {
  changes: PulledChange[];
  hasMore: boolean;
}

const NOTHING: Pushed = { accepted: new Set(), rejected: new Set() };

/** A device's two calls to a relay, each measured and its answer checked. Nothing here throws. */
export class RelayApi {
  readonly #http: Http;
  readonly #vu: Vu;
  readonly #device: string;
  readonly #headers: Record<string, string>;

  constructor(http: Http, vu: Vu, device: string, token: string | undefined) {
    this.#http = http;
    this.#vu = vu;
    this.#device = device;
    this.#headers = { ...bearer(token), 'content-type': 'application/json' };
  }

  async push(changes: readonly Change[]): Promise<Pushed> {
    const vu = this.#vu;
    const answer = await this.#send('push', { timestamp: Date.now(), changes });
    vu.add('changes_pushed', changes.length);
    if (answer.durationMs > 0) vu.add('sync_push_duration', answer.durationMs);
    if (!vu.check('push: status is 200', answer.status === 200)) return NOTHING;
    const body = json<PushAnswer>(answer);
    if (!vu.check('push: answer is as in the contract', isPushAnswer(body))) return NOTHING;
    const accepted = new Set(body!.accepted);
    const rejected = new Set(body!.rejected.map(({ id }) => id));
    vu.add('changes_accepted', accepted.size);
    if (rejected.size > 0) vu.add('changes_rejected', rejected.size);
    const answered = changes.every(({ id }) => accepted.has(id) !== rejected.has(id));
    const all = answered && accepted.size + rejected.size === changes.length;
    vu.check('push: every change is accepted or rejected', all);
    return { accepted, rejected };
  }

  /**
   * The next page of what other devices pushed, after which `pulling` has moved on; undefined when the answer is of no use.
   * @param known what the device has of its own and of the others' changes
   */
  async pull(pulling: Pulling, known: VersionVector): Promise<Page | undefined> {
    const vu = this.#vu;
    const answer = await this.#send('pull', { since_timestamp: pulling.since, sync_vector: known });
    if (answer.durationMs > 0) vu.add('sync_pull_duration', answer.durationMs);
    if (!vu.check('pull: status is 200', answer.status === 200)) return undefined;
    const body = json<PullAnswer>(answer);
    if (!vu.check('pull: answer is as in the contract', isPullAnswer(body))) return undefined;
    const { has_more: hasMore } = body!;
    vu.check('pull: at most 100 changes a page', body!.changes.length <= MAX_PAGE);
    const changes = pulling.take(body!);
    if (changes.length > 0) {
      vu.add('changes_pulled', changes.length);
      vu.check(
        'pull: no change of its own',
        changes.every(({ device_id }) => device_id !== this.#device),
      );
    }
    return { changes, hasMore };
  }

  async #send(call: 'push' | 'pull', content: object): Promise<Answer> {
    const body = JSON.stringify({ protocol_version: PROTOCOL_VERSION, device_id: this.#device, ...content });
    const answer = await this.#http.request({
      op: call,
      method: 'POST',
      path: `/${call}`,
      headers: this.#headers,
      body,
      readOnly: call === 'pull',
    });
    if (answer.outcome !== 'ok') this.#vu.fail(answer.outcome);
    return answer;
  }
}

interface PushAnswer {
  protocol_version: string;
  success: boolean;
  timestamp: number;
  accepted: string[];
  rejected: { id: string; reason: string }[];
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
    answer.changes.every(isChange)
  );
}

function isChange(change: PulledChange | undefined): boolean {
  return (
    typeof change?.id === 'string' &&
    typeof change.entity_id === 'string' &&
    typeof change.encrypted_payload === 'string' &&
    typeof change.version_vector === 'object' &&
    change.version_vector !== null &&
    Object.values(change.version_vector).every((counter) => typeof counter === 'number') &&
    ['number', 'undefined'].includes(typeof change.timestamp)
  );
}
