/** Runs that do not get to their end: what was measured is kept, the verdict says why, and nothing stays behind. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { stopServing } from '../support/server.fixture.ts';
import { anyMachine, getLoad, Project, pingProfile, reason, repository, surviving } from './project.ts';

const LONG = '30s';

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

describe('Ctrl-C', { concurrency: 2 }, () => {
  test('in the middle: partial results, an invalid verdict, no process left', async (t) => {
    const { server, url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad(),
      'profiles/small.json': pingProfile({}, { duration: LONG }),
    });
    const run = project.start(['--project=small'], { BASE_URL: url, LOAD_SLICES: '2' });
    await run.until(once(server, 'asked 60'));
    const processes = run.processes();
    run.pressCtrlC();
    const { exitCode, verdict, output } = await run.end();
    assert.notEqual(exitCode, 0);
    assert.equal(verdict?.status, 'invalid', output);
    assert.deepEqual(
      verdict.reasons.map(({ kind }) => kind),
      ['interrupted'],
    );
    assert.match(
      verdict.reasons[0]!.message,
      /^The run was interrupted \(Ctrl-C\) after .* s of 30\.0 s; required: to the end\. What was measured until then is kept/,
    );
    assert.deepEqual(verdict.slices, { expected: 2, received: 2 });
    const iterations = verdict.metrics['iterations{scenario:ping}']?.values.count ?? 0;
    assert.ok(iterations >= 50 && iterations < 1_500, `${iterations} iterations`);
    if (process.platform === 'linux') assert.equal(processes.length, 3, 'Playwright and two workers');
    assert.deepEqual(surviving([...processes, ...run.processes()]), []);
  });

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
    const { exitCode, verdict, output } = await run.end();
    assert.notEqual(exitCode, 0);
    assert.equal(verdict?.status, 'invalid', output);
    assert.deepEqual(
      verdict.reasons.map(({ kind }) => kind),
      ['interrupted'],
    );
    assert.deepEqual(surviving([...processes, ...run.processes()]), []);
  });

  test('stops the embedded target and its database', async (t) => {
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad(),
      'profiles/small.json': pingProfile({}, { duration: LONG }),
    });
    const run = project.start(['--project=small']);
    await run.printed(/\] .*load: /);
    const processes = run.processes();
    run.pressCtrlC();
    const { verdict, output } = await run.end();
    assert.equal(verdict?.target.name, 'embedded', output);
    if (process.platform === 'linux') {
      assert.ok(processes.some(({ command }) => command.includes('target/main.ts')));
      assert.ok(processes.some(({ command }) => command.includes('postgres')));
    }
    assert.deepEqual(surviving([...processes, ...run.processes()]), []);
  });
});

describe('a target that dies', { concurrency: 2 }, () => {
  const health = { ...anyMachine, targetDownAfter: '1s' };

  test('ends the run and fails it', async (t) => {
    const { server, url } = await stub(t);
    const project = new Project(t, {
      'protocol/ping.load.ts': getLoad(),
      'profiles/small.json': pingProfile({ health }, { duration: LONG }),
    });
    const run = project.start(['--project=small'], { BASE_URL: url.replace('//', '//me:hunter2@') });
    await run.until(once(server, 'asked 60'));
    await stopServing(server);
    const { exitCode, verdict, output } = await run.end();
    assert.equal(exitCode, 1);
    assert.equal(verdict?.status, 'fail', output);
    const down = reason(verdict, 'target-down')!;
    assert.equal(verdict.reasons[0]?.kind, 'target-down');
    assert.equal(down.url, `${url}/health`);
    assert.equal(down.error, 'ECONNREFUSED');
    assert.ok(down.message.startsWith(`The target at ${url}/health stopped answering `), down.message);
    assert.ok(verdict.durationMs < 30_000);
    const iterations = verdict.metrics['iterations{scenario:ping}']?.values.count ?? 0;
    assert.ok(iterations >= 50 && iterations < 1_500, `${iterations} iterations`);
    assert.doesNotMatch(output, /hunter2/);
  });

  test('ends the run when it is the embedded one', async (t) => {
    const project = new Project(t, {
      'protocol/sync-relay.load.ts': `import '${repository}/protocol/sync-relay.load.ts';`,
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
    assert.equal(verdict.reasons[0]?.kind, 'target-down', output);
    assert.ok(verdict.durationMs < 30_000);
    assert.ok((verdict.metrics.changes_accepted?.values.count ?? 0) > 0);
    assert.match(output, /^The target stopped answering: the run ends here\.$/m);
    assert.deepEqual(surviving(run.processes()), []);
  });
});
