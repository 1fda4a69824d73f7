import { EventEmitter, once } from 'node:events';
import { OptionError, type SliceContext, unmeasured } from '../../support/test.ts';
import { checkOpenFiles } from '../transports/open-files.ts';
import { Socket, type SocketOptions } from '../transports/socket.ts';
import { MessageAccess } from './access.ts';
import { MessageForm } from './message-form.ts';
import type { WebsocketOptions } from './options.ts';

const TRIES = 3;
const TRY_MS = 2_000;

/**
 * Whether the server speaks as the options say: lets connections in, by the subprotocols and compression that are asked for, and
 * sends a message back or to somebody else.
 * @throws one sentence
 */
export async function checkServer(slice: SliceContext<WebsocketOptions>): Promise<void> {
  checkOpenFiles(slice);
  await new Probe(slice).check();
}

class Probe {
  readonly #slice: SliceContext<WebsocketOptions>;
  readonly #access: MessageAccess;
  readonly #sockets: Socket[] = [];
  readonly #news = new EventEmitter();
  /** Why a connection has ended that we did not end. */
  #ended: string | undefined;
  /** The server, as sentences name it. */
  readonly #server: string;
  readonly #field: string;

  constructor(slice: SliceContext<WebsocketOptions>) {
    this.#slice = slice;
    this.#access = new MessageAccess(slice);
    const { protocol, host, pathname } = this.#access.url;
    this.#server = `${this.#access.variable} ${protocol}//${host}${pathname}`;
    this.#field = `scenarios.${slice.scenario}.options`;
  }

  async check(): Promise<void> {
    try {
      const sender = await this.#connect();
      if (this.#slice.options.compress && !sender.isCompressed) {
        throw new OptionError(
          ['compress'],
          `${this.#field}.compress is true, but ${this.#server} does not agree to permessage-deflate; allowed is false.`,
        );
      }
      if (this.#slice.options.mode === 'fan-out') await this.#connect();
      await this.#exchange(sender);
    } finally {
      await Promise.all(this.#sockets.map((socket) => socket.close()));
    }
  }

  async #connect(): Promise<Socket> {
    const { subprotocols } = this.#slice.options;
    const socket = await this.#open(subprotocols);
    if (typeof socket !== 'string') return socket;
    const isWithout = subprotocols.length > 0 && typeof (await this.#open([])) !== 'string';
    if (isWithout || socket === 'no subprotocol in common') {
      throw new OptionError(
        ['subprotocols'],
        `${this.#field}.subprotocols is ${JSON.stringify(subprotocols)}, but ${this.#server} speaks none of these (${socket}); allowed is one that it speaks.`,
      );
    }
    const said = socket.startsWith('HTTP ') ? `answers ${socket} to` : `fails in`;
    const why = socket.startsWith('HTTP ') ? '' : `: ${socket}`;
    throw new Error(
      `${this.#server} ${said} a WebSocket's handshake${why}; allowed is the address of a WebSocket server${/^HTTP 40[13]$/.test(socket) ? ' that lets us in (API_TOKEN)' : ''}.`,
    );
  }

  /** A connection, or what went wrong. */
  async #open(subprotocols: readonly string[]): Promise<Socket | string> {
    const { frames, compress, timeoutMs } = this.#slice.options;
    const slice = unmeasured(this.#slice);
    let opened: Socket | undefined;
    const index = this.#sockets.length;
    const options: SocketOptions = {
      ...{ messages: frames, compress, subprotocols, connectTimeoutMs: timeoutMs, headers: this.#access.headers },
      onOpen: (socket) => {
        opened = socket;
        this.#sockets.push(socket);
      },
      onMessage: (message) => this.#news.emit('message', index, message),
      onEnd: () => {
        this.#ended ??= firstError(slice);
        this.#news.emit('change');
      },
    };
    await Socket.open(slice, this.#access.url, options);
    return opened ?? firstError(slice) ?? 'no connection';
  }

  /** A message that may get lost is no reason to refuse a load that would tell. */
  async #exchange(sender: Socket): Promise<void> {
    const { runId, options } = this.#slice;
    const form = new MessageForm(`${runId}/preflight`, options.size, options.message);
    const head = form.head(1, 1);
    const receiver = options.mode === 'echo' ? 0 : 1;
    let isThere = false;
    this.#news.on('message', (index: number, message: Buffer) => {
      if (index !== receiver || !form.read(message)) return;
      isThere = true;
      this.#news.emit('change');
    });
    for (let tries = 0; tries < TRIES && !isThere && this.#ended === undefined; tries++) {
      const change = once(this.#news, 'change', { signal: AbortSignal.timeout(TRY_MS) });
      sender.send(Buffer.from(form.write(head, tries)));
      await change.catch(() => {});
    }
    if (isThere) return;
    const [, other] = /^(text|binary) where (?:text|binary) is due$/.exec(this.#ended ?? '') ?? [];
    if (other !== undefined) {
      throw new OptionError(
        ['frames'],
        `${this.#field}.frames is "${options.frames}", but ${this.#server} sends ${other} messages; allowed is "${other}".`,
      );
    }
    if (this.#ended !== undefined) {
      throw new Error(
        `${this.#server} ends a connection that sends it a message (${this.#ended}); ${this.#field}.message is the form that messages have, .frames their kind.`,
      );
    }
    const [does, allowed] =
      options.mode === 'echo'
        ? ['sent none of 3 messages back', 'a server that echoes']
        : ['sent none of 3 messages to another connection', 'a server that sends each to everybody'];
    throw new Error(
      `${this.#server} ${does} within ${(TRIES * TRY_MS) / 1_000} s; allowed is ${allowed}; ${this.#field}.message is the form that messages have.`,
    );
  }
}

function firstError({ recorder }: SliceContext): string | undefined {
  const [error] = Object.keys(recorder.errors);
  return error?.replace('WebSocket: ', '');
}
