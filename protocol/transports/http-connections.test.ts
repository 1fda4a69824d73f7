import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { unmeasured } from '../../support/test.ts';
import { selfSigned } from '../../support/wire/certificate.fixture.ts';
import { bed, head, overHttp, overTcp } from './http.fixture.ts';
import { Http } from './http.ts';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

test('a connection that the target closes between two requests costs nothing but a new one', async (t) => {
  let connections = 0;
  const closed: Promise<unknown>[] = [];
  const server = overTcp((socket) => {
    socket.write(`${head(2)}ok`, () => socket.end());
    closed.push(once(socket, 'close'));
  }).on('connection', () => (connections += 1));
  const made = await bed(t, server, { connections: 1 });
  for (let count = 1; count <= 3; count++) {
    const answer = await made.request('POST', '{}');
    assert.deepEqual([answer.status, answer.body, answer.error], [200, 'ok', undefined]);
    await closed[count - 1];
    await turn();
  }
  assert.equal(connections, 3);
  assert.deepEqual(made.errors, {});
});

test('nor does one that the target resets', async (t) => {
  const sockets: Socket[] = [];
  const server = overTcp((socket) => socket.write(`${head(2)}ok`)).on('connection', (one) => sockets.push(one));
  const made = await bed(t, server, { connections: 1 });
  for (const method of ['POST', 'GET', 'POST'] as const) {
    assert.equal((await made.request(method)).status, 200);
    // The request is made before the reset is heard of.
    await turn();
    sockets.at(-1)!.resetAndDestroy();
    const { status, error } = await made.request(method);
    assert.deepEqual([status, error], [200, undefined]);
  }
  assert.deepEqual([sockets.length, made.errors], [4, {}]);
  assert.deepEqual(made.recorded()['http_reqs{op:thing}'], { t: 'counter', sum: 6 });
});

test('a target that comes back is reached again', async (t) => {
  let well = false;
  const made = await bed(
    t,
    overHttp((request, response) => (well ? response.end('ok') : request.socket.destroy())),
    { connections: 1 },
  );
  assert.equal((await made.request()).status, 0);
  well = true;
  assert.equal((await made.request()).status, 200);
});

test('connections are kept, shared, and never more than allowed', async (t) => {
  let connections = 0;
  const server = overHttp((_request, response) => response.end('ok')).on('connection', () => (connections += 1));
  const made = await bed(t, server, { connections: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => made.request()));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(connections, 2);
});

test('a connection is kept after HEAD, and after a body where it is not usual, unless the call says otherwise', async (t) => {
  let connections = 0;
  const server = overHttp((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': 2 }).end(request.method === 'HEAD' ? undefined : 'ok');
  }).on('connection', () => (connections += 1));
  const made = await bed(t, server, { connections: 1 });
  const table = [['HEAD'], ['GET', '{}'], ['DELETE', '{}'], ['HEAD'], ['OPTIONS'], ['POST', '{}']] as const;
  for (const [method, body] of table) {
    const answer = await made.http.request({ op: 'thing', method, path: '/thing', body });
    assert.deepEqual([answer.status, answer.error], [200, undefined]);
  }
  assert.equal(connections, 1);
  const headers = { connection: 'close' };
  await made.http.request({ op: 'thing', method: 'HEAD', path: '/thing', headers });
  assert.equal((await made.request('HEAD')).status, 200);
  assert.equal(connections, 2);
});

test('what a target sends behind an answer spoils no other request', async (t) => {
  for (const [method, answer] of [
    ['HEAD', `${head(2)}ok`],
    ['GET', `${head(2)}ok and more`],
    ['DELETE', 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['DELETE', 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok'],
  ] as const) {
    const made = await bed(
      t,
      overTcp((socket) => socket.write(answer)),
      { connections: 1 },
    );
    const answers = await Promise.all([1, 2, 3, 4].map(() => made.request(method)));
    for (const { status, error } of answers) assert.deepEqual([status < 300, error], [true, undefined], answer);
    assert.deepEqual(made.recorded()['http_reqs{op:thing}'], { t: 'counter', sum: 4 });
  }
});

test('without keep-alive each request has a connection of its own', async (t) => {
  let connections = 0;
  const server = overHttp((_request, response) => response.end('ok')).on('connection', () => (connections += 1));
  const made = await bed(t, server, { keepAlive: false });
  for (const method of ['GET', 'HEAD', 'GET'] as const) assert.equal((await made.request(method)).status, 200);
  assert.equal(connections, 3);
});

test('before the start connections are opened, without a request, and then taken first', async (t) => {
  let [connections, requests] = [0, 0];
  const listen = (server: Server) => server.on('connection', () => (connections += 1));
  const made = await bed(t, listen(overHttp((_request, response) => setTimeout(() => response.end(), ++requests))));
  await made.prepare(3);
  // Open for us, and in the server's backlog.
  await until(() => connections >= 3);
  assert.deepEqual([connections, requests, made.recorded(), made.errors], [3, 0, {}, {}]);
  const answers = await Promise.all([1, 2, 3, 4].map(() => made.request()));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.deepEqual([connections, made.recorded().http_connections], [4, { t: 'counter', sum: 4 }]);
});

test('no more connections are opened before the start than may be at all, and without keep-alive none', async (t) => {
  let connections = 0;
  const server = () => overHttp((_request, response) => response.end()).on('connection', () => (connections += 1));
  const two = await bed(t, server(), { connections: 2 });
  await two.prepare(50);
  await until(() => connections >= 2);
  await two.request();
  assert.equal(connections, 2);
  const one = await bed(t, server(), { keepAlive: false });
  await one.prepare(50);
  await one.request();
  assert.equal(connections, 3);
});

test('a client of what is no part of the load opens none before the start', async (t) => {
  const made = await bed(
    t,
    overHttp(() => {}),
  );
  const other = new Http(
    unmeasured({ ...made.slice, beforeStart: () => assert.fail('it prepares') }),
    'http://127.0.0.1',
  );
  await other.close();
});

test('a connection that the target has ended since it was opened, with a word or without, is not taken', async (t) => {
  for (const farewell of ['', 'HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n']) {
    const sockets: Socket[] = [];
    const server = overTcp((socket) => socket.write(`${head(2)}ok`)).on('connection', (one) => sockets.push(one));
    const made = await bed(t, server);
    await made.prepare(2);
    await until(() => sockets.length >= 2);
    const ended = sockets.slice(0, 2).map((socket) => once(socket.end(farewell), 'finish'));
    await Promise.all(ended);
    // It has been said; until it is heard it is in the network.
    for (let turns = 0; turns < 20; turns++) await turn();
    const answer = await made.request('POST', '{}');
    assert.deepEqual([answer.status, answer.body, made.errors], [200, 'ok', {}]);
  }
});

test('connections over TLS are opened before the start as well, and a target that is not there is no failure yet', async (t) => {
  const { key, cert } = selfSigned();
  const server = createHttpsServer({ key, cert }, (_request, response) => response.end('ok'));
  const made = await bed(t, server, {}, '', 'https');
  await made.prepare(2);
  assert.deepEqual([made.errors, made.recorded()], [{}, {}]);
  assert.equal((await made.request()).error, 'certificate is self-signed');
  server.close();
  await made.prepare(2);
  assert.deepEqual(made.errors, { 'certificate is self-signed': 1 });
});

test('what was opened before the start and never taken is closed in the end', async (t) => {
  const closed: Promise<unknown>[] = [];
  const server = overTcp(() => {}).on('connection', (socket) => closed.push(once(socket.resume(), 'close')));
  const made = await bed(t, server);
  await made.prepare(2);
  await until(() => closed.length >= 2);
  await made.http.close();
  assert.equal((await Promise.all(closed)).length, 2);
});

test('closing ends the requests that are under way', async (t) => {
  const server = overTcp(() => {});
  const made = await bed(t, server);
  const pending = made.request();
  await once(server, 'connection');
  await made.http.close();
  assert.deepEqual([(await pending).error, (await pending).outcome], ['stopped before the answer', 'failed']);
});

test('a target that ends or spoils each connection as it comes is not asked over and over', async (t) => {
  const acts: ((socket: Socket) => void)[] = [
    (socket) => socket.resetAndDestroy(),
    (socket) => socket.destroy(),
    (socket) => socket.write('220 hello\r\n'),
    (socket) => socket.end('220 hello\r\n'),
  ];
  for (const scheme of ['http', 'https']) {
    for (const act of acts) {
      let asked = 0;
      const server = createTcpServer().on('connection', (socket) => {
        asked += 1;
        act(socket);
      });
      const made = await bed(t, server, { connections: 2 }, '', scheme);
      const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(() => made.request()));
      assert.ok(answers.every(({ error, status }) => error !== undefined && status === 0));
      assert.deepEqual(made.recorded()['http_req_failed{op:thing}'], { t: 'rate', passes: 6, total: 6 });
      // One that is gone before it is taken is no request's, which then takes another one.
      assert.ok(asked <= 12, `${asked} connections`);
    }
  }
});
