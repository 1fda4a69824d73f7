import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { hashToken } from '../../core/accounts.ts';
import type { Database } from '../../core/database.ts';
import type { Target } from '../../target.ts';

/** An event or an answer, as it came. */
export interface TestMessage {
  type: string;
  channel: string;
  sequence: number;
  // Which others there are depends on the type.
  [field: string]: string | number | boolean | null;
}

// What a test looks into is said by its assertions.
type Json = Record<string, string & number & boolean & null & Json[]>;

export interface TestAnswer {
  status: number;
  body: Json & { error: { code: string; message: string } };
}

/** A WebSocket that keeps what has come. */
export class TestStream {
  readonly socket: WebSocket;
  readonly messages: TestMessage[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
  }

  /** Sends a message, and waits for what comes next. */
  async ask(message: unknown): Promise<TestMessage> {
    const before = this.messages.length;
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    await this.until(() => this.messages.length > before);
    return this.messages[before]!;
  }

  /** Waits until the condition holds, looking whenever a message has come. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this.socket, 'message');
  }

  of(type: string): TestMessage[] {
    return this.messages.filter((message) => message.type === type);
  }
}

/** Somebody with VMs of their own. */
export class TestOperator {
  readonly url: string;
  readonly token: string;
  readonly #database: Database;

  constructor({ url, database }: Pick<Target, 'url' | 'database'>, token: string = randomUUID()) {
    this.url = url;
    this.token = token;
    this.#database = database;
  }

  /** A VM that runs, if nothing else is said, as if it had always been there; gives its id. */
  async vm(fields: { zone?: string; status?: string; memoryMb?: number } = {}): Promise<string> {
    const { zone = 'us-west-1', status = 'running', memoryMb = 512 } = fields;
    const { rows } = await this.#database.pool.query<{ id: string }>(
      `INSERT INTO tandem.vms (account, name, cpu_cores, memory_mb, disk_gb, image, zone, status)
        VALUES ($1, 'a-vm', 1, $2, 10, 'debian', $3, $4) RETURNING id`,
      [`token:${hashToken(this.token)}`, memoryMb, zone, status],
    );
    return rows[0]!.id;
  }

  /** The row of a VM. */
  async row(id: string): Promise<{ status: string; zone: string; revision: number }> {
    const { rows } = await this.#database.pool.query('SELECT * FROM tandem.vms WHERE id = $1', [id]);
    return rows[0];
  }

  get(path: string): Promise<TestAnswer> {
    return this.request('GET', path);
  }

  post(path: string, body: object): Promise<TestAnswer> {
    return this.request('POST', path, body);
  }

  migrate(vmId: string, fields: object = {}): Promise<TestAnswer> {
    return this.post('/api/v1/dwcp/migrations', { vm_id: vmId, target_zone: 'us-east-1', ...fields });
  }

  async connect(path: string): Promise<TestStream> {
    const socket = new WebSocket(this.url.replace('http', 'ws') + path, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    const stream = new TestStream(socket);
    await once(socket, 'open');
    return stream;
  }

  /** A stream with a subscription; the answer to it is its first message. */
  async subscribe(path: string, channel: string): Promise<TestStream> {
    const stream = await this.connect(path);
    await stream.ask({ action: 'subscribe', channel });
    return stream;
  }

  async request(method: string, path: string, body?: object): Promise<TestAnswer> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.token}` };
    if (body) headers['content-type'] = 'application/json';
    const response = await fetch(this.url + path, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }
}
