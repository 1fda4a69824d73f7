import type { Delivery } from '../../core/delivery.ts';
import { EventSockets } from '../../core/event-sockets.ts';
import type { Events } from '../../core/events.ts';
import type { Connection } from '../../core/web-sockets.ts';

/** Jobs whose last number is remembered; the oldest are forgotten first. */
const MAX_JOBS = 10_000;

/**
 * The migrations' stream, `/dwcp/v3/stream`: all of the account's, or with `?job_id=` those of one job, whose `sequence`
 * then is the job's own.
 */
export class DwcpStream extends EventSockets {
  protected readonly understood = 'action subscribe and unsubscribe, and type ping';
  readonly #events: Events;
  /** Number of the last event of a job, by topic. */
  readonly #jobSequences = new Map<string, number>();

  constructor({ events, delivery }: { events: Events; delivery: Delivery }) {
    super('/dwcp/v3/stream', ['migrations'], delivery);
    this.#events = events;
    events.listen((event, account) => {
      if (event.channel !== 'migrations') return;
      const topic = topicOf(account!, event.job_id as string);
      const sequence = event.job_sequence as number;
      this.#remember(topic, sequence);
      this.broadcast(topicOf(account!, ''), event);
      this.broadcast(topic, { ...event, sequence });
    });
  }

  override admit(url: URL, account: string): (connection: Connection) => void {
    const connect = super.admit(url, account);
    return (connection) => {
      connection.scope = url.searchParams.get('job_id') ?? '';
      connect(connection);
    };
  }

  protected override lastSequence({ account, scope }: Connection, channel: string): number {
    if (scope === '') return this.#events.lastSequence(channel, account);
    return this.#jobSequences.get(topicOf(account, scope)) ?? 0;
  }

  protected override topic({ account, scope }: Connection): string {
    return topicOf(account, scope);
  }

  protected override answer(): undefined {
    return undefined;
  }

  #remember(topic: string, sequence: number): void {
    this.#jobSequences.set(topic, sequence);
    if (this.#jobSequences.size > MAX_JOBS) this.#jobSequences.delete(this.#jobSequences.keys().next().value!);
  }
}

function topicOf(account: string, jobId: string): string {
  return `${account} ${jobId}`;
}
