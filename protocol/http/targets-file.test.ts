import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { checkTargets } from './check.ts';
import type { Target } from './target.ts';
import { type Format, TargetsFile } from './targets-file.ts';

function fileOf(t: TestContext, text: string, format?: Format, name = 'targets'): TargetsFile {
  return new TargetsFile(join(folderOf(t, { [name]: text }), name), format, name);
}

async function targetsOf(file: TargetsFile): Promise<Target[]> {
  const targets: Target[] = [];
  for await (const batch of file.batches()) targets.push(...batch);
  return targets;
}

async function sentence(t: TestContext, text: string, format?: Format, hasApi = true): Promise<string> {
  return checkTargets(fileOf(t, text, format), hasApi).then(
    () => '',
    (error: Error) => error.message,
  );
}

/** As a person would say it. */
const told = ({ method, origin = '', path, headers, body }: Target) => {
  const sent = body === undefined ? [] : [Buffer.isBuffer(body) ? body.toString() : `@${body.path}`];
  return [`${method} ${origin}${path}`, ...Object.entries(headers).map(([name, value]) => `${name}=${value}`), ...sent];
};

test('Vegeta’s format for people: headers, body files, comments, several origins, and what may be left out', async (t) => {
  const file = fileOf(
    t,
    [
      '\ufeff# some targets',
      'GET http://goku:9090/path/to/dragon?item=ball#there',
      'GET http://user:password@goku:9090/a/../b',
      'HEAD https://other.test',
      '',
      '  ',
      'DELETE http://goku:9090/path',
      'Confirmation-Token: 90215',
      '# of an account',
      'x-account-id:  a: b ',
      'X-Many: 1',
      'X-Many: 2',
      'Content-Length: 17',
      '',
      'POST /things?a=%20b\r',
      'X-Account-ID: 99\r',
      '@path/to/new thing.json\r',
      'PROPFIND http://goku:9090/ä',
    ].join('\n'),
  );
  const targets = await targetsOf(file);
  assert.deepEqual(targets.map(told), [
    ['GET http://goku:9090/path/to/dragon?item=ball'],
    ['GET http://user:password@goku:9090/a/../b'],
    ['HEAD https://other.test/'],
    ['DELETE http://goku:9090/path', 'Confirmation-Token=90215', 'x-account-id=a: b', 'X-Many=1,2'],
    ['POST /things?a=%20b', 'X-Account-ID=99', '@path/to/new thing.json'],
    ['PROPFIND http://goku:9090/%C3%A4'],
  ]);
  assert.deepEqual(
    targets.map(({ line }) => line),
    [2, 3, 4, 7, 15, 18],
  );
  assert.equal(file.firstOrigin(), 'http://goku:9090');
});

test('Vegeta’s format for programs: an object a line', async (t) => {
  const body = Buffer.from('Punch!').toString('base64');
  const lines = [
    `{"method":"POST","url":"https://goku/1","header":{"Content-Type":["text/plain"],"X":["a","b"]},"body":"${body}"}`,
    '',
    '{"method": "GET", "url": "/2", "header": null, "body": ""}',
  ];
  const file = fileOf(t, `${lines.join('\n')}\n`);
  assert.deepEqual((await targetsOf(file)).map(told), [
    ['POST https://goku/1', 'Content-Type=text/plain', 'X=a,b', 'Punch!'],
    ['GET /2'],
  ]);
  assert.equal(file.firstOrigin(), 'https://goku');
});

test('a HAR: what a browser sent over HTTP, without what is its connection’s', async (t) => {
  const request = (url: string, more: object = {}) => ({ request: { method: 'GET', url, headers: [], ...more } });
  const headers = [
    ...[':method', 'Host', 'content-length', 'connection', 'Upgrade'].map((name) => ({ name, value: '1' })),
    { name: 'Cookie', value: 'a=b' },
  ];
  const entries = [
    {
      _initiator: { stack: { callFrames: [{ url: 'http://script.test/' }] } },
      ...request('https://shop.test/a', { headers }),
    },
    request('data:text/plain,a'),
    request('wss://shop.test/feed'),
    request('https://cdn.test/b', { method: 'POST', postData: { text: '{"a":1}' } }),
    request('https://cdn.test/c', { method: 'POST', postData: { text: 'AP8=', encoding: 'base64' } }),
    request('https://cdn.test/d', { method: 'POST', postData: { params: [{ name: 'a b', value: 'c' }] } }),
  ];
  const file = fileOf(t, JSON.stringify({ log: { version: '1.2', entries } }));
  const targets = await targetsOf(file);
  assert.deepEqual(targets.map(told), [
    ['GET https://shop.test/a', 'Cookie=a=b'],
    ['POST https://cdn.test/b', '{"a":1}'],
    ['POST https://cdn.test/c', Buffer.from([0, 255]).toString()],
    ['POST https://cdn.test/d', 'a+b=c'],
  ]);
  assert.equal(file.firstOrigin(), 'https://shop.test');
  assert.deepEqual((await checkTargets(file, false)).origins, ['https://shop.test', 'https://cdn.test']);
});

test('a HAR of Playwright’s: bodies in files beside it; a body has the type that is told of it', async (t) => {
  const request = (postData: object, headers: object[] = []) => ({
    request: { method: 'POST', url: 'https://shop.test/a', headers, postData },
  });
  const form = { mimeType: 'application/x-www-form-urlencoded', params: [{ name: 'a', value: 'b' }] };
  const sent = [{ name: 'content-type', value: 'text/x' }];
  const har = (...entries: object[]) => JSON.stringify({ log: { version: '1.2', entries } });
  const folder = folderOf(t, {
    'a.har': har(
      request({ mimeType: 'application/json', text: '', params: [], _file: '1f3a.json' }),
      request(form),
      request({ ...form, text: 'a=c' }, sent),
      request({ mimeType: 'application/octet-stream', text: 'x' }),
      { request: { method: 'CONNECT', url: 'http://shop.test:443' } },
    ),
    '1f3a.json': '{}',
    'lost.har': har(request({ _file: 'none.json' })),
  });
  const file = (name: string) => new TargetsFile(join(folder, name), undefined, name);
  assert.deepEqual((await targetsOf(file('a.har'))).map(told), [
    ['POST https://shop.test/a', 'Content-Type=application/json', `@${join(folder, '1f3a.json')}`],
    ['POST https://shop.test/a', 'Content-Type=application/x-www-form-urlencoded', 'a=b'],
    ['POST https://shop.test/a', 'content-type=text/x', 'a=c'],
    ['POST https://shop.test/a', 'x'],
  ]);
  assert.equal((await checkTargets(file('a.har'), false)).count, 4);
  await assert.rejects(checkTargets(file('lost.har'), false), {
    message: `lost.har: entry 1: body file "${join(folder, 'none.json')}" cannot be read (ENOENT); allowed are the files that were saved beside the HAR.`,
  });
});

test('a file whose lines lie across its parts, and that has many of them', async (t) => {
  const text = Array.from({ length: 20_000 }, (_, n) => `GET http://goku/${n}${'ü'.repeat(n % 7)}\nX-N: ${n}\n`).join(
    '\n',
  );
  const file = fileOf(t, text);
  let parts = 0;
  const paths: string[] = [];
  for await (const batch of file.batches()) {
    parts += 1;
    for (const { path, headers } of batch) paths.push(`${path} ${headers['X-N']}`);
  }
  assert.ok(parts > 5);
  assert.deepEqual(paths.length, 20_000);
  assert.ok(paths.every((path, n) => path === `/${n}${'%C3%BC'.repeat(n % 7)} ${n}`));
  assert.deepEqual(await checkTargets(file, false), { count: 20_000, origins: ['http://goku'] });
});

test('what is wrong is said with its line, before anything is sent, and shows no secret', async (t) => {
  const aUrl = 'allowed is a URL such as https://example.com/users, or a path such as /users of the API.';
  const aTarget = 'allowed is <method> <URL>, such as GET https://example.com/users.';
  const aHeader = 'allowed is <name>: <value>, or @<file> for the body.';
  const aMethod = 'allowed is one of HTTP in capital letters, such as GET or POST.';
  const http: [text: string, sentence: string][] = [
    ['GET', `line 1: GET has no URL; ${aTarget}`],
    ['GET http://a.test\nPOST\n', `line 2: POST has no URL; ${aTarget}`],
    ['\n# x\nhttp://a.test', `line 3: this is no target; ${aTarget}`],
    ['get http://a.test', `line 1: method is "get"; ${aMethod}`],
    ['GTE http://a.test', `line 1: method is "GTE"; ${aMethod}`],
    ['CONNECT http://a.test', `line 1: method is "CONNECT"; ${aMethod}`],
    ['GET htp://me:pw@a.test?token=x', `line 1: URL is "htp://***@a.test?…"; ${aUrl}`],
    ['GET //a.test/x', `line 1: URL is "//a.test/x"; ${aUrl}`],
    ['GET http://', `line 1: URL is "http://"; ${aUrl}`],
    ['GET http://me:p%w@a.test', `line 1: URL is "http://***@a.test"; ${aUrl}`],
    ['GET http://me:p/w@a.test', `line 1: URL is "http://***@a.test"; ${aUrl}`],
    ['GET http://a.test\nHost: b\nhost: c', 'line 3: header Host is there a second time; allowed is one.'],
    [
      'GET http://a.test\nConnection: keep-alive, x',
      'line 2: header Connection has a value that cannot be sent; allowed are close and keep-alive.',
    ],
    ['GET http://a.test/ HTTP/1.1', `line 1: URL is "http://a.test/ HTTP/1.1"; ${aUrl}`],
    ['GET http://a.test\nAuthorization Bearer abc', `line 2: this header has no colon; ${aHeader}`],
    ['GET http://a.test\nX-A:', `line 2: this header has no value; ${aHeader}`],
    ['GET http://a.test\n: b', `line 2: this header has no name; ${aHeader}`],
    [
      'GET http://a.test\nX-A: b\nGET http://a.test',
      'line 3: "GET http" is no header\'s name; allowed is <name>: <value>, with an empty line before the next target.',
    ],
    [
      'GET http://a.test\nUpgrade: h2c',
      "line 2: header Upgrade is the connection's, and cannot be sent; leave it out.",
    ],
    [
      'GET http://a.test\nX-A: b\u0001',
      'line 2: header X-A has a value that cannot be sent; allowed are letters, digits and signs of Latin-1.',
    ],
    ['GET http://a.test\n@', 'line 2: @ names no file; allowed is @<file> for the body.'],
    [
      'GET http://a.test\n\nPOST http://a.test\nX-A: b\n@no/such.json',
      'line 5: body file "no/such.json" cannot be read (ENOENT); allowed is @<file>, from the folder that the run is started in.',
    ],
    [
      'POST http://a.test\n@/',
      'line 2: body file "/" cannot be read (it is no file); allowed is @<file>, from the folder that the run is started in.',
    ],
  ];
  for (const [text, expected] of http) assert.equal(await sentence(t, text), `targets: ${expected}`);
  const one = 'such as {"method":"GET","url":"https://example.com"}.';
  const json: [text: string, sentence: string][] = [
    [
      '{"method":"GET","url":"http://a.test"}\n{"method"',
      `line 2: this is no JSON; allowed is an object a line, ${one}`,
    ],
    ['[]', `line 1: this is no object; allowed is one a line, ${one}`],
    ['{"url":"http://a.test"}', 'line 1: method is missing; allowed is one of HTTP, such as "GET".'],
    ['{"method":"GET"}', 'line 1: url is missing; allowed is a URL such as "https://example.com/users".'],
    ['{"method":"GET","url":"a.test"}', `line 1: URL is "a.test"; ${aUrl}`],
    [
      '{"method":"GET","url":"/","headers":{}}',
      'line 1: there is an unknown field "headers"; allowed: method, url, header, body.',
    ],
    [
      '{"method":"GET","url":"/","header":{"X":"a"}}',
      'line 1: header is not as it has to be; allowed is { <name>: [<value>, …] }.',
    ],
    ['{"method":"GET","url":"/","body":"{}"}', 'line 1: body is not as it has to be; allowed is a text in base64.'],
  ];
  for (const [text, expected] of json) assert.equal(await sentence(t, text, 'json'), `targets: ${expected}`);
  const aHar = 'allowed is a HAR, as browsers save it.';
  assert.equal(await sentence(t, '{', 'har'), `targets: entry 1: this is no JSON; ${aHar}`);
  assert.equal(await sentence(t, '{"log":{}}'), `targets: entry 1: log.entries is missing; ${aHar}`);
  const request = { method: 'GET', url: 'https://a.test' };
  const entries: [entry: unknown, field: string][] = [
    [null, 'the entry'],
    [{ request: { method: 'GET' } }, 'request.url'],
    [{ request: { ...request, headers: {} } }, 'request.headers'],
    [{ request: { ...request, headers: [{ name: 'X-A', value: 1 }] } }, 'request.headers.0.value'],
    [{ request: { ...request, postData: { params: 'a=b' } } }, 'request.postData.params'],
  ];
  for (const [entry, field] of entries) {
    assert.equal(
      await sentence(t, JSON.stringify({ log: { entries: [{ request }, entry] } })),
      `targets: entry 2: ${field} is missing, or not as it has to be; ${aHar}`,
    );
  }
  const none = 'targets has no target; allowed is at least one, such as GET https://example.com/users.';
  for (const text of ['', '\n# nothing\n', '{"log":{"entries":[]}}']) assert.equal(await sentence(t, text), none);
});

test('where the first target is: whatever ends lines, escapes slashes or stands before it', (t) => {
  const har = (...urls: string[]) =>
    JSON.stringify({ log: { entries: urls.map((url) => ({ request: { method: 'GET', url } })) } });
  const body = 'AAAA'.repeat(30_000);
  const table: [text: string, origin: string | undefined][] = [
    ['# by Windows\r\n\r\nGET http://a.test/x\r\nX-A: 1\r\n', 'http://a.test'],
    ['GET http://me:pw@a.test/x', 'http://a.test'],
    ['GET /x\nGET http://a.test', undefined],
    ['# no target\n\n'.repeat(100), undefined],
    [`${'\n'.repeat(1_000)}get http://a.test`, undefined],
    ['\n{"method":"GET","url":"http:\\/\\/a.test\\/x"}', 'http://a.test'],
    [`{"method":"POST","url":"http://a.test/x","body":"${body}"}`, 'http://a.test'],
    ['{"method":"GET","url":"/x"}', undefined],
    [har('data:text/plain,a', 'https://a.test/x'), 'https://a.test'],
    [har('data:text/plain,a'), undefined],
    [
      // A proxy's tunnel is no request of its own.
      har('http://b.test:443', 'https://a.test/x').replace('"GET"', '"CONNECT"'),
      'https://a.test',
    ],
    [
      JSON.stringify({
        log: {
          pages: ['x'.repeat(100_000)],
          entries: [{ request: { headers: [], method: 'GET', url: 'https://me:pw@a.test' } }],
        },
      }),
      'https://a.test',
    ],
  ];
  for (const [text, origin] of table) assert.equal(fileOf(t, text).firstOrigin(), origin, text.slice(0, 40));
});

test('a file in UTF-16, as PowerShell writes it; a line of many parts', async (t) => {
  const path = join(folderOf(t, {}), 'targets');
  writeFileSync(path, Buffer.from('\ufeffGET http://a.test', 'utf16le'));
  const file = new TargetsFile(path, undefined, 'targets');
  await assert.rejects(checkTargets(file, false), {
    message: 'targets: line 1: this is text in UTF-16; allowed is UTF-8.',
  });
  assert.equal(file.firstOrigin(), undefined);
  const body = Buffer.alloc(300_000, 'a').toString('base64');
  const [long] = await targetsOf(fileOf(t, `{"method":"PUT","url":"http://a.test","body":"${body}"}\n`));
  assert.equal((long!.body as Buffer).length, 300_000);
});

test('a path belongs to the API, where there is one', async (t) => {
  const text = 'GET http://a.test\nGET /users?token=x';
  assert.equal(await sentence(t, text), '');
  assert.equal(
    await sentence(t, text, undefined, false),
    'targets: line 2: URL "/users?…" has no host; allowed is a whole URL, or API_URL for all that have none (TARGET=local: the embedded target).',
  );
});

test('a hundred origins at most, and a file that is not there', async (t) => {
  const text = Array.from({ length: 101 }, (_, n) => `GET http://a${n}.test`).join('\n');
  assert.equal(await sentence(t, text), 'targets: line 101: this is the 101st origin; allowed are 100 in a file.');
  const file = new TargetsFile('/no/such/targets.txt');
  await assert.rejects(
    checkTargets(file, true),
    /such\/targets\.txt cannot be read \(ENOENT\); allowed is a file of targets\.$/,
  );
  assert.equal(file.firstOrigin(), undefined);
});
