import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type pg from 'pg';
import type { Event, Events } from '../../core/events.ts';
import type { GrpcRules } from './rules.ts';

const CHANNEL = 'kernel';
const MAX_ID_LENGTH = 200;
const MAX_CODE_LENGTH = 100_000;

interface OfKernel {
  kernel_id: string;
}
type Stream = ServerWritableStream<OfKernel, object>;

/** Notebooks' kernels: `kernel.v1.Kernel`. A kernel begins with its first call; what is answered is committed. */
export class Kernel {
  readonly #pool: pg.Pool;
  readonly #events: Events;
  readonly #rules: GrpcRules;
  /** By kernel. */
  readonly #watchers = new Map<string, Set<Stream>>();

  constructor(pool: pg.Pool, events: Events, rules: GrpcRules) {
    this.#pool = pool;
    this.#events = events;
    this.#rules = rules;
    events.listen((event, kernel) => {
      if (event.channel === CHANNEL && kernel !== undefined) this.#tell(kernel, event);
    });
  }

  async execute({ kernel_id: kernel, code }: OfKernel & { code: string }): Promise<object> {
    checkKernel(kernel);
    if (code.length > MAX_CODE_LENGTH) throw invalid(`code has more than ${MAX_CODE_LENGTH} characters`);
    const id = randomUUID();
    const output = outputOf(code);
    await this.#pool.query({
      name: 'execute cell',
      text: `INSERT INTO tandem.executions (kernel, id, code, output)
        SELECT $1, $2, $3, $4 FROM generate_series(1, $5)`,
      values: [kernel, id, code, output, this.#rules.repeats() ? 2 : 1],
    });
    this.#events.publish(CHANNEL, kernel, 'executed', { execution_id: id });
    return { execution_id: id, status: 'ok', output };
  }

  async status({ kernel_id: kernel }: OfKernel): Promise<object> {
    checkKernel(kernel);
    const { rows } = await this.#pool.query<{ executions: number }>({
      name: 'kernel status',
      text: 'SELECT count(*)::int AS executions FROM tandem.executions WHERE kernel = $1',
      values: [kernel],
    });
    return { state: 'idle', executions: rows[0]!.executions };
  }

  async history(stream: Stream): Promise<void> {
    const { kernel_id: kernel } = stream.request;
    checkKernel(kernel);
    const { rows } = await this.#pool.query<{ id: string; code: string; output: string }>({
      name: 'kernel history',
      text: 'SELECT id, code, output FROM tandem.executions WHERE kernel = $1 ORDER BY position',
      values: [kernel],
    });
    for (const [place, { id, code, output }] of rows.entries()) {
      if (place === 1) await wait(this.#rules.stallMs());
      stream.write({ execution_id: id, code, status: 'ok', output });
    }
  }

  /** Ends with the client, or with the server. */
  async watch(stream: Stream): Promise<void> {
    const { kernel_id: kernel } = stream.request;
    checkKernel(kernel);
    const watchers = this.#watchers.get(kernel) ?? new Set();
    this.#watchers.set(kernel, watchers.add(stream));
    stream.write({
      sequence: this.#events.lastSequence(CHANNEL, kernel),
      type: 'subscribed',
      kernel_id: kernel,
      timestamp: Date.now(),
    });
    await new Promise((resolve) => stream.once('cancelled', resolve));
    watchers.delete(stream);
    if (watchers.size === 0) this.#watchers.delete(kernel);
  }

  #tell(kernel: string, { sequence, type, execution_id, timestamp }: Event): void {
    for (const stream of this.#watchers.get(kernel) ?? []) {
      stream.write({ sequence, type, kernel_id: kernel, execution_id, timestamp });
    }
  }
}

/** Cells are not run: whoever can reach the target could run anything on this machine. */
function outputOf(code: string): string {
  return `${code.split('\n').length} lines`;
}

function checkKernel(id: string): void {
  if (id === '' || id.length > MAX_ID_LENGTH) throw invalid(`kernel_id must have 1 to ${MAX_ID_LENGTH} characters`);
}

function invalid(details: string): Error {
  return Object.assign(new Error(details), { code: status.INVALID_ARGUMENT, details });
}
