import type { IncomingMessage } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { WebSocket } from 'ws';
import { type RecordedSeries, type SliceContext, unfinished } from '../../support/test.ts';
import { socketWay, userAgent } from '../../support/wire/connection.ts';
import { closeCode } from './close-code.ts';
import { causeOf, codeName } from './failure.ts';

/**
 * What a connection is to be, and who is told of it: one object, so that its methods can be those of a class. What they throw ends the
 * connection, and is counted by name among the errors.
 */
export interface SocketOptions {
  /** What a message is; a message of the other kind ends the connection. */
  readonly messages: 'binary' | 'text';
  /** The connection stands; no message has come yet. */
  onOpen(socket: Socket): void;
  onMessage(message: Buffer): void;
  /** The connection has ended, by whomever. Not called when it never began. */
  onEnd(): void;
  /** Longest wait for the connection, the handshake included. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Larger messages end the connection. Default 10 MiB. */
  readonly maxMessageBytes?: number;
  /** The address of this machine to connect from; default: the system's choice. */
  readonly localAddress?: string | undefined;
  /** Names of subprotocols, the best first; a target that chooses none of them has given no valid handshake. Default: none. */
  readonly subprotocols?: readonly string[];
  /** Offers permessage-deflate, which the target may decline. Default false. */
  readonly compress?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whose doing it is that what was sent has not left: the target reads too slowly, or we compress too slowly. */
export type Holdup = 'target' | 'generator';

/** A target that lets more than this pile up does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 ** 2;
/** What the system takes no more of, beyond its own buffers, is held up. */
const HELD_UP_BYTES = 64 * 1024;
/** Also short messages; with what each has of the one before, as a browser does. */
const COMPRESSION = { threshold: 0 };
const TEXT = { binary: false };
const BINARY = { binary: true };
/** How long the target may take to end the connection once one side has said that it closes. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * ws's connection, which tells its socket what happens without a listener for each event: they would take more room than all
 * else that we keep of a connection, and there may be 20,000 in a process.
 */
class Wire extends WebSocket {
  owner: Socket | undefined;

  override emit(event: string | symbol, ...details: unknown[]): boolean {
    return this.owner!.take(event, details) || super.emit(event, ...details);
  }
}

/** What all connections of a slice count into. */
class Traffic {
  readonly sent: RecordedSeries;
  readonly received: RecordedSeries;
  readonly bytesSent: RecordedSeries;
  readonly bytesReceived: RecordedSeries;
  readonly sessions: RecordedSeries;
  readonly connecting: RecordedSeries;
  readonly connectFailed: RecordedSeries;
  readonly duration: RecordedSeries;
  /** Those that do not stand yet. */
  readonly attempts = new Set<Socket>();
  static readonly #all = new WeakMap<SliceContext['recorder'], Traffic>();

  static of(recorder: SliceContext['recorder']): Traffic {
    const traffic = Traffic.#all.get(recorder) ?? new Traffic(recorder);
    Traffic.#all.set(recorder, traffic);
    return traffic;
  }

  private constructor(recorder: SliceContext['recorder']) {
    this.sent = recorder.counter('ws_msgs_sent');
    this.received = recorder.counter('ws_msgs_received');
    this.bytesSent = recorder.counter('data_sent');
    this.bytesReceived = recorder.counter('data_received');
    this.sessions = recorder.counter('ws_sessions');
    this.connecting = recorder.trend('ws_connecting');
    this.connectFailed = recorder.rate('ws_connect_failed');
    this.duration = recorder.trend('ws_session_duration');
    recorder.onCutOff(() => {
      for (const attempt of this.attempts) {
        const since = performance.now() - attempt.ageMs;
        recorder.add('ws_connecting', attempt.ageMs, unfinished, since);
        recorder.add('ws_connect_failed', 1, unfinished, since);
        recorder.error('WebSocket: connecting, cut off by gracefulStop');
      }
    });
  }
}

/**
 * A measured WebSocket. Nothing here throws: what goes wrong is counted by name among the errors (`WebSocket: HTTP 401`,
 * `WebSocket: message too large` …), and the connection ends.
 */
export class Socket {
  readonly #wire: Wire;
  readonly #recorder: SliceContext['recorder'];
  readonly #traffic: Traffic;
  readonly #options: SocketOptions;
  /** When the attempt began, then when the connection stood; on `performance.now()`'s clock. */
  #since = performance.now();
  #resolve: ((opened: boolean) => void) | undefined;
  #timeout: NodeJS.Timeout | undefined;
  #connection: TcpSocket | undefined;
  #opened = false;
  #closing = false;
  #failed = false;

  /** Resolves with whether there is a connection, when that is known. */
  static open(slice: SliceContext, url: string | URL, options: SocketOptions): Promise<boolean> {
    return new Promise((resolve) => {
      try {
        new Socket(slice, url, options, resolve);
      } catch {
        // ws throws for a URL that it will not take, and quotes it: there may be a token in it.
        slice.recorder.error('WebSocket: no valid URL');
        Traffic.of(slice.recorder).connectFailed.add(1);
        resolve(false);
      }
    });
  }

  /** Its time is up, and it has waited as long as that. */
  static #giveUp(socket: Socket): void {
    if (socket.#failed) return;
    socket.#traffic.connecting.add(socket.ageMs, socket.#since);
    socket.fail('timeout: connecting');
  }

  private constructor(
    slice: SliceContext,
    url: string | URL,
    options: SocketOptions,
    resolve: (opened: boolean) => void,
  ) {
    const { connectTimeoutMs = 10_000, maxMessageBytes = 10 * 1024 ** 2, localAddress } = options;
    const { subprotocols = [], compress = false, headers } = options;
    this.#recorder = slice.recorder;
    this.#traffic = Traffic.of(slice.recorder);
    this.#options = options;
    this.#resolve = resolve;
    // No literal in the call: `closeTimeout` is not among the types of ws yet.
    const how = {
      maxPayload: maxMessageBytes,
      perMessageDeflate: compress && COMPRESSION,
      followRedirects: false,
      closeTimeout: CLOSE_TIMEOUT_MS,
      headers: { 'user-agent': userAgent, ...headers },
      ...socketWay(new URL(url), slice.target.wire, localAddress),
    };
    const wire = new Wire(url, [...subprotocols], how);
    wire.owner = this;
    this.#wire = wire;
    this.#timeout = setTimeout(Socket.#giveUp, connectTimeoutMs, this);
    this.#traffic.attempts.add(this);
  }

  /** Since the attempt began, then since the connection stood. */
  get ageMs(): number {
    return performance.now() - this.#since;
  }

  get isOpen(): boolean {
    return this.#wire.readyState === WebSocket.OPEN && !this.#failed;
  }

  /** What was sent and has not left this process, in bytes. */
  get unsentBytes(): number {
    return this.#wire.bufferedAmount;
  }

  /** Why whoever can wait should not send more now; undefined when all leaves at once. */
  get heldUpBy(): Holdup | undefined {
    const { bufferedAmount } = this.#wire;
    if (bufferedAmount <= HELD_UP_BYTES) return undefined;
    return 2 * (this.#connection?.writableLength ?? 0) > bufferedAmount ? 'target' : 'generator';
  }

  /** Calls `listener` once, when the target has read so much that all that was sent has left. */
  onDrain(listener: () => void): void {
    this.#connection?.once('drain', listener);
  }

  /** Whether the target has agreed to permessage-deflate. */
  get isCompressed(): boolean {
    return this.#wire.extensions.includes('permessage-deflate');
  }

  /** Sends when it is open. Without compression the message's memory may be used again at once. */
  send(message: Uint8Array | string): void {
    if (this.#wire.bufferedAmount > MAX_UNSENT_BYTES) this.fail('the target does not read');
    if (!this.isOpen) return;
    this.#traffic.sent.add(1);
    this.#traffic.bytesSent.add(typeof message === 'string' ? Buffer.byteLength(message) : message.length);
    this.#wire.send(message, this.#options.messages === 'text' ? TEXT : BINARY, ignore);
  }

  /** Ends the connection as is proper, or without the target when it does not answer. */
  async close(): Promise<void> {
    const wire = this.#wire;
    this.#closing = true;
    if (wire.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => wire.once('close', () => resolve()));
    wire.close(1000);
    await closed;
  }

  /**
   * Ends the connection and counts why, in a few words that hold nothing of the target's. Of several failures the first
   * is the cause; what follows from it has no name of its own.
   */
  fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#recorder.error(reason.startsWith('generator: ') ? reason : `WebSocket: ${reason}`);
    this.#wire.terminate();
  }

  /** For {@link Wire} alone: an event of ws, by its name there. @returns whether that was all it is for */
  take(event: string | symbol, details: unknown[]): boolean {
    switch (event) {
      case 'message':
        this.#receive(...(details as [Buffer, boolean]));
        return true;
      case 'open':
        this.#open();
        return true;
      case 'upgrade':
        this.#watch((details[0] as IncomingMessage).socket);
        return true;
      case 'unexpected-response':
        this.fail(`HTTP ${(details[1] as IncomingMessage).statusCode}`);
        return true;
      case 'error':
        this.fail(failureName(details[0] as Error, this.#opened));
        return true;
      case 'close':
        this.#end(details[0] as number);
        return false;
      default:
        return false;
    }
  }

  #open(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
    this.#opened = true;
    this.#traffic.attempts.delete(this);
    const now = performance.now();
    this.#traffic.connecting.add(now - this.#since, this.#since);
    this.#traffic.connectFailed.add(0, this.#since);
    this.#traffic.sessions.add(1);
    this.#since = now;
    this.#tell('onOpen');
    this.#settle(true);
  }

  #receive(message: Buffer, isBinary: boolean): void {
    if (this.#closing || this.#failed) return;
    this.#traffic.received.add(1);
    this.#traffic.bytesReceived.add(message.length);
    if (isBinary === (this.#options.messages === 'binary')) this.#tell('onMessage', message);
    else this.fail(isBinary ? 'binary where text is due' : 'text where binary is due');
  }

  /** Thrown on, it would end the process, and `ws` would wait for this message without end. */
  #tell(listener: 'onOpen' | 'onMessage' | 'onEnd', message?: Buffer): void {
    try {
      const made = this.#call(listener, message);
      if (made instanceof Promise) made.catch((error) => this.#threw(listener, error));
    } catch (error) {
      this.#threw(listener, error);
    }
  }

  #call(listener: 'onOpen' | 'onMessage' | 'onEnd', message: Buffer | undefined): unknown {
    if (listener === 'onMessage') return this.#options.onMessage(message!);
    return listener === 'onOpen' ? this.#options.onOpen(this) : this.#options.onEnd();
  }

  #threw(listener: string, error: unknown): void {
    this.#recorder.threw(`WebSocket: ${listener}`, error);
    this.#failed = true;
    this.#wire.terminate();
  }

  #end(code: number): void {
    clearTimeout(this.#timeout);
    this.#traffic.attempts.delete(this);
    if (!this.#closing) this.fail(`closed by the target (${closeCode(code)})`);
    if (this.#opened) {
      this.#traffic.duration.add(performance.now() - this.#since);
      this.#tell('onEnd');
      return;
    }
    if (this.#failed) this.#traffic.connectFailed.add(1, this.#since);
    this.#settle(false);
  }

  #settle(opened: boolean): void {
    this.#resolve?.(opened);
    this.#resolve = undefined;
  }

  /** ws would wait without end for a target that ended its half and does not read. */
  #watch(connection: TcpSocket): void {
    this.#connection = connection;
    const end = () => {
      if (this.#closing) this.#wire.terminate();
      else this.fail(`closed by the target (${closeCode(1006)})`);
    };
    connection.on('end', () => {
      if (this.#wire.readyState !== WebSocket.OPEN) return;
      // What came before is unpacked in its own time: messages, and why it is closed.
      if (this.isCompressed) this.#timeout = setTimeout(end, CLOSE_TIMEOUT_MS);
      else end();
    });
  }
}

function ignore(): void {}

/** The name of what ws reports. @param opened whether the handshake was over */
export function failureName(error: Error, opened: boolean): string {
  const { code } = causeOf(error) as NodeJS.ErrnoException;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'message too large';
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS') return 'message in too many fragments';
  if (code?.startsWith('WS_ERR_')) return 'no valid frame';
  if (/^Server sent (no|an invalid) subprotocol$/.test(error.message)) return 'no subprotocol in common';
  if (error.message === 'Server sent a subprotocol but none was requested')
    return 'a subprotocol that nobody asked for';
  // Without a code, ws was not content with the handshake; its sentences quote what the target sent.
  if (!code || code.startsWith('HPE_')) return opened ? 'no valid frame' : 'no valid handshake';
  return codeName(code);
}
