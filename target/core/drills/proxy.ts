import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export const modes = ['drop', 'drop-requests', 'drop-answers', 'delay', 'reset'] as const;
export type ProxyMode = (typeof modes)[number];

const DELAY_MS = 200;
const BACKLOG = 4_096;

interface Pair {
  client: Socket;
  server: Socket;
  /** Lets through again what is held, where that is allowed now. */
  look(): void;
}

/** Carries the bytes of TCP connections to ports of this machine, in turns, or keeps them back, as its mode says. */
export class TcpProxy {
  /** Where it leads to; who comes while there is none is turned away. */
  readonly ports = new Set<number>();
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: ProxyMode | undefined;
  #turns = 0;

  private constructor() {
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => this.#accept(client));
  }

  static async listen(port: number, host: string): Promise<TcpProxy> {
    const proxy = new TcpProxy();
    proxy.#server.listen({ port, host, backlog: BACKLOG });
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** @param mode undefined: all gets through at once */
  set(mode: ProxyMode | undefined): void {
    this.#mode = mode;
    for (const { client, server, look } of this.#pairs) {
      if (mode === 'reset') for (const socket of [client, server]) socket.resetAndDestroy();
      else look();
    }
  }

  async stop(): Promise<void> {
    for (const { client, server } of this.#pairs) for (const socket of [client, server]) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const port = [...this.ports][this.#turns++ % this.ports.size];
    if (this.#mode === 'reset' || port === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const up = this.#carry(client, server, 'drop-requests');
    const down = this.#carry(server, client, 'drop-answers');
    const pair: Pair = {
      client,
      server,
      look() {
        up();
        down();
      },
    };
    this.#pairs.add(pair);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      // What breaks on one side is broken on the other.
      socket.on('error', () => (other.destroyed ? undefined : other.resetAndDestroy()));
      socket.on('close', () => this.#pairs.delete(pair));
    }
  }

  /** @param dropped the mode in which this direction alone is cut. @returns what looks at the mode again */
  #carry(from: Socket, to: Socket, dropped: ProxyMode): () => void {
    const isHeld = () => this.#mode === 'drop' || this.#mode === dropped;
    const look = () => {
      if (isHeld()) from.pause();
      else if (!to.writableNeedDrain) from.resume();
    };
    // What comes later does not overtake what is late.
    let turn = Promise.resolve();
    const inTurn = (act: () => void) => {
      const late = this.#mode === 'delay' ? sleep(DELAY_MS) : undefined;
      turn = turn.then(() => late).then(act);
    };
    from.on('data', (bytes) =>
      inTurn(() => {
        if (to.writable && !to.write(bytes)) from.pause();
      }),
    );
    from.on('end', () => inTurn(() => to.end()));
    from.on('close', () => void turn.then(() => to.destroySoon()));
    to.on('drain', look);
    look();
    return look;
  }
}
