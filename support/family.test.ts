import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Family, httpUrl, oneOf, pathPrefix, type Setting, settings, settingsOf, wsUrl } from './family.ts';
import { folderOf } from './folder.fixture.ts';
import { Secrets } from './secrets/secrets.ts';
import { resolveTarget, settingNames, targetSettings } from './target.ts';

const shopSettings = settings({
  shopUrl: httpUrl('SHOP_URL', ({ apiUrl }) => `${apiUrl}/shop`),
  feedUrl: wsUrl('FEED_URL', ({ wsUrl }) => `${wsUrl}/feed`),
  prefix: pathPrefix('SHOP_PREFIX', '/v1'),
  method: oneOf('SHOP_METHOD', ['PATCH', 'PUT'], 'PATCH'),
  dialect: oneOf('SHOP_DIALECT', ['old', 'new', 'newest']),
});
const shop: Family = { name: 'shop', settings: [shopSettings] };
const API_URL = 'http://api.test';

function resolved(t: Parameters<typeof folderOf>[0], env: NodeJS.ProcessEnv, families = [shop], file = '') {
  const given = targetSettings({ API_URL, ...env }, folderOf(t, { '.env': file }), families);
  return { given, target: resolveTarget(given, {}) };
}

test('what is not set is derived from the target’s other addresses, or has a default', (t) => {
  const { target } = resolved(t, { WS_URL: 'wss://socket.test/' });
  assert.deepEqual(shopSettings(target), {
    shopUrl: 'http://api.test/shop',
    feedUrl: 'wss://socket.test/feed',
    prefix: '/v1',
    method: 'PATCH',
    dialect: undefined,
  });
  assert.deepEqual(target.configured, ['API_URL', 'WS_URL']);
  assert.deepEqual(target.addresses, [
    { variable: 'API_URL', url: 'http://api.test' },
    { variable: 'WS_URL', url: 'wss://socket.test' },
    { variable: 'SHOP_URL', url: 'http://api.test/shop' },
    { variable: 'FEED_URL', url: 'wss://socket.test/feed' },
  ]);
});

test('what is set, in the environment or in the file, without a slash at its end', (t) => {
  const env = { FEED_URL: 'ws://feed.test//', SHOP_METHOD: 'PUT', SHOP_DIALECT: 'newest', SHOP_PREFIX: '/' };
  const { target } = resolved(t, env, [shop], 'SHOP_URL=https://shop.test/api/\nSHOP_PREFIX=/v2/');
  assert.deepEqual(shopSettings(target), {
    shopUrl: 'https://shop.test/api',
    feedUrl: 'ws://feed.test',
    prefix: '',
    method: 'PUT',
    dialect: 'newest',
  });
  assert.deepEqual(target.configured.toSorted(), [
    ...['API_URL', 'FEED_URL', 'SHOP_DIALECT', 'SHOP_METHOD', 'SHOP_PREFIX', 'SHOP_URL'],
  ]);
});

test('a value that is not allowed: which, where it stands, and what is', (t) => {
  const table: [NodeJS.ProcessEnv, string, string][] = [
    [
      { SHOP_URL: '/shop' },
      '',
      'SHOP_URL in the environment is "/shop"; allowed is a URL such as http://127.0.0.1:4000, without a query or fragment.',
    ],
    [
      {},
      'FEED_URL=http://a.test',
      'FEED_URL in .env is "http://a.test"; allowed is a URL such as ws://127.0.0.1:4000.',
    ],
    [{ SHOP_PREFIX: 'api?x' }, '', 'SHOP_PREFIX in the environment is "api?…"; allowed is a path such as /v1.'],
    [{ SHOP_METHOD: 'POST' }, '', 'SHOP_METHOD in the environment is "POST"; allowed is PATCH or PUT.'],
    [{ SHOP_DIALECT: 'x' }, '', 'SHOP_DIALECT in the environment is "x"; allowed is old, new or newest.'],
  ];
  for (const [env, file, sentence] of table) assert.throws(() => resolved(t, env, [shop], file), new Error(sentence));
});

test('a setting that is misspelt in the file is named; without the families nobody can tell', (t) => {
  const file = 'SHOP_UR=http://a.test';
  const sentence =
    '.env has SHOP_UR, which is not known; did you mean SHOP_URL? If it is another program\'s, add an empty line "SHOP_URL=" beside it.';
  assert.throws(() => resolved(t, {}, [shop], file), new Error(sentence));
  resolved(t, {}, [], file);
  assert.ok(settingNames([shop]).includes('SHOP_DIALECT'));
});

test('of a family that is not listed nothing is read, which is said', (t) => {
  const { target } = resolved(t, { SHOP_URL: 'http://shop.test' }, []);
  assert.throws(
    () => shopSettings(target),
    new Error(
      'SHOP_URL belongs to a family that this project does not list; allowed is tandemConfig(import.meta.dirname, [<family>, …]) in playwright.config.ts.',
    ),
  );
});

test('two families may list the same setting, and not two of the same variable', () => {
  const other: Family = { name: 'store', settings: [shopSettings] };
  assert.equal(settingsOf([shop, other]).length, 5);
  const another: Family = { name: 'depot', settings: [settings({ url: httpUrl('SHOP_URL', () => '') })] };
  assert.throws(
    () => settingsOf([shop, another]),
    new Error('SHOP_URL is a setting of shop and another one of depot; allowed is one, which both may list.'),
  );
});

test('a secret setting stays out of sentences, and of whatever a run leaves', (t) => {
  const code = { ...oneOf('SHOP_CODE', ['Kx93hdUw72', 'open-sesame-9']), secret: true as const };
  const safe: Family = { name: 'safe', settings: [settings({ code })] };
  const secrets = new Secrets();
  secrets.addGiven(resolved(t, { SHOP_CODE: 'Kx93hdUw72' }, [safe]).given);
  assert.equal(secrets.clean('it says Kx93hdUw72'), 'it says ***');
  assert.throws(
    () => resolved(t, { SHOP_CODE: 'Wrong-93hd' }, [safe]),
    /^Error: SHOP_CODE in the environment is not as it has to be; allowed is /,
  );
});

test('an address that speaks neither HTTP nor WebSocket: of the setting, or as the embedded target tells it, or none', async (t) => {
  const asked: unknown[] = [];
  const wireSettings = settings({
    address: {
      variable: 'SHOP_ADDR',
      allowed: 'host:port',
      parse: (text) => (text.includes(':') ? text : undefined),
      byDefault: () => undefined,
      endpoint: {
        shown: (value) => `${value}`,
        reach: async (value, reached, timeoutMs) => void asked.push([value, wireSettings(reached).address, timeoutMs]),
      },
    } as Setting<string | undefined>,
  });
  const wired: Family = { name: 'wired', settings: [wireSettings] };
  const { target } = resolved(t, { SHOP_ADDR: 'shop.test:1' }, [wired]);
  assert.deepEqual(
    target.endpoints.map(({ variable, address }) => [variable, address]),
    [['SHOP_ADDR', 'shop.test:1']],
  );
  assert.equal(target.addresses.length, 2, 'it is asked in no other way');
  await target.endpoints[0]!.reach(7);
  assert.deepEqual(asked, [['shop.test:1', 'shop.test:1', 7]]);
  assert.deepEqual(resolved(t, {}, [wired]).target.endpoints, []);

  const embedded = targetSettings({}, folderOf(t, {}), [wired]);
  const told = { TARGET_PORT: '4000', TARGET_ADDRESSES: 'OTHER=1\nSHOP_ADDR=127.0.0.1:2\n' };
  assert.equal(wireSettings(resolveTarget(embedded, told)).address, '127.0.0.1:2');
  const own = targetSettings({ SHOP_ADDR: 'mine:3' }, folderOf(t, {}), [wired]);
  assert.equal(wireSettings(resolveTarget(own, told)).address, 'mine:3');
  assert.equal(wireSettings(resolved(t, {}, [wired]).target).address, undefined, 'another target has not told it');
});

test('a setting that leads to an address says where the API is, where nothing else does', (t) => {
  const leadsTo = (text: string) => (text === 'far' ? 'http://far.test' : undefined);
  const words: Family = {
    name: 'words',
    settings: [settings({ word: { ...oneOf('WORD', ['far', 'near']), leadsTo } })],
  };
  const led = (env: NodeJS.ProcessEnv) => {
    const { given, target } = resolved(t, { API_URL: undefined, TARGET: 'local', ...env }, [words]);
    return [given.name, target.embedded, target.apiUrl, target.addresses[0]!.variable];
  };
  assert.deepEqual(led({ WORD: 'far', TARGET: '' }), ['default', false, 'http://far.test', 'WORD']);
  assert.deepEqual(led({ WORD: 'far' }), ['local', false, 'http://far.test', 'WORD']);
  assert.deepEqual(led({ WORD: 'far', API_URL: 'http://a.test' }), ['local', false, 'http://a.test', 'API_URL']);
  assert.deepEqual(led({ WORD: 'far', BASE_URL: 'http://b.test' }), ['local', false, 'http://b.test', 'BASE_URL']);
  assert.throws(() => led({ WORD: 'near' }), /The embedded target was not started/);
});
