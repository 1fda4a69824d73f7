/** Runs that do not get to their end: what was measured is kept, the verdict says why, and nothing stays behind. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedDrills } from '../support/embedded-drills.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { stopServing } from '../support/server.fixture.ts';
import { listening, runTarget } from '../target/core/process.fixture.ts';
import { localRun } from './local-run.ts';
import {
  anyMachine,
  getLoad,
  gone,
  oracleImports,
  type Process,
  Project,
  pingProfile,
  type Run,
  reason,
  repository,
  surviving,
} from './project.ts';

/** No test waits for its end, on however slow a machine. */
const LONG = '5m';

/** A server that answers all but `/never`; it emits `asked <path>` and, by the count of requests, `asked <n>`. */
async function stub(t: TestContext): Promise<{ server: Server; url: string }> {
  let items = 0;
  const server = createServer((request, answer) => {
    if (request.url !== '/never') answer.end('{}');
    if (request.url === '/item') items += 1;
    server.emit(`asked ${request.url}`);
    server.emit(`asked ${items}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.listening && stopServing(server));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const waitingLoad = getLoad().replace(
  'vu: (_vu, http) => http',
  "vu: (_vu, http) => http.request({ op: 'never', method: 'GET', path: '/never' })",
);

/** It ends invalid, for that alone. */
async function interrupted(run: Run): Promise<Verdict> {
  const { exitCode, verdict, output } = await run.end();
  assert.notEqual(exitCode, 0);
  assert.equal(verdict?.status, 'invalid', output);
  assert.deepEqual(
    verdict.reasons.map(({ kind }) => kind),
    ['interrupted'],
  );
  return verdict;
}

describe('Ctrl-C', { concurrency: 2 }, () => {
  test('while VUs are still being prepared', async (t) => {
    const { server, url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': waitingLoad,
      'profiles/small.json': pingProfile({}, { duration: LONG }),
    });
    const run = project.start(['--project=small'], { BASE_URL: url });
    await run.until(once(server, 'asked /never'));
    const processes = run.processes();
    run.pressCtrlC();
    await interrupted(run);
    await gone([...processes, ...run.processes()]);
  });

  test('while the embedded target starts', async (t) => {
    // A database that never answers.
    const database = createTcpServer((socket) => socket.on('error', () => {}));
    database.listen(0, '127.0.0.1');
    await once(database, 'listening');
    t.after(() => database.close());
    const { port } = database.address() as AddressInfo;
    const project = new Project(t, { 'protocol/ping.load.ts': getLoad(), 'profiles/small.json': pingProfile() });
    const run = project.start(['--project=small'], { DATABASE_URL: `postgres://me@127.0.0.1:${port}/ledger` });
    await run.until(once(database, 'connection'));
    const processes = run.processes();
    run.pressCtrlC();
    const { exitCode, verdict, output } = await run.end();
    assert.notEqual(exitCode, 0);
    assert.equal(verdict, undefined);
    assert.doesNotMatch(output, /did not start/);
    if (process.platform === 'linux') assert.ok(processes.some(({ command }) => command.includes('target')));
    await gone([...processes, ...run.processes()]);
  });

  test('a second time: ends at once, also what hangs', async (t) => {
    const { server, url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad(
        'ping',
        "stick: { weight: 1, async run(http) { await http.request({ op: 'stick', method: 'GET', path: '/stick' }); for (;;); } },",
      ),
      'protocol/pong.load.ts': getLoad('pong'),
      'profiles/small.json': {
        ...pingProfile({}, { duration: LONG }),
        scenarios: {
          ping: { executor: 'constant-vus', vus: 1, duration: LONG, mix: { stick: 1 } },
          pong: { executor: 'constant-arrival-rate', rate: 50, duration: LONG, maxVUs: 10 },
        },
        thresholds: {},
      },
    });
    const run = project.start(['--project=small'], { BASE_URL: url });
    await run.until(Promise.all([once(server, 'asked /stick'), once(server, 'asked 60')]));
    const processes = run.processes();
    run.pressCtrlC();
    // A person's second one: what comes sooner is the first, delivered twice.
    await sleep(1_200);
    run.pressCtrlC();
    const { exitCode, verdict, output } = await run.end();
    assert.notEqual(exitCode, 0);
    assert.equal(verdict?.status, 'invalid', output);
    assert.equal(verdict.reasons[0]?.kind, 'interrupted');
    assert.ok((verdict.metrics['iterations{scenario:pong}']?.values.count ?? 0) > 0, output);
    await gone([...processes, ...run.processes()]);
  });
});

/** Tells a target at its socket to break or mend itself. */
const telling = (socketPath: string, path: string) => [
  ...[process.execPath, '-e'],
  `http.request(${JSON.stringify({ socketPath, path, method: 'POST' })}, (answer) => {
    process.exitCode = answer.statusCode === 200 ? 0 : 1;
  }).end()`,
];

test('Ctrl-C in the middle, of all drills at once: partial results, an invalid verdict, no process left; what lasts is undone, and the target is whole', async (t) => {
  const socket = join(tmpdir(), `tandem-${randomBytes(4).toString('hex')}.drills`);
  const target = runTarget({ TARGET_DRILLS: socket, TARGET_PROCESSES: '2' });
  target.stderr.resume();
  t.after(() => target.kill('SIGKILL'));
  const url = await listening(target);
  const lasting = Object.entries(embeddedDrills).filter(([, { lasts }]) => lasts);
  const instant = Object.entries(embeddedDrills).filter(([, { lasts }]) => !lasts);
  const project = new Project(t, {
    'protocol/ping.load.ts': getLoad(),
    'profiles/small.json': {
      ...pingProfile({}, { duration: LONG }),
      drills: [
        ...lasting.map(([name]) => ({
          ...{ name, at: '0s', for: '4m' },
          ...{ run: telling(socket, `/begin/${name}`), undo: telling(socket, `/end/${name}`) },
        })),
        // They strike what stands still, is cut off and slow.
        ...instant.map(([name]) => ({ name, at: '3s', run: telling(socket, `/begin/${name}`) })),
      ],
    },
  });
  const run = project.start(['--project=small'], { BASE_URL: url, LOAD_SLICES: '2' });
  for (const [name] of [...lasting, ...instant]) await run.printed(new RegExp(`Drill ${name} begins`));
  const processes = run.processes();
  run.pressCtrlC();
  const { exitCode, verdict, output } = await run.end();
  assert.notEqual(exitCode, 0);
  assert.equal(verdict?.status, 'invalid', output);
  assert.match(
    reason(verdict, 'interrupted')!.message,
    /^The run was interrupted \(Ctrl-C\) after .* s of 5 m 00 s; required: to the end\. What was measured until then is kept/,
  );
  assert.deepEqual(verdict.slices, { expected: 2, received: 2 });
  const iterations = verdict.metrics['iterations{scenario:ping}']?.values.count ?? 0;
  assert.ok(iterations > 0 && iterations < 15_000, `${iterations} iterations`);
  if (process.platform === 'linux') {
    const ofPlaywright = processes.filter(({ command }) => /cli\.js test|workerProcessEntry/.test(command));
    assert.equal(ofPlaywright.length, 3, 'Playwright and two workers');
  }
  const undone = verdict.drills!.flatMap(({ name, isUndone }) => (isUndone === undefined ? [] : [[name, isUndone]]));
  assert.deepEqual(
    undone,
    lasting.map(([name]) => [name, true]),
  );
  await gone([...processes, ...run.processes()]);
  const isWhole = async () => {
    const options = { headers: { authorization: 'Bearer whole-account' }, signal: AbortSignal.timeout(5_000) };
    const vms = await fetch(`${url}/api/v1/vms`, options).catch(() => undefined);
    return vms?.status === 200;
  };
  while (!(await isWhole())) await sleep(100, undefined, { signal: t.signal });
  const { timestamp } = await (await fetch(`${url}/health`)).json();
  assert.ok(Math.abs(timestamp - Date.now()) < 600_000, 'its clock is right');
  const exit = once(target, 'exit');
  target.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
  assert.ok(!existsSync(socket));
});

/** Each writes a file of its name. */
const marking = (name: string) => [process.execPath, '-e', `fs.writeFileSync('${name}', '')`];

/** A load, a journey, a drill and the embedded target: all kinds of processes that a run may have. */
function hybrid(t: TestContext): Project {
  return new Project(t, {
    'protocol/ping.load.ts': getLoad(),
    'journeys/visit.journey.ts': `
      import { journey } from '${repository}/support/test.ts';
      journey('visit', { async run({ page, step, think }) { await step('open', () => page.goto('/')); await think(); } });`,
    'profiles/small.json': {
      ...pingProfile({}, { duration: LONG }),
      scenarios: {
        ping: { executor: 'constant-arrival-rate', rate: 20, duration: LONG, maxVUs: 10 },
        visit: { executor: 'constant-vus', vus: 1 },
      },
      drills: [{ name: 'mark', at: '0s', run: marking('broken'), undo: marking('whole'), for: '4m' }],
    },
  });
}

function checkKinds(processes: Process[]): void {
  if (process.platform !== 'linux') return;
  for (const kind of ['target/start.mjs', 'postgres', 'workerProcessEntry', '--type=renderer', 'guardian.mjs']) {
    assert.ok(
      processes.some(({ command }) => command.includes(kind)),
      `no ${kind}`,
    );
  }
}

describe('a run that is ended from outside', { concurrency: 2 }, () => {
  test('by SIGTERM to the runner: partial results, an invalid verdict, nothing left', async (t) => {
    const { server, url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad(),
      'profiles/small.json': pingProfile({}, { duration: LONG }),
    });
    const run = project.start(['--project=small'], { BASE_URL: url });
    await run.until(once(server, 'asked 60'));
    const processes = run.processes();
    run.signal('SIGTERM');
    const verdict = await interrupted(run);
    assert.match(verdict.reasons[0]!.message, /^The run was interrupted \(SIGTERM\) after /);
    assert.deepEqual(verdict.slices, { expected: 1, received: 1 });
    const iterations = verdict.metrics['iterations{scenario:ping}']?.values.count ?? 0;
    assert.ok(iterations >= 50 && iterations < 1_500, `${iterations} iterations`);
    await gone([...processes, ...run.processes()]);
  });

  test('by SIGHUP to all, of all kinds of processes: partial results, an invalid verdict, nothing left', async (t) => {
    const project = hybrid(t);
    const run = project.start(['--project=small']);
    await run.printed(/\] .*load: /);
    const processes = run.processes();
    checkKinds(processes);
    run.signalAll('SIGHUP');
    const { exitCode, verdict, output } = await run.end();
    assert.notEqual(exitCode, 0);
    assert.equal(verdict?.status, 'invalid', output);
    assert.equal(verdict.target.name, 'embedded');
    assert.deepEqual(verdict.slices, { expected: 2, received: 2 }, output);
    assert.equal(reason(verdict, 'interrupted')?.by, 'SIGHUP');
    assert.match(verdict.reasons[0]!.message, /^The run was interrupted \(SIGHUP\) after /);
    assert.deepEqual(
      verdict.drills?.map(({ name, isUndone }) => [name, isUndone]),
      [['mark', true]],
    );
    assert.ok(existsSync(join(project.folder, 'whole')), 'the drill was undone');
    await gone([...processes, ...run.processes()]);
  });

  test('by SIGKILL: nothing is left but what was streamed, of which a verdict can be made', {
    timeout: 400_000,
  }, async (t) => {
    const project = hybrid(t);
    const run = project.start(['--project=small'], { LOAD_RUN_ID: 'killed' });
    await run.printed(/\] .*load: /);
    const processes = run.processes();
    checkKinds(processes);
    const alive = project.tandem('report', 'killed');
    assert.match(
      alive.output,
      /^The run killed is still under way: process \d+ writes reports\/killed\/stream\.ndjson; /,
    );
    run.signal('SIGKILL');
    await run.end();
    while (surviving(processes).length > 0 || run.processes().length > 0)
      await sleep(50, undefined, { signal: t.signal });

    assert.ok(
      existsSync(join(project.folder, 'broken')) && existsSync(join(project.folder, 'whole')),
      'the drill was undone',
    );
    const streamed = readFileSync(join(project.folder, 'reports', 'killed', 'stream.ndjson'), 'utf8');
    const { exitCode, output } = project.tandem('report', 'killed');
    assert.equal(exitCode, 1, output);
    const { verdict } = await run.end();
    assert.equal(verdict?.status, 'invalid', output);
    assert.match(
      reason(verdict, 'interrupted')!.message,
      /^The run was interrupted \(the runner was killed before it could judge\) after .* of 5 m 00 s; required: to the end\./,
    );
    assert.match(
      verdict.reasons[0]!.message,
      /^Nobody knows whether the drill mark was undone: the run ended before; /,
    );
    assert.deepEqual(verdict.slices, { expected: 2, received: 0 });
    assert.equal(verdict.runId, 'killed');
    assert.equal(verdict.target.name, 'embedded');
    const intervals = streamed
      .split('\n')
      .filter((line) => line.includes('"scenario":"ping"') && line.includes('"interval"'));
    assert.ok(intervals.length > 0);
    const sums = intervals.flatMap((line) =>
      Object.entries<{ sum: number }>(JSON.parse(line).interval.series).flatMap(([key, { sum }]) =>
        key.startsWith('iterations{') ? sum : [],
      ),
    );
    assert.equal(
      verdict.metrics['iterations{scenario:ping}']?.values.count,
      sums.reduce((sum, one) => sum + one, 0),
    );
    for (const file of ['index.html', 'summary.md', 'junit.xml', 'metrics.json'])
      assert.ok(existsSync(join(project.folder, 'reports', 'killed', file)), file);
    assert.match(project.tandem('report', 'killed').output, /^reports\/killed has its verdict already; /);
    assert.match(project.tandem('reprot').output, /^"npx tandem reprot" is no command; did you mean "report"\? /m);
  });
});

describe('a target that dies', () => {
  const health = { ...anyMachine, targetDownAfter: '1s' };

  test('ends the run and fails it', async (t) => {
    const project = new Project(t, {
      ...oracleImports(),
      'protocol/sync-relay.load.ts': `import '${repository}/protocol/relay/sync-relay.load.ts';`,
      'profiles/small.json': {
        description: 'a test',
        scenarios: { 'sync-relay': { executor: 'constant-arrival-rate', rate: 20, duration: LONG, maxVUs: 5 } },
        thresholds: { changes_accepted: ['count>0'] },
        health,
      },
    });
    const run = project.start(['--project=small'], { TARGET_FAULTS: 'crash@2s' });
    const { exitCode, verdict, output } = await run.end();
    assert.equal(exitCode, 1);
    assert.equal(verdict?.status, 'fail', output);
    const down = reason(verdict, 'target-down')!;
    assert.equal(verdict.reasons[0]?.kind, 'target-down', output);
    assert.equal(down.url, `${verdict.target.url}/health`);
    assert.equal(down.error, 'ECONNREFUSED');
    assert.ok(down.message.startsWith(`The target at ${down.url} stopped answering `), down.message);
    assert.ok(verdict.durationMs < 30_000);
    assert.ok((verdict.metrics.changes_accepted?.values.count ?? 0) > 0);
    assert.match(output, /^The target stopped answering: the run ends here\.$/m);
    await gone(run.processes());
  });
});

describe('what hangs', { concurrency: 2 }, () => {
  test('an operation that blocks its process, after Ctrl-C: its place is named, that process is ended, and the others deliver', async (t) => {
    const { server, url } = await stub(t);
    const blocking = `${getLoad().replace('async run(http, vu) {', 'async run(http, vu) { if (vu.id === 1) spin();')}
      function spin() { for (;;); }`;
    const line = blocking.split('\n').findIndex((one) => one.includes('function spin')) + 1;
    const project = new Project(t, {
      'protocol/ping.load.ts': blocking,
      'profiles/small.json': pingProfile({}, { duration: LONG, maxVUs: 2 }),
    });
    const run = project.start(['--project=small'], { BASE_URL: url, LOAD_SLICES: '2' });
    await run.until(once(server, 'asked 40'));
    const processes = run.processes();
    run.pressCtrlC();
    const { verdict, output } = await run.end();
    assert.equal(verdict?.status, 'invalid', output);
    assert.match(
      reason(verdict, 'missing-slice')!.message,
      new RegExp(
        '^Slice 2 of 2 of ping delivered no report: its event loop was blocked by operation get, in spin ' +
          `\\(protocol/ping\\.load\\.ts:${line}\\), from .* into the run on;`,
      ),
    );
    assert.doesNotMatch(output, /debugger/i);
    assert.equal(reason(verdict, 'interrupted')?.by, 'Ctrl-C');
    assert.deepEqual(verdict.slices, { expected: 2, received: 1 });
    await gone([...processes, ...run.processes()]);
  });

  test('setup, when another scenario fails: that one is the reason', async (t) => {
    const { url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad().replace(/setup: .*/, 'setup: () => new Promise(() => {}),'),
      'protocol/pong.load.ts': getLoad('pong').replace(/setup: .*/, "setup: () => { throw new Error('no seed'); },"),
      'profiles/small.json': pingProfile({
        scenarios: {
          ping: { executor: 'constant-arrival-rate', rate: 5, duration: '1s', maxVUs: 1 },
          pong: { executor: 'constant-arrival-rate', rate: 5, duration: '1s', maxVUs: 1 },
        },
      }),
    });
    const verdict = await localRun(project, 'small', url);
    assert.equal(verdict.status, 'invalid', JSON.stringify(verdict.reasons));
    assert.match(verdict.reasons[0]!.message, /^Slice 1 of pong crashed: no seed /);
  });

  test('setup alone', async (t) => {
    const { url } = await stub(t);
    const hanging = 'timeLimitsMs: { setup: 500 }, setup: () => new Promise(() => {}),';
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad().replace(/setup: .*/, hanging),
      'profiles/small.json': pingProfile(),
    });
    const verdict = await localRun(project, 'small', url);
    assert.equal(verdict.status, 'invalid', JSON.stringify(verdict.reasons));
    assert.match(verdict.reasons[0]!.message, /^Slice 1 of ping crashed: setup of ping did not end within 0\.5 s/);
  });

  test('settling and teardown: everything that was measured counts, and both are named', async (t) => {
    const { url } = await stub(t);
    const hanging = [
      'timeLimitsMs: { settle: 500, teardown: 500 },',
      'settle: () => new Promise(() => {}),',
      'teardown: () => new Promise(() => {}),',
    ];
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad().replace(/teardown: .*/, hanging.join('\n')),
      'profiles/small.json': pingProfile(),
    });
    const verdict = await localRun(project, 'small', url);
    assert.equal(verdict.status, 'pass', JSON.stringify(verdict.reasons));
    assert.equal(verdict.metrics['iterations{scenario:ping}']?.values.count, 50);
    assert.deepEqual(
      verdict.warnings.map(({ message }) => message),
      ['settle', 'teardown'].map(
        (hook) =>
          `The ${hook} of slice 1 of ping did not end within 500 ms and was left where it hung. Look at the scenario's file.`,
      ),
    );
  });

  test('requests that are never answered: they have failed, and so has the run', async (t) => {
    const { url } = await stub(t);
    const never = `never: {
      weight: 1,
      async run(http) { await http.request({ op: 'never', method: 'GET', path: '/never' }); },
    },`;
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad('ping', never),
      'profiles/small.json': pingProfile(
        { thresholds: { iteration_failed: ['rate<0.1'], http_req_failed: ['rate<0.1'] } },
        { rate: 20, duration: '2s', maxVUs: 50, gracefulStop: '500ms' },
      ),
    });
    const verdict = await localRun(project, 'small', url);
    assert.equal(verdict.status, 'fail', JSON.stringify(verdict.reasons));
    // About half of the 40: their order is by chance.
    const cutOff = verdict.errors['cut off by gracefulStop'] ?? 0;
    assert.ok(cutOff > 0 && cutOff < 40, JSON.stringify(verdict.errors));
    assert.deepEqual(verdict.errors, { 'cut off by gracefulStop': cutOff, 'request cut off by gracefulStop': cutOff });
    assert.deepEqual(
      verdict.thresholds.map(({ metric, observed, decided }) => [metric, observed, decided]),
      [
        ['iteration_failed', cutOff / 40, true],
        ['http_req_failed', cutOff / 40, true],
      ],
    );
  });
});
