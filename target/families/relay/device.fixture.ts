import { randomUUID } from 'node:crypto';

/** A change as it travels. */
export interface TestChange {
  id: string;
  entity_type: string;
  entity_id: string;
  operation: string;
  encrypted_payload: string;
  version_vector: Record<string, number>;
  timestamp: number;
  device_id?: string;
}

/** What the relay answered. Fields are those of the routes used, or `error`. */
export interface TestAnswer {
  status: number;
  headers: Headers;
  body: {
    accepted: string[];
    rejected: { id: string; reason: string }[];
    success: boolean;
    changes: TestChange[];
    has_more: boolean;
    timestamp: number;
    error: { code: string; message: string };
  };
}

/** One device of one account, for tests of the relay. */
export class TestDevice {
  readonly url: string;
  readonly token: string;
  readonly id: string;
  #counter = 0;

  constructor(url: string, token: string, id: string = randomUUID()) {
    this.url = url;
    this.token = token;
    this.id = id;
  }

  /** A valid change, newer than the ones before. */
  change(fields: Partial<TestChange> = {}): TestChange {
    this.#counter += 1;
    return {
      id: randomUUID(),
      entity_type: 'transaction',
      entity_id: randomUUID(),
      operation: 'CREATE',
      encrypted_payload: Buffer.from('secret').toString('base64'),
      version_vector: { [this.id]: this.#counter },
      timestamp: Date.now(),
      ...fields,
    };
  }

  push(changes: unknown, fields: object = {}): Promise<TestAnswer> {
    return this.post('/sync/push', { timestamp: Date.now(), changes, ...fields });
  }

  pull(since = 0, fields: object = {}): Promise<TestAnswer> {
    return this.post('/sync/pull', { since_timestamp: since, sync_vector: {}, ...fields });
  }

  async post(path: string, fields: object): Promise<TestAnswer> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ protocol_version: '1.0.0', device_id: this.id, ...fields }),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }
}
