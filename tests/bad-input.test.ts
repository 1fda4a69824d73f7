/** What cannot be run ends before any load is sent: exit code 1 and one sentence. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { families } from '../protocol/families.ts';
import { tandemConfig } from '../support/config.ts';
import { profileSchema } from '../support/profile/schema.ts';
import { serve } from '../support/server.fixture.ts';
import { localPreparation, type PlannedAs } from './local-run.ts';
import { getLoad, type Outcome, Project, pingProfile, repository } from './project.ts';

const journey = `
  import { journey } from '${repository}/support/test.ts';
  journey('visit', { run: async ({ page, step }) => void (await step('open', () => page.goto('/'))) });`;

const oracleNamed = (name: string) => `import { oracle } from '${repository}/support/test.ts';
oracle('${name}', { promise: 'Kept.', judge: () => ({ checked: 1, violations: 0, examples: [] }) });`;

const files = { 'protocol/ping.load.ts': getLoad(), 'profiles/small.json': pingProfile() };

/** With a journey beside the load. */
const hybrid = {
  ...files,
  'journeys/visit.journey.ts': journey,
  'profiles/small.json': pingProfile({
    scenarios: {
      ping: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', maxVUs: 10 },
      visit: { executor: 'constant-arrival-rate', rate: 1, maxSessions: 1 },
    },
  }),
};

const noBrowser = { PATH: '', PLAYWRIGHT_BROWSERS_PATH: '/nowhere', PLAYWRIGHT_CHROMIUM_EXECUTABLE: '' };

/** Runs the project against a server that counts what it is asked. */
async function attempt(t: TestContext, input: Input): Promise<Outcome & { requests: number }> {
  let requests = 0;
  const stub = await serve(t, (_request, answer) => {
    requests += 1;
    answer.end();
  });
  const project = new Project(t, input.files ?? files);
  const outcome = await project.run(input.args ?? ['--project=small'], { BASE_URL: stub.url, ...input.env });
  return { ...outcome, requests };
}

interface Input {
  files?: Record<string, unknown>;
  /** As Playwright would say it. */
  planned?: PlannedAs;
  args?: string[];
  env?: Record<string, string>;
}

function assertRefused({ exitCode, output, verdict, requests }: Awaited<ReturnType<typeof attempt>>): void {
  assert.equal(exitCode, 1);
  assert.equal(verdict, undefined, 'there is no verdict');
  assert.equal(requests, 0, 'nothing was sent');
  assert.doesNotMatch(output, /^\s+at |^\s*\d+ \|/m, 'neither stack nor code is shown');
}

const profile = (changes: Record<string, unknown>, scenario: Record<string, unknown> = {}) => ({
  files: { ...files, 'profiles/small.json': pingProfile(changes, scenario) },
});

/** Found out when Playwright reads its configuration. */
const ofConfiguration: [name: string, input: Input, sentence: string | RegExp][] = [
  ['an unknown profile', { args: ['--project=smal'] }, '--project is "smal"; did you mean "small"? allowed: small.'],
  [
    'LOAD_DURATION=abc',
    { env: { LOAD_DURATION: 'abc' } },
    'LOAD_DURATION is "abc"; allowed is a duration such as 500ms, 30s, 1m30s or 2h, at most 14d.',
  ],
  [
    'a BASE_URL that is none, with a password in it',
    { env: { BASE_URL: 'htp://me:hunter2@127.0.0.1' } },
    'BASE_URL in the environment is "htp://***@127.0.0.1"; allowed is a URL such as http://127.0.0.1:4000, without a query or fragment.',
  ],
  [
    '--repeat-each',
    { args: ['--project=small', '--repeat-each=3'], env: { LOAD_SLICES: '2' } },
    '--repeat-each is 3, but slices are made by the profile, and small has 2; allowed is LOAD_SLICES=3.',
  ],
  [
    '--reporter',
    { args: ['--project=small', '--reporter=line'] },
    "--reporter=line would take the place of Tandem's reporter, and there would be no verdict; " +
      'allowed is --add-reporter=line.',
  ],
  [
    'a variable that is none',
    { env: { LOAD_DURATON: '2s' } },
    "LOAD_DURATON in the environment is not known; did you mean LOAD_DURATION? If it is another program's, unset it here.",
  ],
  [
    'a shard that comes too late',
    { args: ['--project=small', '--shard=1/2'], env: { LOAD_START_AT: String(Date.now() - 60_000) } },
    /^LOAD_START_AT is \S+Z, and it is \S+Z already; allowed is an instant to come, within a day\.$/,
  ],
  [
    '--trace with a journey',
    { files: hybrid, args: ['--project=small', '--trace', 'on'] },
    '--trace=on would trace every session, and tracing slows what it watches; leave it out: Tandem keeps traces of failed sessions.',
  ],
  [
    'a profile that is no JSON',
    { files: { ...files, 'profiles/small.json': '{]' } },
    /^profiles\/small\.json: line 1, column 2: property name expected; allowed is JSON as profile\.schema\.json describes it\.$/,
  ],
  [
    'a file in the place of reports/',
    { files: { ...files, reports: '' } },
    /^\S+\/reports cannot be written to: a part of its path is a file, not a folder \(EEXIST\); the results of the run belong there\.$/,
  ],
];

const fields = Object.keys((profileSchema() as { properties: object }).properties).join(', ');

/** Found out when the files of the profile are loaded. */
const ofFiles: [name: string, input: Input, sentence: string | RegExp][] = [
  [
    'an operation that the load does not have',
    profile({}, { mix: { got: 1 } }),
    'profiles/small.json:1: scenarios.ping.mix has operation "got"; did you mean "get"? allowed: get.',
  ],
  [
    'a weight that is none',
    { files: { ...files, 'protocol/ping.load.ts': getLoad('ping', 'other: { weight: Number.NaN, async run() {} },') } },
    'load("ping"): operations.other.weight is NaN; allowed is a number from 0 to 1,000,000.',
  ],
  [
    'a metric that is none',
    {
      files: { ...files, 'protocol/ping.load.ts': getLoad('ping', "}, metrics: { orders: 'count' }, timeLimitsMs: {") },
    },
    `load("ping"): metrics.orders is "count"; allowed is trend, rate, counter or gauge, or { type: 'trend', contains: 'data' } of sizes in bytes.`,
  ],
  [
    'a load that declares another name',
    { files: { ...files, 'protocol/ping.load.ts': getLoad('pong') } },
    'protocol/ping.load.ts declares load("pong", …); allowed is load("ping", …), once.',
  ],
  [
    'a journey in the file of a load',
    { files: { ...files, 'protocol/ping.load.ts': journey.replace("'visit'", "'ping'") } },
    'protocol/ping.load.ts declares journey("ping", …); allowed is load("ping", …), once.',
  ],
  [
    'one file that declares nothing',
    { files: { ...hybrid, 'journeys/visit.journey.ts': 'export {};' } },
    'journeys/visit.journey.ts declares nothing, but profiles/small.json runs scenarios.visit; ' +
      'allowed is one journey(…) with the name of its file.',
  ],
  [
    'a misspelt metric',
    profile({ thresholds: { http_req_durations: ['p(95)<500'] } }),
    /^profiles\/small\.json:\d+: thresholds names metric "http_req_durations"; did you mean "http_req_duration"\? allowed: [\w, ]+\.$/,
  ],
  [
    'too few --workers',
    { files: hybrid, planned: { workers: 1 } },
    '--workers is 1, but profile small has 2 processes that must run at the same time; allowed is at least 2.',
  ],
  [
    '--retries',
    { planned: { retries: -1 } },
    '--retries is -1; allowed is 0, since half a load that begins again is no measurement.',
  ],
  [
    'an oracle that there is not',
    {
      files: {
        ...files,
        'protocol/ping.load.ts': getLoad('ping', "}, oracles: ['kept'], timeLimitsMs: {"),
        'protocol/deep/down/ping.oracle.ts': oracleNamed('keept'),
      },
    },
    /^protocol\/ping\.load\.ts brings evidence for oracle "kept"; did you mean "keept"\? allowed: .*keept.*\.$/,
  ],
];

/** One of each place that finds out: the unit tests of what reads them hold all the sentences. */
const sentences: [name: string, input: Input, sentence: string | RegExp][] = [
  [
    'a misspelt field',
    profile({ threshold: {} }),
    `profiles/small.json: there is an unknown field "threshold"; did you mean "thresholds"? allowed: ${fields}.`,
  ],
  [
    'a filter that leaves nothing',
    { args: ['--project=small', '-g', 'pong'] },
    'Nothing to run: the filters (-g, --grep-invert, file names) leave no scenario of the profile; --list shows them.',
  ],
  [
    'two oracles of one name',
    {
      files: {
        ...files,
        'protocol/ping.load.ts': `${getLoad()}\n${oracleNamed('kept')}`,
        'protocol/ping.oracle.ts': oracleNamed('kept'),
      },
    },
    'protocol/ping.oracle.ts:2: oracle("kept", …) is declared at ' +
      'protocol/ping.load.ts:21 already; allowed is one oracle of a name.',
  ],
  [
    'files that declare nothing',
    { files: { ...files, 'protocol/ping.load.ts': 'export {};' } },
    "Nothing to run: the files of the profile's scenarios declare none; " +
      'allowed is one load(…) or journey(…) in each, with the name of its file.',
  ],
];

describe('bad input', { concurrency: 3 }, () => {
  for (const [name, input, sentence] of ofConfiguration) {
    test(name, (t) => {
      const { folder } = new Project(t, input.files ?? files);
      const argv = ['node', 'playwright', 'test', ...(input.args ?? ['--project=small'])];
      assert.throws(
        () => tandemConfig(folder, families, { BASE_URL: 'http://127.0.0.1:1', ...input.env }, argv),
        (thrown) => (typeof sentence === 'string' ? thrown === sentence : sentence.test(thrown as string)),
      );
    });
  }

  for (const [name, input, sentence] of ofFiles) {
    test(name, async (t) => {
      const project = new Project(t, input.files ?? files);
      await assert.rejects(localPreparation(project, 'small', input.planned), { message: sentence });
    });
  }

  for (const [name, input, sentence] of sentences) {
    test(name, async (t) => {
      const outcome = await attempt(t, input);
      if (typeof sentence === 'string') assert.equal(outcome.output.trim(), sentence);
      else assert.match(outcome.output.trim(), sentence);
      assertRefused(outcome);
    });
  }

  test('the switches of Playwright that change no load, a broken profile beside the one that runs, and no browser for a load', async (t) => {
    const { exitCode, verdict, output, requests } = await attempt(t, {
      files: { ...hybrid, 'profiles/broken.json': '{ // mine' },
      env: noBrowser,
      args: [
        ...['--project=small', '--quiet', '--shuffle=3', '--fully-parallel', '--forbid-only', '--fail-on-flaky-tests'],
        ...['--ignore-snapshots', '--no-deps', '--update-snapshots=none', '--run-agents=none', '--add-reporter=null'],
        ...['--trace=off', '--timeout=0', '--global-timeout=0', '--max-failures=0', '--workers=100%', 'ping'],
      ],
    });
    assert.deepEqual([exitCode, verdict?.status], [0, 'pass'], output);
    assert.ok(requests > 0);
  });

  test('a load that cannot be read: its place is named', async (t) => {
    const outcome = await attempt(t, { files: { ...files, 'protocol/ping.load.ts': '\nload(' } });
    assert.match(outcome.output, /^SyntaxError: .*\/protocol\/ping\.load\.ts: Unexpected token \(2:5\)\n.*:2\n+$/);
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.requests, 0);
  });

  test('a load that cannot be read beside one that can', async (t) => {
    const outcome = await attempt(t, { files: { ...hybrid, 'journeys/visit.journey.ts': '\njourney(' } });
    assert.match(outcome.output, /^SyntaxError: .*\/journeys\/visit\.journey\.ts: Unexpected token \(2:8\)\n.*:2\n+$/);
    assert.equal(outcome.exitCode, 1);
    assert.equal(outcome.requests, 0);
    assert.equal(outcome.verdict, undefined);
  });

  test('no browser for the journeys', async (t) => {
    const outcome = await attempt(t, { files: hybrid, env: noBrowser });
    assert.match(
      outcome.output,
      /^There is no browser for the journeys: looked for PLAYWRIGHT_CHROMIUM_EXECUTABLE \(not set\), Playwright's headless shell \(\/nowhere\/chromium_headless_shell-\d+\), chromium-headless-shell, .* \(on PATH\); install one with "npx playwright install chromium-headless-shell", or on Debian "apt-get install chromium-headless-shell"\.\n+$/,
    );
    assertRefused(outcome);
  });

  test('an unreachable BASE_URL', async (t) => {
    const outcome = await attempt(t, { env: { BASE_URL: 'http://me:hunter2@127.0.0.1:1' } });
    assert.match(
      outcome.output,
      /^BASE_URL http:\/\/127\.0\.0\.1:1 cannot be reached: \d+ tries in 10 s, the last one ended in ECONNREFUSED; start the target or correct BASE_URL\.\n+$/,
    );
    assertRefused(outcome);
  });

  test('a GRPC_ADDR that speaks HTTP/1', async (t) => {
    const other = await serve(t, (_request, answer) => answer.end());
    const address = new URL(other.url).host;
    const outcome = await attempt(t, {
      files: {
        'protocol/kernel.load.ts': `import '${repository}/protocol/grpc/kernel.load.ts';`,
        'profiles/small.json': pingProfile({
          scenarios: { kernel: { executor: 'constant-arrival-rate', rate: 5, duration: '1s', maxVUs: 5 } },
          thresholds: { grpc_req_failed: ['rate<0.01'] },
        }),
      },
      env: { GRPC_ADDR: address },
    });
    const sentence = `GRPC_ADDR ${address} speaks HTTP/1, and gRPC needs HTTP/2; correct GRPC_ADDR.`;
    assert.equal(outcome.output.trim(), sentence);
    // Whether the API is there was asked at the same time.
    assertRefused({ ...outcome, requests: outcome.requests - 1 });
  });

  test('an embedded target that cannot start', async (t) => {
    const env = { BASE_URL: '', DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/ledger' };
    const outcome = await attempt(t, { env });
    assert.equal(
      outcome.output.trim(),
      '[target] DATABASE_URL: PostgreSQL at 127.0.0.1:1 cannot be reached: connection refused.\n' +
        'The embedded target did not start (exit code 1); what it said is above.',
    );
    assertRefused(outcome);
  });
});
