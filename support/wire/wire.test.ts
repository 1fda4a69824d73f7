import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { families } from '../../protocol/families.ts';
import { folderOf } from '../folder.fixture.ts';
import { targetSettings } from '../target.ts';
import { selfSigned } from './certificate.fixture.ts';
import { bareUrl, browserProxy, directWire, proxyOf, userOf } from './wire.ts';

const HTTP = 'http://proxy.test:3128';
const HTTPS = 'http://secure.test:3128';

/** The wire of a target with these settings. */
function wireIn(t: TestContext, env: NodeJS.ProcessEnv, files: Record<string, string> = {}) {
  return targetSettings({ BASE_URL: 'http://app.test', ...env }, folderOf(t, files)).wire!;
}

test('a URL goes through the proxy of its scheme, WebSockets like pages', () => {
  const both = { ...directWire, proxies: { http: HTTP, https: HTTPS } };
  const table: [typeof both.proxies | object, string, string | undefined][] = [
    [both.proxies, 'http://app.test', HTTP],
    [both.proxies, 'ws://app.test', HTTP],
    [both.proxies, 'https://app.test', HTTPS],
    [both.proxies, 'wss://app.test', HTTPS],
    [{ http: HTTP }, 'https://app.test', HTTP],
    [{ https: HTTPS }, 'http://app.test', undefined],
    [{}, 'http://app.test', undefined],
  ];
  for (const [proxies, url, proxy] of table) {
    assert.equal(proxyOf({ ...directWire, proxies }, new URL(url)), proxy, url);
  }
});

test('NO_PROXY names hosts with all below them, ports, addresses and networks', () => {
  const table: [noProxy: string, url: string, isDirect: boolean][] = [
    ['', 'http://127.0.0.1:4000', false],
    ['app.test', 'http://app.test', true],
    ['app.test', 'http://api.app.test', true],
    ['app.test', 'http://myapp.test', false],
    ['.app.test, *.other.test', 'wss://other.test', true],
    ['.app.test', 'http://APP.test', true],
    ['app.test:8080', 'http://app.test', false],
    ['app.test:8080', 'http://app.test:8080', true],
    ['app.test:443', 'https://app.test', true],
    ['localhost 127.0.0.1', 'http://127.0.0.1:4000', true],
    ['[::1]', 'http://[::1]:4000', true],
    ['[::1]:80', 'http://[::1]:4000', false],
    ['::1', 'http://[::1]', true],
    ['10.0.0.0/8', 'http://10.1.2.3', true],
    ['10.0.0.0/8', 'http://11.1.2.3', false],
    ['10.0.0.0/8', 'http://app.test', false],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['nonsense/99', 'http://app.test', false],
    ['*', 'https://app.test', true],
  ];
  for (const [noProxy, url, isDirect] of table) {
    const wire = { ...directWire, proxies: { http: HTTP }, noProxy };
    assert.equal(proxyOf(wire, new URL(url)), isDirect ? undefined : HTTP, `${noProxy} | ${url}`);
  }
});

test('a browser is told the same', () => {
  assert.equal(browserProxy(directWire, 'http://app.test'), undefined);
  const noProxy = '.app.test:80, 10.0.0.0/8, ::1';
  const wire = { ...directWire, proxies: { https: 'http://me:p%40ss@proxy.test:3128' }, noProxy };
  assert.deepEqual(browserProxy(wire, 'https://app.test'), {
    server: HTTP,
    bypass: '<-loopback>,http://*,ws://*,app.test:80,.app.test:80,10.0.0.0/8,[::1]',
    username: 'me',
    password: 'p@ss',
  });
  const plain = { ...directWire, proxies: { http: HTTP, https: HTTPS }, noProxy: '*' };
  assert.deepEqual(browserProxy(plain, 'http://app.test'), { server: HTTP, bypass: '<-loopback>,*' });
  assert.equal(browserProxy(plain, 'https://app.test')?.server, HTTPS);
});

test('of the target’s own hosts those that are exempt are named in full: of ports and networks Playwright’s own requests know nothing', () => {
  const wire = { ...directWire, proxies: { http: HTTP }, noProxy: 'app.test:8443, 10.0.0.0/8, api.test' };
  const bypass = (noProxy: string, origins: string[], proxies: object = wire.proxies) =>
    browserProxy({ ...wire, proxies, noProxy }, 'https://app.test:8443', origins)?.bypass;
  const origins = ['https://app.test:8443', 'https://10.1.2.3', 'http://other.test', 'http://api.test'];
  const asWritten = '<-loopback>,app.test:8443,.app.test:8443,10.0.0.0/8,api.test,.api.test';
  assert.equal(bypass(wire.noProxy, origins), `${asWritten},app.test,10.1.2.3`);
  // Of one host with two ports, one of them through the proxy, more would be exempt.
  assert.equal(
    bypass('app.test:8443', ['https://app.test:8443', 'https://app.test']),
    '<-loopback>,app.test:8443,.app.test:8443',
  );
  assert.equal(bypass('', origins), '<-loopback>');
  assert.equal(bypass('*', ['https://app.test']), '<-loopback>,*,app.test');
  // There is no proxy for it, which is another thing.
  assert.equal(bypass('', ['http://app.test'], { https: HTTPS }), '<-loopback>,http://*,ws://*');
});

test('proxies come from the environment before the file, lower case first, with or without a scheme', (t) => {
  const files = { '.env': `HTTP_PROXY=${HTTP}\nNO_PROXY=file.test` };
  assert.deepEqual(wireIn(t, {}, files).proxies, { http: HTTP });
  const wire = wireIn(t, { http_proxy: 'me:pw@lower.test:1', HTTP_PROXY: 'upper.test', https_proxy: '' }, files);
  assert.deepEqual(wire.proxies, { http: 'http://me:pw@lower.test:1' });
  assert.equal(wire.noProxy, 'file.test');
});

test('a % in the password of a proxy stands for itself, unless it is one of an encoded sign', (t) => {
  const proxyIn = (user: string) => wireIn(t, { HTTPS_PROXY: `http://${user}@proxy.test:1` }).proxies.https;
  const user = (proxy = '') => userOf(proxy)?.password;
  assert.deepEqual([proxyIn('me:p%40ss'), proxyIn('me')], ['http://me:p%40ss@proxy.test:1', 'http://me@proxy.test:1']);
  assert.deepEqual([user(proxyIn('me:100%')), user(proxyIn('me:5%x'))], ['100%', '5%x']);
  // As those read it who are given it.
  assert.equal(decodeURIComponent(new URL(proxyIn('me:100%')!).password), '100%');
});

test('nothing lies between Tandem and the embedded target', (t) => {
  const env = { HTTP_PROXY: 'socks5://proxy.test', TLS_INSECURE: 'maybe', NODE_EXTRA_CA_CERTS: '/nowhere' };
  assert.equal(targetSettings(env, folderOf(t, {})).wire, undefined);
});

test('who looks at certificates', (t) => {
  assert.equal(wireIn(t, {}).insecure, false);
  assert.equal(wireIn(t, { TLS_INSECURE: '0' }).insecure, false);
  assert.equal(wireIn(t, { TLS_INSECURE: '1' }).insecure, true);
  assert.equal(wireIn(t, {}, { '.env': 'TLS_INSECURE=1' }).insecure, true);
  assert.equal(wireIn(t, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }).insecure, true);
});

test('client certificates and authorities are read', (t) => {
  const { cert, key } = selfSigned();
  const files = { 'tls/cert.pem': cert, 'tls/key.pem': key };
  const folder = folderOf(t, { ...files, '.env': 'TLS_CLIENT_CERT=tls/cert.pem\nTLS_CLIENT_KEY=tls/key.pem' });
  const authorities = join(folder, 'tls/cert.pem');
  const { wire } = targetSettings({ API_URL: 'https://a.test', NODE_EXTRA_CA_CERTS: authorities }, folder);
  assert.deepEqual(wire?.certificate, { cert: Buffer.from(cert), key: Buffer.from(key) });
  assert.match(wire?.authorities.join() ?? '', /^[\w+/]{43}=$/);
});

test('what cannot be used is one sentence', (t) => {
  const { cert, key } = selfSigned();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const locked = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'open',
  }) as string;
  const files = { 'cert.pem': cert, 'key.pem': key, 'other.pem': selfSigned().key, 'locked.pem': locked, empty: '' };
  const pair = { TLS_CLIENT_CERT: 'cert.pem', TLS_CLIENT_KEY: 'key.pem' };
  const unusable = (file: string) =>
    new RegExp(
      `^Error: TLS_CLIENT_CERT cert.pem and TLS_CLIENT_KEY ${file} cannot be used \\(ERR_\\w+\\); allowed are a certificate and its key as PEM, with TLS_CLIENT_KEY_PASSPHRASE when the key is encrypted\\.$`,
    );
  const table: [NodeJS.ProcessEnv, RegExp | string][] = [
    [
      { HTTP_PROXY: 'socks5://me:secret@proxy.test' },
      'HTTP_PROXY is "socks5://***@proxy.test"; allowed is a URL such as http://proxy.example.com:3128.',
    ],
    ...['pa/ss', '12/ss', '1?ss', '1#ss', 'p@a/ss', '/ss'].map((password): [NodeJS.ProcessEnv, string] => [
      { HTTP_PROXY: `http://me:${password}@proxy.test:3128/` },
      'HTTP_PROXY is "http://***@proxy.test:3128/"; allowed is a URL such as http://proxy.example.com:3128, with / as %2F, ? as %3F and # as %23 in its password.',
    ]),
    [{ HTTPS_PROXY: 'http://' }, 'HTTPS_PROXY is "http://"; allowed is a URL such as http://proxy.example.com:3128.'],
    [{ TLS_INSECURE: 'yes' }, 'TLS_INSECURE is "yes"; allowed is 1 or 0.'],
    [
      { TLS_CLIENT_CERT: 'cert.pem' },
      'TLS_CLIENT_CERT is set without TLS_CLIENT_KEY; a client certificate needs both.',
    ],
    [{ TLS_CLIENT_KEY: 'key.pem' }, 'TLS_CLIENT_KEY is set without TLS_CLIENT_CERT; a client certificate needs both.'],
    [
      { TLS_CLIENT_KEY_PASSPHRASE: 'open' },
      'TLS_CLIENT_KEY_PASSPHRASE is set without TLS_CLIENT_CERT and TLS_CLIENT_KEY.',
    ],
    [
      { ...pair, TLS_CLIENT_CERT: 'gone.pem' },
      'TLS_CLIENT_CERT is "gone.pem", which cannot be read (ENOENT); allowed is a file of PEM.',
    ],
    [{ ...pair, TLS_CLIENT_KEY: 'other.pem' }, unusable('other.pem')],
    [{ ...pair, TLS_CLIENT_KEY: 'locked.pem' }, unusable('locked.pem')],
    [
      { NODE_EXTRA_CA_CERTS: '/gone.pem' },
      'NODE_EXTRA_CA_CERTS is "/gone.pem", which cannot be read (ENOENT); allowed is a file of PEM.',
    ],
    [
      { NODE_EXTRA_CA_CERTS: '/dev/null' },
      'NODE_EXTRA_CA_CERTS is "/dev/null", which holds no certificate that can be read; allowed is a file of PEM.',
    ],
  ];
  for (const [env, sentence] of table) {
    assert.throws(() => wireIn(t, env, files), typeof sentence === 'string' ? new Error(sentence) : sentence);
  }
});

test('what Node alone reads does nothing in a file', (t) => {
  for (const field of ['NODE_EXTRA_CA_CERTS', 'NODE_TLS_REJECT_UNAUTHORIZED']) {
    assert.throws(
      () => wireIn(t, {}, { '.env': `${field}=0` }),
      new Error(`${field} stands in .env, but Node reads it before any file; set it in the environment.`),
    );
  }
});

test('a request has one Authorization header: API_TOKEN or the user and password of the API', (t) => {
  const user = 'http://me:secret@api.test';
  const of = (env: NodeJS.ProcessEnv) => targetSettings({ API_TOKEN: 'token', ...env }, folderOf(t, {}), families);
  for (const [field, env] of [
    ['API_URL', { API_URL: user }],
    ['BASE_URL', { BASE_URL: user }],
    ['SYNC_API_URL', { BASE_URL: 'http://app.test', SYNC_API_URL: user }],
  ] as const) {
    assert.throws(
      () => of(env),
      new Error(
        `API_TOKEN is set, and ${field} has a user and password, but a request has one Authorization header; allowed is one of the two.`,
      ),
    );
  }
  of({ BASE_URL: user, API_URL: 'http://api.test' });
  of({ API_TOKEN: '', API_URL: user });
});

test('user and password of a URL are decoded, and taken out of it', () => {
  assert.deepEqual(userOf('http://m%C3%A9:p%40s%3As@app.test'), { username: 'mé', password: 'p@s:s' });
  assert.deepEqual(userOf('http://me:100%@app.test'), { username: 'me', password: '100%' });
  assert.equal(userOf('http://app.test'), undefined);
  assert.equal(bareUrl('http://me:secret@app.test:81/base'), 'http://app.test:81/base');
  assert.equal(bareUrl('http://me:secret@app.test'), 'http://app.test');
});
