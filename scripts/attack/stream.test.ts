import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { firstTargets } from './stream.ts';

/** In parts that know nothing of lines. */
function* parts(text: string, length = 7): Generator<string> {
  const bytes = Buffer.from(text).toString('latin1');
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

async function kept(stream: Iterable<string>, most?: number, maxBytes?: number): Promise<string> {
  const all = await Readable.from(firstTargets(Readable.from(stream), most, maxBytes)).toArray();
  return Buffer.concat(all).toString();
}

test('of a stream without end as many targets are kept as are sent', async () => {
  function* endless(text: string, length?: number): Generator<string> {
    for (;;) yield* parts(text, length);
  }
  const json = '{"method":"GET","url":"http://a.test/ä"}\n';
  assert.equal(await kept(endless(json), 3), json.repeat(3));
  const http = '# of a test\nPOST http://a.test\nX-A: GET 1\n@a.json\n\n';
  assert.equal(await kept(endless(http), 2), `${http.repeat(2)}# of a test\n`);
  await assert.rejects(kept(endless(json.repeat(1_000), 1_009), undefined, 1024 ** 2), {
    message:
      'The targets that are piped in have more than 1 MB, or no end; allowed are fewer of them, as "head -n 1000" leaves.',
  });
});

test('what has an end is kept as it is, to its last byte, a HAR whole', async () => {
  const texts = [
    '\ufeffGET http://a.test/ü\r\nGET http://b.test',
    '{"method":"GET","url":"http://a.test"}\n\n{"method":"GET","url":"http://b.test"}',
    '',
    'POST http://a.test\nX-A: 1\n\nPOST http://b.test\nX-A: 1\n@a.json',
  ];
  for (const text of texts) for (const most of [undefined, 2, 9]) assert.equal(await kept(parts(text), most), text);
  const har = JSON.stringify({ log: { entries: [{ request: {} }, { request: {} }] } }, null, 1);
  for (const text of [har, har.replace(/\s+/g, '')]) assert.equal(await kept(parts(text), 1), text);
  assert.equal(await kept(parts('GET http://a.test\nGET http://b.test'), 1), 'GET http://a.test\n');
});
