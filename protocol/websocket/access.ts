import {
  type Arrival,
  DeliveryHistory,
  type RecordedSeries,
  type SliceContext,
  unfinished,
} from '../../support/test.ts';
import type { Holdup } from '../transports/socket.ts';
import type { Connected, MessageEvidence, Published } from './message-delivery.ts';
import { MessageForm } from './message-form.ts';
import type { WebsocketOptions } from './options.ts';
import { websocketSettings } from './settings.ts';

/** Metrics of messages; a load that uses them declares them. */
export const websocketMetrics = {
  /** When a message was due → its arrival. One that never came has its age. In fan-out by the wall clocks of two processes. */
  websocket_message_latency: { type: 'trend', contains: 'time', complete: true, followed: true, waitedFor: true },
  /** Messages that were due and have not come: lost, or not even sent. */
  websocket_message_failed: { type: 'rate', contains: 'default', tells: 'failure', complete: true, followed: true },
  websocket_messages_lost: 'counter',
  websocket_messages_duplicated: 'counter',
  websocket_messages_reordered: 'counter',
  /** What came and is none of the load's messages. */
  websocket_messages_other: 'counter',
  /** Messages that had to wait as what was sent before had not left, by whose doing: of the target, that does not read, or our own. */
  websocket_held_back: 'counter',
  /** How long these waited for it. */
  websocket_hold_duration: 'trend',
  /** What was sent and has not left the generator's processes. */
  websocket_unsent_bytes: { type: 'gauge', contains: 'data' },
  websocket_connections: 'gauge',
} as const;

/** A connection as the others of its slice see it. */
interface Member {
  unsentBytes: number;
  /** Measuring ends: what it still waits for has failed. */
  cutOff(): void;
}

/** Silent connections of a slice that are told apart: enough to see them. */
const MAX_KEPT = 1_000;

/** What the connections of a slice share. */
export class MessageAccess {
  readonly slice: SliceContext<WebsocketOptions>;
  readonly options: WebsocketOptions;
  /** Of the server, with the variable that says it. */
  readonly variable: 'WS_ECHO_URL' | 'WS_BROADCAST_URL';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly form: MessageForm;
  readonly history: DeliveryHistory;
  readonly periodMs: number;
  readonly #members = new Set<Member>();
  readonly #latency: RecordedSeries;
  readonly #age: RecordedSeries;
  readonly #failed: RecordedSeries;
  readonly #lateness: RecordedSeries;
  readonly #lost: RecordedSeries;
  readonly #duplicated: RecordedSeries;
  readonly #reordered: RecordedSeries;
  readonly #other: RecordedSeries;
  readonly #heldBack: Record<Holdup, RecordedSeries>;
  readonly #hold: Record<Holdup, RecordedSeries>;
  readonly #silent: Connected[] = [];
  readonly #published: Published[] = [];

  constructor(slice: SliceContext<WebsocketOptions>) {
    const { recorder, options, target, runId } = slice;
    const { echoUrl, broadcastUrl } = websocketSettings(target);
    const isEcho = options.mode === 'echo';
    this.slice = slice;
    this.options = options;
    this.variable = isEcho ? 'WS_ECHO_URL' : 'WS_BROADCAST_URL';
    this.url = new URL(isEcho ? echoUrl : broadcastUrl);
    // Whoever stands in the URL says who asks.
    const isNamed = this.url.username !== '' || this.url.password !== '';
    this.headers = target.token === undefined || isNamed ? {} : { authorization: `Bearer ${target.token}` };
    this.form = new MessageForm(`${runId}/${slice.scenario}`, options.size, options.message);
    this.history = new DeliveryHistory(() => slice.elapsedMs());
    this.periodMs = 1_000 / options.ratePerSecond;
    this.#latency = recorder.trend('websocket_message_latency');
    this.#age = recorder.trend('websocket_message_latency', unfinished);
    this.#failed = recorder.rate('websocket_message_failed');
    this.#lateness = recorder.trend('generator_lateness');
    this.#lost = recorder.counter('websocket_messages_lost');
    this.#duplicated = recorder.counter('websocket_messages_duplicated');
    this.#reordered = recorder.counter('websocket_messages_reordered');
    this.#other = recorder.counter('websocket_messages_other');
    const by = (make: (tags: { by: Holdup }) => RecordedSeries) => ({
      target: make({ by: 'target' }),
      generator: make({ by: 'generator' }),
    });
    this.#heldBack = by((tags) => recorder.counter('websocket_held_back', tags));
    this.#hold = by((tags) => recorder.trend('websocket_hold_duration', tags));
    recorder.onPack(() => {
      let unsentBytes = 0;
      for (const member of this.#members) unsentBytes += member.unsentBytes;
      recorder.add('websocket_connections', this.#members.size);
      recorder.add('websocket_unsent_bytes', unsentBytes);
    });
    recorder.onCutOff(() => {
      for (const member of this.#members) member.cutOff();
    });
  }

  /** When the schedule is over, on the clock of `performance.now()`. */
  endsAt(): number {
    return performance.now() + this.slice.endsAfterMs - this.slice.elapsedMs();
  }

  /** A connection stands. */
  opened(member: Member): void {
    this.#members.add(member);
  }

  closed(member: Member): void {
    this.#members.delete(member);
    // That there were none is a result, too.
    for (const none of [this.#lost, this.#duplicated, this.#reordered]) none.add(0);
  }

  /**
   * A message is sent now.
   * @param heldSince since when messages of its connection could not be, and by whose doing
   */
  sends(dueAt: number, now: number, heldSince: number | undefined, heldBy: Holdup): void {
    if (heldSince === undefined) {
      this.#lateness.add(Math.max(0, now - dueAt), dueAt);
      return;
    }
    const heldMs = now - Math.max(dueAt, heldSince);
    this.#heldBack[heldBy].add(1, dueAt);
    this.#hold[heldBy].add(heldMs, dueAt);
    this.#lateness.add(Math.max(0, now - dueAt - (heldBy === 'target' ? heldMs : 0)), dueAt);
  }

  /** A message has come. */
  arrived(arrival: Arrival, dueAt: number, now: number): void {
    if (arrival === 'early') return;
    if (arrival === 'duplicated') {
      this.#duplicated.add(1);
      return;
    }
    if (arrival === 'reordered') this.#reordered.add(1);
    this.#latency.add(Math.max(0, now - dueAt), dueAt);
    this.#failed.add(0, dueAt);
  }

  /** A message that was due has not come, and is waited for no more. */
  missed(dueAt: number, now: number): void {
    this.#age.add(Math.max(0, now - dueAt), dueAt);
    this.#failed.add(1, dueAt);
  }

  /** So many messages will not come, though later ones did, or the target had time enough. */
  lost(count: number): void {
    this.#lost.add(count);
  }

  /** Something came that is no message of this load. */
  other(): void {
    this.#other.add(1);
  }

  /** In fan-out: a connection to which nothing came. */
  heardNothing(connection: Connected): void {
    if (this.#silent.length < MAX_KEPT) this.#silent.push(connection);
  }

  /** In fan-out: a connection that sent messages. */
  hasPublished(publisher: Published): void {
    if (this.#published.length < MAX_KEPT) this.#published.push(publisher);
  }

  evidence(): MessageEvidence {
    return { delivery: this.history.evidence()!, silent: this.#silent, published: this.#published };
  }
}
