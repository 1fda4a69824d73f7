import type pg from 'pg';
import { EventSockets, error, type Message } from '../../core/event-sockets.ts';
import type { Events } from '../../core/events.ts';
import type { Core } from '../../core/family.ts';
import { isUuid } from '../../core/fields.ts';
import type { ProcessFigures } from '../../core/figures.ts';
import type { Connection } from '../../core/web-sockets.ts';

const CHANNELS: string[] = ['vm_status', 'system_metrics', 'alerts'];
const RESOURCES = ['cpu', 'memory'];

/** The console's WebSockets, `/realtime`: what happens to the account's VMs, and questions about them. */
export class Realtime extends EventSockets {
  protected readonly understood =
    'action subscribe and unsubscribe, type ping, type vm_query with action get_status, and type metric_query with action get_metrics';
  readonly #pool: pg.Pool;
  readonly #events: Events;
  readonly #figures: () => ProcessFigures;

  constructor({ pool, events, delivery, figures }: Pick<Core, 'pool' | 'events' | 'delivery' | 'figures'>) {
    super('/realtime', CHANNELS, delivery);
    this.#pool = pool;
    this.#events = events;
    this.#figures = figures;
    events.listen((event, account) => this.broadcast(topicOf(event.channel, account), event));
  }

  /** How many have subscribed to `system_metrics`. */
  get metricsListeners(): number {
    return this.subscribers(topicOf('system_metrics', undefined));
  }

  protected override lastSequence({ account }: Connection, channel: string): number {
    return this.#events.lastSequence(channel, ownerOf(channel, account));
  }

  protected override topic({ account }: Connection, channel: string): string {
    return topicOf(channel, ownerOf(channel, account));
  }

  protected override answer({ account }: Connection, message: Message): object | Promise<object> | undefined {
    const { type, action } = message;
    if (type === 'vm_query' && action === 'get_status') return this.#status(account, message.vm_id);
    if (type === 'metric_query' && action === 'get_metrics') return this.#metric(message.resource);
    return undefined;
  }

  async #status(account: string, vmId: unknown): Promise<object> {
    if (!isUuid(vmId)) return error('vm_id must be the id of a VM.');
    const { rows } = await this.#pool.query<{ status: string; zone: string }>({
      name: 'vm query',
      text: 'SELECT status, zone FROM tandem.vms WHERE account = $1 AND id = $2',
      values: [account, vmId],
    });
    const { status = null, zone = null } = rows[0] ?? {};
    return { type: 'vm_query_result', channel: 'control', vm_id: vmId, status, zone, timestamp: Date.now() };
  }

  #metric(resource: unknown): object {
    if (!RESOURCES.includes(resource as string)) return error(`resource must be one of ${RESOURCES.join(', ')}.`);
    const { cpuPercent, memoryBytes } = this.#figures();
    const value = resource === 'cpu' ? cpuPercent : memoryBytes;
    return { type: 'metric_query_result', channel: 'control', resource, value, timestamp: Date.now() };
  }
}

/** Makes the target's figures an event of `system_metrics`. */
export async function publishFigures(
  { pool, events }: Pick<Core, 'pool' | 'events'>,
  figures: ProcessFigures,
): Promise<void> {
  const { rows } = await pool.query<{ vms: number; active_migrations: number }>({
    name: 'system metrics',
    text: `SELECT (SELECT count(*)::int FROM tandem.vms) AS vms,
      (SELECT count(*)::int FROM tandem.migrations WHERE status IN ('pending', 'in_progress')) AS active_migrations`,
  });
  events.publish('system_metrics', undefined, 'system_metrics', {
    cpu_percent: figures.cpuPercent,
    memory_bytes: figures.memoryBytes,
    ...rows[0],
    connections: figures.connections,
  });
}

/** `system_metrics` are everybody's, the other channels the account's own. */
function ownerOf(channel: string, account: string): string | undefined {
  return channel === 'system_metrics' ? undefined : account;
}

function topicOf(channel: string, account: string | undefined): string {
  return `${channel} ${account ?? ''}`;
}
