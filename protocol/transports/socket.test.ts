import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket as TcpSocket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { unpack } from '../../support/measure/series.ts';
import { selfSigned } from '../../support/wire/certificate.fixture.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { failureName, Socket, type SocketOptions } from './socket.ts';

/** A connection as a test sees it: what came, and a promise of its end. */
interface Client {
  opened: boolean;
  socket: Socket | undefined;
  messages: string[];
  /** Resolves with the next message. */
  next(): Promise<string>;
  ended: Promise<void>;
  errors: Record<string, number>;
  recorded(): ReturnType<typeof recorded>;
}

async function connect(t: TestContext, url: string, options: Partial<SocketOptions> = {}): Promise<Client> {
  const slice = testSlice('http://127.0.0.1');
  let onEnd = () => {};
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  const waiting: ((message: string) => void)[] = [];
  const client: Client = {
    opened: false,
    socket: undefined,
    messages: [],
    next: () => new Promise((resolve) => waiting.push(resolve)),
    ended,
    errors: slice.recorder.errors,
    recorded: () => recorded(slice),
  };
  client.opened = await Socket.open(slice, url, {
    messages: 'binary',
    onOpen: (socket) => {
      client.socket = socket;
    },
    onMessage: (message) => {
      client.messages.push(message.toString());
      waiting.shift()?.(message.toString());
    },
    onEnd,
    ...options,
  });
  t.after(() => client.socket?.close());
  return client;
}

/** The URL of a server that is gone when the test is over. */
async function serve(t: TestContext, server: Server): Promise<string> {
  const sockets = new Set<TcpSocket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/room?token=secret-token`;
}

const overTls = async (t: TestContext, server: Server) => (await serve(t, server)).replace('ws:', 'wss:');

/** A target that does what it should up to the open connection. */
function webSocketServer(t: TestContext, act: (webSocket: WebSocket) => void): Promise<string> {
  const server = createServer();
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (webSocket) => {
    webSocket.on('error', () => {});
    act(webSocket);
  });
  return serve(t, server);
}

/** A target that answers the handshake, and then does what it likes with the bare connection, of which it ends its half alone. */
function upgrading(t: TestContext, act: (socket: TcpSocket) => void, accept?: string): Promise<string> {
  const server = createServer();
  server.on('upgrade', ({ headers }, socket) => {
    const magic = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const answer = accept ?? createHash('sha1').update(magic).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
    );
    act(socket as TcpSocket);
  });
  return serve(t, server);
}

const answering = (t: TestContext, answer: RequestListener) => serve(t, createServer(answer));

test('what is sent and received is counted, in messages and bytes', async (t) => {
  const url = await webSocketServer(t, (webSocket) => {
    webSocket.send(Buffer.from('first'));
    webSocket.on('message', (message) => webSocket.send(message));
  });
  const client = await connect(t, url);
  assert.equal(client.opened, true);
  if (client.messages.length === 0) await client.next();
  const echoed = client.next();
  client.socket!.send(Buffer.from('hello'));
  assert.equal(await echoed, 'hello');
  assert.deepEqual(client.messages, ['first', 'hello']);
  const { ws_connecting: connecting, ...others } = client.recorded();
  assert.equal(connecting?.t, 'trend');
  assert.deepEqual(others, {
    ws_sessions: { t: 'counter', sum: 1 },
    ws_connect_failed: { t: 'rate', passes: 0, total: 1 },
    ws_msgs_sent: { t: 'counter', sum: 1 },
    ws_msgs_received: { t: 'counter', sum: 2 },
    data_sent: { t: 'counter', sum: 5 },
    data_received: { t: 'counter', sum: 10 },
  });
  assert.deepEqual(client.errors, {});
  await client.socket!.close();
  assert.equal(client.recorded().ws_session_duration?.t, 'trend');
});

test('it connects from the address that it is given', async (t) => {
  const addresses: (string | undefined)[] = [];
  const server = createServer();
  server.on('upgrade', ({ socket }) => {
    addresses.push(socket.remoteAddress);
    socket.destroy();
  });
  const url = await serve(t, server);
  await connect(t, url, { localAddress: '127.0.0.3' });
  const client = await connect(t, url, { localAddress: '192.0.2.1' });
  assert.deepEqual(addresses, ['127.0.0.3']);
  assert.deepEqual(client.errors, { 'generator: EADDRNOTAVAIL': 1 });
});

test('text is sent and received as well, when it is what is due', async (t) => {
  const url = await webSocketServer(t, (webSocket) => {
    webSocket.on('message', (message, isBinary) => webSocket.send(message, { binary: isBinary }));
  });
  const client = await connect(t, url, { messages: 'text' });
  const echoed = client.next();
  client.socket!.send('{"type":"ping"}');
  assert.equal(await echoed, '{"type":"ping"}');
});

test('a subprotocol and compression are as agreed on, and none in common is no connection', async (t) => {
  const server = createServer();
  const webSockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  const asked: unknown[] = [];
  webSockets.on('connection', (webSocket, { headers }) => {
    asked.push([webSocket.protocol, headers['x-mine']]);
    webSocket.on('message', (message) => webSocket.send(message));
  });
  const url = await serve(t, server);
  const how = { subprotocols: ['second', 'first'], compress: true, headers: { 'x-mine': 'yes' } };
  const client = await connect(t, url, how);
  assert.deepEqual([asked, client.socket!.isCompressed], [[['second', 'yes']], true]);
  const echoed = client.next();
  client.socket!.send(Buffer.from('hello'));
  assert.equal(await echoed, 'hello');
  assert.equal((await connect(t, url)).socket!.isCompressed, false);

  const ignoring = createServer();
  new WebSocketServer({ server: ignoring, handleProtocols: () => false });
  const refused = await connect(t, await serve(t, ignoring), { subprotocols: ['first'] });
  assert.equal(refused.opened, false);
  assert.deepEqual(refused.errors, { 'WebSocket: no subprotocol in common': 1 });

  const telling = createServer();
  const choosing = new WebSocketServer({ server: telling });
  choosing.on('headers', (headers) => headers.push('Sec-WebSocket-Protocol: chat'));
  const unasked = await connect(t, await serve(t, telling));
  assert.deepEqual(unasked.errors, { 'WebSocket: a subprotocol that nobody asked for': 1 });
});

test('what the target does not read is held up by it, until it reads; what we compress too slowly by us', async (t) => {
  let target: TcpSocket | undefined;
  const url = await upgrading(t, (socket) => {
    target = socket.pause();
  });
  const { socket } = await connect(t, url);
  assert.deepEqual([socket!.heldUpBy, socket!.unsentBytes], [undefined, 0]);
  while (!socket!.heldUpBy) socket!.send(Buffer.alloc(1024 ** 2));
  assert.equal(socket!.heldUpBy, 'target');
  const drained = new Promise<void>((resolve) => socket!.onDrain(resolve));
  target!.resume();
  await drained;
  assert.deepEqual([socket!.heldUpBy, socket!.unsentBytes], [undefined, 0]);

  const compressing = createServer();
  new WebSocketServer({ server: compressing, perMessageDeflate: { threshold: 0 } });
  const own = await connect(t, await serve(t, compressing), { compress: true });
  own.socket!.send(Buffer.alloc(1024 ** 2));
  assert.equal(own.socket!.heldUpBy, 'generator');
});

test('a connection that its user closes is no error, and sends no more', async (t) => {
  const url = await webSocketServer(t, () => {});
  const client = await connect(t, url);
  await client.socket!.close();
  await client.ended;
  client.socket!.send('late');
  await client.socket!.close();
  assert.equal(client.socket!.isOpen, false);
  assert.deepEqual(client.errors, {});
  assert.equal(client.recorded().ws_msgs_sent, undefined);
});

test('a target that does not answer the closing handshake is left', async (t) => {
  const url = await upgrading(t, (socket) => socket.resume());
  const client = await connect(t, url);
  await client.socket!.close();
  assert.deepEqual(client.errors, {});
});

/** Each ends before there is a connection. */
const refusals: [name: string, target: (t: TestContext) => string | Promise<string>][] = [
  ['HTTP 401', (t) => answering(t, (_request, response) => response.writeHead(401).end('no'))],
  ['HTTP 200', (t) => answering(t, (_request, response) => response.end('a page'))],
  [
    'HTTP 302',
    (t) => answering(t, (_request, response) => response.writeHead(302, { location: 'ws://127.0.0.1:1' }).end()),
  ],
  ['ECONNREFUSED', () => 'ws://127.0.0.1:1/room'],
  ['no valid URL', () => 'ftp://127.0.0.1/room?token=secret-token'],
  [
    'no valid handshake',
    (t) =>
      serve(
        t,
        createTcpServer((socket) => socket.write('220 mail.test\r\n\r\n')),
      ),
  ],
  ['no valid handshake', (t) => upgrading(t, () => {}, 'secret-token')],
  ['certificate is self-signed', (t) => overTls(t, createHttpsServer(selfSigned()))],
  ['no valid TLS answer', (t) => overTls(t, createServer())],
  [
    'ECONNRESET',
    (t) =>
      serve(
        t,
        createTcpServer((socket) => socket.once('data', () => socket.destroy())),
      ),
  ],
];
for (const part of ['', 'HTTP/1.1 101 Switching Pro']) {
  refusals.push([
    'ECONNRESET',
    (t) =>
      serve(
        t,
        createTcpServer({ allowHalfOpen: true }, (socket) => socket.once('data', () => socket.end(part))),
      ),
  ]);
}
for (const [name, target] of refusals) {
  test(`no connection: ${name}`, async (t) => {
    const client = await connect(t, await target(t));
    assert.equal(client.opened, false);
    assert.deepEqual(client.errors, { [`WebSocket: ${name}`]: 1 });
    assert.deepEqual(client.recorded(), { ws_connect_failed: { t: 'rate', passes: 1, total: 1 } });
  });
}

test('a target that never answers the handshake is given up in time', async (t) => {
  for (const target of [createTcpServer(() => {}), createTcpServer((socket) => socket.write('HTTP/1.1 101 '))]) {
    const client = await connect(t, await serve(t, target), { connectTimeoutMs: 50 });
    assert.equal(client.opened, false);
    assert.deepEqual(client.errors, { 'WebSocket: timeout: connecting': 1 });
    const { ws_connecting: waited, ws_connect_failed: failed } = client.recorded();
    assert.equal(unpack(waited!).count, 1, 'it has waited as long as that');
    assert.deepEqual(failed, { t: 'rate', passes: 1, total: 1 });
  }
});

/** Each ends a connection that stood. */
const breakages: [name: string, target: (t: TestContext) => Promise<string>, options?: Partial<SocketOptions>][] = [
  ['text where binary is due', (t) => webSocketServer(t, (webSocket) => webSocket.send('text'))],
  [
    'binary where text is due',
    (t) => webSocketServer(t, (webSocket) => webSocket.send(Buffer.from('x'))),
    { messages: 'text' },
  ],
  [
    'message too large',
    (t) => webSocketServer(t, (webSocket) => webSocket.send(Buffer.alloc(1_001))),
    { maxMessageBytes: 1_000 },
  ],
  ['no valid frame', (t) => upgrading(t, (socket) => socket.write(Buffer.from([0x8f, 0x00])))],
  [
    'message in too many fragments',
    (t) => upgrading(t, (socket) => socket.write(Buffer.concat([Buffer.from([0x02, 0x00]), Buffer.alloc(2 * 16_384)]))),
  ],
  // Compressed, which was not agreed on: so no bomb is ever unpacked.
  ['no valid frame', (t) => upgrading(t, (socket) => socket.write(Buffer.from([0xc2, 0x01, 0x00])))],
  ['closed by the target (1011 internal error)', (t) => webSocketServer(t, (webSocket) => webSocket.close(1011))],
  ['closed by the target (1006 abnormal closure)', (t) => upgrading(t, (socket) => socket.end())],
  // In the middle of a frame.
  [
    'closed by the target (1006 abnormal closure)',
    (t) => upgrading(t, (socket) => socket.end(Buffer.from([0x82, 0x7e, 0x01]))),
  ],
  // It keeps the connection after its close frame.
  [
    'closed by the target (1001 going away)',
    (t) => upgrading(t, (socket) => socket.write(Buffer.from([0x88, 2, 0x03, 0xe9]))),
  ],
];
for (const [code, name] of [
  [1000, '1000 normal closure'],
  [1013, '1013 try again later'],
  [3999, '3999 unknown'],
  [4001, "4001 application's own"],
] as const) {
  breakages.push([`closed by the target (${name})`, (t) => webSocketServer(t, (webSocket) => webSocket.close(code))]);
}
for (const [name, target, options] of breakages) {
  test(`a connection that ends: ${name}`, async (t) => {
    const client = await connect(t, await target(t), options);
    assert.equal(client.opened, true);
    await client.ended;
    assert.deepEqual(client.errors, { [`WebSocket: ${name}`]: 1 });
    assert.deepEqual(client.messages, []);
    assert.equal(client.socket!.isOpen, false);
  });
}

test('what a target sent before it ended its half is unpacked, and tells why', async (t) => {
  const server = createServer();
  const webSockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  const url = await serve(t, server);
  // As whoever closes the connection right after its close frame.
  const leave = (webSocket: WebSocket, socket: TcpSocket, frame: Buffer) => {
    webSocket.send('last', () => socket.end(frame));
  };
  for (const [frame, name] of [
    [Buffer.from([0x88, 2, 0x03, 0xe9]), '1001 going away'],
    [Buffer.alloc(0), '1006 abnormal closure'],
  ] as const) {
    webSockets.once('connection', (webSocket, { socket }) => leave(webSocket, socket, frame));
    const client = await connect(t, url, { messages: 'text', compress: true });
    await client.ended;
    assert.deepEqual(client.messages, ['last']);
    assert.deepEqual(client.errors, { [`WebSocket: closed by the target (${name})`]: 1 });
  }
});

test('a message as large as is allowed is taken', async (t) => {
  const url = await webSocketServer(t, (webSocket) => webSocket.send(Buffer.alloc(1_000)));
  const client = await connect(t, url, { maxMessageBytes: 1_000 });
  if (client.messages.length === 0) await client.next();
  assert.equal(client.messages[0]?.length, 1_000);
  assert.deepEqual(client.errors, {});
});

test('a target that does not read is left before its messages fill the memory', async (t) => {
  const url = await upgrading(t, (socket) => socket.pause());
  const client = await connect(t, url);
  const message = Buffer.alloc(1024 ** 2);
  for (let n = 0; n < 64 && client.socket!.isOpen; n++) client.socket!.send(message);
  await client.ended;
  assert.deepEqual(client.errors, { 'WebSocket: the target does not read': 1 });
});

test('a target that ends its half and does not read is left, whatever is still to be sent', async (t) => {
  let target: TcpSocket | undefined;
  const url = await upgrading(t, (socket) => {
    target = socket.pause();
  });
  const client = await connect(t, url);
  client.socket!.send(Buffer.alloc(12 * 1024 ** 2));
  target!.end();
  await client.ended;
  assert.deepEqual(client.errors, { 'WebSocket: closed by the target (1006 abnormal closure)': 1 });
});

test('of several failures the first is named', async (t) => {
  const client = await connect(t, await webSocketServer(t, () => {}));
  client.socket!.fail('no valid Yjs message');
  client.socket!.fail('another');
  await client.ended;
  assert.deepEqual(client.errors, { 'WebSocket: no valid Yjs message': 1 });
});

test('what the generator ran out of is its own failure', () => {
  const named = (code: string | undefined, opened = false) =>
    failureName(Object.assign(new Error('x'), { code }), opened);
  assert.equal(named('EMFILE'), 'generator: EMFILE');
  assert.equal(named('EADDRNOTAVAIL'), 'generator: EADDRNOTAVAIL');
  assert.equal(named(undefined, true), 'no valid frame');
});

test('an attempt that is under way when measuring ends has failed at its age', async (t) => {
  // Takes the connection, and never says a word.
  const url = await serve(t, createTcpServer());
  const slice = testSlice('http://127.0.0.1');
  const options: SocketOptions = { messages: 'text', connectTimeoutMs: 100, onOpen() {}, onMessage() {}, onEnd() {} };
  const attempt = Socket.open(slice, url, options);
  slice.recorder.cutOff();
  const series = recorded(slice);
  assert.deepEqual(series['ws_connect_failed{unfinished:yes}'], { t: 'rate', passes: 1, total: 1 });
  assert.equal(series['ws_connecting{unfinished:yes}']?.t, 'trend');
  assert.equal(await attempt, false);
});

test('what a listener throws, at once or later, ends its connection and is told with its place; others go on', async (t) => {
  const url = await webSocketServer(t, (webSocket) => {
    webSocket.on('message', () => {
      webSocket.send('no JSON');
      webSocket.send('more');
    });
  });
  const parse = (text: string) => void (text === 'more' || JSON.parse(text));
  for (const [listener, options] of [
    ['onMessage', { onMessage: (message: Buffer) => parse(message.toString()) }],
    ['onMessage', { onMessage: async (message: Buffer) => parse(message.toString()) }],
    ['onOpen', { onOpen: () => parse('no JSON') }],
  ] as const) {
    let socket: Socket | undefined;
    let ends = 0;
    let ended = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const slice = testSlice('http://127.0.0.1');
    await Socket.open(slice, url, {
      messages: 'text',
      onOpen(made) {
        socket = made;
      },
      onMessage() {},
      onEnd() {
        ends += 1;
        ended();
      },
      ...options,
    });
    socket?.send('go');
    await end;
    await socket?.close();
    const { errors, examples } = slice.recorder;
    assert.deepEqual([errors, ends], [{ [`WebSocket: ${listener} threw SyntaxError`]: 1 }, 1]);
    assert.match(examples.all[0]!.error, /^SyntaxError: /);
    assert.match(examples.all[0]!.at!, /socket\.test\.ts:\d+$/);
  }
});
