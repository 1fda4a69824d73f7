import assert from 'node:assert/strict';
import { chmodSync, cpSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { families } from '../protocol/families.ts';
import type { BrowserContextOptions } from './browser.ts';
import { tandemConfig } from './config.ts';
import type { TargetProgram } from './embedded-target.ts';
import { folderOf } from './folder.fixture.ts';
import { oracleFiles, scenarioFiles } from './scenario-files.ts';

const arrivals = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
const files = {
  'profiles/light.json': { description: 'Light', scenarios: { relay: arrivals }, thresholds: {} },
  'profiles/medium.json': {
    description: 'Medium',
    slices: 3,
    scenarios: { relay: arrivals, reader: { ...arrivals, duration: undefined, maxVUs: undefined, maxSessions: 2 } },
    thresholds: {},
  },
  'protocol/sync/relay.load.ts': '',
  'protocol/sync/relay.load.test.ts': '',
  'journeys/reader.journey.ts': '',
};

function configured(t: TestContext, args: string[], env: NodeJS.ProcessEnv = {}, changes: object = {}) {
  const root = folderOf(t, { ...files, ...changes });
  const begun: TargetProgram[] = [];
  const begin = (program: TargetProgram) => begun.push(program);
  return { root, config: tandemConfig(root, families, env, ['node', 'playwright', ...args], begin), begun };
}

/** Those of the paths that Playwright takes for files of the profile's tests. */
function matched({ projects }: ReturnType<typeof tandemConfig>, profile: string, paths: string[]): string[] {
  const { testMatch } = projects.find(({ name }) => name === profile)!;
  return paths.filter((path) => testMatch.some((pattern) => pattern.test(path)));
}

test('a profile is a project: its slices are repetitions, its scenarios are files, its timeline is metadata', (t) => {
  const { root, config } = configured(t, ['test', '--project=medium']);
  const named = ({ projects }: typeof config) => projects.map(({ name }) => name);
  assert.deepEqual(named(config), ['medium']);
  assert.deepEqual(named(configured(t, ['test', '--list']).config), ['light', 'medium']);
  const { repeatEach, metadata } = config.projects[0]!;
  assert.equal(repeatEach, 3);
  const own = [join(root, 'protocol', 'sync', 'relay.load.ts'), join(root, 'journeys', 'reader.journey.ts')];
  assert.deepEqual(
    matched(config, 'medium', [...own, join(root, 'protocol/sync/relay.load.test.ts'), `${own[0]}x`]),
    own,
  );
  assert.deepEqual(
    metadata.scenarios.map(({ name, slices }) => [name, slices]),
    [
      ['relay', 3],
      ['reader', 2],
    ],
  );
  assert.deepEqual(JSON.parse(JSON.stringify(metadata)), {
    ...metadata,
    scenarios: metadata.scenarios.map(withoutMix),
  });
});

/** What is undefined does not travel, and need not. */
function withoutMix<S extends { mix?: unknown }>({ mix: _, ...scenario }: S) {
  return scenario;
}

test('whatever context a worker opens reaches the target, and waits no longer than a session', (t) => {
  const env = { BASE_URL: 'http://ada:pw@a.test/shop', TEST_WORKER_INDEX: '0', TANDEM_PROFILE: 'medium' };
  const { use, expect } = configured(t, ['test'], env).config;
  const { actionTimeout, navigationTimeout, ...rest } = use;
  assert.deepEqual([actionTimeout, navigationTimeout, expect.toPass.timeout], [15_000, 15_000, 15_000]);
  const { baseURL, httpCredentials, proxy } = rest as BrowserContextOptions;
  assert.deepEqual(
    { baseURL, httpCredentials, proxy },
    {
      baseURL: 'http://a.test/shop',
      httpCredentials: [{ origin: 'http://a.test', username: 'ada', password: 'pw' }],
      proxy: undefined,
    },
  );
  // Where the target is, may not be known before it has been started.
  assert.equal('baseURL' in configured(t, ['test', '--project=medium'], {}).config.use, false);
});

test('a worker reads the profile that is run alone, and files are found in a folder with any name', (t) => {
  const root = join(folderOf(t, {}), 'my (app) [1]');
  cpSync(folderOf(t, files), root, { recursive: true });
  const env: NodeJS.ProcessEnv = { BASE_URL: 'http://a.test' };
  tandemConfig(root, families, env, ['node', 'playwright', 'test', '--project=medium']);
  const config = tandemConfig(root, families, { ...env, TEST_WORKER_INDEX: '0' }, ['node', 'worker']);
  assert.deepEqual(
    config.projects.map(({ name }) => name),
    ['medium'],
  );
  const file = join(root, 'journeys', 'reader.journey.ts');
  assert.deepEqual(matched(config, 'medium', [file]), [file]);
});

test('LOAD_PROFILE is a profile of another folder, beside the others', (t) => {
  const elsewhere = folderOf(t, { 'night.json': files['profiles/light.json'], 'light.json': {}, 'bad.json': '{' });
  const given = (name: string, ...args: string[]) =>
    configured(t, ['test', ...args], { LOAD_PROFILE: join(elsewhere, name) }).config.projects.map(({ name }) => name);
  assert.deepEqual(given('night.json', '--list'), ['light', 'medium', 'night']);
  assert.deepEqual(given('night.json', '--project=night'), ['night']);
  const allowed = 'allowed is the path of a profile, a file <name>.json.';
  const sentenceOf = (name: string, rest: string) => (error: unknown) =>
    error === `LOAD_PROFILE is "${join(elsewhere, name)}"${rest}`;
  assert.throws(() => given('none.json'), sentenceOf('none.json', `; ${allowed}`));
  assert.throws(
    () => given('light.json'),
    sentenceOf('light.json', ', and there is a profiles/light.json; allowed is another name.'),
  );
  assert.throws(
    () => given('bad.json', '--project=bad'),
    (error) => String(error).includes('bad.json: line 1, column 2'),
  );
});

test('TARGET says by which SLO a profile is judged', (t) => {
  const slo = { description: 'Of a test', thresholds: { checks: ['rate>0.999'] } };
  const light = { ...files['profiles/light.json'], slo: true, thresholds: { checks: ['rate>0.9'] } };
  const changes = { 'profiles/light.json': light, 'profiles/slo/local.json': slo, 'profiles/slo/staging.json': slo };
  const judgedBy = (env: NodeJS.ProcessEnv, name: string) => {
    const { config } = configured(t, ['test', `--project=${name}`], env, changes);
    const { thresholds, slo } = config.projects.find((one) => one.name === name)!.metadata;
    return [thresholds.checks, slo?.path];
  };
  assert.deepEqual(judgedBy({}, 'light'), [['rate>0.9'], undefined]);
  assert.deepEqual(judgedBy({ TARGET: 'local' }, 'light'), [['rate>0.999'], 'profiles/slo/local.json']);
  assert.deepEqual(judgedBy({ TARGET: 'local' }, 'medium'), [undefined, undefined]);
  assert.throws(
    () =>
      configured(
        t,
        ['test', '--project=light'],
        { TARGET: 'qa' },
        { ...changes, '.env.qa': 'BASE_URL=http://qa.test' },
      ),
    (thrown) => /^profiles\/light\.json:1: slo is true, but TARGET is "qa", which has no SLO; /.test(thrown as string),
  );
});

test('a scenario is found in any folder by the name of its file, which only one file has', (t) => {
  const changes = { 'protocol/crdt/relay.load.ts': '' };
  assert.throws(
    () => configured(t, ['test', '--list'], {}, changes),
    (sentence) =>
      sentence ===
      'protocol/crdt/relay.load.ts and protocol/sync/relay.load.ts have the same name, and a scenario is called by it; allowed is one relay.load.ts.',
  );
});

test('a journey and a load have not the same name, but for a family’s load, whose place the journey takes', (t) => {
  assert.throws(
    () => configured(t, ['test', '--list'], {}, { 'journeys/shop/relay.journey.ts': '' }),
    (sentence) =>
      sentence ===
      'journeys/shop/relay.journey.ts and protocol/sync/relay.load.ts have the same name, and a scenario is called by it; allowed is another name for one of them.',
  );
  const visits = { executor: 'constant-vus', vus: 1, duration: '5s' };
  const profile = { description: 'x', scenarios: { attack: visits }, thresholds: {} };
  const changes = { 'profiles/own.json': profile, 'journeys/attack.journey.ts': '' };
  const { root, config } = configured(t, ['test', '--list'], {}, changes);
  const own = join(root, 'journeys', 'attack.journey.ts');
  assert.deepEqual(matched(config, 'own', [own]), [own]);
});

test('what macOS and editors lay beside a file is none of the project', (t) => {
  const hidden = ['profiles/._light.json', 'protocol/sync/._relay.load.ts', 'journeys/.#reader.journey.ts'];
  const oracle = 'protocol/._stock.oracle.ts';
  const changes = Object.fromEntries([...hidden, oracle].map((path) => [path, '\0\u0005']));
  const { root, config } = configured(t, ['test', '--list'], {}, changes);
  assert.deepEqual(
    config.projects.map(({ name }) => name),
    ['light', 'medium'],
  );
  const { load, journey } = scenarioFiles(root, []);
  assert.deepEqual([...load.keys(), ...journey.keys()], ['relay', 'reader']);
  assert.deepEqual(oracleFiles(root, []), []);
});

test('a load of a listed family needs no file: what Playwright takes tests from is made, once', (t) => {
  const profile = { description: 'x', scenarios: { ours: { ...arrivals, exec: 'sync-relay' } }, thresholds: {} };
  const { root, config } = configured(t, ['test', '--list'], {}, { 'profiles/ready.json': profile });
  const file = join(root, 'reports', '.ready', 'sync-relay.load.ts');
  assert.deepEqual(matched(config, 'ready', [file]), [file]);
  const [, from] = /import "(.+)";/.exec(readFileSync(file, 'utf8'))!;
  assert.equal(resolve(dirname(file), from!), join(import.meta.dirname, '../protocol/relay/sync-relay.load.ts'));
  const { mtimeMs } = statSync(file);
  tandemConfig(root, families, {}, ['node', 'playwright', 'test', '--list']);
  assert.equal(statSync(file).mtimeMs, mtimeMs);
});

test("a project's own load takes the place of a family's of the same name", (t) => {
  const profile = { description: 'x', scenarios: { 'sync-relay': arrivals }, thresholds: {} };
  const changes = { 'profiles/own.json': profile, 'protocol/sync-relay.load.ts': '' };
  const { root, config } = configured(t, ['test', '--list'], {}, changes);
  const own = join(root, 'protocol', 'sync-relay.load.ts');
  assert.deepEqual(matched(config, 'own', [own]), [own]);
});

test('the embedded target is started when no other one is named', (t) => {
  const begun = (args: string[], env?: NodeJS.ProcessEnv) => configured(t, args, env).begun.map(({ module }) => module);
  const run = ['test', '--project=light'];
  assert.deepEqual(begun(run), ['target/start.mjs']);
  assert.deepEqual(begun(run, { BASE_URL: 'http://a.test' }), []);
  for (const args of [
    ['test', '--list'],
    [...run, '--help'],
  ])
    assert.deepEqual(begun(args), []);
  assert.deepEqual(begun(run, { TEST_WORKER_INDEX: '0' }), []);
});

test('a disk that is to be filled is mounted for the embedded target, by root alone', (t) => {
  if (process.platform !== 'linux') return t.skip('no disk is mounted there');
  const drills = [{ name: 'full', at: '10s', for: '5s', run: 'disk-full' }];
  const changes = { 'profiles/full.json': { ...files['profiles/light.json'], drills } };
  const getuid = t.mock.method(process as Required<NodeJS.Process>, 'getuid', () => 0);
  const [full] = configured(t, ['test', '--project=full'], {}, changes).begun;
  assert.equal(full!.env.TARGET_DISK_MB, '1024');
  const [other] = configured(t, ['test', '--project=light'], {}, changes).begun;
  assert.ok(!('TARGET_DISK_MB' in other!.env));
  getuid.mock.mockImplementation(() => 1_000);
  assert.throws(
    () => configured(t, ['test', '--project=full'], {}, changes),
    (sentence) =>
      sentence ===
      "--project=full has the drill disk-full, which needs Linux and root: a disk is mounted for the embedded target's database; allowed is to leave it out.",
  );
});

test('a run names one profile', (t) => {
  const table: [string[], string | RegExp][] = [
    [['test'], '--project is missing: name the profile to run, e.g. --project=light; allowed: light, medium.'],
    [
      ['test', '-g', 'relay'],
      '--project is missing: name the profile to run, e.g. --project=light; allowed: light, medium.',
    ],
    [['test', '--project=medum'], '--project is "medum"; did you mean "medium"? allowed: light, medium.'],
    [['test', '--project', 'production'], '--project is "production"; allowed: light, medium.'],
    [['test', '--project=light', '--project=medium'], '--project is given 2 times; allowed is one profile a run.'],
    [['test', '--project', 'light', 'medium'], '--project is given 2 times; allowed is one profile a run.'],
    [['test', '--project', 'light', 'relay'], '--project is "relay"; allowed: light, medium.'],
    [['test', '--list', '--project=medum'], '--project is "medum"; did you mean "medium"? allowed: light, medium.'],
    [
      ['test', 'medium'],
      '--project is missing, and "medium" alone is a pattern of files; did you mean --project=medium? Allowed: light, medium.',
    ],
    [
      ['test', '--project=medium', '--repeat-each=9'],
      '--repeat-each is 9, but slices are made by the profile, and medium has 3; allowed is LOAD_SLICES=9.',
    ],
    [
      ['test', '--project=medium', '--repeat-each=0'],
      '--repeat-each is 0, but slices are made by the profile, and medium has 3; allowed is to leave it out.',
    ],
    [['test', '--project=medium', '--trace', 'on'], /^--trace=on would trace every session, /],
  ];
  for (const [args, sentence] of table) {
    // A string, which Playwright shows without a stack.
    assert.throws(
      () => configured(t, args),
      (thrown) => (typeof sentence === 'string' ? thrown === sentence : sentence.test(thrown as string)),
      String(sentence),
    );
  }
});

test('what is no run needs no profile: listings, help, and the workers of a run', (t) => {
  for (const args of [
    ['test', '--list'],
    ['test', '--help'],
    ['merge-reports', '--help'],
  ]) {
    configured(t, args);
  }
  configured(t, ['test'], { TEST_WORKER_INDEX: '0' });
  configured(t, ['test', '--project=light']);
  configured(t, ['test', '--project', 'medium']);
});

test('a shard writes a blob, and says which slices are its own; a list writes none', (t) => {
  const url = { BASE_URL: 'http://a.test', LOAD_RUN_ID: 'run' };
  const names = (args: string[]) =>
    configured(t, args, { ...url }).config.reporter.map(([name]) => name.split('/').at(-1));
  assert.deepEqual(names(['test', '--project=medium']), ['reporter.ts']);
  assert.deepEqual(names(['test', '--project=medium', '--shard=2/4']), ['reporter.ts', 'blob']);
  assert.deepEqual(names(['test', '--project=medium', '--shard', '2/4', '--list']), ['reporter.ts']);
  const { projects } = configured(t, ['test', '--project=medium', '--shard=2/4'], { ...url }).config;
  const { repeatEach, metadata } = projects[0]!;
  assert.deepEqual([repeatEach, metadata.shards], [4, 4]);
  assert.deepEqual(
    metadata.scenarios.map(({ name, slices }) => [name, slices]),
    [
      ['relay', 4],
      ['reader', 2],
    ],
  );
});

test('runs side by side work in folders of their own, each with its workers', (t) => {
  const folder = (env: NodeJS.ProcessEnv) => configured(t, ['test', '--project=light'], env).config.outputDir;
  const env: NodeJS.ProcessEnv = {};
  const first = folder(env);
  assert.equal(folder({ ...env, TEST_WORKER_INDEX: '0' }), first);
  assert.notEqual(folder({ ...env }), first, 'a run that another one starts');
  assert.notEqual(folder({}), first);
});

test('a merge is refused when it could have no verdict', (t) => {
  const table: [string[], RegExp][] = [
    [['merge-reports', '--config', 'playwright.config.ts', '/nowhere'], /^\/nowhere cannot be read /],
    [['merge-reports', '-c', 'playwright.config.ts', '--reporter=html', 'blobs'], /^--reporter=html would take /],
  ];
  for (const [args, sentence] of table) {
    assert.throws(
      () => configured(t, args),
      (thrown) => sentence.test(thrown as string),
    );
  }
});

test('bad input of every kind is thrown as a string', (t) => {
  const table: [NodeJS.ProcessEnv, object, RegExp][] = [
    [{ LOAD_DURATION: 'abc' }, {}, /^LOAD_DURATION is "abc"; allowed is a duration such as /],
    [{ TARGET: 'nowhere' }, {}, /^TARGET is "nowhere", but there is no file /],
    [{}, { 'profiles/light.json': '{' }, /^profiles\/light\.json: line 1, column 2: close brace expected; /],
    [{}, { 'profiles/light.json': {} }, /^profiles\/light\.json: description is missing; /],
  ];
  for (const [env, changes, sentence] of table) {
    assert.throws(
      () => configured(t, ['test', '--list'], env, changes),
      (thrown) => sentence.test(thrown as string),
    );
  }
});

test('only who loads a target needs to be told where it is', (t) => {
  const of = (...args: string[]) => configured(t, args, { TARGET: 'there' }, { '.env.there': 'API_TOKEN=x' });
  assert.throws(
    () => of('test', '--project=light'),
    (thrown) => /^TARGET is "there", but neither \.env\.there nor the environment has BASE_URL /.test(thrown as string),
  );
  // Shards have loaded it already.
  of('merge-reports', '--help');
  of('test', '--list');
});

test('all profiles of the repository are good', () => {
  const { projects } = tandemConfig(join(import.meta.dirname, '..'), families, {}, [
    'node',
    'playwright',
    'test',
    '--list',
  ]);
  assert.deepEqual(
    ['smoke', 'light', 'medium', 'heavy', 'prerelease'].filter((name) => !projects.some((one) => one.name === name)),
    [],
  );
});

test('a shard that could be no part of a run is refused', (t) => {
  const there = { BASE_URL: 'http://a.test', LOAD_RUN_ID: 'x' };
  const table: [shard: string, env: NodeJS.ProcessEnv, sentence: RegExp][] = [
    ['1/6', there, /^--shard is 1\/6, but profile light has VUs for 5 at most; allowed are 1 to 5 shards\.$/],
    ['1/2', { LOAD_RUN_ID: 'x' }, /^--shard names 2 shards, and each would start an embedded target of its own; /],
    ['1/2', { BASE_URL: 'http://a.test' }, /^--shard names 2 shards, but LOAD_RUN_ID is missing: /],
    ['1/2', { ...there, LOAD_START_AT: 'noon' }, /^LOAD_START_AT is "noon"; allowed is an instant /],
  ];
  for (const [shard, env, sentence] of table) {
    assert.throws(
      () => configured(t, ['test', '--project=light', `--shard=${shard}`], env),
      (thrown) => typeof thrown === 'string' && sentence.test(thrown),
      shard,
    );
  }
  configured(t, ['test', '--project=light', '--shard=5/5'], there);
});

test('a profile with a mistake is an error only where it is asked for', (t) => {
  const broken = { 'profiles/medium.json': '{', 'profiles/other.json': { description: 'x' } };
  const wrong = /^profiles\/medium\.json: line 1, column 2: close brace expected; /;
  const refused = (args: string[], env: NodeJS.ProcessEnv, changes: object, sentence: RegExp) =>
    assert.throws(
      () => configured(t, args, env, changes),
      (thrown) => sentence.test(thrown as string) || assert.fail(String(thrown)),
    );
  for (const args of [
    ['test', '--project=light'],
    ['test', '--list', '--project=light'],
    ['merge-reports', '--help'],
  ]) {
    const { projects } = configured(t, args, {}, broken).config;
    assert.deepEqual(
      projects.map(({ name }) => name),
      ['light'],
    );
  }
  configured(t, ['test'], { TEST_WORKER_INDEX: '0' }, broken);
  refused(['test', '--project=medium'], {}, broken, wrong);
  refused(['test', '--list'], {}, broken, wrong);
  refused(['test', '--project=other'], {}, broken, /^profiles\/other\.json: scenarios is missing; /);
  refused(['test'], {}, broken, /^--project is missing: .*; allowed: light, medium, other\.$/);
  // Too much for one profile may be right for another.
  const small = {
    'profiles/medium.json': { ...files['profiles/medium.json'], scenarios: { relay: { ...arrivals, maxVUs: 1_000 } } },
  };
  configured(t, ['test', '--project=light'], { LOAD_SCALE: '100000' }, small);
  refused(
    ['test', '--project=medium'],
    { LOAD_SCALE: '100000' },
    small,
    /^LOAD_SCALE is 100000, and so profiles\/medium\.json: scenarios\.relay\.maxVUs makes 100,000,000; /,
  );
});

test('what would be ignored in silence is refused', (t) => {
  const table: [NodeJS.ProcessEnv, object, RegExp][] = [
    [{ LOAD_DURATON: '2s' }, {}, /^LOAD_DURATON in the environment is not known; did you mean LOAD_DURATION\? /],
    [{}, { '.env': 'BASEURL=http://a.test' }, /^\.env has BASEURL, which is not known; did you mean BASE_URL\? /],
    [{ TARGET: 'there' }, { '.env.there': 'API_TOKN=x' }, /^\.env\.there has API_TOKN, .* did you mean API_TOKEN\? /],
    [{ LOAD_SLICES: '1e9' }, {}, /^LOAD_SLICES is "1e9"; allowed is a whole number from 1 to 500\.$/],
    [{ LOAD_DURATION: '99999h' }, {}, /^LOAD_DURATION is "99999h"; allowed is a duration /],
    ...['0', '-1', 'NaN', 'Infinity', '1e999', 'half'].map((LOAD_SCALE): [NodeJS.ProcessEnv, object, RegExp] => [
      { LOAD_SCALE },
      {},
      /^LOAD_SCALE is ".+"; allowed is a number above 0, /,
    ]),
  ];
  for (const [env, changes, sentence] of table) {
    for (const args of [
      ['test', '--project=light'],
      ['test', '--list'],
    ]) {
      assert.throws(
        () => configured(t, args, env, changes),
        (thrown) => sentence.test(thrown as string) || assert.fail(String(thrown)),
      );
    }
  }
});

test('--headed needs a browser with a window, and a display', (t) => {
  const headed = (name: string, env: NodeJS.ProcessEnv = {}) => {
    const bin = folderOf(t, { [name]: '' });
    chmodSync(join(bin, name), 0o755);
    const browser = { PLAYWRIGHT_CHROMIUM_EXECUTABLE: join(bin, name) };
    return () => configured(t, ['test', '--project=light', '--headed'], { ...browser, ...env });
  };
  const says = (sentence: RegExp) => (thrown: unknown) =>
    sentence.test(thrown as string) || assert.fail(String(thrown));
  assert.throws(headed('chrome-headless-shell'), says(/^--headed needs a browser with a window, and .+ has none; /));
  if (process.platform === 'linux') assert.throws(headed('chromium'), says(/^--headed needs a display, /));
  headed('chromium', { DISPLAY: ':0' })();
});
