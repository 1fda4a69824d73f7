import type { RawData, WebSocket } from 'ws';
import type { Delivery } from './delivery.ts';
import type { Event } from './events.ts';
import { type Connection, type SocketEndpoint, socketServer } from './web-sockets.ts';

const MAX_MESSAGE_BYTES = 16 * 1024;

/** A message of a client: a JSON object. */
export type Message = Record<string, unknown>;

/** WebSockets that events can be subscribed to. */
export abstract class EventSockets implements SocketEndpoint {
  readonly webSockets = socketServer(MAX_MESSAGE_BYTES);
  readonly #path: string;
  readonly #channels: readonly string[];
  readonly #delivery: Delivery;
  readonly #subscribers = new Map<string, Set<Connection>>();
  readonly #onMessage: (this: WebSocket, data: RawData) => void;
  readonly #onClose: (this: WebSocket) => void;

  constructor(path: string, channels: readonly string[], delivery: Delivery) {
    this.#path = path;
    this.#channels = channels;
    this.#delivery = delivery;
    const endpoint = this;
    // One function for all connections, and not one for each.
    this.#onMessage = function (data) {
      endpoint.#receive(this as Connection, String(data));
    };
    this.#onClose = function () {
      for (const channel of channels) endpoint.#unsubscribe(this as Connection, channel);
    };
  }

  serves(path: string): boolean {
    return path === this.#path;
  }

  admit(_url: URL, _account: string): (connection: Connection) => void {
    return (connection) => {
      connection.on('message', this.#onMessage);
      connection.on('close', this.#onClose);
    };
  }

  /** Number of the last event that a connection has got, or would have if it had subscribed earlier. */
  protected abstract lastSequence(connection: Connection, channel: string): number;

  /** What those who are told of the same events have in common. */
  protected abstract topic(connection: Connection, channel: string): string;

  /** Answers a message that is neither subscription nor ping; undefined when it is not understood. */
  protected abstract answer(connection: Connection, message: Message): object | Promise<object> | undefined;

  /** The messages that are understood, in words. */
  protected abstract readonly understood: string;

  /** How many have subscribed to a topic. */
  protected subscribers(topic: string): number {
    return this.#subscribers.get(topic)?.size ?? 0;
  }

  /** Sends an event to all who have subscribed to the topic. */
  protected broadcast(topic: string, event: Event): void {
    const receivers = this.#subscribers.get(topic);
    if (receivers) this.#delivery.broadcast(event, receivers);
  }

  #receive(connection: Connection, text: string): void {
    const answer = this.#answer(connection, parse(text));
    if (!(answer instanceof Promise)) reply(connection, answer);
    else
      answer.then(
        (late) => reply(connection, late),
        (failure: Error) => {
          console.error(`A question could not be answered: ${failure.message}`);
          reply(connection, error('The database does not answer.'));
        },
      );
  }

  #answer(connection: Connection, message: Message | undefined): object | Promise<object> {
    if (!message) return error('A message must be a JSON object.');
    const { type, action, channel } = message;
    if (type === 'ping') return pong(message);
    if (action === 'subscribe' || action === 'unsubscribe') return this.#change(connection, action, channel);
    return this.answer(connection, message) ?? error(`Understood are ${this.understood}.`);
  }

  #change(connection: Connection, action: 'subscribe' | 'unsubscribe', wanted: unknown): object {
    const channel = this.#channels.find((each) => each === wanted);
    if (!channel) return error(`channel must be one of ${this.#channels.join(', ')}.`);
    const timestamp = Date.now();
    if (action === 'unsubscribe') {
      this.#unsubscribe(connection, channel);
      return { type: 'unsubscribed', channel, timestamp };
    }
    const topic = this.topic(connection, channel);
    const receivers = this.#subscribers.get(topic) ?? new Set<Connection>();
    this.#subscribers.set(topic, receivers.add(connection));
    return { type: 'subscribed', channel, sequence: this.lastSequence(connection, channel), timestamp };
  }

  #unsubscribe(connection: Connection, channel: string): void {
    const topic = this.topic(connection, channel);
    const receivers = this.#subscribers.get(topic);
    receivers?.delete(connection);
    if (receivers?.size === 0) this.#subscribers.delete(topic);
  }
}

/** An answer that says what was wrong with a message. */
export function error(message: string): object {
  return { type: 'error', channel: 'control', message, timestamp: Date.now() };
}

function pong({ timestamp = null, client_id = null }: Message): object {
  return { type: 'pong', channel: 'control', timestamp: Date.now(), client_timestamp: timestamp, client_id };
}

function reply(connection: Connection, answer: object): void {
  connection.send(JSON.stringify(answer), () => {});
}

function parse(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}
