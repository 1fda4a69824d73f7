import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Secrets } from './secrets.ts';

const TOKEN = 'tök-12345/"a+b?"<c=\'';

function knowing(...all: string[]): Secrets {
  const secrets = new Secrets();
  for (const one of all) secrets.add(one);
  return secrets;
}

describe('a secret is blanked', () => {
  const json = JSON.stringify(TOKEN).slice(1, -1);
  const forms: Record<string, string> = {
    'as it is': TOKEN,
    'percent-encoded': encodeURIComponent(TOKEN),
    'percent-encoded in small letters': encodeURIComponent(TOKEN).toLowerCase(),
    'in a form': new URLSearchParams({ a: TOKEN }).toString().slice(2),
    'in JSON': json,
    'in JSON in JSON': JSON.stringify(json).slice(1, -1),
    'in HTML': `tök-12345/&quot;a+b?&quot;&lt;c=&#39;`,
    'in HTML of PHP': `tök-12345/&quot;a+b?&quot;&lt;c=&#039;`,
    'in HTML of Go': `tök-12345/&#34;a+b?&#34;&lt;c=&#39;`,
    'in JSON of PHP': String.raw`t\u00f6k-12345\/\"a+b?\"<c='`,
    'in JSON of PHP in JSON': String.raw`t\\u00f6k-12345\\/\\\"a+b?\\\"<c='`,
    'in JSON of Python': String.raw`t\u00f6k-12345/\"a+b?\"<c='`,
    'in JSON of Go': String.raw`tök-12345/\"a+b?\"\u003cc='`,
    'in JSON of Gson': String.raw`tök-12345/\"a+b?\"\u003cc\u003d\u0027`,
    'in JSON of .NET': String.raw`t\u00F6k-12345/\u0022a\u002Bb?\u0022\u003Cc=\u0027`,
    'percent-encoded in what is percent-encoded': encodeURIComponent(`/?next=${encodeURIComponent(TOKEN)}`).slice(13),
    'in hexadecimal': Buffer.from(TOKEN).toString('hex'),
    'as a Buffer is shown': inspect(Buffer.from(TOKEN)).slice(8, -1),
  };
  for (const [name, form] of Object.entries(forms)) {
    test(name, () => assert.equal(knowing(TOKEN).cleanName(`from ${form} to`), 'from *** to'));
  }

  test('in base64, wherever it begins, with either alphabet', () => {
    // Bytes that come out as + and /.
    const secret = 'a>>?b>>?c>>?d';
    for (const encoding of ['base64', 'base64url'] as const) {
      for (const user of ['', 'a', 'ab', 'abc']) {
        const inside = Buffer.from(`${user}:${secret}:z`).toString(encoding);
        const clean = knowing(secret).cleanName(inside);
        assert.match(clean, /\*\*\*/, inside);
        assert.ok(clean.length <= 15, clean);
      }
    }
  });

  test('where a text was cut off', () => {
    const secrets = knowing('canary-0123456789');
    assert.equal(secrets.cleanName('it said canary-01234…'), 'it said ***…');
    assert.equal(secrets.cleanName('it said canary-01... and so on'), 'it said ***... and so on');
    assert.equal(secrets.cleanName('it said canary-01234'), 'it said ***');
    assert.equal(secrets.cleanName('it said canary-bird'), 'it said canary-bird');
  });

  test('where a colour begins in the midst of it, which is lost then', () => {
    const secrets = knowing('tok-12345678', 'pass');
    const marked = '\x1b[31mReceived: "session tok-1234567\x1b[7m8\x1b[27m"\x1b[39m';
    assert.equal(secrets.clean(marked), 'Received: "session ***"');
    assert.equal(secrets.clean(`GET http://a.test/x?y=1 ${marked}`), 'GET http://a.test/x?… Received: "session ***"');
    assert.equal(secrets.clean('with \x1b[31mpass\x1b[39m'), 'with ***');
    const coloured = '\x1b[31mpassed\x1b[39m tok-12345678';
    assert.equal(secrets.clean(coloured), '\x1b[31mpassed\x1b[39m ***');
    // What is drawn must not lose what moves the cursor.
    assert.equal(secrets.cleanName('\x1b[2K\x1b[1mpass\x1b[22m'), '\x1b[2K\x1b[1mpass\x1b[22m');
  });

  test('the longer one where one begins with another', () => {
    assert.equal(knowing('hunter2', 'hunter2-and-more').cleanName('hunter2-and-more, hunter2'), '***, ***');
  });

  test('line by line when it has several', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\n-----END KEY-----';
    assert.equal(knowing(key).cleanName('read 9w0BAQEFAASCBKcwggSj'), 'read ***');
  });

  test('among twenty thousand that begin alike', () => {
    const secrets = new Secrets();
    for (let i = 0; i < 20_000; i += 1) secrets.add(`eyJhbGciOiJIUzI1NiJ9.${i}.end`);
    assert.equal(secrets.cleanName('x eyJhbGciOiJIUzI1NiJ9.7777.end y'), 'x *** y');
  });
});

describe('a secret that is a word', () => {
  test('is blanked where it stands among others', () => {
    const secrets = knowing('pass', 'postgres', 'x1');
    assert.equal(secrets.cleanName('user postgres, password pass: passed'), 'user ***, password ***: passed');
    assert.equal(secrets.cleanName('PostgreSQL, x1'), 'PostgreSQL, x1', 'and below three characters not at all');
  });

  test('leaves what a threshold is about, and its limit, also when it is the number', () => {
    const secrets = knowing('500', '100000', 'rate', 'checks', 'calm');
    for (const text of ['p(95)<500', 'count > 100000', 'rate<0.01', 'p(75)<1.5*calm', 'min<500%', 'checks{op:push}'])
      assert.equal(secrets.cleanName(text), text);
    const sentence = 'rate of checks was 500; required p(95)<500, not 100000';
    assert.equal(secrets.cleanName(sentence), '*** of *** was ***; required p(95)<***, not ***');
    assert.equal(secrets.cleanName('checks{op:GET /500}, 500'), '***{op:GET /***}, ***');
    assert.equal(secrets.cleanName('checks{op:GET /500}'), 'checks{op:GET /***}');
  });

  test('leaves names of fields and values that are ours', () => {
    const data = { status: 'pass', pass: 1, message: 'it said pass' };
    assert.deepEqual(knowing('pass').cleanData(data), { status: 'pass', pass: 1, message: 'it said ***' });
  });

  test('takes an instant, an address and their like for what JSON makes of them', () => {
    const data = { at: new Date(0), of: [new URL('http://127.0.0.1/canary-0123')] };
    const clean = { at: '1970-01-01T00:00:00.000Z', of: ['http://127.0.0.1/***'] };
    assert.deepEqual(knowing('canary-0123').cleanData(data), clean);
  });
});

describe('what looks like a secret is blanked without being known', () => {
  const table = [
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['{"token":"a","user":"b"}', '{"token":"***","user":"b"}'],
    ['{"password" : "a b"}', '{"password" : "***"}'],
    ['{\\"refresh_token\\":\\"a\\"}', '{\\"refresh_token\\":\\"***\\"}'],
    ['/x?a=1&access_token=abc', '/x?a=1&access_token=***'],
    ['Set-Cookie: session=a; Path=/', 'Set-Cookie: ***'],
    ['to /app#access_token=abc&state=1', 'to /app#access_token=***&state=1'],
    [
      'Call log:\n    - x-auth-token: a b\x1b[22m\n    - accept: */*',
      'Call log:\n    - x-auth-token: ***\x1b[22m\n    - accept: */*',
    ],
    [
      inspect({ accessToken: 'abc', api_key: "a'b", token: '', user: 'c' }),
      `{ accessToken: '***', api_key: "***", token: '', user: 'c' }`,
    ],
    ['Call log:\n    - authorization: abc', 'Call log:\n    - authorization: ***'],
    ['{"X-Api-Key":"a","Proxy-Authorization": "b c"}', '{"X-Api-Key":"***","Proxy-Authorization": "***"}'],
    ['{\\"x-csrf-token\\":\\"a\\"}', '{\\"x-csrf-token\\":\\"***\\"}'],
    ["{ 'x-goog-api-key': 'a', authorization: 'b' }", "{ 'x-goog-api-key': '***', authorization: '***' }"],
    ['required - x-keyboard: none, x-axis: 5', 'required - x-keyboard: none, x-axis: 5'],
    ['no authorization: sign in first', 'no authorization: sign in first'],
    ['"tokens":"2","passwords":"3"', '"tokens":"2","passwords":"3"'],
    ['p95 of 812 ms', 'p95 of 812 ms'],
  ] as const;
  for (const [text, clean] of table) {
    test(text, () => assert.equal(new Secrets().cleanName(text), clean));
  }
});

test('URLs in messages lose user, query and fragment; names of their authors keep them', () => {
  const secrets = new Secrets();
  const table = [
    ['GET https://me:pw@a.test/x?sig=1&b=2: 500', 'GET https://a.test/x?… 500'],
    ['navigating to "wss://a.test/ws?ticket=1", waiting', 'navigating to "wss://a.test/ws?…", waiting'],
    ['https://a.test/#id_token=1', 'https://a.test/#…'],
    ['at file:///a/b.ts?v=1:2:3', 'at file:///a/b.ts?v=1:2:3'],
    ['http://127.0.0.1:4000/x', 'http://127.0.0.1:4000/x'],
  ] as const;
  for (const [message, clean] of table) assert.equal(secrets.clean(message), clean);
  assert.equal(secrets.cleanName('GET https://a.test/x?page=1'), 'GET https://a.test/x?page=1');
});

test('a secret as long as a document is blanked part by part', () => {
  const long = Array.from({ length: 5_000 }, (_, i) => `line ${i}`).join(' ');
  const secrets = knowing(long);
  assert.match(secrets.cleanName(`a ${long} z`), /^a (\*\*\*)+ z$/);
  assert.match(secrets.cleanName(`a ${encodeURIComponent(long)} z`), /^a (\*\*\*)+ z$/);
});

test('data keeps its shape; counts of names that become one are added', () => {
  const data = {
    errors: { 'refused: tok-12345': 3, 'refused: tok-67890': 2 },
    texts: ['a tok-12345', null, 1, true],
    rest: { status: 'pass' },
  };
  assert.deepEqual(knowing('tok-12345', 'tok-67890').cleanData(data), {
    errors: { 'refused: ***': 5 },
    texts: ['a ***', null, 1, true],
    rest: { status: 'pass' },
  });
  assert.equal(data.texts[0], 'a tok-12345', 'the original stays');
});

test('an error is cleaned with its stack and its cause', () => {
  const error = new Error('no tok-12345', { cause: new Error('since tok-12345') });
  knowing('tok-12345').cleanError(error);
  assert.equal(error.message, 'no ***');
  assert.doesNotMatch(error.stack!, /tok-/);
  assert.equal((error.cause as Error).message, 'since ***');
});

test('so are causes that are no errors, however deep they lie, and each error of several', () => {
  const secrets = knowing('tok-12345');
  let deep = new Error('deep', { cause: { token: 'tok-12345' } });
  for (let depth = 0; depth < 10; depth++) deep = new Error('no', { cause: deep });
  const harmless = { code: 7 };
  const several = new AggregateError([new Error('tok-12345'), 'tok-12345', harmless], 'several', { cause: deep });
  // One that is its own cause has an end.
  (several.errors[0] as Error).cause = several;
  assert.equal(secrets.cleanError(several), several);
  assert.doesNotMatch(inspect(several, { depth: 20 }), /tok-/);
  assert.equal(several.errors[2], harmless);
  assert.equal(secrets.cleanError('a tok-12345'), 'a ***');
  assert.equal(secrets.cleanError(harmless), harmless);
});

test('those that stand in data are found, with whatever characters they have', () => {
  const secrets = knowing(TOKEN, 'back\\slash', 'elsewhere-1');
  const data = { token: `Bearer ${TOKEN}`, list: ['back\\slash'] };
  assert.deepEqual(secrets.within(JSON.stringify(data)), [TOKEN, 'back\\slash']);
});

test('the target’s settings bring theirs; a user who is a word stays', () => {
  const secrets = new Secrets();
  secrets.addGiven({
    given: [
      ['DATABASE_URL', 'postgres://ledger:hunter2@localhost/ledger'],
      ['API_TOKEN', 'tok-12345'],
    ],
  });
  assert.equal(secrets.cleanName('ledger hunter2 tok-12345'), 'ledger *** ***');
});
