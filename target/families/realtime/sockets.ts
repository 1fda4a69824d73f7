import type pg from 'pg';
import type { Delivery } from '../../core/delivery.ts';
import { EventSockets, error, type Message } from '../../core/event-sockets.ts';
import type { Channel, Events } from '../../core/events.ts';
import { isUuid } from '../../core/fields.ts';
import type { ProcessFigures } from '../../core/system-metrics.ts';
import type { Connection } from '../../core/web-sockets.ts';

const CHANNELS: Channel[] = ['vm_status', 'system_metrics', 'alerts'];
const RESOURCES = ['cpu', 'memory'];

export interface RealtimeParts {
  pool: pg.Pool;
  events: Events;
  delivery: Delivery;
  /** The process's last figures. */
  figures(): ProcessFigures;
}

/** The console's WebSockets, `/realtime`: what happens to the account's VMs, and questions about them. */
export class Realtime extends EventSockets {
  protected readonly understood =
    'action subscribe and unsubscribe, type ping, type vm_query with action get_status, and type metric_query with action get_metrics';
  readonly #pool: pg.Pool;
  readonly #events: Events;
  readonly #figures: () => ProcessFigures;

  constructor({ pool, events, delivery, figures }: RealtimeParts) {
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

  protected override lastSequence({ account }: Connection, channel: Channel): number {
    return this.#events.lastSequence(channel, ownerOf(channel, account));
  }

  protected override topic({ account }: Connection, channel: Channel): string {
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

/** `system_metrics` are everybody's, the other channels the account's own. */
function ownerOf(channel: Channel, account: string): string | undefined {
  return channel === 'system_metrics' ? undefined : account;
}

function topicOf(channel: Channel, account: string | undefined): string {
  return `${channel} ${account ?? ''}`;
}
