import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { Recorder } from '../../support/measure/recorder.ts';
import { secrets } from '../../support/secrets/secrets.ts';
import { serve } from '../../support/server.fixture.ts';
import type { SliceContext } from '../../support/test.ts';
import { metricDefinitions } from '../../support/worker/declaration.ts';
import { recorded, testSlice, testVu, withSettings } from '../slice.fixture.ts';
import { Attack, attackMetrics } from './attack.ts';
import { type AttackOptions, attackOptions } from './options.ts';
import { preflight } from './preflight.ts';

interface Given {
  /** Of the file, in which API is the server's URL. */
  targets: string;
  settings?: Record<string, unknown>;
  token?: string;
  options?: object;
  turn?: { index: number; of: number };
}

/** Sends so many hits to a server that tells what it was asked, and answers 404 to what is missing. */
async function attacked(t: TestContext, hits: number, given: Given) {
  const asked: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { headers, method, url } = request;
    const own = Object.entries(headers).filter(([name]) => /^(x-|authorization|host)/.test(name));
    const shown = own.filter(([, value]) => value !== new URL(api).host).map(([name, value]) => ` ${name}=${value}`);
    asked.push(`${method} ${url}${shown.join('')}${body && ` ${body}`}`);
    if (url!.startsWith('/moved')) response.writeHead(302, { location: '/there' });
    if (url!.startsWith('/missing')) response.statusCode = 404;
    response.end('ok');
  };
  const { url: api } = await serve(t, answer);
  const path = join(folderOf(t, { targets: given.targets.replaceAll('API', api) }), 'targets');
  const settings = { LOAD_TARGETS: path, ...given.settings };
  const base = withSettings(testSlice(`${api}/v1`, given.token), settings);
  const slice: SliceContext<AttackOptions> = {
    ...base,
    ...given.turn,
    recorder: new Recorder('test', 'load', metricDefinitions(attackMetrics)),
    options: attackOptions.parse(given.options ?? {}),
  };
  const attack = await Attack.open(slice);
  t.after(() => attack.close());
  const outcomes: string[] = [];
  const vu = testVu(slice);
  for (let i = 0; i < hits; i += 1) {
    await attack.hit(vu);
    outcomes.push(vu.takeOutcome());
  }
  const { recorder } = slice;
  const series = recorded(slice);
  return { api, asked, outcomes, series, totals: recorder.totals(), folded: recorder.folded, errors: recorder.errors };
}

const sumOf = (series: object, key: string) => (series as Record<string, { sum: number }>)[key]?.sum;

test('targets are sent in turns, with what all of them have beside their own; paths belong to the API', async (t) => {
  const folder = folderOf(t, { 'every.txt': 'every', 'own.txt': 'own' });
  const { asked, series } = await attacked(t, 5, {
    targets: `GET /users?id=1\n\nPOST API/things\nX-A: 1\nX-A: 2\nHost: shop.test\n@${join(folder, 'own.txt')}\n`,
    settings: { LOAD_HEADERS: { 'X-A': '0', 'X-B': 'b', host: 'all.test' }, LOAD_BODY: join(folder, 'every.txt') },
    token: 'token-of-the-api',
  });
  const own = 'GET /v1/users?id=1 x-a=0 x-b=b host=all.test authorization=Bearer token-of-the-api every';
  const absolute = 'POST /things x-a=0, 1, 2 x-b=b host=shop.test own';
  assert.deepEqual(asked.map(sorted), [own, absolute, own, absolute, own].map(sorted));
  assert.equal(sumOf(series, 'http_reqs{op:GET /users}'), 3);
  assert.equal(sumOf(series, 'http_reqs{op:POST /things}'), 2);
  assert.equal(sumOf(series, 'attack_answers{status:200}'), 5);
  assert.equal(sumOf(series, 'data_sent{op:GET /users}'), 15);
});

const sorted = (line: string) => line.split(' ').sort().join(' ');

test('an answer of 400 or more, and none, is a failed hit; a redirect is followed, or is an answer', async (t) => {
  const targets = 'GET API/missing\nGET API/moved\nGET http://127.0.0.1:1/gone\n';
  const followed = await attacked(t, 3, { targets });
  assert.deepEqual(followed.outcomes, ['failed', 'ok', 'failed']);
  assert.deepEqual(followed.asked, ['GET /missing', 'GET /moved', 'GET /there']);
  assert.deepEqual(followed.errors, { 'HTTP 404': 1, ECONNREFUSED: 1 });
  for (const status of [404, 200, 0]) assert.equal(sumOf(followed.series, `attack_answers{status:${status}}`), 1);
  assert.equal(sumOf(followed.series, 'http_reqs{op:GET http://127.0.0.1:1/gone}'), 1);
  const left = await attacked(t, 2, { targets, options: { redirects: 0 } });
  assert.equal(sumOf(left.series, 'attack_answers{status:302}'), 1);
  assert.deepEqual(left.outcomes, ['failed', 'ok']);
});

test('each slice takes its turn', async (t) => {
  const targets = ['a', 'b', 'c', 'd', 'e'].map((name) => `GET API/${name}`).join('\n');
  const { asked } = await attacked(t, 4, { targets, turn: { index: 1, of: 3 } });
  assert.deepEqual(asked, ['GET /b', 'GET /e', 'GET /c', 'GET /a']);
});

test('a thousand targets have names, the others one, and the run tells of them; a query is in none', async (t) => {
  const targets = Array.from({ length: 1_010 }, (_, n) => `GET API/${n}?n=${n}`).join('\n');
  const { totals, folded } = await attacked(t, 1_010, { targets });
  const rows = Object.keys(totals).filter((key) => key.startsWith('http_reqs{'));
  assert.equal(rows.length, 1_001);
  assert.equal(sumOf(totals, 'http_reqs{op:other,scenario:test}'), 10);
  assert.equal(sumOf(totals, 'http_reqs{op:GET /0,scenario:test}'), 1);
  const [told] = folded.filter(({ metric }) => metric === 'http_req_duration');
  assert.deepEqual(told?.values, ['GET /1000', 'GET /1001', 'GET /1002', 'GET /1003', 'GET /1004']);
});

test('who somebody is, in a header or a URL, becomes known as a secret; what all may know does not', async (t) => {
  const targets =
    'GET API/a\nAuthorization: Token deadbeef-0123\nX-Api-Key: key-0123456789\nAccept: application/json\n\n' +
    'GET API/b\n\nGET http://me:pass-0123456@127.0.0.1:1/';
  await attacked(t, 0, { targets });
  const shown = secrets.clean('deadbeef-0123 key-0123456789 application/json pass-0123456');
  assert.equal(shown, '*** *** application/json ***');
});

test('before anything is sent: a file for a target of one’s own, a host for the embedded one, a body that is there', async (t) => {
  const folder = folderOf(t, { 'paths.txt': 'GET /a', 'whole.txt': 'GET http://a.test/a\nGET http://b.test/' });
  const targetOf = (settings: Record<string, unknown>, more: object = {}) => {
    const { target } = withSettings(testSlice('http://api.test'), settings);
    return { target: { ...target, ...more } };
  };
  const embedded = { embedded: true, name: 'embedded' };
  const told: string[] = [];
  const checked = (slice: Parameters<typeof preflight>[0]) => preflight(slice, (sentence) => told.push(sentence));
  await assert.rejects(
    checked(targetOf({ LOAD_TARGETS: undefined })),
    /^Error: LOAD_TARGETS is missing: what is to be attacked/,
  );
  assert.deepEqual(await checked(targetOf({}, embedded)), []);
  const paths = { LOAD_TARGETS: join(folder, 'paths.txt') };
  await assert.rejects(checked(targetOf(paths, embedded)), /paths\.txt: line 1: URL "\/a" has no host/);
  for (const more of [{ embedded: true, name: 'local' }, {}])
    assert.deepEqual(await checked(targetOf(paths, more)), []);
  assert.deepEqual(await checked(targetOf({ LOAD_TARGETS: join(folder, 'whole.txt') })), [
    { variable: 'LOAD_TARGETS', url: 'http://a.test' },
    { variable: 'LOAD_TARGETS', url: 'http://b.test' },
  ]);
  await assert.rejects(
    checked(targetOf({ ...paths, LOAD_BODY: '/no/body' })),
    new Error('LOAD_BODY is "/no/body", which cannot be read (ENOENT); allowed is the path of a file.'),
  );
  assert.deepEqual(told, []);
});

test('whom a HAR leads to beside its site is told before they are loaded', async (t) => {
  const har = (...urls: string[]) => ({ log: { entries: urls.map((url) => ({ request: { method: 'GET', url } })) } });
  const others = Array.from({ length: 5 }, (_, i) => `https://${i}.cdn.test/x`);
  const folder = folderOf(t, {
    'own.har': har('https://shop.test/', 'https://shop.test/a'),
    'all.har': har('https://shop.test/', 'https://me:secret@ads.test/a', ...others),
    'list.txt': 'GET https://shop.test/\nGET https://ads.test/',
  });
  const toldOf = async (name: string) => {
    const told: string[] = [];
    const slice = withSettings(testSlice('http://api.test'), { LOAD_TARGETS: join(folder, name) });
    await preflight(slice, (sentence) => told.push(sentence));
    return told;
  };
  const [told, ...more] = await toldOf('all.har');
  assert.match(told!, /all\.har: its requests lead to 7 origins, and all of them are loaded: https:\/\/shop\.test, /);
  assert.match(told!, / https:\/\/ads\.test, .*cdn\.test and 2 more\. Leave out those that are not yours\.$/);
  assert.deepEqual(more, []);
  // Nobody else, and what somebody wrote down themselves.
  for (const name of ['own.har', 'list.txt']) assert.deepEqual(await toldOf(name), []);
});

test('a HAR whose requests had bodies that it does not hold is attacked, and told of', async (t) => {
  const request = (more: object) => ({ request: { method: 'POST', url: 'http://a.test/x', ...more } });
  const folder = folderOf(t, {
    'all.har': { log: { entries: [request({ postData: { text: 'a' }, bodySize: 1 }), request({ bodySize: 0 })] } },
    'some.har': {
      log: {
        entries: [
          request({ postData: { text: 'a' } }),
          request({ bodySize: 0, headers: [{ name: 'Content-Length', value: '290' }] }),
          request({ bodySize: 0, headers: [{ name: 'content-length', value: '0' }] }),
          request({ bodySize: 17, postData: { mimeType: 'application/octet-stream', text: '' } }),
          request({ postData: { mimeType: 'multipart/form-data; boundary=x', params: [{ name: 'a', value: 'b' }] } }),
        ],
      },
    },
  });
  const toldOf = async (name: string) => {
    const told: string[] = [];
    const slice = withSettings(testSlice('http://api.test'), { LOAD_TARGETS: join(folder, name) });
    await preflight(slice, (sentence) => told.push(sentence));
    return told;
  };
  assert.deepEqual(await toldOf('all.har'), []);
  const [told, ...more] = await toldOf('some.har');
  assert.match(
    told!,
    /some\.har: entry 2: its body is not in the file, and those of 2 more: without it the request is/,
  );
  assert.deepEqual(more, []);
});
