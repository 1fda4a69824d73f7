import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { StartError } from '../../core/start-error.ts';
import { Session } from './session.ts';

/** How the database is to misbehave; each is asked when its occasion comes. */
export interface DatabaseRule {
  /** Whether one more connection is let in, when there are so many. */
  admits?(open: number): boolean;
  /** How much longer a statement takes that reads or changes something. */
  delayMs?(): number;
  /** Whether a transaction that is to be committed is rolled back instead, and said to be committed. */
  losesCommit?(): boolean;
  /** Whether of a transaction what comes from its second UPDATE on is undone when it is committed. */
  tears?(): boolean;
}

/**
 * What stands before the target's PostgreSQL when that is to misbehave: it speaks PostgreSQL's protocol to both sides and passes
 * on what is said, but for what its rules change. What is wrong then is really so in the database. Without rules clients talk to
 * PostgreSQL itself.
 */
export class DatabaseProxy {
  readonly #databaseUrl: string;
  readonly #rules: DatabaseRule[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #noteUse: () => void;
  #server: Server | undefined;
  #open = 0;

  /** @param noteUse called for each connection */
  constructor(databaseUrl: string, noteUse: () => void) {
    this.#databaseUrl = databaseUrl;
    this.#noteUse = noteUse;
  }

  addRule(rule: DatabaseRule): void {
    this.#rules.push(rule);
  }

  admits(): boolean {
    return this.#rules.every(({ admits }) => admits?.(this.#open) ?? true);
  }

  delayMs(): number {
    return this.#rules.reduce((sum, { delayMs }) => sum + (delayMs?.() ?? 0), 0);
  }

  losesCommit(): boolean {
    return this.#rules.some(({ losesCommit }) => losesCommit?.());
  }

  tears(): boolean {
    return this.#rules.some(({ tears }) => tears?.());
  }

  /**
   * Where clients find the database: PostgreSQL itself, or with rules a port of our own.
   * @throws {StartError} when PostgreSQL wants TLS, which we do not speak
   */
  async listen(host: string): Promise<string> {
    const url = new URL(this.#databaseUrl);
    if (this.#rules.length === 0) return url.href;
    const sslmode = url.searchParams.get('sslmode') ?? 'disable';
    if (!/^(disable|allow|prefer)$/.test(sslmode)) {
      throw new StartError(
        `TARGET_FAULTS names a fault of the database, and DATABASE_URL has sslmode=${sslmode}; allowed is one without TLS.`,
      );
    }
    this.#server = createServer((client) => this.#serve(client));
    this.#server.listen(0, host);
    await once(this.#server, 'listening');
    url.hostname = host;
    url.port = String((this.#server.address() as AddressInfo).port);
    url.search = '';
    return url.href;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server) await new Promise((resolve) => this.#server!.close(resolve));
  }

  #serve(client: Socket): void {
    this.#noteUse();
    const upstream = this.#connect();
    const admitted = this.admits();
    if (admitted) this.#open += 1;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end).on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('close', () => {
      if (admitted) this.#open -= 1;
    });
    new Session(client, upstream, admitted, this);
  }

  #connect(): Socket {
    const { hostname, port, searchParams } = new URL(this.#databaseUrl);
    const folder = searchParams.get('host');
    const number = Number(port || searchParams.get('port') || 5432);
    if (folder?.startsWith('/')) return connect(`${folder}/.s.PGSQL.${number}`);
    return connect(number, folder ?? (hostname || 'localhost'));
  }
}
