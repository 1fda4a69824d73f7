import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { unpack } from '../../support/measure/series.ts';
import { bed, head, overHttp, overTcp } from './http.fixture.ts';
import { type Answer, json, type RequestHeaders } from './http.ts';
import { overPhases } from './phases.fixture.ts';

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

test('204 and 304 have no body, whatever length they say; others are held to theirs', async (t) => {
  let status = '304 Not Modified';
  const made = await bed(
    t,
    overTcp((socket) => {
      socket.write(`HTTP/1.1 ${status}\r\ncontent-length: 5\r\netag: "a"\r\n\r\n`);
      if (status === '200 OK') socket.end();
    }),
  );
  for (const [line, code] of [
    ['304 Not Modified', 304],
    ['204 No Content', 204],
  ] as const) {
    status = line;
    const answer = await made.request();
    assert.deepEqual(
      [answer.status, answer.headers.etag, answer.error, answer.outcome],
      [code, '"a"', undefined, 'ok'],
    );
  }
  status = '200 OK';
  assert.equal((await made.request()).error, 'connection closed by the target');
  assert.deepEqual(made.recorded()['http_req_failed{op:thing}'], { t: 'rate', passes: 1, total: 3 });
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

test('a request that is none is named, and its values stay secret', async (t) => {
  const made = await bed(
    t,
    overHttp((_request, response) => response.end('ok')),
  );
  const headers = { authorization: 'Bearer secret\r\n' };
  const answer = await made.http.request({ op: 'thing', method: 'GET', path: '/', headers });
  assert.equal(answer.error, 'request not sent: invalid authorization header');
  const table: [RequestHeaders, string][] = [
    [{ expect: '100-continue' }, 'request not sent: expect header not supported'],
    [{ 'content-length': '1' }, 'request not sent: Request body length does not match content-length header'],
  ];
  for (const [own, error] of table) {
    const call = { op: 'thing', method: 'POST', path: '/', headers: own, body: '{}' };
    const { outcome, ...refused } = await made.http.request(call);
    assert.deepEqual([refused.error, outcome], [error, 'failed']);
  }
});

test('blanks and letters beyond ASCII in a path are encoded as browsers do, and what is encoded already is left', async (t) => {
  const made = await bed(
    t,
    overHttp(({ url }, response) => response.end(url)),
  );
  const asked = async (path: string) => {
    const { body, error } = await made.http.request({ op: 'thing', method: 'GET', path });
    return error ?? body;
  };
  assert.equal(await asked('/a b/Zürich?q=日本 😀'), '/a%20b/Z%C3%BCrich?q=%E6%97%A5%E6%9C%AC%20%F0%9F%98%80');
  const encoded = `/a%20b/Z%C3%BCrich?q=%ff&x=1+2~!'()*[]`;
  assert.equal(await asked(encoded), encoded);
  assert.equal(await asked('/a\n'), 'request not sent: invalid request path');
});

test('a method in small letters is the one that it means, and is as safe', async (t) => {
  const server = overHttp(({ method }, response) => {
    if (method === 'GET') response.destroy();
    else response.end(method);
  });
  const made = await bed(t, server);
  const asked = (method: string) => made.http.request({ op: 'thing', method, path: '/' });
  assert.equal((await asked('patch')).body, 'PATCH');
  assert.equal((await asked('Propfind')).body, 'PROPFIND');
  assert.equal((await asked('get')).outcome, 'failed');
});

test('a body that is none is refused by name, and others are sent all the same', async (t) => {
  const seen: string[] = [];
  const server = overHttp(async (request, response) => {
    seen.push(String(Buffer.concat(await request.toArray())));
    response.end();
  });
  const made = await bed(t, server, { connections: 1 });
  const send = (body: unknown) =>
    made.http.request({ op: 'thing', method: 'POST', path: '/', body: body as string | undefined });
  for (const body of [{ a: 1 }, ['a'], 5, new URLSearchParams({ a: '1' }), new FormData()]) {
    const { status, error, outcome } = await send(body);
    const refused = [0, 'request not sent: its body has to be a string or a Buffer', 'failed'];
    assert.deepEqual([status, error, outcome], refused);
  }
  for (const body of ['text', Buffer.from('bytes'), new Uint8Array([65]), '', null, undefined])
    assert.equal((await send(body)).status, 200);
  assert.deepEqual(seen, ['text', 'bytes', 'A', '', '', '']);
});

test('a request says who sends it, once, and as the call says if it does', async (t) => {
  const seen: (string | undefined)[] = [];
  const made = await bed(
    t,
    overHttp(({ rawHeaders }, response) => {
      const values = rawHeaders.filter((_, i) => i % 2 === 1 && /^user-agent$/i.test(rawHeaders[i - 1]!));
      seen.push(values.join());
      response.end();
    }),
  );
  const all: RequestHeaders[] = [{}, { accept: '*/*' }, { 'User-Agent': 'mine' }, { 'user-agent': 'mine' }];
  for (const headers of all) await made.http.request({ op: 'thing', method: 'GET', path: '/', headers });
  assert.deepEqual(seen, ['tandem', 'tandem', 'mine', 'mine']);
});

test('a body that is no JSON is undefined', () => {
  const answer = (body: string): Answer => ({ ...({} as Answer), body });
  assert.equal(json(answer('<html>')), undefined);
  assert.equal(json(answer('')), undefined);
  assert.deepEqual(json(answer('[1]')), [1]);
  assert.deepEqual(json(answer('\ufeff[1]')), [1]);
  assert.equal(json(answer('\ufeff\ufeff[1]')), undefined);
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
  const request = () => http.request({ op: 'thing', method: 'GET', path: '/thing' });
  const store = await overPhases(slice.recorder, request);
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
