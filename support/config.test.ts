import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tandemConfig } from './config.ts';
import { folderOf } from './folder.fixture.ts';

const arrivals = { executor: 'constant-arrival-rate', rate: 10, duration: '1m', maxVUs: 5 };
const files = {
  'profiles/light.json': { description: 'Light', scenarios: { relay: arrivals }, thresholds: {} },
  'profiles/medium.json': {
    description: 'Medium',
    slices: 3,
    scenarios: { relay: arrivals, reader: { ...arrivals, duration: undefined, maxVUs: undefined, maxSessions: 2 } },
    thresholds: {},
  },
  'protocol/relay.load.ts': '',
  'protocol/relay.load.test.ts': '',
  'journeys/reader.journey.ts': '',
};

function configured(t: TestContext, args: string[], env: NodeJS.ProcessEnv = {}, changes: object = {}) {
  const root = folderOf(t, { ...files, ...changes });
  return { root, config: tandemConfig(root, env, ['node', 'playwright', ...args]) };
}

test('a profile is a project: its slices are repetitions, its scenarios are files, its timeline is metadata', (t) => {
  const { root, config } = configured(t, ['test', '--project=medium']);
  assert.deepEqual(
    config.projects.map(({ name }) => name),
    ['light', 'medium'],
  );
  const { repeatEach, testMatch, metadata } = config.projects[1]!;
  assert.equal(repeatEach, 3);
  assert.deepEqual(testMatch, [join(root, 'protocol', 'relay.load.ts'), join(root, 'journeys', 'reader.journey.ts')]);
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

test('the embedded target is started when no other one is named', (t) => {
  assert.match(configured(t, ['test', '--list']).config.webServer!.command, /target\/main\.ts$/);
  assert.equal(configured(t, ['test', '--list'], { BASE_URL: 'http://a.test' }).config.webServer, undefined);
});

test('a run names one profile', (t) => {
  const table: [string[], string][] = [
    [['test'], '--project is missing: name the profile to run, e.g. --project=light; allowed: light, medium.'],
    [
      ['test', '-g', 'relay'],
      '--project is missing: name the profile to run, e.g. --project=light; allowed: light, medium.',
    ],
    [['test', '--project=medum'], '--project is "medum"; did you mean "medium"? allowed: light, medium.'],
    [['test', '--project', 'production'], '--project is "production"; allowed: light, medium.'],
    [['test', '--project=light', '--project=medium'], '--project is given 2 times; allowed is one profile a run.'],
  ];
  for (const [args, sentence] of table) {
    // A string, which Playwright shows without a stack.
    assert.throws(
      () => configured(t, args),
      (thrown) => thrown === sentence,
      sentence,
    );
  }
});

test('what is no run needs no profile: listings, UI mode, help, and the workers of a run', (t) => {
  for (const args of [
    ['test', '--list'],
    ['test', '--ui'],
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
  const { repeatEach, metadata } = projects[1]!;
  assert.deepEqual([repeatEach, metadata.shards], [4, 4]);
  assert.deepEqual(
    metadata.scenarios.map(({ name, slices }) => [name, slices]),
    [
      ['relay', 4],
      ['reader', 2],
    ],
  );
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
    [{}, { 'profiles/light.json': '{' }, /^profiles\/light\.json is no JSON: /],
    [{}, { 'profiles/light.json': {} }, /^profiles\/light\.json: description is missing; /],
  ];
  for (const [env, changes, sentence] of table) {
    assert.throws(
      () => configured(t, ['test', '--list'], env, changes),
      (thrown) => sentence.test(thrown as string),
    );
  }
});

test('all profiles of the repository are good', () => {
  const { projects } = tandemConfig(join(import.meta.dirname, '..'), {}, ['node', 'playwright', 'test', '--list']);
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
