/** Each way in which a verdict comes about, inside the test's own process. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { Verdict } from '../support/judge/verdict.ts';
import { serve } from '../support/server.fixture.ts';
import { localRun } from './local-run.ts';
import { type Input, item, iterations, pingLoad } from './ping.fixture.ts';
import { anyMachine, Project, pingProfile, reason, repository } from './project.ts';

/** The verdict of a run without whatever only a process of its own has. */
async function judged(t: TestContext, input: Input) {
  const { answer = item, load = pingLoad(), profile = pingProfile(), files, env } = input;
  const { url } = await serve(t, answer);
  const project = new Project(t, { 'protocol/ping.load.ts': load, 'profiles/small.json': profile, ...files });
  return localRun(project, 'small', url, { env });
}

function assertReasons(verdict: Verdict, status: Verdict['status'], kinds: string[]): void {
  const found = JSON.stringify(verdict.reasons);
  assert.equal(verdict.status, status, found);
  assert.deepEqual(
    verdict.reasons.map(({ kind }) => kind),
    kinds,
    found,
  );
}

describe('a verdict', { concurrency: 3 }, () => {
  test('in phases has what was due in each, to the last one, and compares them', async (t) => {
    const phases = [
      { name: 'base', duration: '3s', load: 1 },
      { name: 'spike', duration: '3s', load: 3 },
      { name: 'end', duration: '3s', load: 1 },
    ];
    // What fails is decided by its number, since iterations begin in the order in which they are due: 150 are of the spike.
    const load = pingLoad().replace("'/item'", "turn > 50 && turn <= 200 ? '/broken' : '/item'");
    const answer: RequestListener = (request, reply) =>
      void reply.writeHead(request.url === '/broken' ? 500 : 200).end('{"id":1}');
    const answers = {
      objectives: { iteration_failed: ['rate<0.5'] },
      availability: { every: '1s', windows: 0.6, requests: 0.3 },
      recovery: { after: 'spike', within: '2s', stay: '1s', every: '1s' },
      capacity: { steps: ['base', 'spike'] },
    };
    const thresholds = { 'iteration_response_time{phase:spike}': ['p(95)>0', 'p(95)<0*base'] };
    const profile = pingProfile(
      { phases, thresholds, ...answers, maxFailed: 1 },
      { duration: undefined, rate: 50, maxVUs: 40 },
    );
    const verdict = await judged(t, { answer, load, profile, env: { LOAD_DURATION: '3s' } });
    assertReasons(verdict, 'fail', ['threshold']);
    const { reference } = reason(verdict, 'threshold')!;
    assert.equal(reference?.phase, 'base');
    const counts = (metric: string) =>
      phases.map(({ name }) => {
        const { count, values } = verdict.metrics[`${metric}{phase:${name},scenario:ping}`]!;
        return values.rate !== undefined && values.count !== undefined ? values.count : count;
      });
    assert.deepEqual(counts('iteration_response_time'), [50, 150, 50]);
    assert.deepEqual(counts('iterations'), [50, 150, 50]);
    const { availability, recovery, capacity } = verdict;
    assert.deepEqual(availability?.downtime, [{ startMs: 1_000, endMs: 2_000 }]);
    assert.deepEqual([availability?.ok, recovery?.ok, recovery?.recoveredMs], [true, true, [0, 0]]);
    assert.deepEqual([capacity?.held?.phase, capacity?.missed?.phase, capacity?.missed?.load], ['base', 'spike', 3]);
    assert.deepEqual(
      verdict.phases.map(({ name, endMs, load }) => [name, endMs, load]),
      [
        ['base', 1_000, 1],
        ['spike', 2_000, 3],
        ['end', 3_000, 1],
      ],
    );
  });

  test('that searches for a capacity chooses its steps while it runs, and ends once it is known', async (t) => {
    // By numbers, since iterations begin in the order in which they are due: all that came in the first two steps.
    const load = pingLoad().replace("'/item'", "turn > 90 ? '/broken' : '/item'");
    const answer: RequestListener = (request, reply) =>
      void reply.writeHead(request.url === '/broken' ? 500 : 200).end('{"id":1}');
    const profile = pingProfile(
      {
        objectives: { iteration_failed: ['rate<0.5'] },
        capacity: { from: 40, to: 400, precision: 0.5, step: '1s', confirm: 0 },
        thresholds: {},
      },
      { duration: undefined, rate: 1, maxVUs: 1 },
    );
    const env = { LOAD_DURATION: '12s', LOAD_SLICES: '2' };
    let verdict = await judged(t, { answer, load, profile, env });
    // On a full machine its time is up before it has found anything, and it says so.
    for (let tries = 1; verdict.capacity?.search?.end !== 'found' && tries < 4; tries++) {
      verdict = await judged(t, { answer, load, profile, env });
    }
    assertReasons(verdict, 'pass', []);
    const { capacity, phases, metrics } = verdict;
    assert.deepEqual(
      capacity!.steps.map(({ load, state }) => [Math.round(load), state]),
      [
        [40, 'held'],
        [80, 'held'],
        [160, 'missed'],
        [113, 'missed'],
      ],
    );
    assert.deepEqual([capacity!.held?.load, capacity!.missed?.load, capacity!.isOpen], [80, 113.137, false]);
    assert.deepEqual(capacity!.search, { precision: 0.5, end: 'found' });
    for (const [n, { phase, perSecond }] of capacity!.steps.entries()) {
      const count = metrics[`iterations{phase:${phase},scenario:ping}`]!.values.count!;
      // Three quarters of a second; what is due at the very boundary is of one side or the other.
      assert.ok(Math.abs(count - [30, 60, 120, 85][n]!) <= 1, `${count} in step ${n + 1}`);
      assert.ok(Math.abs(perSecond - count / 0.75) < 0.5, `${perSecond} a second, ${count} in step ${n + 1}`);
    }
    assert.equal(phases.at(-1)?.load, 0, 'the last is the rest in which it was found');
    assert.deepEqual(
      phases.filter(({ load }) => load > 0).map(({ name }) => name),
      capacity!.steps.map(({ phase }) => phase),
    );
  });

  test('of one load in two scenarios keeps them apart', async (t) => {
    const { scenarios, ...rest } = pingProfile();
    const burst = { ...scenarios.ping, rate: 20, exec: 'ping' };
    const input: Input = {
      profile: {
        ...rest,
        scenarios: { ...scenarios, burst },
        thresholds: { 'iterations{scenario:burst}': ['count==20'] },
      },
      files: { 'profiles/other.json': { ...rest, scenarios: { another: burst }, thresholds: {} } },
    };
    const both = await judged(t, { ...input, env: { LOAD_SLICES: '2' } });
    assertReasons(both, 'pass', []);
    const counted = (name: string) => both.metrics[`iterations{scenario:${name}}`]?.values.count;
    assert.deepEqual([counted('ping'), counted('burst'), both.slices.expected], [50, 20, 4]);
  });

  test('is invalid when a threshold has no samples, or too few', async (t) => {
    const thresholds = { ws_connecting: ['avg<100'], 'http_req_duration{scenario:ping}': ['p(99)<60000'] };
    const verdict = await judged(t, { profile: pingProfile({ thresholds }) });
    assertReasons(verdict, 'invalid', ['no-data', 'no-data']);
    assert.deepEqual(
      verdict.reasons.map(({ message }) => message.split('. ')[0]),
      [
        'ws_connecting has no samples; avg<100 needs at least 1',
        'http_req_duration{scenario:ping} has only 50 samples; p(99)<60000 needs at least 100',
      ],
    );
  });

  test('fails when all VUs wait for the target and arrivals are dropped', async (t) => {
    const answer: RequestListener = (request, response) => {
      setTimeout(() => response.end(), request.url === '/item' ? 300 : 0);
    };
    const profile = pingProfile({ thresholds: {} }, { maxVUs: 2, maxLateness: '50ms' });
    const verdict = await judged(t, { answer, profile });
    assertReasons(verdict, 'fail', ['dropped']);
    assert.match(
      verdict.reasons[0]!.message,
      /^The target could not sustain the rate of ping: \d+ of 50 due iterations \(.*\) were dropped with all 2 VUs busy and the generator on time; allowed 0\./,
    );
  });

  test('is invalid when a VU cannot be made, and the other slices do not wait for it', async (t) => {
    const load = pingLoad({ vu: 'if (vu.id === 1) throw new Error("no account for VU 1");' });
    let items = 0;
    const answer: RequestListener = (_request, response) => {
      items += 1;
      response.end();
    };
    const verdict = await judged(t, { answer, load, env: { LOAD_SLICES: '3' } });
    assertReasons(verdict, 'invalid', ['crashed']);
    assert.match(
      verdict.reasons[0]!.message,
      /^Slice 2 of ping crashed: no account for VU 1 \(protocol\/ping\.load\.ts:\d+\); /,
    );
    assert.equal(items, 0);
  });

  test('is invalid when evidence is no plain data, and what was measured counts', async (t) => {
    const load = pingLoad().replace('operations: {', 'evidence: () => ({ unique: { id: 1n } }), operations: {');
    const verdict = await judged(t, { load });
    assertReasons(verdict, 'invalid', ['crashed']);
    assert.match(
      verdict.reasons[0]!.message,
      /^Slice 1 of ping crashed: the evidence is no plain data: Do not know how to serialize a BigInt; /,
    );
    assert.equal(iterations(verdict), 50);
  });

  test('is invalid when evidence holds what no oracle would see of it, and not for an instant', async (t) => {
    const run = (lost: string) =>
      judged(t, {
        load: pingLoad().replace('operations: {', `evidence: () => ({ unique: { lost: ${lost} } }), operations: {`),
        profile: pingProfile({}, { duration: '500ms' }),
      });
    const [set, instant] = await Promise.all([run('new Set([1])'), run('new Date()')]);
    assertReasons(set, 'invalid', ['crashed']);
    assert.match(
      set.reasons[0]!.message,
      /the evidence is no plain data: unique\[0\]\.lost is of the class Set, of which/,
    );
    // All of it came, and nobody judges it.
    assertReasons(instant, 'invalid', ['oracle-unknown']);
  });

  test('fails when nothing succeeds, whatever its thresholds are about, and says what was answered', async (t) => {
    const answer: RequestListener = (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    const profile = pingProfile({ thresholds: { checks: ['rate>=0'] } });
    const verdict = await judged(t, { answer, profile });
    assertReasons(verdict, 'fail', ['no-success']);
    assert.match(
      verdict.reasons[0]!.message,
      /^None of the iterations of ping \(operation get\) succeeded: 0 of 50; required: at least 1\. Failed with no valid HTTP answer \(50\)/,
    );
  });

  test('fails when one operation of two always throws, and names it and the place', async (t) => {
    const load = pingLoad().replace(
      'operations: {',
      `operations: {
        put: {
          weight: 1,
          async run(http) {
            await http.request({ op: 'put', method: 'GET', path: '/item' });
            undefinedFunction();
          },
        },`,
    );
    const profile = pingProfile({ thresholds: { http_req_duration: ['p(95)<60000'] } });
    const verdict = await judged(t, { load, profile });
    assertReasons(verdict, 'fail', ['no-success']);
    const { operation, errors, example } = reason(verdict, 'no-success')!;
    assert.deepEqual(
      [operation, errors.map(({ name }) => name)],
      ['put', ['ReferenceError: undefinedFunction is not defined']],
    );
    assert.match(example!.at!, /^protocol\/ping\.load\.ts:\d+$/);
    assert.equal(verdict.failures[0]?.error, 'ReferenceError: undefinedFunction is not defined');
  });

  test('fails when an operation ends before its requests, of which nobody awaits one, and not for those that race', async (t) => {
    const answer: RequestListener = (request, reply) =>
      void setTimeout(() => reply.end('{"id":1}'), request.url === '/slow' ? 500 : 20);
    const load = pingLoad().replace(
      'operations: {',
      `operations: {
        put: { weight: 1, async run(http) { http.request({ op: 'put', method: 'PUT', path: '/item' }); } },
        either: {
          weight: 1,
          run: (http) => Promise.race(['/item', '/slow'].map((path) => http.request({ op: 'either', method: 'GET', path }))),
        },`,
    );
    const profile = pingProfile({ thresholds: { iteration_response_time: ['p(95)<60000'] } });
    const verdict = await judged(t, { answer, load, profile });
    assertReasons(verdict, 'fail', ['no-success']);
    assert.match(
      verdict.reasons[0]!.message,
      /^None of operation put of ping succeeded: .* Failed with not awaited: operation put ended before any of its requests did \(.* Look at the scenario's file\.$/,
    );
  });
});

/** Two slices share what one of them sets up, and have its rows each once. */
const once = (rows: number) => `
  import { Feeder, load, secret } from '${repository}/support/test.ts';
  import { Http } from '${repository}/protocol/transports/http.ts';

  load('ping', {
    setupRun(slice) {
      const token = secret('sesame-0123456789');
      if (${rows} === 0) throw new Error('nobody is called ' + token);
      return { token, by: slice.index, rows: Array.from({ length: ${rows} }, (_, n) => n) };
    },
    teardownRun: async ({ by }) => {
      await fetch(process.env.API_OF_TEST + '/down?' + by);
      if (by > 0 || ${rows} < 10) throw new Error('not taken down');
    },
    setup: (slice, data) => ({ http: new Http(slice, slice.target.apiUrl), rows: new Feeder(data.rows), data }),
    teardown: ({ http }) => http.close(),
    vu: (_vu, shared) => shared,
    operations: {
      get: {
        weight: 1,
        async run({ http, rows, data }, vu) {
          const path = '/item?' + rows.next(vu);
          await vu.group('look', () => http.request({ op: 'get', method: 'GET', path }));
          if (data.by !== 0) throw new Error(data.token);
          vu.check('never ' + data.token, vu.id > 0);
        },
      },
    },
  });`;

test('once a run: what is set up comes to all slices, its rows to one each; a list that ends makes the run invalid', async (t) => {
  const asked: string[] = [];
  const answer: RequestListener = (request, response) => {
    if (request.url !== '/health') asked.push(request.url!);
    item(request, response);
  };
  const { url } = await serve(t, answer);
  process.env.API_OF_TEST = url;
  t.after(() => delete process.env.API_OF_TEST);
  const runOf = (rows: number) => {
    asked.length = 0;
    const thresholds = { 'group_duration{group:look}': ['max<60000'] };
    const profile = pingProfile({ slices: 2, thresholds, tags: { team: 'shop' } }, { rate: 20, maxVUs: 2 });
    const project = new Project(t, { 'protocol/ping.load.ts': once(rows), 'profiles/small.json': profile });
    return localRun(project, 'small', url, { env: { LOAD_TAGS: 'build=7, team=till' } });
  };
  const whole = await runOf(20);
  assert.deepEqual(
    whole.thresholds.map(({ ok, count }) => [ok, count]),
    [[true, 20]],
  );
  assert.deepEqual(
    asked,
    [...Array.from({ length: 20 }, (_, n) => `/item?${n}`), '/down?0'].sort(
      (a, b) => asked.indexOf(a) - asked.indexOf(b),
    ),
  );
  assert.equal(asked.at(-1), '/down?0');
  assert.deepEqual(whole.tags, { build: '7', team: 'till' });
  assert.doesNotMatch(JSON.stringify(whole), /sesame/);
  const short = await runOf(5);
  assert.equal(short.status, 'invalid');
  const crashes = short.reasons.flatMap((one) => (one.kind === 'crashed' ? [one.error] : []));
  assert.match(crashes.join(), /A list of 5 rows is used up, slice \d of 2 has had its \d; allowed is a longer one/);
  assert.equal(asked.filter((path) => path === '/down?0').length, 1);
  const failed = await runOf(0);
  assert.equal(failed.status, 'invalid');
  assert.match(
    failed.reasons[0]!.message,
    /^Slice 1 of ping crashed: nobody is called \*\*\* \(protocol\/ping\.load\.ts:\d+\); /,
  );
  assert.deepEqual(asked, []);
});

test('is invalid when the generator itself is late and may have caused a miss', async (t) => {
  const thresholds = { iteration_response_time: ['p(50)<5'], http_req_failed: ['rate<0.05'] };
  const profile = pingProfile({ thresholds, health: { ...anyMachine, maxLateness: '10ms' } }, { maxVUs: 100 });
  const verdict = await judged(t, { load: pingLoad({ get: 'burn(40);' }), profile });
  assertReasons(verdict, 'invalid', ['lateness', 'threshold']);
  assert.ok(reason(verdict, 'lateness')!.p99Ms > 10);
  assert.deepEqual(
    verdict.thresholds.map(({ decided }) => decided),
    [false, true],
  );
});

test('names that every object has something under are names like all others', async (t) => {
  const names = ['constructor', 'toString', 'valueOf'];
  const operations = names.map(
    (name) => `${name}: {
      weight: 1,
      async run(http, vu) {
        const answer = await http.request({ op: '${name}', method: 'GET', path: '/item' });
        vu.check('${name}', answer.status === 200);
        if ('${name}' === 'valueOf') throw new Error('constructor');
      },
    },`,
  );
  const load = pingLoad()
    .replace("load('ping', {", "load('constructor', {")
    .replace('operations: {', `operations: { ${operations.join('')}`);
  const scenario = { executor: 'constant-arrival-rate', rate: 20, duration: '1s', maxVUs: 5 };
  const { url } = await serve(t, item);
  const project = new Project(t, {
    'protocol/constructor.load.ts': load,
    'profiles/small.json': pingProfile({
      scenarios: { constructor: scenario, toString: { ...scenario, exec: 'constructor' } },
      thresholds: { 'checks{check:toString,scenario:constructor}': ['rate==1'] },
    }),
  });
  const verdict = await localRun(project, 'small', url);
  const broken = verdict.reasons.flatMap((one) => (one.kind === 'no-success' ? [[one.scenarios, one.operation]] : []));
  assert.deepEqual(
    broken,
    ['constructor', 'toString'].map((name) => [[name], 'valueOf']),
  );
  assert.deepEqual([verdict.status, verdict.thresholds[0]?.ok], ['fail', true]);
  const counted = (selector: string) => verdict.metrics[`http_reqs{${selector}}`]?.values.count ?? 0;
  for (const name of names) assert.ok(counted(`op:${name},scenario:toString`) > 0, name);
  assert.equal(counted('scenario:constructor'), 20);
});

test('a fast load has connections before it starts, and what the target is asked is measured, to the last request', async (t) => {
  const ahead: number[] = [];
  let [connections, requests] = [0, 0];
  const { url, server } = await serve(t, (_request, answer) => {
    if (requests++ === 0) ahead.push(connections);
    answer.end('{"id":1}');
  });
  server.on('connection', () => (connections += 1));
  const project = new Project(t, {
    'protocol/ping.load.ts': pingLoad(),
    'profiles/small.json': pingProfile({}, { rate: 200 }),
  });
  const verdict = await localRun(project, 'small', url);
  assertReasons(verdict, 'pass', []);
  // One more for each that came late, on a busy machine.
  assert.ok(ahead[0]! >= 4, `${ahead[0]} connections`);
  assert.equal(requests, 200);
  assert.equal(verdict.metrics['http_reqs{scenario:ping}']?.values.count, 200);
});
