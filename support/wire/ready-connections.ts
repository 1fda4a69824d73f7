import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

type Connect = buildConnector.connector;

/** Opened at one time: enough for thousands in a second, too few to be a flood. */
const MAX_OPENING = 20;

/**
 * Connections of a pool that are open before its first request: a pool of undici opens one only for a request that has none, which
 * would be measured.
 */
export class ReadyConnections {
  readonly #open = new Set<Socket>();
  #url: URL | undefined;
  #connect: Connect | undefined;

  /** @returns how a pool of this URL's origin is to connect: what is open is taken first */
  of(url: URL, connect: Connect): Connect {
    this.#url = url;
    this.#connect = connect;
    return (options, callback) => {
      // Of another name is another certificate.
      const socket = options.servername ? undefined : this.#take();
      // Within a call of its own undici would not go on.
      if (socket) queueMicrotask(() => callback(null, socket));
      else connect(options, callback);
    };
  }

  /** Opens so many, as far as they can be; where connections go through a proxy none. */
  async open(count: number): Promise<void> {
    let left = this.#connect ? count : 0;
    const open = async () => {
      // One that fails tells of those after it; the first request will say why.
      while (left-- > 0 && (await this.#openOne()));
    };
    await Promise.all(Array.from({ length: Math.min(left, MAX_OPENING) }, open));
  }

  /** Ends those that nobody took. */
  close(): void {
    this.#connect = undefined;
    for (const socket of this.#open) socket.destroy();
  }

  #openOne(): Promise<boolean> {
    const { protocol, hostname, host, port } = this.#url!;
    const bare = hostname.replace(/^\[(.*)\]$/, '$1');
    return new Promise((resolve) => {
      this.#connect!({ protocol, hostname: bare, host, port }, (error, socket) => {
        if (socket) this.#keep(socket);
        resolve(error === null);
      });
    });
  }

  #keep(socket: Socket): void {
    if (!this.#connect) {
      socket.destroy();
      return;
    }
    this.#open.add(socket);
    socket.on('error', ignore).once('close', () => this.#open.delete(socket));
  }

  /** One on which the other side has said nothing yet: what it says before it is asked is a farewell. */
  #take(): Socket | undefined {
    for (const socket of this.#open) {
      this.#open.delete(socket);
      if (!socket.destroyed && !socket.readableEnded && socket.readableLength === 0) return socket.off('error', ignore);
      socket.destroy();
    }
    return undefined;
  }
}

function ignore(): void {}
