import { HttpError, post } from './http.ts';
import { openSocket } from './socket.ts';

const PROTOCOL_VERSION = '1.0.0';

export type VersionVector = Record<string, number>;

/** A change as it travels: the relay can read all of it but the payload. */
export type Change = {
  id: string;
  entity_type: 'transaction' | 'account' | 'invoice';
  entity_id: string;
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  encrypted_payload: string;
  version_vector: VersionVector;
  timestamp: number;
};

export type PushAnswer = { accepted: string[]; rejected: { id: string; reason: string }[] };
export type PullAnswer = { changes: Change[]; hasMore: boolean; cursor: number };

/** The sync relay, as one device of one account sees it. */
export class Relay {
  readonly deviceId: string;
  readonly #token: string;

  constructor(deviceId: string, token: string) {
    this.deviceId = deviceId;
    this.#token = token;
  }

  /** Offers changes. Only the ids in `accepted` are stored. Throws `HttpError`. */
  async push(changes: readonly Change[]): Promise<PushAnswer> {
    const answer = await this.#call('push', { timestamp: Date.now(), changes });
    if (!Array.isArray(answer.accepted) || !Array.isArray(answer.rejected)) {
      throw new HttpError(200, 'The server did not say which changes it accepted.');
    }
    return { accepted: answer.accepted, rejected: answer.rejected };
  }

  /** One page of what other devices changed after `cursor`. Throws `HttpError`. */
  async pull(cursor: number): Promise<PullAnswer> {
    // The cursor alone says what is new, whatever devices the changes came from.
    const answer = await this.#call('pull', { since_timestamp: cursor, sync_vector: {} });
    if (!Array.isArray(answer.changes) || typeof answer.timestamp !== 'number') {
      throw new HttpError(200, 'The server answered a pull without changes or without a timestamp.');
    }
    return { changes: answer.changes, hasMore: answer.has_more === true, cursor: answer.timestamp };
  }

  /** A socket on which the relay says that there is something to pull. */
  socket(): WebSocket {
    return openSocket('/sync', { device_id: this.deviceId, token: this.#token });
  }

  #call(what: 'push' | 'pull', body: object): Promise<Record<string, unknown>> {
    const envelope = { protocol_version: PROTOCOL_VERSION, device_id: this.deviceId, ...body };
    return post(`/sync/${what}`, envelope, this.#token);
  }
}
