import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { redact, redactTrace } from './trace.ts';

test('secrets are blanked in every part of a trace that is text', () => {
  const password = 'pä"ss wörd';
  const clean = unzipSync(
    redactTrace(
      zipSync({
        'trace.trace': strToU8(JSON.stringify({ method: 'fill', params: { value: password } })),
        'trace.network': strToU8(
          JSON.stringify({ headers: [{ value: 'Bearer abc.DEF-123' }], text: `x=${encodeURIComponent(password)}` }),
        ),
        'resources/body.json': strToU8(JSON.stringify({ postData: JSON.stringify({ login: password }) })),
        'resources/answer.json': strToU8(JSON.stringify({ access_token: 'made-by-the-server', name: 'Müller' })),
        'resources/page.html': strToU8('<p>token-of-mine</p>'),
      }),
      [password, 'token-of-mine', ''],
    ),
  );
  assert.deepEqual(Object.fromEntries(Object.entries(clean).map(([name, content]) => [name, strFromU8(content)])), {
    'trace.trace': '{"method":"fill","params":{"value":"***"}}',
    'trace.network': '{"headers":[{"value":"Bearer ***"}],"text":"x=***"}',
    'resources/body.json': '{"postData":"{\\"login\\":\\"***\\"}"}',
    'resources/answer.json': '{"access_token":"***","name":"Müller"}',
    'resources/page.html': '<p>***</p>',
  });
});

test('what is binary stays as it was, byte by byte', () => {
  const everyByte = Uint8Array.from({ length: 1_024 }, (_, i) => i % 256);
  const picture = strToU8('secret');
  const parts = { 'resources/a.png': picture, 'resources/b.woff2': everyByte, 'resources/unknown': everyByte };
  const clean = unzipSync(redactTrace(zipSync(parts), ['secret']));
  for (const [name, content] of Object.entries(parts)) assert.deepEqual(clean[name], content, name);
});

test('whatever looks like a token is blanked, and nothing else', () => {
  const table = [
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['{"token":"a","user":"b"}', '{"token":"***","user":"b"}'],
    ['{"password" : "a b"}', '{"password" : "***"}'],
    ['{\\"refresh_token\\":\\"a\\"}', '{\\"refresh_token\\":\\"***\\"}'],
    ['ws://a.test/ws?token=abc&room=1', 'ws://a.test/ws?token=***&room=1'],
    ['/x?a=1&access_token=abc', '/x?a=1&access_token=***'],
    ['{"name":"Authorization","value":"Token a\\"b"}', '{"name":"Authorization","value":"***"}'],
    ['{"name":"Set-Cookie","value":"session=a; Path=/"}', '{"name":"Set-Cookie","value":"***"}'],
    [
      '"queryString":[{"name":"token","value":"a"},{"name":"room","value":"1"}]',
      '"queryString":[{"name":"token","value":"***"},{"name":"room","value":"1"}]',
    ],
    ['"cookies":[{"name":"session","value":"a"}],"headers":[]', '"cookies":[],"headers":[]'],
    ['"tokens":"2","passwords":"3"', '"tokens":"2","passwords":"3"'],
    ['p95 of 812 ms', 'p95 of 812 ms'],
  ] as const;
  for (const [text, clean] of table) assert.equal(redact(text, []), clean);
  assert.equal(redact('a.c abc', ['a.c']), '*** abc');
});
