import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { families } from '../protocol/families.ts';
import { settings, settingsOf, WrongService } from './family.ts';
import { folderOf } from './folder.fixture.ts';
import { declareOptions, durationMs, OptionError, wholeNumber } from './options.ts';
import {
  checkBrowser,
  checkEndpoints,
  checkLoads,
  checkReachable,
  checkScenarios,
  endpointsUsed,
  originsUsed,
} from './preflight.ts';
import { timeline } from './schedule/timeline.ts';
import { serve } from './server.fixture.ts';
import { resolveTarget } from './target.ts';
import { selfSigned } from './wire/certificate.fixture.ts';
import { proxyServer } from './wire/proxy.fixture.ts';
import { directWire } from './wire/wire.ts';
import type { Declaration } from './worker/declaration.ts';
import { declarePreflight } from './worker/load-preflight.ts';
import type { SliceContext } from './worker/vu.ts';

const relay: Declaration = {
  kind: 'load',
  name: 'sync-relay',
  operations: ['push', 'pull'],
  metrics: { accepted: { type: 'counter', contains: 'default' } },
  oracles: [],
  options: {},
};
const visit: Declaration = {
  kind: 'journey',
  name: 'visit',
  operations: [],
  metrics: { rows: { type: 'trend', contains: 'default' } },
  oracles: [],
  options: {},
};

function timelineOf(mix: Record<string, number> | undefined, ...selectors: string[]) {
  const spec = {
    description: 'Of a test',
    scenarios: {
      relay: { executor: 'constant-vus', vus: 1, duration: '1m', mix },
      visit: { executor: 'constant-vus', vus: 1 },
    } as const,
    thresholds: Object.fromEntries(selectors.map((selector) => [selector, ['count>0']])),
  };
  const known = { load: ['relay'], journey: ['visit'] };
  return timeline({ name: 'mine', path: 'profiles/mine.json', spec }, known, { scale: 1, seed: '1' });
}

function check(made: ReturnType<typeof timelineOf>, ...declared: [string, Declaration][]) {
  return () => checkScenarios(made, new Map(declared), 'no such folder');
}

test('what only loads measure is not there in a phase in which only journeys run', () => {
  const took = { took: { type: 'trend', contains: 'time' } } as const;
  const quiet = { name: 'calm', startMs: 0, endMs: 1_000, load: 0 };
  const compared = (metric: string) => {
    const made = timelineOf(undefined);
    return { ...made, phases: [quiet, ...made.phases], thresholds: { [metric]: ['avg<2*calm'] } };
  };
  const all: [string, Declaration][] = [
    ['relay', { ...relay, metrics: took }],
    ['visit', visit],
  ];
  assert.throws(check(compared('took'), ...all), /"avg<2\*calm", but only journeys run in the phase calm; /);
  check(compared('rows'), ...all)();
  all[1]![1] = { ...visit, metrics: took };
  check(compared('took'), ...all)();
});

test('mixes and thresholds are about what the scenarios declare', () => {
  const all: [string, Declaration][] = [
    ['relay', relay],
    ['visit', visit],
  ];
  check(timelineOf({ push: 1 }, 'accepted', 'rows', 'http_reqs'), ...all)();
  assert.throws(
    check(timelineOf({ push: 1, pll: 2 }), ...all),
    new Error('profiles/mine.json: scenarios.relay.mix has operation "pll"; did you mean "pull"? allowed: push, pull.'),
  );
  assert.throws(
    check(timelineOf(undefined, 'acepted{scenario:relay}'), ...all),
    /^Error: profiles\/mine\.json: thresholds names metric "acepted"; did you mean "accepted"\? allowed: accepted, browser_/,
  );
  check(timelineOf(undefined, 'accepted{scenario:relay}', 'http_reqs{scenario:visit}'), ...all)();
  assert.throws(
    check(timelineOf(undefined, 'accepted{scenario:visit}'), ...all),
    new Error(
      'profiles/mine.json: thresholds "accepted{scenario:visit}" is about visit, which does not declare accepted; allowed: relay.',
    ),
  );
});

test('a misspelt option is told of with its line, and so is a wrong value, and any where none is taken', (t) => {
  const root = folderOf(t, {
    'profiles/mine.json': `{
  "scenarios": {
    "relay": {
      "executor": "constant-vus",
      "options": {
        "rooms": 2,
        "stey": "20s"
      }
    },
    "visit": { "options":
      { "rooms": 9 } }
  }
}`,
  });
  declareOptions('load', 'rooms', z.strictObject({ rooms: wholeNumber(1, 5).default(2), stay: durationMs.optional() }));
  const refused = (scenario: string, options: Record<string, unknown>, declaration: Declaration, sentence: string) => {
    const made = timelineOf(undefined);
    made.scenarios.find(({ name }) => name === scenario)!.options = options;
    const check = () => checkScenarios(made, new Map([[scenario, declaration]]), root);
    assert.throws(check, new Error(`profiles/mine.json:${sentence}`));
  };
  const rooms = { ...relay, name: 'rooms' };
  const stey = 'has an unknown field "stey"; did you mean "stay"? allowed: rooms, stay.';
  refused('relay', { rooms: 2, stey: '20s' }, rooms, `7: scenarios.relay.options ${stey}`);
  const nine = 'is 9; allowed is a whole number from 1 to 5.';
  refused('visit', { rooms: 9 }, rooms, `11: scenarios.visit.options.rooms ${nine}`);
  const none = 'has "rooms", but load sync-relay declares no options; allowed is none.';
  refused('relay', { rooms: 2 }, relay, `6: scenarios.relay.options ${none}`);
});

test('a load that the target cannot take says so before it is sent, with the line of the option that it is about', async (t) => {
  const root = folderOf(t, { 'profiles/mine.json': '{\n"scenarios": {\n"relay": { "options":\n{ "rooms": 4 } } } }' });
  declareOptions('load', 'halls', z.strictObject({ rooms: wholeNumber(1, 5).default(2) }));
  const made = timelineOf(undefined);
  made.scenarios.find(({ name }) => name === 'relay')!.options = { rooms: 4 };
  const target = resolveTarget({ name: 'test', source: 'test', values: { BASE_URL: 'http://127.0.0.1' } }, {});
  let refusal: Error | undefined;
  const asked: SliceContext[] = [];
  const further = { variable: 'HALLS', url: 'http://halls.test/a' };
  const told: string[] = [];
  declarePreflight('halls', async (slice, tell) => {
    asked.push(slice);
    tell('There were chairs left.');
    if (refusal) throw refusal;
    return [further];
  });
  const declared = new Map([['relay', { ...relay, name: 'halls' }] as const, ['visit', { ...visit, name: 'halls' }]]);
  const check = () => checkLoads(made, declared, target, 'run-1', root, (one) => told.push(one));
  assert.deepEqual(await check(), [further]);
  const urls = originsUsed(target, new Set(['load']), [further]).map(({ url }) => url);
  assert.deepEqual(urls.toSorted(), ['http://127.0.0.1', 'http://halls.test/a']);
  const [{ scenario, options, runId, index, of, maxVUs } = assert.fail(), ...others] = asked;
  assert.deepEqual([scenario, options, runId, index, of, maxVUs], ['relay', { rooms: 4 }, 'run-1', 0, 1, 1]);
  assert.equal(others.length, 0, 'a journey of the same name has none');
  assert.deepEqual(told, ['There were chairs left.']);
  refusal = new Error('There is no room at http://127.0.0.1.');
  await assert.rejects(check, refusal);
  refusal = new OptionError(['rooms'], 'scenarios.relay.options.rooms is 4; allowed is 3 here.');
  await assert.rejects(
    check,
    new Error('profiles/mine.json:4: scenarios.relay.options.rooms is 4; allowed is 3 here.'),
  );
});

test('a threshold about iterations names an operation of the loads', () => {
  const [whole, part]: [[string, Declaration], [string, Declaration]] = [
    ['relay', relay],
    ['visit', visit],
  ];
  for (const tags of ['{op:psh}', '{scenario:relay,op:psh}']) {
    for (const metric of ['iterations', 'iteration_failed']) {
      assert.throws(
        check(timelineOf(undefined, `${metric}${tags}`), whole, part),
        new Error(
          `profiles/mine.json: thresholds "${metric}${tags}" has op "psh"; did you mean "push"? allowed: push, pull.`,
        ),
      );
    }
  }
  const good = ['iterations{op:push}', 'iterations{scenario:relay,op:pull}', 'http_reqs{op:psh}', 'accepted{op:psh}'];
  check(timelineOf(undefined, ...good), whole, part)();
  // Of another load, which the filter left out.
  check(timelineOf(undefined, 'iterations{op:psh}', 'iterations{scenario:relay,op:psh}'), part)();
});

test('what the filter left out is not checked', () => {
  check(timelineOf({ pll: 2 }, 'accepted', 'rows'), ['visit', visit])();
});

test('a metric is the same thing in all scenarios', () => {
  const declaring = (metrics: Declaration['metrics']): [string, Declaration] => ['visit', { ...visit, metrics }];
  const made = timelineOf(undefined);
  check(made, ['relay', relay], declaring({ accepted: { type: 'counter', contains: 'default' } }))();
  assert.throws(
    check(made, ['relay', relay], declaring({ accepted: { type: 'trend', contains: 'time' } })),
    new Error(
      'visit declares metric accepted as a trend of time; allowed is a counter of default, as it is known already.',
    ),
  );
  assert.throws(
    check(made, declaring({ http_req_duration: { type: 'trend', contains: 'default' } })),
    new Error(
      'visit declares metric http_req_duration as a trend of default; allowed is a trend of time, as it is known already.',
    ),
  );
});

test('a run with journeys needs a browser, and says what was looked for', (t) => {
  const made = timelineOf(undefined);
  changeEnv(t, { PLAYWRIGHT_CHROMIUM_EXECUTABLE: undefined, PLAYWRIGHT_BROWSERS_PATH: '/nowhere', PATH: '/nowhere' });
  assert.throws(
    () => checkBrowser(made, new Set(['relay', 'visit'])),
    /^Error: There is no browser for the journeys: looked for PLAYWRIGHT_CHROMIUM_EXECUTABLE \(not set\), Playwright's headless shell \(\/nowhere\/chromium_headless_shell-\d+\), chromium-headless-shell, .+ \(on PATH\); install one with "npx playwright install chromium-headless-shell", or on Debian "apt-get install chromium-headless-shell"\.$/,
  );
  checkBrowser(made, new Set(['relay']));
  changeEnv(t, { PLAYWRIGHT_CHROMIUM_EXECUTABLE: '/nowhere/chromium' });
  assert.throws(
    () => checkBrowser(made, new Set(['visit'])),
    new Error(
      'PLAYWRIGHT_CHROMIUM_EXECUTABLE is "/nowhere/chromium", which is not an executable file: name one, or unset it.',
    ),
  );
  changeEnv(t, { PLAYWRIGHT_CHROMIUM_EXECUTABLE: process.execPath });
  checkBrowser(made, new Set(['visit']));
});

/** Other tests run in this process. */
const ownEnv = { ...process.env };

function changeEnv(t: TestContext, changes: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(changes)) {
    const set = (to: string | undefined) => {
      if (to === undefined) delete process.env[name];
      else process.env[name] = to;
    };
    // Not to what it was just before: a test changes it several times, and what it leaves behind is done in the same order.
    t.after(() => set(ownEnv[name]));
    set(value);
  }
}

/** Short: an address that nobody listens at refuses at once. */
const REACH_MS = 100;

function reach(values: Record<string, string>, ...kinds: ('load' | 'journey')[]): Promise<void> {
  const settings = { name: 'mine', source: '.env', values, declared: settingsOf(families) };
  const target = resolveTarget(settings, {});
  return checkReachable(originsUsed(target, new Set(kinds)), target.wire, REACH_MS);
}

/** An address that nobody listens at. */
const down = 'http://127.0.0.1:1';

test('whoever answers anything can be reached', async (t) => {
  for (const status of [200, 404, 503]) {
    const { url } = await serve(t, (_request, answer) => answer.writeHead(status).end('x'));
    await reach({ BASE_URL: url }, 'load', 'journey');
  }
});

test('a target that comes up in time can be reached', async (t) => {
  let asked = 0;
  const { url } = await serve(t, (request, answer) => {
    asked += 1;
    if (asked === 1) request.socket.destroy();
    else answer.end();
  });
  const target = resolveTarget({ name: 'mine', source: '.env', values: { BASE_URL: url } }, {});
  await checkReachable(originsUsed(target, new Set(['load'])), target.wire, 60_000);
  assert.equal(asked, 2);
});

test('one that cannot be reached: which setting, what was tried, for how long, and no password', async (t) => {
  const up = (await serve(t, (_request, answer) => answer.end())).url;
  const said = (variable: string, url = down) =>
    new RegExp(
      `^Error: ${variable} ${url} cannot be reached: (1 try|\\d+ tries) in 0\\.1 s, the last one ended in ECONNREFUSED; start the target or correct ${variable}\\.$`,
    );
  await assert.rejects(reach({ BASE_URL: down.replace('//', '//me:secret@') }, 'journey'), said('BASE_URL'));
  await assert.rejects(reach({ BASE_URL: up, API_URL: down }, 'load'), said('API_URL'));
  await assert.rejects(reach({ API_URL: down }, 'journey'), said('API_URL'));
  await assert.rejects(reach({ BASE_URL: down }, 'load'), said('BASE_URL'));
  const elsewhere = { BASE_URL: up, SYNC_API_URL: `${down}/api/sync` };
  await assert.rejects(reach(elsewhere, 'load'), said('SYNC_API_URL', `${down}/api/sync`));
  const socket = down.replace('http', 'ws');
  for (const variable of ['WS_URL', 'YJS_URL', 'DWCP_WS_URL']) {
    await assert.rejects(reach({ BASE_URL: up, [variable]: `${socket}/x` }, 'load'), said(variable, `${socket}/x`));
  }
});

test('one whose certificate nobody trusts is there: what helps is to trust it', async (t) => {
  const server = createServer(selfSigned(), (_request, answer) => answer.end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(
    reach({ BASE_URL: url }, 'load'),
    /DEPTH_ZERO_SELF_SIGNED_CERT; trust its authority with NODE_EXTRA_CA_CERTS, or every certificate with TLS_INSECURE=1\.$/,
  );
});

test('what helps with a certificate depends on what is wrong with it, and with a proxy on what that does', async () => {
  const table: [code: string, helps: string][] = [
    ['CERT_HAS_EXPIRED', 'renew its certificate, or trust every certificate with TLS_INSECURE=1'],
    [
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'name the host in SHOP_ADDR as its certificate does, or trust every certificate with TLS_INSECURE=1',
    ],
    [
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'show a certificate that it trusts, with TLS_CLIENT_CERT and TLS_CLIENT_KEY',
    ],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'trust its authority with NODE_EXTRA_CA_CERTS, or every certificate with TLS_INSECURE=1',
    ],
    ['ECONNRESET', 'start the target or correct SHOP_ADDR'],
  ];
  for (const [code, helps] of table) {
    const reach = () => Promise.reject(Object.assign(new Error('no'), { code }));
    await assert.rejects(checkEndpoints([{ variable: 'SHOP_ADDR', address: 'shop.test:1', reach }], 0), {
      message: `SHOP_ADDR shop.test:1 cannot be reached: 1 try in 0 s, the last one ended in ${code}; ${helps}.`,
    });
  }
});

test('a proxy that refuses, or is not there, is told of with the variable that says it', async (t) => {
  const url = (await proxyServer(t, 'me:secret')).url.replace('secret', 'other');
  const gone = 'http://127.0.0.1:1';
  const table: [address: string, proxies: { http?: string; https?: string }, end: RegExp][] = [
    ['http://app.test', { http: url }, /HTTP 407 \(from the proxy\); correct the user and password in HTTP_PROXY\.$/],
    [
      'https://app.test',
      { https: url },
      /HTTP 407 \(from the proxy\); correct the user and password in HTTPS_PROXY\.$/,
    ],
    ['https://app.test', { http: gone }, /ECONNREFUSED \(at the proxy\); start the proxy or correct HTTP_PROXY\.$/],
  ];
  for (const [address, proxies, end] of table) {
    const wire = { ...directWire, proxies };
    await assert.rejects(checkReachable([{ variable: 'BASE_URL', url: address }], wire, REACH_MS), end);
  }
});

test('only what the run uses is asked', async (t) => {
  const up = (await serve(t, (_request, answer) => answer.end())).url;
  await reach({ BASE_URL: up, API_URL: down }, 'journey');
  await reach({ BASE_URL: down, API_URL: up }, 'load');
  await reach({ BASE_URL: up, WS_URL: down.replace('http', 'ws') }, 'journey');
});

test('each origin is asked once, over HTTP also where WebSockets are', async (t) => {
  const asked: string[] = [];
  const { url } = await serve(t, (request, answer) => {
    asked.push(`${request.headers.upgrade ?? 'plain'} ${request.url}`);
    answer.end();
  });
  const socket = url.replace('http', 'ws');
  await reach({ BASE_URL: url, API_URL: `${url}/api`, WS_URL: `${socket}/ws` }, 'journey', 'load');
  assert.deepEqual(asked, ['plain /']);
  const elsewhere = (await serve(t, (_request, answer) => answer.end())).url;
  await reach({ BASE_URL: elsewhere, YJS_URL: `${socket}/rooms`, DWCP_WS_URL: `${socket}/dwcp` }, 'load');
  assert.deepEqual(asked, ['plain /', 'plain /rooms']);
});

test('one whose answer has no end is there', async (t) => {
  const { url } = await serve(t, (_request, answer) => {
    const drip = setInterval(() => answer.write('.'), 5);
    answer.on('close', () => clearInterval(drip));
  });
  await reach({ BASE_URL: url }, 'load');
});

test('one that takes the connection and never answers', async (t) => {
  const { url } = await serve(t, () => {});
  await assert.rejects(
    reach({ BASE_URL: url }, 'load'),
    new Error(
      `BASE_URL ${url} cannot be reached: 1 try in 0.1 s, the last one ended in UND_ERR_HEADERS_TIMEOUT; start the target or correct BASE_URL.`,
    ),
  );
});

test('objectives and limits of a drift are about what the scenarios declare, and told of as that', () => {
  const all = new Map([
    ['relay', relay],
    ['visit', visit],
  ]);
  const asking = (objectives: Record<string, string[]>, limits: Record<string, string[]>) => () => {
    const drift = { phases: ['load'], hourMs: 3_600_000, limits };
    checkScenarios({ ...timelineOf(undefined), answers: { objectives, drift } }, all, 'no such folder');
  };
  asking({ accepted: ['rate>0'] }, { http_req_failed: ['rate<2%', 'rate>-5%'], target_memory_bytes: ['min<1%'] })();
  const table: [objectives: Record<string, string[]>, limits: Record<string, string[]>, sentence: RegExp][] = [
    [{ acepted: ['rate>0'] }, {}, /: objectives names metric "acepted"; did you mean "accepted"\?/],
    [{}, { acepted: ['rate>-5%'] }, /: drift\.limits names metric "acepted"; did you mean "accepted"\?/],
    [
      {},
      { target_memory_bytes: ['p(95)<1%'] },
      /: drift\.limits "target_memory_bytes" has "p\(95\)<1%", but .* is a gauge/,
    ],
    [
      {},
      { 'iterations{op:psh}': ['rate>-5%'] },
      /: drift\.limits "iterations\{op:psh\}" has op "psh"; did you mean "push"\?/,
    ],
  ];
  for (const [objectives, limits, sentence] of table) assert.throws(asking(objectives, limits), sentence);
});

test('a threshold of an SLO that nobody can measure is told of with the line of its file', (t) => {
  const root = folderOf(t, {
    'profiles/slo/production.json':
      '{\n  "thresholds": {\n    "checks": ["rate>0.9"],\n    "acepted": ["count>0"]\n  }\n}',
  });
  const slo = { path: 'profiles/slo/production.json', selectors: ['checks', 'acepted'] };
  const made = { ...timelineOf(undefined, 'acepted'), slo };
  const all = new Map([
    ['relay', relay],
    ['visit', visit],
  ]);
  assert.throws(
    () => checkScenarios(made, all, root),
    /^Error: profiles\/slo\/production\.json:4: thresholds names metric "acepted"; did you mean "accepted"\? allowed: /,
  );
});

test('an endpoint is asked until somebody is there; one where somebody else is not again', async () => {
  let asked = 0;
  const endpoint = (reach: () => Promise<void>) => [{ variable: 'SHOP_ADDR', address: 'shop.test:1', reach }];
  const comesUp = async () => {
    asked += 1;
    if (asked === 1) throw new Error('not yet');
  };
  await checkEndpoints(endpoint(comesUp), 60_000);
  assert.equal(asked, 2);
  const gone = () => Promise.reject(Object.assign(new Error('no'), { code: 'ECONNREFUSED' }));
  await assert.rejects(
    checkEndpoints(endpoint(gone), REACH_MS),
    /^Error: SHOP_ADDR shop\.test:1 cannot be reached: (1 try|\d+ tries) in 0\.1 s, the last one ended in ECONNREFUSED; start the target or correct SHOP_ADDR\.$/,
  );
  const wrong = () => Promise.reject(new WrongService('A baker is there.'));
  await assert.rejects(checkEndpoints(endpoint(wrong), 60_000), new WrongService('A baker is there.'));
});

test('endpoints are those of the families whose loads run', () => {
  const setting = (variable: string) => ({ variable, allowed: '', parse: () => undefined, byDefault: () => undefined });
  const family = (name: string, variable: string) => ({ name, settings: [settings({ it: setting(variable) })] });
  const endpoint = (variable: string) => ({ variable, address: 'a:1', reach: async () => {} });
  const endpoints = [endpoint('SHOP_ADDR'), endpoint('BAKER_ADDR')];
  const target = { ...resolveTarget({ name: 'mine', source: '.env', values: { BASE_URL: down } }, {}), endpoints };
  const both = [family('shop', 'SHOP_ADDR'), family('baker', 'BAKER_ADDR')];
  const used = (...files: string[]) => endpointsUsed(target, both, files).map(({ variable }) => variable);
  assert.deepEqual(used('protocol/shop/buy.load.ts'), ['SHOP_ADDR']);
  assert.deepEqual(used('journeys/shop.journey.ts', 'protocol/buy.load.ts'), []);
});
