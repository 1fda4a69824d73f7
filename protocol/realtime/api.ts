import {
  DeliveryHistory,
  epochMs,
  type RecordedSeries,
  type SliceContext,
  type Subscription,
  type Vu,
} from '../../support/test.ts';
import { inData, isConfirmation } from '../apis/events.ts';
import { type Id, isId, isSame } from '../apis/id.ts';
import { ClockOffset } from '../transports/clock-offset.ts';
import { Socket, type SocketOptions } from '../transports/socket.ts';
import { instantOf, untold } from '../transports/time-stamp.ts';
import { WatchedVm } from './watched-vm.ts';

/** Metrics of real-time connections; a load that uses them declares them. */
export const realtimeMetrics = {
  /**
   * The target's time stamp of an event → its arrival, by the target's clock as far as it can be known from here; time stamps in whole
   * seconds do not tell it.
   */
  realtime_event_latency: { type: 'trend', contains: 'time', followed: true, waitedFor: true },
  /** How far the target's clock is ahead of ours, ms; of the first slice. */
  realtime_clock_offset: 'gauge',
  realtime_connections: 'gauge',
  /** Since the run's start: when each connection stood. */
  realtime_opened_at: 'trend',
  /** Resident in the generator's processes beyond what they had before there were VUs, bytes. */
  realtime_memory_bytes: 'gauge',
  /** Every event that came, the same one again as well. */
  realtime_events: 'counter',
  realtime_events_lost: 'counter',
  realtime_events_duplicated: 'counter',
  realtime_events_reordered: 'counter',
  /** A query sent → its answer received. */
  realtime_query_duration: 'trend',
} as const;

export interface RealtimeConditions {
  channels: readonly string[];
  lifeMs: readonly [min: number, max: number];
  heartbeatMs: number;
  /** How long the target may take to answer a heartbeat, a subscription or a query. */
  timeoutMs: number;
  queriesPerMinute: number;
  /** Undefined: the system's choice. */
  localAddressOf(vuId: number): string | undefined;
}

/** Messages are a few hundred bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** How long an event that is missing at the end may still come late. */
const LATE_MS = 2_000;
/** Events of it are about VMs. */
const VM_CHANNEL = 'vm_status';
/** Between a connection that could not be made, or broke, and the next attempt. */
const RETRY_MS = 1_000;
/** Connections that a slice ends at one time, when the schedule is over for all of them. */
const ENDING_AT_ONCE = 100;
const ENDING_EVERY_MS = 50;

type Content = Record<string, unknown>;

/** What the real-time connections of a slice share. */
export class RealtimeAccess {
  readonly slice: SliceContext;
  readonly conditions: RealtimeConditions;
  readonly url: URL;
  readonly offset = new ClockOffset();
  readonly history: DeliveryHistory;
  /** The VM that we change. */
  readonly watched = new WatchedVm();
  readonly subscribeMessages: string[];
  readonly ping: RecordedSeries;
  readonly queryDuration: RecordedSeries;
  readonly #events: RecordedSeries[];
  readonly #latency: RecordedSeries[];
  readonly #lost: RecordedSeries;
  readonly #duplicated: RecordedSeries;
  readonly #reordered: RecordedSeries;
  readonly #openedAt: RecordedSeries;
  /** The target tells the number of a channel's last event when it confirms a subscription. */
  tellsLast = false;
  /** The target confirms subscriptions; undefined: nobody knows yet. The contract has no confirmation: that events come is one, too. */
  confirms: boolean | undefined;
  /** A VM that an event was about. */
  vmId: Id | undefined;
  #connections = 0;
  #endingSince = 0;
  #ending = 0;

  constructor(slice: SliceContext, token: string | undefined, conditions: RealtimeConditions) {
    const { recorder } = slice;
    const { channels } = conditions;
    this.slice = slice;
    this.conditions = conditions;
    this.url = new URL(`${slice.target.wsUrl}/realtime`);
    if (token !== undefined) this.url.searchParams.set('token', token);
    this.history = new DeliveryHistory(() => slice.elapsedMs());
    this.subscribeMessages = channels.map((channel) => JSON.stringify({ action: 'subscribe', channel }));
    this.ping = recorder.trend('ws_ping');
    this.queryDuration = recorder.trend('realtime_query_duration');
    this.#openedAt = recorder.trend('realtime_opened_at');
    const memoryBefore = process.memoryUsage.rss();
    recorder.onPack(() => {
      recorder.add('realtime_connections', this.#connections);
      recorder.add('realtime_memory_bytes', Math.max(0, process.memoryUsage.rss() - memoryBefore));
    });
    this.#events = channels.map((channel) => recorder.counter('realtime_events', { channel }));
    this.#latency = channels.map((channel) => recorder.trend('realtime_event_latency', { channel }));
    this.#lost = recorder.counter('realtime_events_lost');
    this.#duplicated = recorder.counter('realtime_events_duplicated');
    this.#reordered = recorder.counter('realtime_events_reordered');
  }

  /** A connection stands. */
  opened(): void {
    this.#connections += 1;
    this.#openedAt.add(this.slice.elapsedMs());
  }

  /** A connection has ended. */
  closed(): void {
    this.#connections -= 1;
  }

  /** An event of a channel has come. */
  heard(place: number, { timestamp, sequence, vm_id }: Content, receivedAt: number, subscription?: Subscription): void {
    this.#events[place]!.add(1);
    if (isId(vm_id)) this.vmId = vm_id;
    const sentAt = instantOf(timestamp);
    const { offset } = this;
    if (sentAt !== undefined && offset.roundTripMs < Number.POSITIVE_INFINITY) {
      // The clocks' offset is known to a few milliseconds: an event that seems to come before it was sent took none.
      this.#latency[place]!.add(Math.max(0, receivedAt + offset.offsetMs - sentAt));
    } else if (sentAt === undefined && timestamp !== undefined) {
      this.slice.recorder.error(untold('realtime_event_latency'));
    }
    if (!isNumbered(sequence)) {
      this.history.unnumbered();
      return;
    }
    const arrival = subscription?.take(sequence);
    if (arrival === 'duplicated') this.#duplicated.add(1);
    if (arrival === 'reordered') this.#reordered.add(1);
  }

  /** A subscription has ended. */
  ended(subscription: Subscription): void {
    this.#lost.add(subscription.end());
    // That there were none is a result, too.
    this.#duplicated.add(0);
    this.#reordered.add(0);
  }

  /** All connections want to end when the schedule is over; the target gets them a few at a time. */
  mayEnd(now: number): boolean {
    if (now - this.#endingSince >= ENDING_EVERY_MS) {
      this.#endingSince = now;
      this.#ending = 0;
    }
    this.#ending += 1;
    return this.#ending <= ENDING_AT_ONCE;
  }
}

/**
 * What a connection is at. `ending`: it waits for the target to say what its last events are. `resting`: it could not be
 * made, or broke, and the iteration waits so that the next one is no onslaught.
 */
type Phase = 'idle' | 'connecting' | 'open' | 'ending' | 'closing' | 'resting';

/**
 * A VU's real-time connection: one life of it after the other. It has no timer, somebody has to `visit` it every now and then;
 * and it is small, since there may be 20,000 in a process. Times are whole ms on `performance.now()`'s clock, unless they are
 * measured: fractions take room of their own.
 */
export class RealtimeClient implements SocketOptions {
  readonly #access: RealtimeAccess;
  readonly #vu: Vu;
  /** By the place of their channel; a hole until the target has confirmed it. */
  readonly #subscriptions: (Subscription | undefined)[];
  #phase: Phase = 'idle';
  #socket: Socket | undefined;
  #done: (() => void) | undefined;
  /** When the phase comes to its end, whatever happens. */
  #until = 0;
  /** Confirmations that are still to come, and until when. */
  #unconfirmed = 0;
  #confirmUntil = 0;
  #nextPingAt = 0;
  #nextQueryAt = 0;
  #queries = 0;
  /** Of what is not answered yet, by {@link epochMs}; else 0. */
  #subscribedAt = 0;
  #pingSentAt = 0;
  #querySentAt = 0;
  /** That it is about, if it is about one. */
  #queriedVm: Id | undefined;
  /** An event of a channel has come. */
  #hears = false;

  constructor(access: RealtimeAccess, vu: Vu) {
    this.#access = access;
    this.#vu = vu;
    this.#subscriptions = access.conditions.channels.map(() => undefined);
  }

  get messages(): 'text' {
    return 'text';
  }

  get maxMessageBytes(): number {
    return MAX_MESSAGE_BYTES;
  }

  get connectTimeoutMs(): number {
    return this.#access.conditions.timeoutMs;
  }

  get localAddress(): string | undefined {
    return this.#access.conditions.localAddressOf(this.#vu.id);
  }

  /** Connects, and resolves when the connection has had its life, or was lost. */
  live(): Promise<void> {
    const { slice, url } = this.#access;
    if (slice.isOver()) return Promise.resolve();
    this.#phase = 'connecting';
    return new Promise((resolve) => {
      this.#done = resolve;
      void Socket.open(slice, url, this).then((opened) => {
        if (!opened) this.#broken();
      });
    });
  }

  /** Does what is due. */
  visit(): void {
    const now = Math.trunc(performance.now());
    if (this.#phase === 'open' && this.#socket!.isOpen) this.#attend(now);
    else if (this.#phase === 'ending' && (now >= this.#until || this.#access.slice.signal.aborted)) this.#close();
    else if (this.#phase === 'resting' && (now >= this.#until || this.#access.slice.isOver())) this.#finish();
  }

  onOpen(socket: Socket): void {
    const { lifeMs, heartbeatMs, queriesPerMinute } = this.#access.conditions;
    const { random } = this.#vu;
    const now = Math.trunc(performance.now());
    this.#access.opened();
    this.#socket = socket;
    this.#phase = 'open';
    this.#until = now + random.int(lifeMs[0], lifeMs[1]);
    // Those that were opened at one time must not go on to do everything at one time.
    this.#nextPingAt = now + random.int(0, Math.trunc(heartbeatMs));
    const queryEveryMs = 60_000 / queriesPerMinute;
    this.#nextQueryAt =
      now + (queriesPerMinute > 0 ? random.int(0, Math.trunc(queryEveryMs)) : Number.POSITIVE_INFINITY);
    this.#subscribe(now);
  }

  onMessage(message: Buffer): void {
    const receivedAt = epochMs();
    const content = parse(message);
    if (!content) {
      this.#socket?.fail('no JSON object');
      return;
    }
    if (isConfirmation(content)) {
      this.#confirmed(content, receivedAt);
      return;
    }
    switch (content.type) {
      case 'pong':
        this.#pong(content, receivedAt);
        break;
      case 'vm_query_result':
      case 'vm_query_response':
      case 'metric_query_result':
      case 'metric_query_response':
        this.#answered(content, receivedAt);
        break;
      case 'error':
        this.#vu.check('realtime: no error is answered', false);
        break;
      default:
        this.#heard(content, receivedAt);
    }
  }

  onEnd(): void {
    this.#access.closed();
    this.#access.watched.left(this);
    if (this.#phase === 'closing') this.#finish();
    else this.#broken();
  }

  #attend(now: number): void {
    const access = this.#access;
    const { slice, conditions } = access;
    const isOver = slice.isOver();
    if (this.#unconfirmed > 0 && now >= this.#confirmUntil && !this.#takeAsConfirmed()) {
      this.#vu.check('realtime: subscription is confirmed', false);
      this.#socket!.fail('a subscription is not confirmed');
    } else if (this.#pingSentAt > 0 && epochMs() - this.#pingSentAt >= conditions.timeoutMs) {
      this.#vu.check('realtime: heartbeat is answered', false);
      this.#socket!.fail('a heartbeat is not answered');
    } else if (isOver || now >= this.#until) {
      if (access.mayEnd(now)) this.#end(now);
    } else {
      if (now >= this.#nextPingAt && this.#pingSentAt === 0) this.#ping(now);
      if (now >= this.#nextQueryAt) this.#query(now);
    }
  }

  #subscribe(now: number): void {
    const { subscribeMessages, conditions } = this.#access;
    this.#unconfirmed = subscribeMessages.length;
    this.#confirmUntil = now + Math.trunc(conditions.timeoutMs);
    this.#subscribedAt = epochMs();
    for (const message of subscribeMessages) this.#socket!.send(message);
  }

  #ping(now: number): void {
    this.#nextPingAt = now + Math.trunc(this.#access.conditions.heartbeatMs);
    this.#pingSentAt = epochMs();
    const client = `${this.#access.slice.scenario}-${this.#vu.id}`;
    this.#socket!.send(JSON.stringify({ type: 'ping', timestamp: Math.trunc(this.#pingSentAt), client_id: client }));
  }

  #pong({ timestamp }: Content, receivedAt: number): void {
    const sentAt = this.#pingSentAt;
    if (sentAt === 0) return;
    this.#pingSentAt = 0;
    this.#access.ping.add(receivedAt - sentAt);
    this.#vu.check('realtime: heartbeat is answered', true);
    this.#learn(sentAt, timestamp, receivedAt);
  }

  /** By turns how a VM is, if we know of any, and how the system is. */
  #query(now: number): void {
    const { conditions, watched } = this.#access;
    const vmId = watched.id ?? this.#access.vmId;
    this.#nextQueryAt = now + Math.trunc(60_000 / conditions.queriesPerMinute);
    if (this.#querySentAt > 0) {
      if (epochMs() - this.#querySentAt < conditions.timeoutMs) return;
      this.#vu.check('realtime: query is answered', false);
    }
    this.#queries += 1;
    this.#queriedVm = this.#queries % 2 === 1 ? vmId : undefined;
    const query =
      this.#queriedVm !== undefined
        ? { type: 'vm_query', action: 'get_status', vm_id: vmId }
        : { type: 'metric_query', action: 'get_metrics', resource: 'cpu' };
    this.#querySentAt = epochMs();
    this.#socket!.send(JSON.stringify(query));
  }

  #answered({ vm_id: vmId, status }: Content, receivedAt: number): void {
    const sentAt = this.#querySentAt;
    if (sentAt === 0) return;
    const { queryDuration, watched } = this.#access;
    queryDuration.add(receivedAt - sentAt);
    this.#querySentAt = 0;
    this.#vu.check('realtime: query is answered', true);
    const asked = this.#queriedVm;
    if (asked === undefined || vmId === undefined) return;
    const isRight = isSame(vmId, asked) && (asked !== watched.id || watched.mayBe(status, sentAt));
    this.#vu.check('realtime: query is answered for the VM as it is', isRight);
  }

  /** The first time it says where events begin, the second time, before the end, what the last ones were. */
  #confirmed({ channel, sequence, timestamp }: Content, receivedAt: number): void {
    const place = this.#access.conditions.channels.indexOf(channel as string);
    if (place < 0 || this.#unconfirmed === 0) return;
    const last = isNumbered(sequence) ? sequence : undefined;
    this.#access.confirms = true;
    this.#unconfirmed -= 1;
    if (this.#phase === 'open') {
      if (last !== undefined) this.#access.tellsLast = true;
      this.#learn(this.#subscribedAt, timestamp, receivedAt);
      this.#subscribed(place, last);
      if (this.#unconfirmed === 0) this.#vu.check('realtime: subscription is confirmed', true);
    } else if (this.#phase === 'ending') {
      if (last !== undefined) this.#subscriptions[place]?.confirm(last);
      this.#closeIfComplete();
      // What is missing may be late.
      if (this.#unconfirmed === 0) this.#until = Math.trunc(performance.now()) + LATE_MS;
    }
  }

  /** Where no subscription was ever confirmed to anybody, that events come is the confirmation. @returns whether they do */
  #takeAsConfirmed(): boolean {
    const access = this.#access;
    if (access.confirms || !this.#hears) return false;
    access.confirms = false;
    this.#unconfirmed = 0;
    for (const place of access.conditions.channels.keys()) this.#subscribed(place, undefined);
    return true;
  }

  #subscribed(place: number, last: number | undefined): void {
    const { conditions, history, watched } = this.#access;
    const channel = conditions.channels[place]!;
    this.#subscriptions[place] = history.subscribed(this.#vu.id, channel, last);
    if (channel === VM_CHANNEL) watched.joined(this);
  }

  #heard(content: Content, receivedAt: number): void {
    const place = this.#access.conditions.channels.indexOf(content.channel as string);
    if (place < 0) return;
    this.#hears = true;
    if (this.#access.confirms === false && this.#unconfirmed > 0) this.#takeAsConfirmed();
    const { watched } = this.#access;
    this.#access.heard(place, content, receivedAt, this.#subscriptions[place]);
    if (isSame(content.vm_id, watched.id) && content.channel === VM_CHANNEL) watched.hear(content.status);
    if (this.#phase === 'ending') this.#closeIfComplete();
  }

  /** What the target's clock says, if it said so. */
  #learn(sentAt: number, timestamp: unknown, receivedAt: number): void {
    const { offset, slice } = this.#access;
    const time = instantOf(timestamp);
    if (time === undefined) return;
    offset.add(sentAt, time, receivedAt);
    // Gauges of several slices would be added up.
    if (this.#vu.id === 0) slice.recorder.add('realtime_clock_offset', offset.offsetMs);
  }

  /**
   * Asks what the last events were by subscribing once more, where the target tells that, or has said nothing yet: to others who subscribe
   * twice is a mistake, or gets everything twice. When there is no time for that, closes at once.
   */
  #end(now: number): void {
    if (this.#unconfirmed > 0) this.#takeAsConfirmed();
    const { slice, tellsLast, conditions } = this.#access;
    this.#phase = 'ending';
    if (slice.signal.aborted) {
      this.#close();
    } else if (tellsLast || this.#unconfirmed > 0) {
      this.#until = now + Math.trunc(conditions.timeoutMs);
      this.#subscribe(now);
    } else {
      // What is missing may be late.
      this.#until = now + LATE_MS;
      this.#closeIfComplete();
    }
  }

  #closeIfComplete(): void {
    if (this.#unconfirmed === 0 && this.#subscriptions.every((one) => !one || one.isComplete)) this.#close();
  }

  #close(): void {
    this.#phase = 'closing';
    this.#endSubscriptions();
    void this.#socket!.close();
  }

  /** It could not be made, or ended too early; what it is called among the errors the socket has said. */
  #broken(): void {
    this.#endSubscriptions();
    this.#vu.fail();
    this.#phase = 'resting';
    this.#until = Math.trunc(performance.now()) + RETRY_MS;
  }

  #finish(): void {
    this.#phase = 'idle';
    this.#socket = undefined;
    this.#unconfirmed = 0;
    this.#hears = false;
    this.#pingSentAt = 0;
    this.#querySentAt = 0;
    this.#done?.();
  }

  #endSubscriptions(): void {
    this.#subscriptions.forEach((subscription, place) => {
      if (subscription) this.#access.ended(subscription);
      this.#subscriptions[place] = undefined;
    });
  }
}

function isNumbered(sequence: unknown): sequence is number {
  return Number.isSafeInteger(sequence);
}

function parse(message: Buffer): Content | undefined {
  try {
    const content: unknown = JSON.parse(message.toString());
    return isObject(content) ? flat(content) : undefined;
  } catch {
    return undefined;
  }
}

/** With what VM it is about, and what that is, beside the channel. */
function flat(content: Content): Content {
  const data = inData(content);
  if (!isId(data?.vm_id)) return content;
  return { ...content, vm_id: data.vm_id, status: data.status };
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null;
}
