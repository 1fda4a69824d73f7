import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { bed, overHttp } from './http.fixture.ts';

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

test('encodings that stand in a header each are undone as those of one', async (t) => {
  const made = await bed(
    t,
    overHttp((_request, response) => {
      response.setHeader('content-encoding', ['deflate', 'gzip']).end(gzipSync(deflateSync('whole')));
    }),
  );
  const { body, error } = await made.request();
  assert.deepEqual([body, error], ['whole', undefined]);
});

test('a name that is no encoding leaves the body as it is, as in browsers', async (t) => {
  let encoding = '';
  const made = await bed(
    t,
    overHttp((_request, response) => {
      const body = encoding.includes('gzip') ? gzipSync('whole') : 'whole';
      response.writeHead(200, { 'content-encoding': encoding }).end(body);
    }),
  );
  for (encoding of ['utf-8', 'none', 'aws-chunked', 'aws-chunked, gzip', 'constructor', 'identity', '']) {
    const { body, error, outcome } = await made.request();
    assert.deepEqual([body, error, outcome], ['whole', undefined, 'ok'], encoding);
  }
});

test('what cannot be decompressed has a name, and a bomb does not go off', async (t) => {
  const bomb = gzipSync(Buffer.alloc(8 * 1024 ** 2));
  const table: [encoding: string, body: Buffer, error: string][] = [
    ['gzip', bomb, 'answer too large'],
    ['gzip', Buffer.from('no gzip'), 'answer is no valid gzip'],
    ['gzip', bomb.subarray(0, 100), 'answer is no valid gzip'],
    ['br', Buffer.from('no brotli'), 'answer is no valid br'],
    ['compress', Buffer.from('x'), 'answer in a content-encoding that is not known'],
    ['gzip, dcb', Buffer.from('x'), 'answer in a content-encoding that is not known'],
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
