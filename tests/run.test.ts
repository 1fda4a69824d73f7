/** Whole runs, as a user starts them, against a server of the test's own: what they print, write and end with. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';
import type { Verdict } from '../support/judge/verdict.ts';
import { serve } from '../support/server.fixture.ts';
import { type Input, item, iterations, pingLoad } from './ping.fixture.ts';
import { anyMachine, filesIn, type Outcome, Project, pingProfile, Run, reason, repository } from './project.ts';

interface Seen extends Outcome {
  url: string;
  /** Requests for `/item`. */
  items: number;
}

async function run(t: TestContext, input: Input): Promise<Seen> {
  let items = 0;
  const { url } = await serve(t, (request, answer) => {
    if (request.url === '/item') items += 1;
    (input.answer ?? item)(request, answer);
  });
  const project = new Project(t, {
    'protocol/ping.load.ts': input.load ?? pingLoad(),
    'profiles/small.json': input.profile ?? pingProfile(),
    ...input.files,
  });
  const outcome = await project.run(['--project=small', ...(input.args ?? [])], { BASE_URL: url, ...input.env });
  return { ...outcome, url, items };
}

function assertVerdict({ exitCode, verdict, output }: Outcome, status: Verdict['status'], kinds: string[]): Verdict {
  assert.equal(verdict?.status, status, output);
  assert.deepEqual(
    verdict.reasons.map(({ kind }) => kind),
    kinds,
    output,
  );
  assert.equal(exitCode, status === 'pass' ? 0 : 1);
  assert.match(output, new RegExp(` ${status.toUpperCase()} `));
  return verdict;
}

describe('a run', { concurrency: 3 }, () => {
  test('ends when a threshold that asks for it is missed, fails by that, and says why it ended', async (t) => {
    const answer: RequestListener = (_request, reply) => void setTimeout(() => reply.end('{"id":1}'), 120);
    const thresholds = {
      http_req_duration: [{ threshold: 'med<50', abortOnFail: true, delayAbortEval: '1s' }],
      http_req_failed: ['rate<0.05'],
    };
    const seen = await run(t, { answer, profile: pingProfile({ thresholds }, { duration: '5m', maxVUs: 1_000 }) });
    const verdict = assertVerdict(seen, 'fail', ['threshold', 'aborted']);
    assert.ok(verdict.durationMs < 290_000, `${verdict.durationMs}`);
    assert.match(seen.output, /med<50 of http_req_duration is missed: the run ends here, as abortOnFail asks\./);
    assert.deepEqual(
      verdict.thresholds.map(({ expression, ok, decided }) => [expression, ok, decided]),
      [
        ['med<50', false, true],
        ['rate<0.05', true, true],
      ],
    );
  });

  test('in three slices passes, and everything that verdict.json promises is there', async (t) => {
    const seen = await run(t, { env: { LOAD_SEED: 'seven', LOAD_SLICES: '3' } });
    const verdict = assertVerdict(seen, 'pass', []);
    const { runId, startedAt, durationMs, health, thresholds, metrics, ...rest } = verdict;
    assert.deepEqual(rest, {
      schemaVersion: 2,
      phases: [{ name: 'load', startMs: 0, endMs: 1_000, load: 1 }],
      status: 'pass',
      profile: 'small',
      target: { name: 'default', url: seen.url },
      seed: 'seven',
      slices: { expected: 3, received: 3 },
      reasons: [],
      oracles: [],
      regressions: [],
      warnings: [],
      errors: {},
      failures: [],
    });
    assert.match(runId, /^small-/);
    assert.ok(Date.parse(startedAt) > 0);
    assert.ok(durationMs >= 1_000);
    assert.deepEqual(thresholds, [
      {
        metric: 'http_req_failed{scenario:ping}',
        expression: 'rate<0.05',
        observed: 0,
        limit: 0.05,
        unit: 'ratio',
        count: 50,
        ok: true,
        decided: true,
      },
    ]);
    assert.deepEqual(
      health.scenarios.map(({ scenario, dropped, interrupted }) => ({ scenario, dropped, interrupted })),
      [{ scenario: 'ping', dropped: 0, interrupted: 0 }],
    );

    assert.equal(seen.items, 50, 'as many as the schedule has');
    assert.equal(iterations(verdict), 50);
    assert.equal(metrics['http_reqs{op:get,scenario:ping}']?.values.count, 50);
    assert.equal(metrics['checks{check:status is 200,scenario:ping}']?.values.rate, 1);
    const trends = ['http_req_duration', 'iteration_response_time', 'iteration_duration', 'iteration_lateness'];
    for (const name of trends) {
      const { type, contains, count, values } = metrics[`${name}{scenario:ping}`] ?? {};
      assert.deepEqual({ type, contains, count }, { type: 'trend', contains: 'time', count: 50 }, name);
      const figures = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)'];
      for (const figure of figures) assert.equal(typeof values?.[figure], 'number', `${name} ${figure}`);
    }

    assert.equal(basename(readlinkSync(seen.folder)), runId, 'reports/latest points at it');
    const left = readdirSync(tmpdir()).filter((name) => name.startsWith(`tandem-${seen.pid}-`));
    assert.deepEqual(left, [], 'what it needs only while it lasts is gone');
    const files = filesIn(seen.folder);
    const names = [
      'figures.json',
      'histograms.hlog',
      'index.html',
      'junit.xml',
      'metrics.json',
      'summary.md',
      'verdict.json',
    ];
    assert.deepEqual(Object.keys(files).sort(), names);
    assert.match(String(files['summary.md']), /pass/i);
    assert.equal(JSON.parse(String(files['metrics.json'])).metrics.http_reqs.values.count, 50);
  });

  test('fails when a threshold is crossed; failed checks are counted by name', async (t) => {
    let turn = 0;
    const answer: RequestListener = (request, response) => {
      if (request.url === '/item') response.statusCode = turn++ % 2 === 0 ? 200 : 500;
      response.end();
    };
    const profile = pingProfile({
      thresholds: { checks: ['rate>0.95'], 'http_req_duration{op:get}': ['p(95)<60000'] },
    });
    const refusing = await serve(t, (_request, response) => void response.writeHead(401).end());
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: join(folderOf(t, {}), 'summary.md'),
      OTEL_EXPORTER_OTLP_ENDPOINT: refusing.url,
    };
    const seen = await run(t, { answer, profile, env });
    const verdict = assertVerdict(seen, 'fail', ['threshold']);
    const message = 'rate of checks was 50 % over 50 samples; required > 95 %. Look at the errors by name.';
    assert.equal(verdict.reasons[0]?.message, message);
    assert.deepEqual(verdict.errors, { 'HTTP 500': 25, 'check: status is 200': 25 });
    const annotation = `::error title=FAIL%3A small → default::${message.replaceAll('%', '%25')}`;
    assert.ok(seen.output.includes(`\n${annotation}\n`), seen.output);
    assert.match(seen.output, /^The metrics were not exported over OTLP: it was answered with 401\./m);
    assert.equal(readFileSync(env.GITHUB_STEP_SUMMARY, 'utf8'), String(filesIn(seen.folder)['summary.md']));
  });

  test('whose results cannot be written is told all the same, and so is what fails outside of its slices', async (t) => {
    const LOAD_RUN_ID = 'taken';
    const { exitCode, output } = await run(t, {
      env: { LOAD_RUN_ID },
      args: ['--add-reporter=./broken.cjs'],
      files: {
        [`reports/${LOAD_RUN_ID}`]: 'a file',
        'broken.cjs': "module.exports = class { onTestEnd() { throw new Error('out of paper'); } };",
      },
    });
    assert.equal(exitCode, 1);
    assert.match(output, / INVALID /);
    assert.match(output, /After or beside the work of all slices something failed: out of paper \(broken\.cjs:1\);/);
    assert.match(output, /^results not written: .*reports\/taken: a part of its path is a file, not a folder/m);
    assert.doesNotMatch(output, /summary\.md/);
  });

  test('is invalid when a slice starts late', async (t) => {
    // From its VU on until its first iteration, the process of slice 2 does little but burn.
    const load = pingLoad({
      vu: `
        const busy = () => {
          if (started) return;
          burn(700);
          setImmediate(busy);
        };
        if (vu.id === 1) setImmediate(busy);`,
    });
    const profile = pingProfile({ health: { ...anyMachine, maxStartSpread: '100ms', minDelivered: 0 } });
    const verdict = assertVerdict(await run(t, { load, profile, env: { LOAD_SLICES: '2' } }), 'invalid', [
      'late-start',
    ]);
    assert.match(verdict.reasons[0]!.message, /^Slice 2 of ping started .* after the common start; allowed 100 ms\./);
  });

  test('in shared processes is invalid when one is killed, and when a slice fails; what was streamed counts', async (t) => {
    // Turn 60 of 25 a second: in the third second, when what was measured in the first has long been streamed.
    const load = pingLoad({ get: 'if (vu.id % 2 === 1 && turn >= 60) process.kill(process.pid, "SIGKILL");' });
    const arrivals = { executor: 'constant-arrival-rate', rate: 50, duration: '3s', maxVUs: 10 };
    const profile = pingProfile({
      sharedProcesses: true,
      scenarios: { ping: arrivals, again: { ...arrivals, exec: 'odd' }, odd: arrivals },
    });
    const odd = pingLoad()
      .replace("load('ping', {", "load('odd', {")
      .replace('setup: (slice) =>', "setup: (slice) => console.log('process', process.pid, 'of', slice.scenario) ??")
      .replace(/teardown: .*/, "teardown() { if (!once) { once = true; throw new Error('it cannot go'); } },")
      .replace('let turn', 'let once = false; let turn');
    const files = { 'protocol/odd.load.ts': odd };
    const seen = await run(t, { load, profile, files, env: { LOAD_SLICES: '2' } });
    const verdict = assertVerdict(seen, 'invalid', ['crashed', 'missing-slice']);
    const { slice, of, cause, others } = reason(verdict, 'missing-slice')!;
    assert.deepEqual({ slice, of, others }, { slice: 1, of: 2, others: 2 });
    assert.match(cause, /SIGKILL/);
    assert.match(reason(verdict, 'crashed')!.message, /^Slice 1 of (again|odd) crashed: it cannot go /);
    assert.deepEqual(verdict.slices, { expected: 6, received: 3 });
    assert.ok(iterations(verdict) > 75 && iterations(verdict) < 150, `${iterations(verdict)} iterations`);
    const pids = [...seen.output.matchAll(/^process (\d+) of (?:again|odd)$/gm)].map(([, pid]) => pid);
    assert.deepEqual([pids.length, new Set(pids).size], [4, 2], seen.output);
  });

  const second = {
    profile: pingProfile({
      scenarios: {
        ping: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', maxVUs: 10 },
        pong: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', maxVUs: 10 },
      },
      thresholds: { 'http_req_failed{scenario:ping}': ['rate<0.05'], pong_time: ['p(95)<500', 'max<1000'] },
    }),
    files: {
      'protocol/pong.load.ts': pingLoad().replace("load('ping', {", "load('pong', { metrics: { pong_time: 'trend' },"),
    },
  };

  test('of a part of the profile judges that part, and says so', async (t) => {
    const { scenarios } = second.profile;
    const profile = { ...second.profile, scenarios: { ...scenarios, burst: { ...scenarios.ping, exec: 'ping' } } };
    const seen = await run(t, { ...second, profile, args: ['-g', 'ping'] });
    const verdict = assertVerdict(seen, 'pass', []);
    assert.deepEqual(
      [verdict.slices.expected, seen.items],
      [1, 50],
      'a scenario by its own name, not by that of its load',
    );
    assert.deepEqual(
      verdict.thresholds.map(({ metric }) => metric),
      ['http_req_failed{scenario:ping}'],
    );
    assert.deepEqual(
      verdict.warnings.map(({ message }) => message),
      [
        'Only a part of the profile ran: the filter left out pong, burst, and with them 2 thresholds. ' +
          'Run the whole profile before a release.',
      ],
    );
  });

  test('is not made by --list', async (t) => {
    const seen = await run(t, { ...second, args: ['--list'], env: { LOAD_SLICES: '2', LOAD_DASHBOARD: '1' } });
    assert.match(
      seen.output.trim(),
      /^LOAD_DASHBOARD is ignored: there is no run to follow\.\nsmall: a test\n {2}load ping, slices: 2\n {2}load pong, slices: 2\n {4}metrics: pong_time\nsettings of the target, beside .*: SYNC_API_URL, /,
    );
    assert.deepEqual([seen.exitCode, seen.items, seen.verdict], [0, 0, undefined]);
  });

  test('of the repository would be smoke’s', async (t) => {
    const { exitCode, output } = await new Run(t, repository, ['--list', '--project=smoke'], {}).end();
    assert.equal(exitCode, 0);
    assert.match(
      output,
      /^smoke: .*\n {2}load sync-relay, slices: 1\n {4}oracles: acknowledged-writes\n {4}metrics: sync_push_duration, .*\n {2}journey light, slices: 1\n/,
    );
    assert.match(
      output,
      /\n {2}journey watcher, slices: 1\n {4}oracles: screen\n {4}options: stay \(default "20s"\)\n/,
    );
  });
});
