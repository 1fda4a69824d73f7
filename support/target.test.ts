import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextOptions } from './browser.ts';
import { folderOf } from './folder.fixture.ts';
import { checkSomewhere, isEmbedded, resolveTarget, shownUrl, targetSettings } from './target.ts';
import { directWire } from './wire/wire.ts';

test('without settings the target is the embedded one, at the port that Playwright tells', (t) => {
  const settings = targetSettings({}, folderOf(t, {}), []);
  assert.equal(isEmbedded(settings), true);
  assert.deepEqual(resolveTarget(settings, { TARGET_PORT: '4123' }), {
    name: 'embedded',
    embedded: true,
    baseUrl: 'http://127.0.0.1:4123',
    apiUrl: 'http://127.0.0.1:4123',
    wsUrl: 'ws://127.0.0.1:4123',
    settings: {},
    figures: {},
    addresses: [
      { variable: 'BASE_URL', url: 'http://127.0.0.1:4123' },
      { variable: 'WS_URL', url: 'ws://127.0.0.1:4123' },
    ],
    endpoints: [],
    configured: [],
    token: undefined,
    wire: directWire,
    secrets: {},
  });
  assert.throws(
    () => resolveTarget(settings, {}),
    new Error('The embedded target was not started: run through playwright.config.ts.'),
  );
});

test('TARGET names the file, and what is not set is derived', (t) => {
  const folder = folderOf(t, {
    '.env': 'BASE_URL=http://default.test',
    '.env.staging':
      'BASE_URL=https://app.test/\nAPI_URL=https://api.test/v1//\nAPI_TOKEN=secret\nSECRET_ADMIN=from-file',
  });
  const target = (env: NodeJS.ProcessEnv) => resolveTarget(targetSettings(env, folder, []), env);
  assert.deepEqual(target({ TARGET: 'staging' }), {
    name: 'staging',
    embedded: false,
    baseUrl: 'https://app.test',
    apiUrl: 'https://api.test/v1',
    wsUrl: 'wss://api.test/v1',
    settings: {},
    figures: {},
    addresses: [
      { variable: 'API_URL', url: 'https://api.test/v1' },
      { variable: 'WS_URL', url: 'wss://api.test/v1' },
    ],
    endpoints: [],
    configured: ['BASE_URL', 'API_URL'],
    token: 'secret',
    wire: directWire,
    secrets: { ADMIN: 'from-file' },
  });
  assert.deepEqual(target({ TARGET: 'staging', SECRET_ADMIN: 'from-env', SECRET_KEY: 'k' }).secrets, {
    ADMIN: 'from-env',
    KEY: 'k',
  });
  const byDefault = target({});
  assert.deepEqual([byDefault.name, byDefault.apiUrl, byDefault.token], ['default', 'http://default.test', undefined]);
});

test('pages lie below a path that ends with a slash, as in Playwright, and what is added to an address below one without', (t) => {
  const folder = folderOf(t, {});
  const of = (BASE_URL: string) => resolveTarget(targetSettings({ BASE_URL }, folder, []), {});
  const opened = (base: string, path: string) => new URL(path, contextOptions(of(base)).baseURL).href;
  assert.equal(opened('https://a.test/shop/', './cart'), 'https://a.test/shop/cart');
  assert.equal(opened('https://me:secret@a.test/shop//', 'cart'), 'https://a.test/shop/cart');
  assert.deepEqual(
    [of('https://a.test/shop/').baseUrl, of('https://a.test/shop/').apiUrl],
    Array(2).fill('https://a.test/shop'),
  );
  // What stands behind the last slash is a page.
  assert.equal(opened('https://a.test/shop', './cart'), 'https://a.test/cart');
  assert.equal(opened('https://a.test/', './cart'), 'https://a.test/cart');
  assert.equal('pageBase' in of('https://a.test/'), false);
});

test('the environment goes before the file', (t) => {
  const folder = folderOf(t, { '.env': 'BASE_URL=http://file.test\nWS_URL=ws://file.test\nAPI_TOKEN=file' });
  const env = { BASE_URL: 'http://env.test', API_TOKEN: '' };
  const { baseUrl, apiUrl, wsUrl, token } = resolveTarget(targetSettings(env, folder), env);
  assert.deepEqual([baseUrl, apiUrl, wsUrl, token], ['http://env.test', 'http://env.test', 'ws://file.test', 'file']);
});

test('an API alone is a target: its pages are there too', (t) => {
  const settings = targetSettings({ API_URL: 'http://api.test' }, folderOf(t, {}));
  assert.equal(isEmbedded(settings), false);
  assert.equal(resolveTarget(settings, {}).baseUrl, 'http://api.test');
});

test('what stands for another variable is no value, and no target is asked with it', (t) => {
  const placeholder = '$' + '{CI_TOKEN}';
  const found = (text: string, env: NodeJS.ProcessEnv = {}) => targetSettings(env, folderOf(t, { '.env': text }), []);
  const url = 'API_URL=http://a.test\n';
  for (const [text, env, name, source, shown] of [
    [`${url}API_TOKEN=${placeholder}`, {}, 'API_TOKEN', '.env', placeholder],
    [`${url}SECRET_ADMIN="${placeholder}"`, {}, 'SECRET_ADMIN', '.env', placeholder],
    [`${url}DATABASE_URL=postgres://me:${placeholder}@a.test/db`, {}, 'DATABASE_URL', '.env', placeholder],
    [`API_URL=http://a.test/${placeholder}`, {}, 'API_URL', '.env', placeholder],
    [url, { API_TOKEN: '$CI_TOKEN' }, 'API_TOKEN', 'the environment', '$CI_TOKEN'],
    [`${url}API_TOKEN='secret'`, { API_TOKEN: '$CI_TOKEN' }, 'API_TOKEN', 'the environment', '$CI_TOKEN'],
  ] as const) {
    const message = `${name} in ${source} has ${shown}, which nothing replaces; allowed is the value itself, in single quotes in .env if it looks like that.`;
    assert.throws(() => found(text, env), { message });
  }
  const right = `${url}API_TOKEN=pa$word\nSECRET_TEMPLATE=Dear ${placeholder}\nMAILER_KEY=${placeholder}`;
  assert.equal(found(right, { SECRET_OTHER: '$OTHER' }).values.API_TOKEN, 'pa$word');
  assert.equal(found(`${url}API_TOKEN=${placeholder}`, { API_TOKEN: 'token' }).values.API_TOKEN, 'token');
  const literal = found(`${url}export API_TOKEN = '$ECRET'\nSECRET_ADMIN='${placeholder}'`);
  assert.equal(literal.values.API_TOKEN, '$ECRET');
  assert.ok(literal.given!.some(([name, value]) => name === 'SECRET_ADMIN' && value === placeholder));
  assert.equal(found('API_URL=http://a.test/v1/$batch').values.API_URL, 'http://a.test/v1/$batch');
});

test('an unknown TARGET, with what there is', (t) => {
  const some = folderOf(t, { '.env.staging': '', '.env.qa': '', '.env.example': '' });
  const none = folderOf(t, { '.env': '' });
  assert.throws(
    () => targetSettings({ TARGET: 'stagin' }, some),
    /^Error: TARGET is "stagin", but there is no file \.env\.stagin; allowed: local, (qa, staging|staging, qa)\.$/,
  );
  assert.throws(
    () => targetSettings({ TARGET: 'qa' }, none),
    new Error('TARGET is "qa", but there is no file .env.qa; allowed: local.'),
  );
  // The embedded target under a name: it needs no file, and may have one.
  const local = targetSettings({ TARGET: 'local' }, none);
  assert.deepEqual([local.name, isEmbedded(local)], ['local', true]);
  const own = targetSettings({ TARGET: 'local' }, folderOf(t, { '.env.local': 'API_URL=http://localhost:8080' }));
  assert.deepEqual([own.name, isEmbedded(own)], ['local', false]);
});

test('a TARGET that is nowhere is not the embedded target under its name', (t) => {
  const folder = folderOf(t, { '.env.staging': '# BASE_URL=http://staging.test\nAPI_TOKEN=token', '.env': '' });
  const of = (env: NodeJS.ProcessEnv) => targetSettings(env, folder, []);
  assert.throws(
    () => checkSomewhere(of({ TARGET: 'staging' })),
    new Error(
      'TARGET is "staging", but neither .env.staging nor the environment has BASE_URL or API_URL, and the embedded target would be loaded in its place; allowed is one of them, or TARGET=local for the embedded target.',
    ),
  );
  // Where a part of it is alone, that part is loaded.
  for (const part of [{ API_URL: 'http://staging.test' }, { WS_URL: 'ws://staging.test' }])
    checkSomewhere(of({ TARGET: 'staging', ...part }));
  for (const env of [{ TARGET: 'local' }, { TARGET: '' }, {}]) {
    checkSomewhere(of(env));
    assert.equal(isEmbedded(of(env)), true);
  }
});

test('a secret that is a file ends with a line break; a token that no header takes is refused', (t) => {
  const folder = folderOf(t, { '.env': '' });
  const of = (API_TOKEN: string) => resolveTarget(targetSettings({ BASE_URL: 'http://a.test', API_TOKEN }, folder), {});
  assert.deepEqual([of('ab+/=c\n').token, of(' \n').token], ['ab+/=c', undefined]);
  const own = { BASE_URL: 'http://a.test', SECRET_PASSWORD: ' a b \r\n' };
  assert.deepEqual(resolveTarget(targetSettings(own, folder), {}).secrets, { PASSWORD: ' a b ' });
  for (const wrong of ['Bearer abc', 'a\nb', 'a b', 'a\u0000', '№5'])
    assert.throws(
      () => of(wrong),
      new Error(
        'API_TOKEN in the environment is not as it has to be; allowed is the token alone, without blanks and without the "Bearer" that goes before it.',
      ),
    );
});

test('a quote that nothing ends is no part of a setting', (t) => {
  const of = (text: string) => {
    const settings = targetSettings({ BASE_URL: 'http://a.test' }, folderOf(t, { '.env': text }), []);
    return resolveTarget(settings, {});
  };
  for (const [text, name, quote] of [
    ['API_TOKEN="abc\nX=1', 'API_TOKEN', '"'],
    ["X='\nSECRET_KEY='abc # of mine", 'SECRET_KEY', "'"],
  ] as const)
    assert.throws(
      () => of(text),
      new Error(`.env has a ${quote} in ${name} that nothing ends; allowed are quotes on both sides, or none.`),
    );
  assert.deepEqual(of(`OTHER="abc\nAPI_TOKEN='"abc'\nSECRET_A="a\nb"\nSECRET_B=a"b`).secrets, {
    ...{ A: 'a\nb', B: 'a"b' },
  });
});

test('what is no URL, with where it stands, and without its password', (t) => {
  const folder = folderOf(t, { '.env': 'WS_URL=http://file.test' });
  const http = 'allowed is a URL such as http://127.0.0.1:4000, without a query or fragment.';
  const table: [NodeJS.ProcessEnv, string][] = [
    [{ BASE_URL: 'localhost:3000' }, `BASE_URL in the environment is "localhost:3000"; ${http}`],
    [{ API_URL: 'ws://a.test' }, `API_URL in the environment is "ws://a.test"; ${http}`],
    [{ BASE_URL: 'htp://me:pass@word@a.test' }, `BASE_URL in the environment is "htp://***@a.test"; ${http}`],
    [{ BASE_URL: 'http://me:pa/s@s@a.test' }, `BASE_URL in the environment is "http://***@a.test"; ${http}`],
    [{ BASE_URL: 'htp://a.test:80/@me' }, `BASE_URL in the environment is "htp://a.test:80/@me"; ${http}`],
    [{ API_URL: 'https://a.test/v1?key=hunter2' }, `API_URL in the environment is "https://a.test/v1?…"; ${http}`],
    [{ BASE_URL: 'http://a.test/#/app' }, `BASE_URL in the environment is "http://a.test/#…"; ${http}`],
    [{}, 'WS_URL in .env is "http://file.test"; allowed is a URL such as ws://127.0.0.1:4000.'],
  ];
  for (const [env, sentence] of table) assert.throws(() => targetSettings(env, folder), new Error(sentence));
  targetSettings({ WS_URL: 'wss://a.test' }, folder);
});

test('a URL as the environment of a container gives it', (t) => {
  const target = resolveTarget(targetSettings({ BASE_URL: ' HTTP://a.test/v1/\n' }, folderOf(t, {})), {});
  assert.deepEqual([target.apiUrl, target.wsUrl], ['HTTP://a.test/v1', 'ws://a.test/v1']);
});

test('a shown URL holds neither user, password nor query', () => {
  const table = [
    ['http://me:secret@a.test:8080/v1?token=secret#x', 'http://a.test:8080/v1'],
    ['https://a.test/', 'https://a.test'],
    ['http://127.0.0.1:4000', 'http://127.0.0.1:4000'],
  ] as const;
  for (const [url, shown] of table) assert.equal(shownUrl(url), shown);
});

test('figures of the target have other names, as far as these are some', (t) => {
  const folder = folderOf(t, { '.env': 'BASE_URL=http://a.test\n' });
  const figuresOf = (TARGET_METRICS?: string) => {
    const env = { ...(TARGET_METRICS && { TARGET_METRICS }) };
    return resolveTarget(targetSettings(env, folder, []), env).figures;
  };
  assert.deepEqual(figuresOf(), {});
  assert.deepEqual(
    figuresOf('target_memory_bytes=app_rss{pod="api",zone="a"} target_event_loop_delay=lag_seconds*1000'),
    {
      target_memory_bytes: { name: 'app_rss', labels: ['pod="api"', 'zone="a"'], scale: 1 },
      target_event_loop_delay: { name: 'lag_seconds', labels: [], scale: 1_000 },
    },
  );
  for (const wrong of ['target_memory=app_rss', 'target_memory_bytes', 'target_memory_bytes=a b']) {
    assert.throws(() => figuresOf(wrong), {
      message: /^TARGET_METRICS in the environment is ".*"; allowed is names such as target_memory_bytes=app_rss_bytes/,
    });
  }
});
