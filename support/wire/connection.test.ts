import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import { WebSocket } from 'ws';
import { serve } from '../server.fixture.ts';
import { Authority, type Certified } from './certificate.fixture.ts';
import { dispatcherTo, serverKey, socketWay } from './connection.ts';
import { proxyServer } from './proxy.fixture.ts';
import { directWire, keyHash, type Wire } from './wire.ts';

const TIMEOUT_MS = 10_000;

/** What the target saw of a request, or the code or sentence with which there was none. */
async function ask(t: TestContext, url: string, wire: Wire, headers?: Record<string, string>): Promise<string> {
  const dispatcher = dispatcherTo(new URL(url), wire, { connections: 1 }, TIMEOUT_MS);
  t.after(() => dispatcher.destroy());
  try {
    const { statusCode, body } = await dispatcher.request({ method: 'GET', path: '/thing?a=1', headers });
    const text = await body.text();
    return statusCode === 200 ? text : `HTTP ${statusCode}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  }
}

/** A target that answers with what it was asked. */
async function target(t: TestContext): Promise<{ url: string; named: string }> {
  const { url } = await serve(t, ({ url: path, headers: { host, authorization } }, answer) => {
    answer.end(`${host!.replace(/:\d+/, '')} ${path} ${authorization ?? '-'}`);
  });
  return { url, named: url.replace('127.0.0.1', 'app.test') };
}

/** A target over TLS that answers with the name of the client's certificate. */
async function secureTarget(t: TestContext, certified: Certified, options: ServerOptions = {}): Promise<string> {
  const server = createHttpsServer({ ...certified, ...options }, (request, answer) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    answer.end(`${request.url} ${subject?.CN ?? '-'} ${request.headers.authorization ?? '-'}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://app.test:${(server.address() as AddressInfo).port}`;
}

test('without proxy and user it is a plain pool', async (t) => {
  const { url } = await target(t);
  assert.equal(dispatcherTo(new URL(url), directWire, {}, TIMEOUT_MS).constructor.name, 'Pool');
  assert.equal(await ask(t, url, directWire), '127.0.0.1 /thing?a=1 -');
});

test('a host that only the proxy knows is reached through it, without a tunnel, and by nothing else', async (t) => {
  const { url, named } = await target(t);
  const proxy = await proxyServer(t);
  const wire = { ...directWire, proxies: { http: proxy.url }, noProxy: '127.0.0.1' };
  assert.equal(await ask(t, named, wire), 'app.test /thing?a=1 -');
  assert.deepEqual(proxy.asked, [`GET ${named}/thing?a=1`]);
  assert.equal(await ask(t, url, wire), '127.0.0.1 /thing?a=1 -');
  assert.equal(proxy.asked.length, 1);
  assert.match(await ask(t, named, directWire), /^E(NOTFOUND|AI_AGAIN)$/);
});

test('TLS goes through a tunnel of the proxy', async (t) => {
  const named = await secureTarget(t, new Authority().issue('app.test'));
  const proxy = await proxyServer(t);
  const wire = { ...directWire, proxies: { https: proxy.url } };
  assert.equal(await ask(t, named, { ...wire, insecure: true }), '/thing?a=1 - -');
  assert.equal(await ask(t, named, wire), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${named.slice('https://'.length)}`]);
});

test('user and password of the proxy', async (t) => {
  const { named } = await target(t);
  const secure = await secureTarget(t, new Authority().issue('app.test'));
  const { url } = await proxyServer(t, 'me:p%40ss');
  const wire = { ...directWire, insecure: true, proxies: { http: url } };
  assert.equal(await ask(t, named, wire), 'app.test /thing?a=1 -');
  assert.equal(await ask(t, secure, wire), '/thing?a=1 - -');
  const denied = { ...wire, proxies: { http: url.replace('me:', 'you:') } };
  assert.equal(await ask(t, named, denied), 'HTTP 407');
  assert.equal(await ask(t, secure, denied), 'HTTP 407 (from the proxy)');
});

/** A proxy that does this with whoever asks, and how often it was asked. */
async function badProxy(t: TestContext, act: (socket: Socket) => void): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createTcpServer((socket) => {
    asked += 1;
    socket.on('error', () => {}).once('data', () => act(socket));
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

/** What a WebSocket that does not come to stand ends in. */
async function listen(url: string, wire: Wire): Promise<string> {
  const socket = new WebSocket(url, socketWay(new URL(url), wire));
  return new Promise((resolve) => {
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
  });
}

test('what a proxy does is told as its own doing, and it is asked once', async (t) => {
  const table: [act: (socket: Socket) => void, code: string][] = [
    [(socket) => socket.destroy(), 'connection closed (at the proxy)'],
    [(socket) => socket.resetAndDestroy(), 'ECONNRESET (at the proxy)'],
    [(socket) => socket.end('220 hello\r\n\r\n'), 'no valid HTTP answer (at the proxy)'],
    [(socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'), 'HTTP 502 (from the proxy)'],
  ];
  for (const [act, code] of table) {
    const { url, asked } = await badProxy(t, act);
    const wire = { ...directWire, proxies: { http: url } };
    assert.equal(await ask(t, 'https://app.test', wire), code);
    for (const socket of ['ws://app.test', 'wss://app.test']) assert.equal(await listen(socket, wire), code);
    assert.equal(asked(), 3, code);
  }
  const nobody = { ...directWire, proxies: { http: 'http://127.0.0.1:1' } };
  for (const url of ['http://app.test', 'https://app.test'])
    assert.equal(await ask(t, url, nobody), 'ECONNREFUSED (at the proxy)');
  assert.equal(await listen('ws://app.test', nobody), 'ECONNREFUSED (at the proxy)');
});

test('a tunnel that a proxy never opens is given up in time, and others are asked for after it', async (t) => {
  const { url, asked } = await badProxy(t, () => {});
  const wire = { ...directWire, proxies: { http: url } };
  const dispatcher = dispatcherTo(new URL('https://app.test'), wire, { connections: 1 }, 100);
  t.after(() => dispatcher.destroy());
  const hang = { code: 'timeout: connecting (at the proxy)' };
  for (const _ of [1, 2]) await assert.rejects(dispatcher.request({ method: 'GET', path: '/' }), hang);
  assert.equal(asked(), 2);
  await assert.rejects(serverKey(new URL('https://app.test'), wire, 100), { name: 'AbortError' });
});

test('what a target does behind a tunnel is not told as the proxy’s', async (t) => {
  const server = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { url } = await proxyServer(t);
  const wire = { ...directWire, proxies: { http: url } };
  const place = `app.test:${(server.address() as AddressInfo).port}`;
  for (const end of [await ask(t, `https://${place}`, wire), await listen(`wss://${place}`, wire)])
    assert.ok(!end.includes('proxy'), end);
});

test('a user of the proxy without a password, and a password that only looks encoded', async (t) => {
  const { named } = await target(t);
  const secure = await secureTarget(t, new Authority().issue('app.test'));
  for (const [owner, written] of [
    ['token:', 'token'],
    ['me:100%25', 'me:100%'],
  ] as const) {
    const { url } = await proxyServer(t, owner);
    const wire = { ...directWire, insecure: true, proxies: { http: url.replace(owner, written) } };
    assert.equal(await ask(t, named, wire), 'app.test /thing?a=1 -');
    assert.equal(await ask(t, secure, wire), '/thing?a=1 - -');
  }
});

test('a request that is none is refused alone: its connection is there for others, one at a time', async (t) => {
  let underWay = 0;
  let most = 0;
  const answer: RequestListener = (_request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setImmediate(() => {
      underWay -= 1;
      response.end('ok');
    });
  };
  const { url } = await serve(t, answer);
  const server = createHttpsServer(new Authority().issue('app.test'), answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const proxy = await proxyServer(t);
  const proxied = { ...directWire, insecure: true, proxies: { http: proxy.url, https: proxy.url } };
  for (const [to, wire] of [
    [url, directWire],
    [url.replace('http://', 'http://me:secret@'), directWire],
    [url.replace('127.0.0.1', 'app.test'), proxied],
    [`https://app.test:${(server.address() as AddressInfo).port}`, proxied],
  ] as const) {
    const dispatcher = dispatcherTo(new URL(to), wire, { connections: 1 }, TIMEOUT_MS);
    t.after(() => dispatcher.destroy());
    const asked = async (path: string) => (await dispatcher.request({ method: 'GET', path })).body.text();
    const answers = ['/a b', '/1', '/2', '/c d', '/3'].map((path) => asked(path).catch(({ code }) => code));
    assert.deepEqual(await Promise.all(answers), ['UND_ERR_INVALID_ARG', 'ok', 'ok', 'UND_ERR_INVALID_ARG', 'ok']);
    assert.equal(await asked('/4'), 'ok');
  }
  assert.equal(most, 1);
});

test('whoever listens is told of each connection, and of each of several headers of one name, whatever lies between', async (t) => {
  const answer: RequestListener = (_request, response) =>
    void response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] }).end();
  const { url } = await serve(t, answer);
  const server = createHttpsServer(new Authority().issue('app.test'), answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const secure = `https://app.test:${(server.address() as AddressInfo).port}`;
  const { url: proxy } = await proxyServer(t);
  const proxied = { ...directWire, insecure: true, proxies: { http: proxy } };
  const ways: [string, Wire][] = [
    [url, directWire],
    [url.replace('//', '//me:secret@'), directWire],
    [url.replace('127.0.0.1', 'app.test'), proxied],
    [secure, proxied],
  ];
  for (const [address, wire] of ways) {
    let connections = 0;
    const dispatcher = dispatcherTo(new URL(address), wire, { connections: 1 }, TIMEOUT_MS);
    dispatcher.on('connect', () => (connections += 1));
    for (const _ of [1, 2]) assert.deepEqual(await cookiesOf(dispatcher), ['a=1', 'b=2'], address);
    assert.equal(connections, 1, address);
    await dispatcher.destroy();
  }
});

/** What an answer sets, as undici tells those who listen in its older words. */
function cookiesOf(dispatcher: Dispatcher): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found: string[] = [];
    dispatcher.dispatch(
      { method: 'GET', path: '/' },
      {
        onConnect: () => {},
        onHeaders(_status: number, headers: Buffer[]) {
          headers.forEach((name, i) => {
            if (i % 2 === 0 && String(name).toLowerCase() === 'set-cookie') found.push(headers[i + 1]!.toString());
          });
          return true;
        },
        onData: () => true,
        onComplete: () => resolve(found),
        onError: reject,
      },
    );
  });
}

test('user and password of the target, unless the request brings its own', async (t) => {
  const { url, named } = await target(t);
  const { url: proxy } = await proxyServer(t);
  const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  const own = { Authorization: 'Bearer own' };
  const ways: [string, Wire][] = [
    [url, directWire],
    [named, { ...directWire, proxies: { http: proxy } }],
  ];
  for (const [address, wire] of ways) {
    const withUser = address.replace('//', '//me:p%40ss@');
    assert.match(await ask(t, withUser, wire), new RegExp(`/thing\\?a=1 ${basic}$`));
    assert.match(await ask(t, withUser, wire, own), /\/thing\?a=1 Bearer own$/);
  }
  assert.deepEqual(own, { Authorization: 'Bearer own' });
});

test('a header that is spelled in two ways is sent twice, through a proxy too', async (t) => {
  const { url } = await serve(t, ({ headers }, answer) => answer.end(`${headers['x-a']}`));
  const { url: proxy } = await proxyServer(t);
  const named = url.replace('127.0.0.1', 'app.test');
  const headers = { 'X-A': '1', 'x-a': '2', 'X-B': '3' };
  assert.equal(await ask(t, url, directWire, headers), '1, 2');
  assert.equal(await ask(t, named, { ...directWire, proxies: { http: proxy } }, headers), '1, 2');
  assert.equal(await ask(t, url.replace('//', '//me:pass@'), directWire, headers), '1, 2');
});

test('a client certificate is shown, through a proxy too', async (t) => {
  const authority = new Authority();
  const named = await secureTarget(t, authority.issue('app.test'), { requestCert: true, ca: authority.own.cert });
  const { cert, key } = authority.issue('tandem');
  const certificate = { cert: Buffer.from(cert), key: Buffer.from(key) };
  const { url: proxy } = await proxyServer(t);
  assert.equal(
    await ask(t, named.replace('app.test', '127.0.0.1'), { ...directWire, insecure: true, certificate }),
    '/thing?a=1 tandem -',
  );
  const wire = { ...directWire, insecure: true, certificate, proxies: { http: proxy } };
  assert.equal(await ask(t, named, wire), '/thing?a=1 tandem -');
});

test('what is wrong with TLS after its handshake is told, and not only that the connection was closed', async (t) => {
  const insecure = { ...directWire, insecure: true };
  for (const [last, code] of [
    [Buffer.from('1703030005' + '00'.repeat(5), 'hex'), /^ERR_SSL_/],
    [Buffer.alloc(0), /^UND_ERR_SOCKET$/],
  ] as const) {
    const clients: Socket[] = [];
    const target = createTlsServer(new Authority().issue('app.test'), (socket) => {
      socket.on('error', () => {}).once('data', () => clients[0]!.end(last));
    });
    const front = createTcpServer((client) => {
      clients.push(client.on('error', () => {}));
      const onward = connect((target.address() as AddressInfo).port, '127.0.0.1');
      client.pipe(onward.on('error', () => {})).pipe(client, { end: false });
      t.after(() => [client, onward].map((socket) => socket.destroy()));
    });
    for (const server of [target, front]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
    }
    assert.match(await ask(t, `https://127.0.0.1:${(front.address() as AddressInfo).port}`, insecure), code);
  }
});

test('the key of a server is what its certificate holds, and only of one that is trusted', async (t) => {
  const certified = new Authority().issue('app.test');
  const named = await secureTarget(t, certified);
  const { url: proxy } = await proxyServer(t);
  const wire = { ...directWire, proxies: { http: proxy } };
  assert.equal(
    await serverKey(new URL(named), { ...wire, insecure: true }, TIMEOUT_MS),
    keyHash(new X509Certificate(certified.cert)),
  );
  await assert.rejects(serverKey(new URL(named), wire, TIMEOUT_MS), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  await assert.rejects(serverKey(new URL('https://127.0.0.1:1'), directWire, TIMEOUT_MS), { code: 'ECONNREFUSED' });
});
