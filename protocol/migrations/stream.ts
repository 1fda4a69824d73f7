import {
  type DeliveryEvidence,
  DeliveryHistory,
  epochMs,
  type SliceContext,
  type Subscription,
} from '../../support/test.ts';
import { inData, isConfirmation } from '../apis/events.ts';
import { type Id, isId } from '../apis/id.ts';
import { ClockOffset } from '../transports/clock-offset.ts';
import { Socket } from '../transports/socket.ts';
import { instantOf, untold } from '../transports/time-stamp.ts';
import { type Job, jobOf } from './api.ts';
import { streamSettings } from './settings.ts';

/** Metrics of the migrations' stream; a load that uses it declares them. */
export const dwcpStreamMetrics = {
  /**
   * The target's time stamp of an event → its arrival, by the target's clock as far as it can be known from here; time stamps in whole
   * seconds do not tell it.
   */
  migration_event_latency: 'trend',
  /** How far the target's clock is ahead of ours, ms. */
  migration_clock_offset: 'gauge',
  /** Connections made after one was lost: what happened in between was not heard. */
  migration_stream_reconnects: 'counter',
} as const;

/** Between a loss of the connection and the next attempt: doubled with each that comes to nothing. */
const MIN_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** Events are a few hundred bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Longest wait for a connection, and then for the subscription to be confirmed by a target that does that. */
const TIMEOUT_MS = 10_000;

const CHANNEL = 'migrations';
/** As {@link untold}: by the confirmation of a subscription alone the clocks are compared. */
const CLOCK_UNTOLD = 'metric "migration_event_latency": no confirmation of a subscription tells the target\'s time';
/** In evidence, in the place of a VU: the connection is the whole slice's. */
const SLICE = 0;

/** Who is told of the events of a job. */
export interface Follower {
  hear(job: Job): void;
}

/**
 * A slice's connection to the migrations' stream. It holds nothing but who follows what, and connects again when it was lost:
 * `generation` tells a follower whether it may have missed something.
 */
export class DwcpStream {
  /** Of the target's clock, by the confirmations of the subscriptions. */
  readonly offset = new ClockOffset();
  readonly #slice: SliceContext;
  readonly #url: string;
  /** By VM, and by job, by id as text (see `isSame`): what two of them are called may be the same number. */
  readonly #ofVms = new Map<string, Follower>();
  readonly #ofJobs = new Map<string, Follower>();
  readonly #delivery: DeliveryHistory;
  #subscription: Subscription | undefined;
  #socket: Socket | undefined;
  #subscribed = false;
  /** The target confirms subscriptions; undefined: nobody knows yet. Where it does not, that events come is the confirmation. */
  #confirms: boolean | undefined;
  /** An event of the channel has come by this connection. */
  #hears = false;
  #generation = 0;
  #subscribedAt = 0;
  #onReady: () => void = () => {};
  readonly #timeoutMs: number;
  #timeout: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;

  constructor(slice: SliceContext, token: string | undefined, timeoutMs = TIMEOUT_MS) {
    this.#slice = slice;
    this.#timeoutMs = timeoutMs;
    this.#delivery = new DeliveryHistory(() => slice.elapsedMs());
    this.#url = `${streamSettings(slice.target).dwcpUrl}/stream${token === undefined ? '' : `?token=${encodeURIComponent(token)}`}`;
  }

  /** Connects and subscribes. Resolves when that has succeeded or failed; in both cases it goes on trying by itself. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      this.#onReady = resolve;
      void this.#connect();
    });
  }

  /** Another one with each subscription; undefined while there is none. */
  get generation(): number | undefined {
    return this.#subscribed ? this.#generation : undefined;
  }

  /** What is told of a VM's jobs, also of one that has no id yet; of a VM that is followed twice, the last follower hears. */
  follow(vm: Id, follower: Follower): void {
    this.#ofVms.set(`${vm}`, follower);
  }

  followJob(job: Id, follower: Follower): void {
    this.#ofJobs.set(`${job}`, follower);
  }

  /** @param job undefined: it never had an id */
  unfollow(vm: Id, job: Id | undefined): void {
    this.#ofVms.delete(`${vm}`);
    if (job !== undefined) this.#ofJobs.delete(`${job}`);
  }

  /** What became of the events on their way, at the end; null when the target does not number them. */
  evidence(): DeliveryEvidence | null {
    this.#subscription?.end();
    return this.#delivery.evidence();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#timeout);
    await this.#socket?.close();
  }

  async #connect(): Promise<void> {
    const opened = await Socket.open(this.#slice, this.#url, {
      messages: 'text',
      connectTimeoutMs: this.#timeoutMs,
      maxMessageBytes: MAX_MESSAGE_BYTES,
      onOpen: (socket) => this.#subscribe(socket),
      onMessage: (message) => this.#receive(message),
      onEnd: () => this.#lost(),
    });
    if (!opened) this.#lost();
    // Closed while it connected.
    else if (this.#closed) await this.#socket?.close();
  }

  #subscribe(socket: Socket): void {
    this.#socket = socket;
    this.#subscribedAt = epochMs();
    socket.send(JSON.stringify({ action: 'subscribe', channel: CHANNEL }));
    this.#timeout = setTimeout(() => {
      if (this.#confirms) return socket.fail('no subscription to migrations');
      this.#confirms = false;
      if (this.#hears) this.#begin(undefined);
      else this.#onReady();
    }, this.#timeoutMs);
  }

  #receive(message: Buffer): void {
    const receivedAt = epochMs();
    const content = parse(message);
    if (!content) {
      this.#socket?.fail('no JSON object');
      return;
    }
    const sentAt = instantOf(content.timestamp);
    if (content.type === 'error') {
      this.#socket?.fail('the stream answered with an error');
    } else if (!isConfirmation(content)) {
      this.#hear(content, sentAt, receivedAt);
    } else {
      if (sentAt !== undefined) {
        this.offset.add(this.#subscribedAt, sentAt, receivedAt);
        this.#slice.recorder.add('migration_clock_offset', this.offset.offsetMs);
      }
      this.#confirms = true;
      // One that comes so late that it was done without: it has begun.
      if (!this.#subscribed) this.#begin(content.sequence);
    }
  }

  #hear(content: Record<string, unknown>, sentAt: number | undefined, receivedAt: number): void {
    const data = inData(content);
    const job = jobOf(isId(data?.job_id) ? { ...content, ...data } : content);
    const { sequence, channel = CHANNEL } = content;
    this.#hears ||= job !== undefined || content.channel === CHANNEL;
    if (this.#hears && this.#confirms === false && !this.#subscribed) this.#begin(undefined);
    // Also of what tells of no job, or in words that we do not know: without it, it would be missing among the others.
    if (isNumber(sequence) && channel === CHANNEL) this.#subscription?.take(sequence);
    else if (job) this.#delivery.unnumbered();
    if (!job) return;
    const { jobId, vmId } = job;
    const follower = this.#ofJobs.get(`${jobId}`) ?? this.#ofVms.get(`${vmId}`);
    if (!follower) return;
    if (sentAt !== undefined && this.offset.roundTripMs < Number.POSITIVE_INFINITY) {
      // The clocks' offset is known to a few milliseconds: an event that seems to come before it was sent took none.
      const latencyMs = Math.max(0, receivedAt - sentAt + this.offset.offsetMs);
      this.#slice.recorder.add('migration_event_latency', latencyMs);
    } else if (sentAt === undefined && content.timestamp !== undefined) {
      this.#slice.recorder.error(untold('migration_event_latency'));
    } else if (sentAt !== undefined && this.#subscribed) {
      this.#slice.recorder.error(CLOCK_UNTOLD);
    }
    follower.hear(job);
  }

  /** @param sequence of the last event before it, where the target tells that */
  #begin(sequence: unknown): void {
    clearTimeout(this.#timeout);
    this.#subscription = this.#delivery.subscribed(SLICE, CHANNEL, isNumber(sequence) ? sequence : undefined);
    if (this.#generation > 0) this.#slice.recorder.add('migration_stream_reconnects', 1);
    this.#generation += 1;
    this.#subscribed = true;
    this.#failures = 0;
    this.#onReady();
  }

  #lost(): void {
    clearTimeout(this.#timeout);
    this.#subscribed = false;
    this.#hears = false;
    this.#socket = undefined;
    this.#subscription?.end();
    // What comes before the next one is confirmed belongs to neither.
    this.#subscription = undefined;
    this.#onReady();
    if (this.#closed) return;
    const delayMs = Math.min(MIN_RETRY_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => void this.#connect(), delayMs);
  }
}

function parse(message: Buffer): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(message.toString());
    return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
