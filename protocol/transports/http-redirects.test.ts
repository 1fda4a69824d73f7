import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { serve, stopServing } from '../../support/server.fixture.ts';
import { testSlice } from '../slice.fixture.ts';
import { bed, overHttp, overTcp } from './http.fixture.ts';
import { Http, type HttpClient, type RequestHeaders } from './http.ts';

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
    overHttp((_request, response) => response.writeHead(301, location === 'none' ? {} : { location }).end()),
  );
  for (const nowhere of ['none', '', 'http://', 'ftp://a.test/', 'data:text/plain,x']) {
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

test('a write that was answered with a redirect may have happened, also when what it leads to fails', async (t) => {
  let status = 303;
  const made = await bed(
    t,
    overHttp(({ url }, response) => {
      if (url === '/there') response.writeHead(500).end();
      else response.writeHead(status, { location: '/there' }).end();
    }),
  );
  const outcome = async (method: string, call = {}) => {
    const answer = await made.http.request({ op: 'thing', method, path: '/thing', ...call });
    return [answer.status, answer.error, answer.outcome];
  };
  assert.deepEqual(await outcome('POST', { body: '{}' }), [500, 'HTTP 500', 'indeterminate']);
  assert.deepEqual(await outcome('DELETE'), [500, 'HTTP 500', 'indeterminate']);
  assert.deepEqual(await outcome('POST', { readOnly: true }), [500, 'HTTP 500', 'failed']);
  assert.deepEqual(await outcome('GET'), [500, 'HTTP 500', 'failed']);
  // It is done there, if at all.
  status = 307;
  assert.deepEqual(await outcome('POST', { body: '{}' }), [500, 'HTTP 500', 'failed']);
});

test('a visitor keeps all cookies of an answer where the URL has a user and password, too', async (t) => {
  const seen: (string | undefined)[] = [];
  const { url } = await serve(t, ({ headers }, response) => {
    seen.push(headers.cookie);
    response.writeHead(200, { 'set-cookie': ['csrf=1; Path=/', 'sid=2; Path=/; HttpOnly'] }).end();
  });
  const http = new Http(testSlice(url), url.replace('//', '//me:secret@'));
  t.after(() => http.close());
  const visitor = http.visitor();
  for (const _ of [1, 2]) await visitor.request({ op: 'thing', method: 'GET', path: '/' });
  assert.deepEqual(seen, [undefined, 'csrf=1; sid=2']);
});

test('cookies that a call brings stand beside those that its visitor keeps, in one header', async (t) => {
  const seen: string[] = [];
  const made = await bed(
    t,
    overHttp(({ rawHeaders }, response) => {
      seen.push(...rawHeaders.filter((_, i) => i % 2 === 1 && /^cookie$/i.test(rawHeaders[i - 1]!)));
      response.writeHead(200, { 'set-cookie': 'sid=1' }).end();
    }),
  );
  const visitor = made.http.visitor();
  const get = (headers?: RequestHeaders) => visitor.request({ op: 'thing', method: 'GET', path: '/', headers });
  await get({ Cookie: 'a=1' });
  await get({ Cookie: 'a=1' });
  await get({ cookie: ['a=1', 'b=2'] });
  await get();
  assert.deepEqual(seen, ['a=1', 'a=1; sid=1', 'a=1; b=2; sid=1', 'sid=1']);
});

test('a location in bytes of UTF-8 leads to where browsers go', async (t) => {
  const seen: string[] = [];
  let requests = 0;
  const server = overTcp((socket) => {
    requests += 1;
    const leads = requests === 1 ? 'HTTP/1.1 302 Found\r\nlocation: /caf\u00e9?q=\u00fc\r\n' : 'HTTP/1.1 200 OK\r\n';
    socket.write(`${leads}content-length: 0\r\n\r\n`, 'utf8');
  }).on('connection', (socket) => socket.on('data', (data) => seen.push(/^\S+ (\S+)/.exec(String(data))![1]!)));
  const answer = await (await bed(t, server)).request();
  assert.deepEqual([answer.status, seen], [200, ['/thing', '/caf%c3%a9?q=%c3%bc']]);
});
