import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Messages, typeOf } from '../../../target/families/database/messages.ts';

/** Of a connection's first messages. */
const STARTUP = 196_608;
const CANCEL = 80_877_102;
const OK = Buffer.from([...Buffer.from('R'), 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([...Buffer.from('Z'), 0, 0, 0, 5, ...Buffer.from('I')]);

/** A connection to PostgreSQL, and whom it serves until the transaction is over. */
interface Upstream {
  socket: Socket;
  client: Socket | undefined;
}

/**
 * A pooler as PgBouncer is in transaction mode: its clients share a few connections, each for a transaction or a statement at a time, and
 * nobody puts right what another one left there. For tests, with a PostgreSQL that asks for no password.
 * @returns its URL
 */
export async function transactionPooler(t: TestContext, databaseUrl: string, connections: number): Promise<string> {
  const url = new URL(databaseUrl);
  const host = url.searchParams.get('host');
  const place = { port: Number(url.port || 5432), host: url.hostname };
  const free: Upstream[] = [];
  const waiting: ((upstream: Upstream) => void)[] = [];
  const sockets = new Set<Socket>();
  const release = (upstream: Upstream) => {
    upstream.client = undefined;
    const next = waiting.shift();
    if (next) next(upstream);
    else free.push(upstream);
  };
  const open = async () => {
    const socket = host ? connect(`${host}/.s.PGSQL.${place.port}`) : connect(place);
    sockets.add(socket.on('error', () => {}));
    const fields = ['user', decodeURIComponent(url.username), 'database', url.pathname.slice(1), '', ''].join('\0');
    const head = Buffer.alloc(8);
    head.writeInt32BE(head.length + Buffer.byteLength(fields), 0);
    head.writeInt32BE(STARTUP, 4);
    socket.write(Buffer.concat([head, Buffer.from(fields)]));
    const upstream: Upstream = { socket, client: undefined };
    const messages = new Messages(true);
    let isReady: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      isReady = resolve;
    });
    let isNew = true;
    socket.on('data', (chunk: Buffer) => {
      for (const message of messages.take(chunk)) {
        const isEnd = typeOf(message) === 'Z';
        if (!isNew) upstream.client?.write(message);
        if (!isEnd || message.toString('latin1', 5, 6) !== 'I') continue;
        if (!isNew) release(upstream);
        isNew = false;
        isReady();
      }
    });
    await ready;
    free.push(upstream);
  };
  for (let n = 0; n < connections; n++) await open();

  const server = createServer((client) => {
    sockets.add(client.on('error', () => {}));
    const messages = new Messages(false);
    let batch: Buffer[] = [];
    let held: Upstream | undefined;
    let sending = Promise.resolve();
    client.on('data', (chunk: Buffer) => {
      for (const message of messages.take(chunk)) {
        if (!messages.typed) {
          const code = message.readInt32BE(4);
          if (code === CANCEL) client.end();
          else if (code !== STARTUP) client.write('N');
          else {
            messages.typed = true;
            const key = Buffer.from([...Buffer.from('K'), 0, 0, 0, 12, ...randomBytes(8)]);
            client.write(Buffer.concat([OK, key, READY]));
          }
          continue;
        }
        if (typeOf(message) === 'X') continue;
        batch.push(message);
        if (!'SQ'.includes(typeOf(message))) continue;
        const whole = Buffer.concat(batch);
        batch = [];
        sending = sending.then(async () => {
          if (held?.client !== client) {
            held = free.pop() ?? (await new Promise<Upstream>((resolve) => waiting.push(resolve)));
            held.client = client;
          }
          held.socket.write(whole);
        });
      }
    });
    // Whoever leaves in a transaction has it undone.
    client.on('close', () => {
      void sending.then(() => {
        if (held?.client === client) held.socket.write(Buffer.from('Q\0\0\0\x0dROLLBACK\0'));
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return `postgres://${url.username}@127.0.0.1:${port}${url.pathname}`;
}
