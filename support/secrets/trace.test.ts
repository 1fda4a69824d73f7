import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { Secrets } from './secrets.ts';
import { redactTrace } from './trace.ts';

type Parts = Record<string, unknown>;

/** The parts of a trace after redaction; what is no text is written as JSON, a list as lines of JSON. */
function redacted(parts: Parts, ...known: string[]): Record<string, string> {
  const secrets = new Secrets();
  for (const one of known) secrets.add(one);
  const lines = (all: unknown[]) => all.map((one) => `${JSON.stringify(one)}\n`).join('');
  const written = Object.entries(parts).map(([name, content]) => {
    const text = Array.isArray(content)
      ? lines(content)
      : typeof content === 'string'
        ? content
        : JSON.stringify(content);
    return [name, strToU8(text)] as const;
  });
  const clean = unzipSync(redactTrace(zipSync(Object.fromEntries(written)), secrets));
  return Object.fromEntries(Object.entries(clean).map(([name, content]) => [name, strFromU8(content)]));
}

function records(text: string | undefined): Record<string, unknown>[] {
  return text!
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

test('known secrets are blanked in every part that is text', () => {
  const password = 'pä"ss wörd';
  const clean = redacted(
    {
      'trace.trace': [{ method: 'fill', params: { value: password } }],
      'resources/form.txt': `x=${encodeURIComponent(password)}`,
      'resources/body.json': { postData: JSON.stringify({ login: password }) },
      'resources/page.html': '<p>token-of-mine</p>',
      'resources/other.json': { name: 'Müller' },
    },
    password,
    'token-of-mine',
  );
  assert.deepEqual(clean, {
    'trace.trace': '{"method":"fill","params":{"value":"***"}}\n',
    'resources/form.txt': 'x=***',
    'resources/body.json': '{"postData":"{\\"login\\":\\"***\\"}"}',
    'resources/page.html': '<p>***</p>',
    'resources/other.json': '{"name":"Müller"}',
  });
});

test('what is binary stays as it was, byte by byte', () => {
  const everyByte = Uint8Array.from({ length: 1_024 }, (_, i) => i % 256);
  const picture = strToU8('secret-1');
  const secrets = new Secrets();
  secrets.add('secret-1');
  const parts = { 'resources/a.png': picture, 'resources/b.woff2': everyByte, 'resources/unknown': everyByte };
  const clean = unzipSync(redactTrace(zipSync(parts), secrets));
  for (const [name, content] of Object.entries(parts)) assert.deepEqual(clean[name], content, name);
});

const exchange = (request: object, response: object) => ({
  type: 'resource-snapshot',
  snapshot: { request: { headers: [], cookies: [], ...request }, response: { headers: [], cookies: [], ...response } },
});

test('an exchange loses cookies, headers that authorise and values of its query, and they are found elsewhere', () => {
  const clean = redacted({
    'trace.network': [
      exchange(
        {
          url: 'http://a.test/api?ticket=abc-123&page=2',
          queryString: [{ name: 'ticket', value: 'abc-123' }],
          cookies: [{ name: 'session', value: 'cookie-12345' }],
          headers: [
            { name: 'Cookie', value: 'session=cookie-12345' },
            { name: 'authorization', value: 'Token made-up-1' },
            { name: 'X-Custom-Key', value: 'key-of-ours-1' },
            { name: 'accept', value: 'text/html' },
          ],
        },
        { headers: [{ name: 'set-cookie', value: 'next=cookie-67890; Path=/' }] },
      ),
    ],
    'trace.trace': [{ type: 'console', text: 'cookie-12345, made-up-1, key-of-ours-1 and cookie-67890' }],
  });
  const [{ snapshot }] = records(clean['trace.network']) as never as [{ snapshot: { request: object } }];
  assert.deepEqual(snapshot.request, {
    url: 'http://a.test/api?ticket=***&page=***',
    queryString: [{ name: 'ticket', value: '***' }],
    cookies: [{ name: 'session', value: '***' }],
    headers: [
      { name: 'Cookie', value: '***' },
      { name: 'authorization', value: '***' },
      { name: 'X-Custom-Key', value: '***' },
      { name: 'accept', value: 'text/html' },
    ],
  });
  assert.equal(records(clean['trace.trace'])[0]!.text, '***, ***, *** and ***');
});

test('the bodies of a request that signs in and of its answer are gone, others stay', () => {
  const clean = redacted({
    'trace.network': [
      exchange({ postData: { _file: 'resources/1.json' } }, { content: { _file: 'resources/2.json' } }),
      exchange({}, { content: { _file: 'resources/3.json' } }),
      exchange({ postData: { text: 'user=ada&password=hunter22' } }, { content: { _file: 'resources/4.html' } }),
      exchange({ postData: { text: '{"note":1}' } }, { content: { _file: 'resources/5.json' } }),
    ],
    'resources/1.json': { login: 'ada', password: 'typed-pass-1' },
    'resources/2.json': { name: 'Ada', nested: [{ accessToken: 'made-by-server-1' }] },
    'resources/3.json': { accessToken: 'made-by-server-2' },
    'resources/4.html': '<p>Welcome</p>',
    'resources/5.json': { seen: ['typed-pass-1', 'made-by-server-1', 'ada'], nextPageToken: 'page-2-of-3' },
  });
  for (const name of ['1.json', '2.json', '3.json', '4.html']) assert.equal(clean[`resources/${name}`], '***', name);
  assert.equal(clean['resources/5.json'], '{"seen":["***","***","ada"],"nextPageToken":"page-2-of-3"}');
  const [, , form] = records(clean['trace.network']) as never as { snapshot: { request: { postData: object } } }[];
  assert.deepEqual(form!.snapshot.request.postData, { text: '***' });
});

test('whatever signs in is found, in each form that a body has', () => {
  const multipart = [
    ...['--b-1', 'Content-Disposition: form-data; name="user"', '', 'ada'],
    ...[
      '--b-1',
      'Content-Disposition: form-data; name="password"',
      'Content-Type: text/plain',
      '',
      'typed in-1',
      '--b-1--',
      '',
    ],
  ].join('\r\n');
  const bodies = [
    multipart,
    '<?xml version="1.0"?><login><user>ada</user><ns:password type="text">typed in-2</ns:password></login>',
    JSON.stringify({ query: 'mutation { signIn(user: "ada", password: "typed in-3") { id } }' }),
    JSON.stringify({ event: 'sign-in', data: JSON.stringify({ user: 'ada', password: 'typed in-4' }) }),
    JSON.stringify({ user: 'ada', password: 'typed in-5' }, null, 2),
  ];
  const clean = redacted({
    'trace.network': [
      ...bodies.map((_, i) => exchange({ postData: { _file: `resources/${i}` } }, {})),
      exchange({ postData: { text: 'user=ada lovelace' } }, {}),
    ],
    ...Object.fromEntries(bodies.map((body, i) => [`resources/${i}`, body])),
    'resources/page.html': '<p>typed in-1, typed in-2, typed in-3, typed in-4 or typed in-5 by ada',
  });
  for (const i of bodies.keys()) assert.equal(clean[`resources/${i}`], '***', bodies[i]);
  assert.equal(clean['resources/page.html'], '<p>***, ***, ***, *** or *** by ada');
  assert.match(clean['trace.network']!, /user=ada lovelace/);
});

test('what a form in several parts sends beside the password is no secret, and a body that was cut off has none', () => {
  const part = (name: string, ...lines: string[]) =>
    [`--b-1`, `Content-Disposition: form-data; ${name}`, ...lines].join('\r\n');
  const clean = redacted({
    'trace.network': [1, 2].map((i) => exchange({ postData: { _file: `resources/${i}` } }, {})),
    'resources/1': `${part('name="password"', '', 'typed in-1')}\r\n${part('name="file"; filename="a.html"', '', '<i name="token">', '', 'uploaded-1')}\r\n--b-1--\r\n`,
    'resources/2': part('name="password"', 'cut off-1'),
    'resources/page.html': '<p>typed in-1, uploaded-1, cut off-1',
  });
  assert.equal(clean['resources/page.html'], '<p>***, uploaded-1, cut off-1');
});

test('a large body takes no longer than its size, whatever it is made of', () => {
  const many = (text: string) => text.repeat(400_000 / text.length);
  const bodies = [
    `{"token":"made-up-1",${many(' ')}"next":1}`,
    `token ${many('a.')}`,
    `--b\r\nname="token"\r\n${many('name="a"\nb\n')}`,
    `query token a:"${many('\\"')}`,
    JSON.stringify({ token: many('x ') }),
  ];
  const clean = redacted({
    'trace.network': bodies.map((_, i) => exchange({}, { content: { _file: `resources/${i}` } })),
    'trace.trace': [{ type: 'console', text: bodies[1] }],
    ...Object.fromEntries(bodies.map((body, i) => [`resources/${i}`, body])),
  });
  const blanked = [...bodies.keys()].filter((i) => clean[`resources/${i}`] === '***');
  // The others hold none that is whole.
  assert.deepEqual(blanked, [0, 4]);
});

test('a WebSocket keeps its messages without the token that one of them, its address or its protocol brought', () => {
  const frame = (data: string) => `${JSON.stringify({ type: 'send', opcode: 1, data })}\n`;
  const socket = {
    request: {
      url: 'wss://a.test/live?ticket=in-the-query-1',
      headers: [{ name: 'Sec-WebSocket-Protocol', value: 'graphql-transport-ws, bearer, in-the-protocol-1' }],
      cookies: [],
    },
    response: { headers: [], cookies: [], content: { _file: 'resources/frames.jsonl' } },
    _resourceType: 'websocket',
  };
  const clean = redacted({
    'trace.network': [{ type: 'resource-snapshot', snapshot: socket }],
    'resources/frames.jsonl': [
      frame('42["sign-in",{"passcode":"1","accessKey":"in-a-message-1"}]'),
      frame('{"moved":[1,2]}'),
    ].join(''),
    'resources/page.html': '<p>in-the-protocol-1, in-a-message-1',
  });
  assert.equal(
    clean['resources/frames.jsonl'],
    [frame('42["sign-in",{"passcode":"1","accessKey":"***"}]'), frame('{"moved":[1,2]}')].join(''),
  );
  assert.match(clean['trace.network']!, /"graphql-transport-ws, bearer, \*\*\*"/);
  assert.match(clean['trace.network']!, /live\?ticket=\*\*\*"/);
  assert.equal(clean['resources/page.html'], '<p>***, ***');
});

test('addresses lose passwords, and what stands after a # as well', () => {
  const clean = redacted({
    'trace.network': [
      exchange(
        { url: 'http://a.test/#/orders?page=2' },
        {
          redirectURL: '/back?code=made-up-1#state=made-up-2',
          headers: [{ name: 'Location', value: '/back?code=made-up-1#state=made-up-2' }],
        },
      ),
    ],
    'trace.trace': [
      { type: 'before', method: 'goto', params: { url: 'https://ada:typed-pw-1@a.test/start#top' } },
      { type: 'console', text: 'came from https://a.test/in#access_token=made-up-3&scope=all with typed-pw-1' },
    ],
  });
  const [{ snapshot }] = records(clean['trace.network']) as never as [
    { snapshot: { request: object; response: object } },
  ];
  assert.deepEqual(snapshot, {
    request: { headers: [], cookies: [], url: 'http://a.test/#/orders?page=***' },
    response: {
      headers: [{ name: 'Location', value: '/back?code=***#state=***' }],
      cookies: [],
      redirectURL: '/back?code=***#state=***',
    },
  });
  assert.deepEqual(records(clean['trace.trace']), [
    { type: 'before', method: 'goto', params: { url: 'https://ada:***@a.test/start#top' } },
    { type: 'console', text: 'came from https://a.test/in#access_token=***&scope=*** with ***' },
  ]);
});

test('what was typed into a password field is gone from calls, their log and the page’s snapshots', () => {
  const clean = redacted({
    'trace.trace': [
      { type: 'before', callId: '1', method: 'fill', params: { selector: '#x', value: 'qwertz' } },
      { type: 'log', callId: '1', message: '  locator resolved to <input id="x" type="password"/>' },
      { type: 'log', callId: '1', message: '  fill("qwertz")' },
      { type: 'before', callId: '2', method: 'keyboardType', params: { text: 'uiop' } },
      { type: 'before', callId: '3', method: 'fill', params: { selector: '#name', value: 'Ada' } },
      {
        type: 'frame-snapshot',
        snapshot: {
          html: [
            'BODY',
            {},
            ['INPUT', { type: 'password', __playwright_value_: 'qwertzuiop1' }],
            ['INPUT', { type: 'hidden', name: 'csrf_token', value: 'hidden-12345' }],
            ['INPUT', { name: 'who', __playwright_value_: 'Ada' }],
            ['P', {}, 'you typed qwertzuiop1'],
          ],
        },
      },
    ],
  });
  const [fill, , log, type, other, snapshot] = records(clean['trace.trace']) as never as Record<string, never>[];
  assert.deepEqual(fill!.params, { selector: '#x', value: '***' });
  assert.equal(log!.message, '  fill("***")');
  assert.deepEqual(type!.params, { text: '***' });
  assert.deepEqual(other!.params, { selector: '#name', value: 'Ada' });
  assert.deepEqual(snapshot!.snapshot, {
    html: [
      'BODY',
      {},
      ['INPUT', { type: 'password', __playwright_value_: '***' }],
      ['INPUT', { type: 'hidden', name: 'csrf_token', value: '***' }],
      ['INPUT', { name: 'who', __playwright_value_: 'Ada' }],
      ['P', {}, 'you typed ***'],
    ],
  });
});

test('a context’s credentials and storage are gone; the addresses of a page’s parts stay', () => {
  const clean = redacted({
    'trace.trace': [
      {
        type: 'context-options',
        options: {
          httpCredentials: { username: 'ada-lovelace-1', password: 'pass-word-1' },
          extraHTTPHeaders: [{ name: 'x-token', value: 'header-value-1' }],
          proxy: { server: 'http://proxy.test', username: 'u', password: 'proxy-pass-1' },
        },
      },
      { type: 'before', callId: '1', method: 'goto', params: { url: '/?invite=invite-12345' } },
      {
        type: 'after',
        callId: '2',
        result: {
          cookies: [{ name: 'session', value: 'cookie-12345', path: '/' }],
          origins: [{ localStorage: [{ name: 't', value: 'stored-12345' }] }],
        },
      },
      { type: 'event', text: 'stored-12345 from http://a.test/app.js?v=12 and http://a.test/x?v=12' },
    ],
  });
  const [context, goto, after, event] = records(clean['trace.trace']) as never as Record<string, never>[];
  assert.deepEqual(context!.options, {
    httpCredentials: { username: '***', password: '***' },
    extraHTTPHeaders: [{ name: 'x-token', value: '***' }],
    proxy: { server: 'http://proxy.test', username: '***', password: '***' },
  });
  assert.deepEqual(goto!.params, { url: '/?invite=***' });
  assert.deepEqual(after!.result, {
    cookies: [{ name: 'session', value: '***', path: '/' }],
    origins: [{ localStorage: [{ name: 't', value: '***' }] }],
  });
  assert.equal(event!.text, '*** from http://a.test/app.js?v=12 and http://a.test/x?v=***');
});
