/** npx tandem import k6: what a script says of its load becomes a profile, and nothing of it is lost in silence. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../../support/folder.fixture.ts';
import { nameFrom } from '../commands/import.ts';
import { k6Script } from './script.ts';
import { translated } from './translation.ts';

const script = `
  import http from 'k6/http';
  import { check, sleep } from 'k6';
  import { SharedArray } from 'k6/data';
  import { Trend } from 'k6/metrics';
  import { uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
  import { limit } from './limits.js';
  const users = new SharedArray('users', () => JSON.parse(open('./users.json')));
  const waiting = new Trend('waiting_time', true);
  export const options = {
    scenarios: {
      browse: { executor: 'ramping-vus', stages: [{ duration: '30s', target: 20 }, { duration: 5000, target: 0 }], tags: { kind: 'read' } },
      contacts: { executor: 'constant-arrival-rate', rate: 50, timeUnit: '1s', duration: '1m', preAllocatedVUs: 20, exec: 'contacts' },
      more: { executor: 'per-vu-iterations', vus: 2, iterations: 3, exec: 'contacts', gracefulStop: '5s', env: { A: 'b' } },
    },
    thresholds: {
      http_req_duration: ['p(95) < ' + limit, { threshold: 'p(99)<1500', abortOnFail: true, delayAbortEval: '10s' }],
      'http_req_duration{name:GET /contacts}': 'avg<200',
      'http_reqs{kind:read}': ['count>1'],
      'http_reqs{kind:other,team:shop}': ['count>1'],
      'group_duration{group:::shop::pay}': ['p(95)<900'],
      'http_req_duration{group:::shop}': ['p(95)<900'],
      waiting_time: ['p(90)<100'],
      http_req_tls_handshaking: ['avg<10'],
    },
    insecureSkipTLSVerify: true,
    tags: { team: 'shop' },
    batch: 15,
  };
  export default function () { http.get(__ENV.BASE); sleep(1); check(uuidv4(), {}); }
  export function contacts() {}
  export function setup() {}`;

test('scenarios, executors and thresholds are data; what else a script says is told of', async (t) => {
  const folder = folderOf(t, { 'shop.js': script, 'limits.js': 'export const limit = 500;', 'users.json': '[1]' });
  const { options, functions } = await k6Script(join(folder, 'shop.js'), { BASE: 'http://a.test' });
  assert.deepEqual(functions.sort(), ['contacts', 'default', 'setup']);
  const { profile, left, toWrite } = translated('shop', options);
  assert.deepEqual(toWrite, [
    'options.thresholds["waiting_time"]: the load has to declare it, metrics: { waiting_time: \'trend\' }.',
  ]);
  assert.deepEqual(profile.tags, { team: 'shop' });
  assert.deepEqual(profile.scenarios, {
    browse: {
      ...{ executor: 'ramping-vus', exec: 'shop' },
      stages: [
        { duration: '30s', target: 20 },
        { duration: '5000ms', target: 0 },
      ],
    },
    contacts: {
      ...{ executor: 'constant-arrival-rate', rate: 50, timeUnit: '1s', duration: '1m' },
      ...{ preAllocatedVUs: 20, maxVUs: 20 },
    },
    more: { executor: 'per-vu-iterations', exec: 'contacts', vus: 2, iterations: 3, gracefulStop: '5s' },
  });
  assert.deepEqual(profile.thresholds, {
    http_req_duration: ['p(95)<500', { threshold: 'p(99)<1500', abortOnFail: true, delayAbortEval: '10s' }],
    'http_req_duration{op:GET /contacts}': ['avg<200'],
    'http_reqs{scenario:browse}': ['count>1'],
    'group_duration{group:pay}': ['p(95)<900'],
    waiting_time: ['p(90)<100'],
  });
  assert.deepEqual(left, [
    'options.scenarios.browse.tags: the tag scenario says it, and thresholds by them are about browse where no other has the same.',
    'options.scenarios.more.env: the environment and SECRET_… of .env say it.',
    'options.thresholds["http_reqs{kind:other,team:shop}"]: nothing has the tag kind; a load\'s own metrics may: vu.add(metric, value, { kind: … }).',
    'options.thresholds["http_req_duration{group:::shop}"]: only group_duration has the tag group; other metrics are told apart by op.',
    'options.thresholds["http_req_tls_handshaking"]: there is no such metric; http_req_blocked, http_req_waiting, http_req_duration and iteration_duration are.',
    'options.insecureSkipTLSVerify: TLS_INSECURE=1 says it.',
    'options.batch: there is no such thing here.',
  ]);
});

test('what options leave out is what k6 makes of it', () => {
  const made = (options: Record<string, unknown>) => translated('shop', options).profile.scenarios;
  assert.deepEqual(made({ vus: 10, duration: '30s' }), {
    shop: { executor: 'constant-vus', vus: 10, duration: '30s' },
  });
  assert.deepEqual(made({ stages: [{ duration: '1m', target: 5 }] }), {
    shop: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '1m', target: 5 }] },
  });
  assert.deepEqual(made({ iterations: 7, vus: 2, duration: '1m' }), {
    shop: { executor: 'shared-iterations', vus: 2, iterations: 7, maxDuration: '1m' },
  });
  assert.deepEqual(made({}), { shop: { executor: 'shared-iterations', vus: 1, iterations: 1 } });
  const scenarios = {
    a: { executor: 'constant-vus', duration: '30s' },
    b: { executor: 'per-vu-iterations', vus: 3 },
    c: { executor: 'shared-iterations', iterations: 7 },
  };
  assert.deepEqual(made({ scenarios }), {
    a: { executor: 'constant-vus', exec: 'shop', vus: 1, duration: '30s' },
    b: { executor: 'per-vu-iterations', exec: 'shop', vus: 3, iterations: 1 },
    c: { executor: 'shared-iterations', exec: 'shop', vus: 1, iterations: 7 },
  });
  const { left } = translated('shop', { scenarios, vus: 5 });
  assert.deepEqual(left, ['options.vus: there is no such thing here.']);
});

test('what is no script, and what no profile can say, is told of in one sentence', async (t) => {
  const folder = folderOf(t, {
    'broken.js': '\nexport const = 1',
    'none.js': 'export default 1',
    'ends.js': 'for (;;);',
  });
  const at = (name: string) => join(folder, name);
  await assert.rejects(k6Script(at('broken.js'), {}), {
    message: /^\S+broken\.js:2 cannot be read: Expected identifier but found "="\.$/,
  });
  await assert.rejects(k6Script(at('none.js'), {}), {
    message: /none\.js exports no options; allowed is a k6 script with /,
  });
  await assert.rejects(k6Script(at('ends.js'), {}, 50), {
    message: /ends\.js cannot be read: Script execution timed out/,
  });
  assert.throws(() => translated('shop', { scenarios: { a: { executor: 'externally-controlled' } } }), {
    message:
      /^options\.scenarios\.a\.executor is "externally-controlled"; allowed here: constant-arrival-rate, .*shared-iterations\.$/,
  });
  assert.throws(() => translated('shop', { vus: -3, duration: '30s' }), {
    message: 'options.scenarios.shop.vus is -3; allowed is a whole number from 1 to 1,000,000.',
  });
  assert.throws(() => translated('shop', { scenarios: { a: { executor: 'ramping-vus', stages: '1h' } } }), {
    message: 'options.scenarios.a.stages is "1h"; allowed is a list, [ … ].',
  });
});

test('data that the script reads for itself count; what k6 alone can read is told of', async (t) => {
  const folder = folderOf(t, {
    'package.json': '{ "type": "module" }',
    'users.json': '[1, 2, 3]',
    'data.js': `
      import { SharedArray } from 'k6/data';
      import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
      console.info('begin');
      const users = new SharedArray('users', () => JSON.parse(open('./users.json')));
      const rows = papaparse.parse('a').data;
      export const options = { vus: users.length, iterations: rows.length };
      export function handleSummary() {}`,
    'common.js':
      'console.debug(1); module.exports.options = { vus: 2, duration: "1s" }; module.exports.setup = () => {};',
  });
  const { options, functions, unread } = await k6Script(join(folder, 'data.js'), {});
  assert.deepEqual([options, functions, unread], [{ vus: 3 }, ['handleSummary'], ['options.iterations']]);
  const common = await k6Script(join(folder, 'common.js'), {});
  assert.deepEqual([common.options, common.functions], [{ vus: 2, duration: '1s' }, ['setup']]);
  assert.deepEqual(['a/тест (1).js', 'my script.test.js', '店.js'].map(nameFrom), ['1', 'my-script-test', 'k6']);
});

test('a number that is computed from what k6 alone can read is told of, and is none of ours', async (t) => {
  const folder = folderOf(t, {
    'package.json': '{ "type": "module" }',
    'some.js': `
      import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
      const rows = papaparse.parse('a').data;
      const few = { executor: 'shared-iterations', vus: Math.min(rows.length, 50), iterations: rows.length + 10 };
      export const options = { scenarios: { few } };`,
    'unset.js': `
      import http from 'k6/http';
      export const options = { vus: parseInt(__ENV.VUS), iterations: 4 };`,
  });
  const some = await k6Script(join(folder, 'some.js'), {});
  assert.deepEqual(some.unread, ['options.scenarios.few.vus', 'options.scenarios.few.iterations']);
  const { profile } = translated('some', some.options);
  assert.deepEqual(profile.scenarios.few, { executor: 'shared-iterations', exec: 'some', vus: 1, iterations: 1 });
  const unset = await k6Script(join(folder, 'unset.js'), {});
  assert.deepEqual([unset.options, unset.unread], [{ vus: null, iterations: 4 }, []]);
});

test('a script may await what k6 gives it, and name its files as k6 documents it', async (t) => {
  const folder = folderOf(t, {
    'lib/shape.js': `
      import { open as file } from 'k6/experimental/fs';
      const records = await (await file('users.csv')).stat();
      export const vus = await Promise.resolve(4);`,
    'shape.json': '{ "duration": "9s" }',
    'awaits.js': `import { vus } from './lib/shape.js';
      setTimeout(() => {}, 10);
      const shape = JSON.parse(open(import.meta.resolve('./shape.json')));
      export const options = { vus, ...shape, tags: { id: crypto.randomUUID().length + '' } };
      export default function () {}`,
    'older.js': `const http = require('k6/http');
      exports.options = { vus: 2, duration: '1s' };
      exports.default = function () { http.get('http://a.test'); };`,
    'waits.js': 'await new Promise(() => {}); export const options = { vus: 1 };',
    'throws.js': 'await null; throw new Error("no account"); export const options = {};',
    'wrong.js': `import { a } from './lib/wrong.js'; export const options = { a };`,
    'lib/wrong.js': '\n\nexport const = 1',
  });
  const at = (name: string) => join(folder, name);
  const read = (name: string) => k6Script(at(name), {});
  const awaited = await read('awaits.js');
  assert.deepEqual([awaited.options, awaited.functions], [{ vus: 4, duration: '9s', tags: { id: '36' } }, ['default']]);
  const older = await read('older.js');
  assert.deepEqual([older.options, older.functions], [{ vus: 2, duration: '1s' }, ['default']]);
  const refuses = (name: string, message: string) => assert.rejects(read(name), { message });
  await refuses('waits.js', `${at('waits.js')} cannot be read: it waits for what only k6 can give it.`);
  await refuses('throws.js', `${at('throws.js')} cannot be read: no account.`);
  // Of several files the one that is wrong.
  await refuses('wrong.js', `${at('lib/wrong.js')}:3 cannot be read: Expected identifier but found "=".`);
});

test('what k6 takes for nothing or for a number is that, and what is neither is told of by its field', () => {
  const options = { stages: [], scenarios: {}, thresholds: null, vus: '10', duration: '5s' };
  const { profile, left } = translated('shop', options);
  assert.deepEqual(profile.scenarios, { shop: { executor: 'constant-vus', vus: 10, duration: '5s' } });
  assert.deepEqual([profile.thresholds, left], [{}, []]);
  const { left: odd } = translated('shop', { thresholds: { checks: [null, 5] } });
  assert.deepEqual(odd, [
    'options.thresholds["checks"]: "null" is no threshold here.',
    'options.thresholds["checks"]: "5" is no threshold here.',
  ]);
  const refuses = (options: Record<string, unknown>, message: string) =>
    assert.throws(() => translated('shop', options), { message });
  const allowed = 'allowed is an object with a field for each.';
  refuses({ scenarios: [] }, `options.scenarios is []; ${allowed}`);
  refuses({ scenarios: { a: null } }, `options.scenarios.a is null; ${allowed}`);
  refuses({ stages: [null] }, `options.scenarios.shop.stages.0 is null; ${allowed}`);
  const stages = [{ duration: '5s', target: 3 }];
  refuses({ stages, duration: '1m' }, 'options has both stages and duration; allowed is one of them.');
  refuses({ stages, iterations: 5 }, 'options has both stages and iterations; allowed is one of them.');
  assert.equal(translated('shop', { stages, duration: null }).profile.scenarios.shop!.executor, 'ramping-vus');
  refuses({ thresholds: 'p(95)<5' }, `options.thresholds is "p(95)<5"; ${allowed}`);
  refuses(
    { scenarios: { 'a b': {} } },
    'options.scenarios has "a b"; allowed is a name of letters, digits, _, - and dots.',
  );
});

test('two thresholds that are about one thing here are both kept, under the name that it has', () => {
  const scenarios = {
    browse: { executor: 'constant-vus', vus: 1, duration: '5s', tags: { kind: 'read' } },
    buy: { executor: 'constant-vus', vus: 1, duration: '5s', tags: { team: 'tills' } },
  };
  const thresholds = {
    'http_req_duration{scenario:browse}': ['p(95)<500'],
    'http_req_duration{kind:read}': ['p(99)<900'],
    'http_reqs{team:shop}': ['count>1'],
    'http_reqs{team:tills}': ['count>2'],
    'http_reqs{name:a,scenario:buy}': ['count>3'],
    'http_reqs{ scenario:"buy", name:\'a\' }': ['count>4'],
    'checks{check:home: status is 200}': ['rate>.99'],
    checks: { threshold: 'rate>0.9', abortOnFail: false, delayAbortEval: '10s' },
    'browser_web_vital_lcp{kind:read}': ['p(75)<2.5e3'],
  };
  const { profile, left, toWrite } = translated('shop', { scenarios, thresholds, tags: { team: 'shop' } });
  assert.deepEqual(profile.thresholds, {
    'http_req_duration{scenario:browse}': ['p(95)<500', 'p(99)<900'],
    // Of all but the one that says another.
    'http_reqs{scenario:browse}': ['count>1'],
    'http_reqs{scenario:buy}': ['count>2'],
    'http_reqs{op:a,scenario:buy}': ['count>3', 'count>4'],
    'checks{check:home: status is 200}': ['rate>0.99'],
    checks: ['rate>0.9'],
    'browser_web_vital_lcp{journey:browse}': ['p(75)<2500'],
  });
  assert.deepEqual(
    [...toWrite, ...left].filter((sentence) => sentence.startsWith('options.thresholds')),
    [],
  );
});

test('what k6 calls the scenario of a script without scenarios has the name of its load', () => {
  const thresholds = { 'http_reqs{scenario:default}': ['count>1'], 'http_reqs{scenario:other}': ['count>2'] };
  const made = (options: Record<string, unknown>) =>
    Object.keys(translated('shop', { ...options, thresholds }).profile.thresholds);
  assert.deepEqual(made({ vus: 1, duration: '5s' }), ['http_reqs{scenario:shop}', 'http_reqs{scenario:other}']);
  const scenarios = { default: { executor: 'constant-vus', vus: 1, duration: '5s' } };
  assert.deepEqual(made({ scenarios })[0], 'http_reqs{scenario:default}');
});

test('a metric of the script’s own is what is asked of it', () => {
  const thresholds = {
    waits: ['p(95)<5', 'max<9'],
    errors: ['rate<0.1'],
    orders: ['count>10', 'rate>0.5'],
    pace: ['rate>2'],
    stock: ['value>1'],
    grpc_req_duration: ['p(95)<5'],
    grpc_streams: ['count>5'],
    browser_web_vital_fid: ['p(75)<100'],
    browser_http_req_duration: ['p(95)<5'],
  };
  const { left, toWrite } = translated('shop', { vus: 1, duration: '5s', thresholds });
  const declared = toWrite.flatMap((sentence) => /metrics: \{ (.*) \}\.$/.exec(sentence)?.[1] ?? []);
  assert.ok(toWrite.some((sentence) => /grpc_req_duration.* metrics: grpcMetrics\.$/.test(sentence)));
  assert.match(left[0]!, /"grpc_streams"\]: there is no such metric; grpc_reqs, /);
  const types = ["waits: 'trend'", "errors: 'rate'", "orders: 'counter'", "pace: 'counter'", "stock: 'gauge'"];
  assert.deepEqual(declared, types);
  assert.match(
    left.at(-1)!,
    /"browser_http_req_duration"\]: there is no such metric; browser_step_duration, .* are\.$/,
  );
});

test('a scenario in a browser is a journey, whose sessions are counted', () => {
  const scenario = { executor: 'constant-arrival-rate', rate: 1, duration: '5s', preAllocatedVUs: 2, maxVUs: 4 };
  const scenarios = { ui: { ...scenario, options: { browser: { type: 'chromium' } } }, api: scenario };
  const { profile, left } = translated('shop', { scenarios });
  const { ui, api } = profile.scenarios;
  assert.deepEqual([ui!.maxSessions, ui!.maxVUs, ui!.preAllocatedVUs], [4, undefined, 2]);
  assert.deepEqual([api!.maxSessions, api!.maxVUs], [undefined, 4]);
  assert.deepEqual(left, ['options.scenarios.ui.options: a journey has a browser.']);
});

test('what is null is not there, and digits are milliseconds', () => {
  const { profile } = translated('shop', { vus: null, duration: '5000', tags: null, stages: null });
  assert.deepEqual(profile, {
    description: 'From k6',
    scenarios: { shop: { executor: 'constant-vus', vus: 1, duration: '5000ms' } },
    thresholds: {},
  });
  const { profile: named } = translated('shop', { scenarios: { a: { executor: 'per-vu-iterations', vus: null } } });
  assert.deepEqual(named.scenarios.a, { executor: 'per-vu-iterations', exec: 'shop', vus: 1, iterations: 1 });
});
