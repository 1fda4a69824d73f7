import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { selfSigned } from '../../support/wire/certificate.fixture.ts';
import { recorded, testSlice } from '../slice.fixture.ts';
import { type Bed, bed, head, overHttp, overTcp } from './http.fixture.ts';
import { Http } from './http.ts';

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

test('an answer in parts that ends early on a connection that was to be closed', async (t) => {
  const short = 'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nha';
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.end(short)),
    ),
    'connection closed by the target',
  );
});

test('an HTTP 100 or 101 that nobody asked for', async (t) => {
  for (const [start, name] of [
    ['HTTP/1.1 100 Continue\r\n\r\n', 'an HTTP 100 that nobody asked for'],
    [
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n',
      'an HTTP 101 that nobody asked for',
    ],
  ] as const) {
    await isNoAnswer(
      await bed(
        t,
        overTcp((socket) => socket.write(`${start}${head(2)}ok`)),
      ),
      name,
    );
  }
});

test('a head that is no HTTP after it said a length', async (t) => {
  const both = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';
  await isNoAnswer(
    await bed(
      t,
      overTcp((socket) => socket.write(both)),
    ),
    'no valid HTTP answer',
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
      { timeoutMs: 500 },
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

test('what an author gets wrong in a call is told, nothing is sent, and the others go on', async (t) => {
  const seen: string[] = [];
  const server = overHttp((request, answer) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => answer.end());
  });
  const { http, slice } = await bed(t, server, { connections: 1 }, '/api');
  const ask = async (call: object) => (await http.request({ op: 'x', method: 'POST', path: '/i', ...call })).error;
  const table: [object, string][] = [
    [{ path: 'http://other.test/i' }, 'request not sent: its path does not begin with /'],
    [{ path: 'i' }, 'request not sent: its path does not begin with /'],
    [{ headers: { 'x-name': 'a\nb' } }, 'request not sent: invalid x-name header'],
  ];
  for (const [call, error] of table) assert.equal(await ask(call), error);
  assert.deepEqual(seen, []);
  for (const call of [{ path: '' }, { path: '?a=1' }]) assert.equal(await ask(call), undefined);
  assert.deepEqual(seen, ['POST /api', 'POST /api?a=1']);
  assert.equal(
    Object.values(slice.recorder.errors).reduce((sum, count) => sum + count),
    table.length,
  );
});

test('an option that there is not, or that is none, is told', () => {
  const slice = testSlice('http://127.0.0.1:1');
  const table: [object, string][] = [
    [
      { timeout: 5_000 },
      'Http has no option "timeout"; did you mean "timeoutMs"? allowed: connections, timeoutMs, maxAnswerBytes, redirects, keepAlive, keepsBodies.',
    ],
    [{ timeoutMs: '5s' }, 'Http: timeoutMs is "5s"; allowed is a number above 0.'],
    [{ timeoutMs: 0 }, 'Http: timeoutMs is 0; allowed is a number above 0.'],
    [{ timeoutMs: Number.NaN }, 'Http: timeoutMs is NaN; allowed is a number above 0.'],
    [{ connections: 0.5 }, 'Http: connections is 0.5; allowed is a whole number of at least 1.'],
    [{ redirects: -1 }, 'Http: redirects is -1; allowed is a whole number.'],
    [{ keepAlive: 'no' }, 'Http: keepAlive is "no"; allowed is true or false.'],
  ];
  for (const [options, sentence] of table)
    assert.throws(() => new Http(slice, 'http://127.0.0.1:1', options), new Error(sentence));
  void new Http(slice, 'http://127.0.0.1:1', { timeoutMs: Number.POSITIVE_INFINITY, redirects: 0 }).close();
});
