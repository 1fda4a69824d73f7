import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Server as TlsServer } from 'node:tls';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { selfSigned } from '../../support/certificate.fixture.ts';
import { unpack } from '../../support/measure/series.ts';
import { MetricStore } from '../../support/measure/store.ts';
import { TimeAxis } from '../../support/measure/time-axis.ts';
import { serve, stopServing } from '../../support/server.fixture.ts';
import { hearingSoftFailures } from '../../support/soft-failures.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { type Answer, Http, type HttpClient, type HttpOptions, json, type Method } from './http.ts';

interface Bed {
  request(method?: Method, body?: string): Promise<Answer>;
  recorded(): ReturnType<typeof recorded>;
  errors: Record<string, number>;
  http: Http;
  slice: ReturnType<typeof testSlice>;
}

/** A client of a server, both gone when the test is over. */
async function bed(
  t: TestContext,
  server: Server,
  options?: HttpOptions,
  path = '',
  scheme = server instanceof TlsServer ? 'https' : 'http',
): Promise<Bed> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slice = testSlice(url);
  const http = new Http(slice, url + path, options);
  t.after(async () => {
    await http.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    http,
    slice,
    request: (method = 'GET', body) => http.request({ op: 'thing', method, path: '/thing', body }),
    recorded: () => recorded(slice),
    errors: slice.recorder.errors,
  };
}

const overHttp = (answer: RequestListener) => createServer(answer);
/** Does what it likes with the connection once a request has come in. */
const overTcp = (act: (socket: Socket) => void, options = {}) =>
  createTcpServer(options, (socket) => socket.on('data', () => act(socket)));
const head = (bytes: number) => `HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`;

async function isNoAnswer(made: Bed, error: string): Promise<void> {
  const read = await made.request('GET');
  const { status, body, headers, outcome } = read;
  assert.deepEqual({ status, body, headers, outcome }, { status: 0, body: '', headers: {}, outcome: 'failed' });
  assert.equal(read.error, error);
  const write = await made.request('POST', '{}');
  assert.deepEqual([write.error, write.outcome], [error, 'indeterminate']);
  assert.deepEqual(made.errors, { [error]: 2 });
  const series = made.recorded();
  assert.deepEqual(series['http_req_failed{op:thing}'], { t: 'rate', passes: 2, total: 2 });
  assert.deepEqual(series['http_reqs{op:thing}'], { t: 'counter', sum: 2 });
}

test('an answer is its status, headers and body, and everything of it is recorded under its op', async (t) => {
  const made = await bed(
    t,
    overHttp((request, response) => {
      response.writeHead(201, { 'X-Seen': `${request.method} ${request.url}`, 'set-cookie': ['a=1', 'b=2'] });
      request.pipe(response);
    }),
    {},
    '/base/',
  );
  const answer = await made.request('POST', '{"ä":1}');
  const { status, body, error, outcome, durationMs } = answer;
  assert.deepEqual({ status, body, error, outcome }, { status: 201, body: '{"ä":1}', error: undefined, outcome: 'ok' });
  assert.equal(answer.headers['x-seen'], 'POST /base/thing');
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.deepEqual(json(answer), { ä: 1 });
  assert.deepEqual(made.errors, {});

  const series = made.recorded();
  assert.deepEqual(Object.keys(series).sort(), [
    'data_received{op:thing}',
    'data_sent{op:thing}',
    'http_connections',
    'http_req_blocked{op:thing}',
    'http_req_duration{op:thing}',
    'http_req_failed{op:thing}',
    'http_req_waiting{op:thing}',
    'http_reqs{op:thing}',
  ]);
  assert.deepEqual(series['http_req_failed{op:thing}'], { t: 'rate', passes: 0, total: 1 });
  assert.deepEqual(series['data_sent{op:thing}'], { t: 'counter', sum: 8 });
  assert.deepEqual(series['data_received{op:thing}'], { t: 'counter', sum: 8 });
  const duration = unpack(series['http_req_duration{op:thing}']!);
  assert.deepEqual([duration.type, duration.count], ['trend', 1]);
  assert.equal((series['http_req_duration{op:thing}'] as { sum: number }).sum, durationMs);
  assert.ok(durationMs > 0);
});

test('a status of 400 or more is a failure with a name, and its body can be read', async (t) => {
  let status = 0;
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(status).end('why')),
  );
  for (const [code, error] of [
    [404, 'HTTP 404'],
    [429, 'HTTP 429 (rate limited)'],
    [500, 'HTTP 500'],
  ] as const) {
    status = code;
    const answer = await made.request('POST', '{}');
    // The target said no: whatever was written, it is no secret.
    assert.deepEqual([answer.status, answer.error, answer.outcome, answer.body], [code, error, 'failed', 'why']);
  }
  assert.deepEqual(made.errors, { 'HTTP 404': 1, 'HTTP 429 (rate limited)': 1, 'HTTP 500': 1 });
  assert.deepEqual(made.recorded()['http_req_failed{op:thing}'], { t: 'rate', passes: 3, total: 3 });
});

test('what a rate limit turns away is in no time, unless the call expects it', async (t) => {
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(429).end()),
  );
  assert.equal((await made.request()).durationMs, 0);
  const { 'http_req_duration{op:thing}': duration, 'http_req_waiting{op:thing}': waiting } = made.recorded();
  assert.deepEqual([duration, waiting], [undefined, undefined]);
  const expected = await made.http.request({ op: 'probe', method: 'GET', path: '/', expects: [429] });
  assert.ok(expected.durationMs > 0);
  assert.ok(made.recorded()['http_req_duration{op:probe}']);
  assert.deepEqual(made.errors, { 'HTTP 429 (rate limited)': 1 });
});

test('a redirect is followed as browsers do, and each request of it counts', async (t) => {
  const seen: string[] = [];
  const made = await bed(
    t,
    overHttp(async (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['content-type'] ?? '-'} ${await text(request)}`);
      const [, status] = /^\/base\/thing\?(\d+)$/.exec(request.url!) ?? [];
      if (status) response.writeHead(Number(status), { location: 'there?a=1' }).end('moved');
      else response.end('here');
    }),
    {},
    '/base',
  );
  const headers = { 'content-type': 'text/plain' };
  const table = [
    [301, 'GET', 'GET - '],
    [302, 'POST', 'GET - '],
    [302, 'PUT', 'PUT text/plain body'],
    [303, 'PUT', 'GET - '],
    [303, 'HEAD', 'HEAD - '],
    [307, 'POST', 'POST text/plain body'],
    [308, 'DELETE', 'DELETE text/plain body'],
  ] as const;
  for (const [status, method, second] of table) {
    const [body, own] = /GET|HEAD/.test(method) ? [undefined, undefined] : ['body', headers];
    const answer = await made.http.request({ op: 'thing', method, path: `/thing?${status}`, headers: own, body });
    assert.deepEqual([answer.status, answer.error], [200, undefined]);
    assert.equal(answer.body, method === 'HEAD' ? '' : 'here');
    assert.ok(seen.at(-2)?.startsWith(`${method} /base/thing?${status} `));
    assert.equal(seen.at(-1), second.replace(' ', ' /base/there?a=1 '));
  }
  assert.deepEqual(made.recorded()['http_reqs{op:thing}'], { t: 'counter', sum: 2 * table.length });
});

test('redirects have an end, and can be left alone', async (t) => {
  let requests = 0;
  const answer = overHttp((_request, response) => {
    requests += 1;
    response.writeHead(302, { location: '/thing' }).end();
  });
  const made = await bed(t, answer, { redirects: 3 });
  const looped = await made.request();
  assert.deepEqual([looped.status, looped.error, looped.outcome], [302, 'redirected too often', 'failed']);
  assert.equal(requests, 4);
  assert.deepEqual(made.errors, { 'redirected too often': 1 });
  assert.deepEqual(made.recorded()['http_req_failed{op:thing}'], { t: 'rate', passes: 1, total: 4 });
  const plain = await bed(
    t,
    overHttp((_request, response) => response.writeHead(302, { location: '/thing' }).end()),
    { redirects: 0 },
  );
  const { status, headers, outcome } = await plain.request();
  assert.deepEqual([status, headers.location, outcome], [302, '/thing', 'ok']);
});

test('what leads nowhere is an answer', async (t) => {
  let location = '';
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(301, location === '' ? {} : { location }).end()),
  );
  for (const nowhere of ['', 'http://', 'ftp://a.test/', 'data:text/plain,x']) {
    location = nowhere;
    assert.deepEqual([(await made.request()).status, made.errors], [301, {}]);
  }
});

test('another origin is reached too, and gets neither token nor cookie', async (t) => {
  const seen: IncomingHttpHeaders[] = [];
  const other = await serve(t, ({ headers }, answer) => {
    seen.push(headers);
    answer.end('there');
  });
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(307, { location: `${other.url}/x` }).end()),
  );
  const headers = { authorization: 'Bearer secret', Cookie: 'a=1', accept: 'text/plain' };
  const answer = await made.http.request({ op: 'thing', method: 'GET', path: '/', headers });
  assert.deepEqual([answer.status, answer.body], [200, 'there']);
  const { authorization, cookie, accept } = seen[0]!;
  assert.deepEqual([authorization, cookie, accept], [undefined, undefined, 'text/plain']);
  const gone = await serve(t, () => {});
  await stopServing(gone.server);
  const lost = await bed(
    t,
    overHttp((_request, response) => response.writeHead(307, { location: gone.url }).end()),
  );
  assert.deepEqual([(await lost.request()).error, lost.errors], ['ECONNREFUSED', { ECONNREFUSED: 1 }]);
});

test('the time that a request may take includes its redirects', async (t) => {
  const made = await bed(
    t,
    overHttp(({ url }, response) => {
      if (url === '/thing') response.writeHead(302, { location: '/never' }).end();
    }),
    { timeoutMs: 200 },
  );
  const answer = await made.request();
  assert.deepEqual([answer.status, answer.error], [0, 'timeout: no answer']);
});

test('a visitor keeps cookies, through a redirect too; others do not see them', async (t) => {
  const seen: (string | undefined)[] = [];
  const made = await bed(
    t,
    overHttp(({ url, headers }, response) => {
      seen.push(headers.cookie);
      if (url === '/login') {
        const cookies = ['sid=1; HttpOnly', 'theme=dark; Max-Age=60', 'other=1; Domain=elsewhere.test', 'no cookie'];
        response.writeHead(303, { location: '/home', 'set-cookie': cookies }).end();
      } else if (url === '/logout') response.writeHead(204, { 'set-cookie': 'sid=; Max-Age=0' }).end();
      else response.end();
    }),
  );
  const [one, another] = [made.http.visitor(), made.http.visitor()];
  const get = (client: HttpClient, path: string, headers?: Record<string, string>) =>
    client.request({ op: 'thing', method: 'GET', path, headers });
  await get(one, '/login');
  await get(one, '/', { accept: 'text/plain' });
  await get(another, '/');
  await get(made.http, '/');
  await get(one, '/logout');
  await get(one, '/');
  const both = 'sid=1; theme=dark';
  assert.deepEqual(seen, [undefined, both, both, undefined, undefined, both, 'theme=dark']);
});

test('HEAD has no body and leaves nothing hanging; nor has 204 or 304', async (t) => {
  let status = 200;
  const made = await bed(
    t,
    overHttp((_request, response) => {
      response.writeHead(status, status === 200 ? { 'content-length': 5, 'content-encoding': 'gzip' } : {}).end();
    }),
  );
  const head = await made.request('HEAD');
  assert.deepEqual([head.status, head.headers['content-length'], head.body, head.error], [200, '5', '', undefined]);
  for (const empty of [204, 304]) {
    status = empty;
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await made.request(method);
      assert.deepEqual([answer.status, answer.body, answer.outcome], [empty, '', 'ok']);
    }
  }
});

test('hints sent ahead of an answer are not the answer', async (t) => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nlink: </app.css>\r\n\r\n';
  const made = await bed(
    t,
    overTcp((socket) => socket.write(`${hint}${head(2)}ok`)),
  );
  const answer = await made.request();
  assert.deepEqual([answer.status, answer.body], [200, 'ok']);
  assert.equal(unpack(made.recorded()['http_req_waiting{op:thing}']!).count, 1);
});

test('a connection closed before the answer', async (t) => {
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.end()),
    ),
    'connection closed by the target',
  );
});

test('a connection reset before the answer', async (t) => {
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.resetAndDestroy()),
    ),
    'ECONNRESET',
  );
});

test('a connection closed in the middle of the body', async (t) => {
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.end(`${head(10)}half`)),
    ),
    'connection closed by the target',
  );
});

test('a target that ends its half before or in its answer, and keeps reading: its connection is given back', async (t) => {
  for (const part of ['', head(10).slice(0, 20), `${head(10)}half`]) {
    const ends: Promise<unknown>[] = [];
    const server = overTcp(
      (socket) => {
        socket.end(part);
        ends.push(once(socket, 'end'));
      },
      { allowHalfOpen: true },
    );
    await isNoAnswer(await bed(t, server), 'connection closed by the target');
    await Promise.all(ends);
    assert.equal(ends.length, 2);
  }
});

test('where the answer has no length, the end of the target’s half is the end of the answer', async (t) => {
  const server = overTcp((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nwhole'), { allowHalfOpen: true });
  const answer = await (await bed(t, server)).request();
  assert.deepEqual([answer.status, answer.body, answer.error], [200, 'whole', undefined]);
});

test('a body that ends early on a connection that was to be closed', async (t) => {
  const short = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nhalf';
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.end(short)),
    ),
    'answer shorter than its content-length',
  );
});

test('an answer that is no HTTP', async (t) => {
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n')),
    ),
    'no valid HTTP answer',
  );
});

test('an answer that never comes', async (t) => {
  await isNoAnswer(
    await bed(
      t,
      overTcp(() => {}),
      { timeoutMs: 100 },
    ),
    'timeout: no answer',
  );
});

test('an answer that stops in the middle of its body', async (t) => {
  const server = overTcp((socket) => socket.write(`${head(10)}half`));
  await isNoAnswer(await bed(t, server, { timeoutMs: 500 }), 'timeout: answer not finished');
});

test('an answer that comes byte by byte has to end in time all the same', async (t) => {
  const server = overTcp((socket) => {
    socket.write(head(1_000_000));
    const drip = setInterval(() => socket.write('.'), 10);
    socket.on('close', () => clearInterval(drip));
  });
  await isNoAnswer(await bed(t, server, { timeoutMs: 500 }), 'timeout: answer not finished');
});

test('an answer in many small parts that ends in time is whole', async (t) => {
  const server = overTcp(async (socket) => {
    for (const part of [head(9).slice(0, 20), head(9).slice(20), 'ab', 'c', 'defg', 'hi']) {
      socket.write(part);
      await turn();
    }
  });
  assert.equal((await (await bed(t, server)).request()).body, 'abcdefghi');
});

test('an answer of 16 MB is given up at the bound, and one at the bound is read', async (t) => {
  const maxAnswerBytes = 1024 ** 2;
  let bytes = 16 * 1024 ** 2;
  const made = await bed(
    t,
    overHttp((_request, response) => response.end(Buffer.alloc(bytes, 'x'))),
    { maxAnswerBytes },
  );
  const big = await made.request();
  assert.deepEqual([big.status, big.error, big.outcome, big.body], [0, 'answer too large', 'failed', '']);
  const { sum } = made.recorded()['data_received{op:thing}'] as { sum: number };
  assert.ok(sum > maxAnswerBytes && sum < 2 * maxAnswerBytes, `${sum} bytes were read`);
  bytes = maxAnswerBytes;
  assert.equal((await made.request()).body.length, maxAnswerBytes);
});

test('bodies that are only counted have no bound, and are not kept or decompressed', async (t) => {
  const sent = gzipSync('x'.repeat(10_000));
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(sent)),
    { keepsBodies: false, maxAnswerBytes: 1 },
  );
  const { status, body, error } = await made.request();
  assert.deepEqual({ status, body, error }, { status: 200, body: '', error: undefined });
  assert.equal((made.recorded()['data_received{op:thing}'] as { sum: number }).sum, sent.length);
});

test('a body of bytes and a header of several values arrive as they are, under any method', async (t) => {
  const bytes = Buffer.from([0, 255, 128, 10]);
  const seen: unknown[] = [];
  const server = overHttp(async (request, response) => {
    seen.push(request.method, request.headers['x-many'], Buffer.concat(await request.toArray()));
    response.end();
  });
  const made = await bed(t, server);
  const headers = { 'X-Many': ['a', 'b'] };
  await made.http.request({ op: 'thing', method: 'PROPFIND', path: '/', headers, body: bytes });
  assert.deepEqual(seen, ['PROPFIND', 'a, b', bytes]);
  assert.equal((made.recorded()['data_sent{op:thing}'] as { sum: number }).sum, bytes.length);
});

test('compressed answers are asked for, read, and counted as they came', async (t) => {
  const body = JSON.stringify({ text: 'ä'.repeat(1_000) });
  const compressed: Record<string, Buffer> = {
    gzip: gzipSync(body),
    'X-GZIP': gzipSync(body),
    deflate: deflateSync(body),
    'Deflate ': deflateRawSync(body),
    br: brotliCompressSync(body),
    'deflate, gzip': gzipSync(deflateSync(body)),
    identity: Buffer.from(body),
  };
  let encoding = '';
  const made = await bed(
    t,
    overHttp((request, response) => {
      if (!request.headers['accept-encoding']?.includes('gzip, deflate, br')) response.end('plain');
      else response.writeHead(200, { 'Content-Encoding': encoding }).end(compressed[encoding]);
    }),
  );
  for (const [name, bytes] of Object.entries(compressed)) {
    encoding = name;
    const answer = await made.request();
    assert.deepEqual([answer.error, answer.body], [undefined, body], name);
    assert.deepEqual(made.recorded()['data_received{op:thing}'], { t: 'counter', sum: bytes.length });
  }
  for (const name of ['accept-encoding', 'Accept-Encoding']) {
    const headers = { [name]: 'identity' };
    assert.equal((await made.http.request({ op: 'thing', method: 'GET', path: '/', headers })).body, 'plain');
  }
});

test('what cannot be decompressed has a name, and a bomb does not go off', async (t) => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 ** 2));
  const table: [encoding: string, body: Buffer, error: string][] = [
    ['gzip', bomb, 'answer too large'],
    ['gzip', Buffer.from('no gzip'), 'answer is no valid gzip'],
    ['gzip', bomb.subarray(0, 100), 'answer is no valid gzip'],
    ['br', Buffer.from('no brotli'), 'answer is no valid br'],
    ['secret', Buffer.from('x'), 'answer in a content-encoding that is not known'],
    ['constructor', Buffer.from('x'), 'answer in a content-encoding that is not known'],
  ];
  let now = table[0]!;
  const made = await bed(
    t,
    overHttp((_request, response) => response.writeHead(200, { 'content-encoding': now[0] }).end(now[1])),
    { maxAnswerBytes: 1024 ** 2 },
  );
  for (const row of table) {
    now = row;
    const answer = await made.request();
    assert.deepEqual([answer.status, answer.error, answer.outcome, answer.body], [0, row[2], 'failed', '']);
    assert.deepEqual(made.recorded()['data_received{op:thing}'], { t: 'counter', sum: row[1].length });
  }
  assert.equal((await made.request('POST', '{}')).outcome, 'indeterminate');
});

test('a certificate that does not verify: nothing was sent, so a write has failed', async (t) => {
  let requests = 0;
  const made = await bed(
    t,
    createHttpsServer(selfSigned(), () => (requests += 1)),
  );
  for (const method of ['GET', 'POST'] as const) {
    const { status, error, outcome, durationMs } = await made.request(method, method === 'POST' ? '{}' : undefined);
    assert.deepEqual(
      { status, error, outcome, durationMs },
      { status: 0, error: 'certificate is self-signed', outcome: 'failed', durationMs: 0 },
    );
  }
  assert.deepEqual(made.errors, { 'certificate is self-signed': 2 });
  assert.equal(requests, 0);
});

test('a target that does not speak TLS where TLS is due', async (t) => {
  const server = overTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const { status, error, outcome } = await (await bed(t, server, {}, '', 'https')).request();
  assert.deepEqual({ status, error, outcome }, { status: 0, error: 'no valid TLS answer', outcome: 'failed' });
});

test('a port where nobody listens: nothing was sent, so a write has failed', async (t) => {
  const slice = testSlice('http://127.0.0.1:1');
  const http = new Http(slice, slice.target.baseUrl);
  t.after(() => http.close());
  const answer = await http.request({ op: 'thing', method: 'POST', path: '/', body: '{}' });
  const { status, error, outcome, durationMs } = answer;
  assert.deepEqual(
    { status, error, outcome, durationMs },
    { status: 0, error: 'ECONNREFUSED', outcome: 'failed', durationMs: 0 },
  );
  assert.deepEqual(slice.recorder.errors, { ECONNREFUSED: 1 });
  // Neither a duration of 0 ms nor bytes that were never sent: both would look like a fast target.
  assert.deepEqual(Object.keys(recorded(slice)).sort(), [
    'data_received{op:thing}',
    'http_req_failed{op:thing}',
    'http_reqs{op:thing}',
  ]);
});

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

test('without keep-alive each request has a connection of its own', async (t) => {
  let connections = 0;
  const server = overHttp((_request, response) => response.end('ok')).on('connection', () => (connections += 1));
  const made = await bed(t, server, { keepAlive: false });
  for (const _ of [1, 2, 3]) assert.equal((await made.request()).status, 200);
  assert.equal(connections, 3);
});

test('a request that is none is named, and its values stay secret', async (t) => {
  const made = await bed(
    t,
    overHttp((_request, response) => response.end('ok')),
  );
  const headers = { authorization: 'Bearer secret\r\n' };
  const answer = await made.http.request({ op: 'thing', method: 'GET', path: '/', headers });
  assert.equal(answer.error, 'request not sent: invalid authorization header');
});

test('closing ends the requests that are under way', async (t) => {
  const server = overTcp(() => {});
  const made = await bed(t, server);
  const pending = made.request();
  await once(server, 'connection');
  await made.http.close();
  assert.deepEqual([(await pending).error, (await pending).outcome], ['stopped before the answer', 'failed']);
});

test('a body that is no JSON is undefined', () => {
  const answer = (body: string): Answer => ({ ...({} as Answer), body });
  assert.equal(json(answer('<html>')), undefined);
  assert.equal(json(answer('')), undefined);
  assert.deepEqual(json(answer('[1]')), [1]);
});

test('a request that is under way when measuring ends has failed at its age, once; who waits still gets the answer', async (t) => {
  const server = createServer();
  const made = await bed(t, server);
  const answer = made.request('POST', '{}');
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  made.slice.recorder.cutOff();
  const series = made.recorded();
  assert.deepEqual(series['http_req_failed{op:thing,unfinished:yes}'], { t: 'rate', passes: 1, total: 1 });
  assert.deepEqual(series['http_reqs{op:thing,unfinished:yes}'], { t: 'counter', sum: 1 });
  assert.equal(unpack(series['http_req_duration{op:thing,unfinished:yes}']!).count, 1);
  response.end('late');
  assert.deepEqual([(await answer).status, (await answer).body, (await answer).outcome], [200, 'late', 'ok']);
  assert.equal(made.recorded()['http_req_failed{op:thing}'], undefined);
  assert.deepEqual(made.errors, { 'request cut off by gracefulStop': 1 });
});

test('a request belongs to the phase in which its iteration was due, whenever it is called, also where it is redirected to', async (t) => {
  const answer: RequestListener = (request, reply) =>
    void (request.url === '/thing' ? reply.writeHead(302, { location: '/other' }) : reply).end('{}');
  const { http, slice } = await bed(t, overHttp(answer));
  const now = performance.now();
  const axis = new TimeAxis([{ name: 'spike', startMs: 0, endMs: 60_000, load: 1 }], 60_000);
  // The spike ended a second ago.
  slice.recorder.begin({ axis, startAt: now - 61_000 });
  slice.recorder.enter(axis.indexAt(61_000));
  const request = () => http.request({ op: 'thing', method: 'GET', path: '/thing' });
  const hears = () => {};
  await hearingSoftFailures(hears, () => 'operation', request, now - 2_000);
  await request();
  const store = new MetricStore();
  for (const interval of [...slice.recorder.packLate(), { index: 1, series: slice.recorder.pack() }])
    store.add(interval);
  for (const metric of ['http_req_duration', 'http_req_blocked', 'http_req_waiting']) {
    assert.deepEqual(
      [store.trend(metric, { phase: 'spike' }).count, store.trend(metric, { phase: 'drain' }).count],
      [2, 2],
    );
  }
  const counts = (phase: string) => [store.sum('http_reqs', { phase }), store.rate('http_req_failed', { phase }).count];
  assert.deepEqual(
    [counts('spike'), counts('drain')],
    [
      [2, 2],
      [2, 2],
    ],
  );
});
