import { WebSocket } from 'ws';
import type { AnySeries, SliceContext } from '../../support/test.ts';

export interface SocketOptions {
  /** What a message is; a message of the other kind ends the connection. */
  messages: 'binary' | 'text';
  /** The connection stands; no message has come yet. */
  onOpen(socket: Socket): void;
  onMessage(message: Buffer): void;
  /** The connection has ended, by whomever. Not called when it never began. */
  onEnd(): void;
  /** Longest wait for the connection, the handshake included. Default 10 s. */
  connectTimeoutMs?: number;
  /** Larger messages end the connection. Default 10 MiB. */
  maxMessageBytes?: number;
}

/** A target that lets more than this pile up does not read. */
const MAX_UNSENT_BYTES = 16 * 1024 ** 2;
/** How long the target may take to answer the closing handshake. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * A measured WebSocket. Nothing here throws: what goes wrong is counted by name among the errors (`WebSocket: HTTP 401`,
 * `WebSocket: message too large` …), and the connection ends.
 */
export class Socket {
  readonly #webSocket: WebSocket;
  readonly #recorder: SliceContext['recorder'];
  readonly #series: Record<'sent' | 'received' | 'bytesSent' | 'bytesReceived', AnySeries>;
  #opened = false;
  #closing = false;
  #failed = false;

  /** Resolves with whether there is a connection, when that is known. */
  static open(slice: SliceContext, url: string, options: SocketOptions): Promise<boolean> {
    return new Promise((resolve) => {
      try {
        new Socket(slice, url, options, resolve);
      } catch {
        // ws throws for a URL that it will not take, and quotes it: there may be a token in it.
        slice.recorder.error('WebSocket: no valid URL');
        resolve(false);
      }
    });
  }

  private constructor(slice: SliceContext, url: string, options: SocketOptions, resolve: (opened: boolean) => void) {
    const { messages, onOpen, onMessage, onEnd, connectTimeoutMs = 10_000, maxMessageBytes = 10 * 1024 ** 2 } = options;
    const { recorder } = slice;
    const startAt = performance.now();
    const webSocket = new WebSocket(url, {
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      followRedirects: false,
    });
    this.#webSocket = webSocket;
    this.#recorder = recorder;
    this.#series = {
      sent: recorder.counter('ws_msgs_sent'),
      received: recorder.counter('ws_msgs_received'),
      bytesSent: recorder.counter('data_sent'),
      bytesReceived: recorder.counter('data_received'),
    };
    const impatience = setTimeout(() => this.fail('timeout: connecting'), connectTimeoutMs);
    webSocket.on('open', () => {
      clearTimeout(impatience);
      this.#opened = true;
      recorder.add('ws_connecting', performance.now() - startAt);
      recorder.add('ws_sessions', 1);
      onOpen(this);
      resolve(true);
    });
    webSocket.on('unexpected-response', (_request, { statusCode }) => this.fail(`HTTP ${statusCode}`));
    webSocket.on('error', (error) => this.fail(failureName(error, this.#opened)));
    webSocket.on('message', (message: Buffer, isBinary) => {
      if (!this.isOpen) return;
      this.#series.received.add(1);
      this.#series.bytesReceived.add(message.length);
      if (isBinary === (messages === 'binary')) onMessage(message);
      else this.fail(isBinary ? 'binary where text is due' : 'text where binary is due');
    });
    webSocket.on('close', (code) => {
      clearTimeout(impatience);
      if (!this.#closing) this.fail(`closed by the target (${code})`);
      if (this.#opened) onEnd();
      else resolve(false);
    });
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN && !this.#failed;
  }

  /** Sends when it is open. */
  send(message: Uint8Array | string): void {
    if (this.#webSocket.bufferedAmount > MAX_UNSENT_BYTES) this.fail('the target does not read');
    if (!this.isOpen) return;
    this.#series.sent.add(1);
    this.#series.bytesSent.add(Buffer.byteLength(message));
    this.#webSocket.send(message, () => {});
  }

  /** Ends the connection as is proper, or without the target when it does not answer. */
  async close(): Promise<void> {
    const webSocket = this.#webSocket;
    this.#closing = true;
    if (webSocket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()));
    const impatience = setTimeout(() => webSocket.terminate(), CLOSE_TIMEOUT_MS);
    webSocket.close(1000);
    await closed;
    clearTimeout(impatience);
  }

  /**
   * Ends the connection and counts why, in a few words that hold nothing of the target's. Of several failures the first
   * is the cause; what follows from it has no name of its own.
   */
  fail(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#recorder.error(reason.startsWith('generator: ') ? reason : `WebSocket: ${reason}`);
    this.#webSocket.terminate();
  }
}

/** Out of file descriptors or ports: the generator's own fault. */
const generatorCodes = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL']);

/** The name of what ws reports. @param opened whether the handshake was over */
export function failureName(error: Error, opened: boolean): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'message too large';
  if (code?.startsWith('WS_ERR_')) return 'no valid frame';
  // Without a code, ws was not content with the handshake; its sentences quote what the target sent.
  if (!code || code.startsWith('HPE_')) return opened ? 'no valid frame' : 'no valid handshake';
  return generatorCodes.has(code) ? `generator: ${code}` : code;
}
