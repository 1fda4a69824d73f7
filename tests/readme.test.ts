/** What README and docs/ tell an author to write is run as it stands there, against the embedded target. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { families } from '../protocol/families.ts';
import { tandemConfig } from '../support/config.ts';
import { variables } from '../support/input/environment.ts';
import { profileNames } from '../support/profile.ts';
import { settingNames } from '../support/target.ts';
import { launch } from '../target/core/chromium.fixture.ts';
import { type TestDatabase, testDatabase, testTarget } from '../target/core/target.fixture.ts';
import { parseFaults } from '../target/target.ts';
import { localRun } from './local-run.ts';
import { anyMachine, Project, repository } from './project.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

/** README and the pages of docs/, by path. */
const pages = new Map(
  ['README.md', ...readdirSync(join(repository, 'docs')).map((name) => `docs/${name}`)].map((path) => [
    path,
    readFileSync(join(repository, path), 'utf8'),
  ]),
);
const text = [...pages.values()].join('\n');

/** Blocks of code that begin with the path of their file, with imports from where the repository is. */
function code(): Record<string, string> {
  const blocks = [...text.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)];
  return Object.fromEntries(
    blocks.map(([, path, code]) => {
      const here = (from: string) => JSON.stringify(new URL(from, `file://${repository}/${path}`).pathname);
      return [path!, code!.replace(/(?<=from )'(\..*?)'/g, (_, from: string) => here(from))];
    }),
  );
}

/** The profiles that are shown whole, by the path that stands before them. */
function profiles(): Record<string, string> {
  const blocks = [...text.matchAll(/`(profiles\/[\w-]+\.json)`[^`]*\n```json\n(.*?)^```$/gms)];
  return Object.fromEntries(blocks.map(([, path, json]) => [path!, json!]));
}

test('what README and docs/ show are journeys, loads and profiles', (t) => {
  const files = code();
  const shown = profiles();
  const project = new Project(t, { ...files, ...shown });
  const found = Object.keys(shown).map((path) => {
    const name = basename(path, '.json');
    const argv = ['node', 'playwright', 'test', `--project=${name}`, '--list'];
    const { projects } = tandemConfig(project.folder, families, {}, argv);
    const { scenarios } = projects.find((one) => one.name === name)!.metadata;
    return [path, ...scenarios.map(({ name, kind }) => `${kind} ${name}`)];
  });
  assert.deepEqual(found, [
    ['profiles/first.json', 'journey visit', 'load health'],
    ['profiles/items.json', 'load items'],
    ['profiles/kept.json', 'journey visit', 'load agents-kept'],
  ]);
});

test('what README and docs/ link to is there', () => {
  const anchors = (page: string) =>
    [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
  for (const [path, page] of pages) {
    for (const [, link] of page.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [file = '', anchor] = link!.split('#');
      const to = file ? join(repository, dirname(path), file) : join(repository, path);
      assert.ok(existsSync(to), `${path}: ${link}`);
      if (anchor) assert.ok(anchors(readFileSync(to, 'utf8')).includes(anchor), `${path}: ${link}`);
    }
  }
});

test('the variables, commands and profiles that README and docs/ name are there', () => {
  const named = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name!))];
  const unknown = (pattern: RegExp, known: string[]) => {
    const names = named(pattern);
    assert.notEqual(names.length, 0, `${pattern}`);
    return names.filter((name) => !known.includes(name));
  };
  const commands = readdirSync(join(repository, 'scripts/commands')).map((file) => basename(file, '.ts'));
  const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  const elsewhere = named(/LOAD_PROFILE=\S*?([\w-]+)\.json/g);
  const shown = Object.keys(profiles()).map((path) => basename(path, '.json'));
  assert.deepEqual(
    [
      unknown(/(?<!SECRET_)\b((?:LOAD|TARGET)_[A-Z]\w*)/g, [...Object.keys(variables), ...settingNames(families)]),
      unknown(/npx tandem (\w+)/g, commands),
      unknown(/npm run (\w+)/g, Object.keys(scripts)),
      unknown(/--project=([\w-]+)/g, [
        ...profileNames(join(repository, 'profiles'), repository),
        ...shown,
        ...elsewhere,
      ]),
    ],
    [[], [], [], []],
  );
  assert.doesNotMatch(text, /^(?:[A-Z_]+=\S+ )*np[xm] /m, 'a command stands in a block');
});

test('README’s first run is one of both, and nothing goes wrong in it', async (t) => {
  const own = [
    'journeys/visit.journey.ts',
    'protocol/shop/health.load.ts',
    'protocol/shop/sign-in.load.ts',
    'profiles/first.json',
  ];
  const written = Object.entries({ ...code(), ...profiles() }).filter(([path]) => own.includes(path));
  const project = new Project(t, Object.fromEntries(written));
  const profile = JSON.parse(profiles()['profiles/first.json']!);
  const signIn = { executor: 'constant-arrival-rate', rate: 5, duration: '10s', maxVUs: 2 };
  project.write({ 'profiles/first.json': { ...profile, scenarios: { ...profile.scenarios, 'sign-in': signIn } } });
  const target = await testTarget(t, { databaseUrl: database.url, webFolder: undefined });
  const browser = await launch();
  t.after(() => browser.close());
  const { metrics, errors } = await localRun(project, 'first', target.url, { browser, env: { LOAD_DURATION: '4s' } });
  assert.deepEqual(errors, {});
  assert.ok(metrics['http_reqs{op:health,scenario:health}']!.values.count! > 0);
  assert.ok(metrics['http_reqs{op:look,scenario:sign-in}']!.values.count! > 0);
  assert.ok(metrics['browser_sessions{journey:visit}']!.values.count! > 0);
});

test('the load and the oracle of docs/ find what is lost, and nothing where nothing is', async (t) => {
  const files = code();
  const oracle = Object.keys(files).find((path) => path.endsWith('.oracle.ts'))!;
  const [, ...lines] = /^oracle\(.*/ms.exec(files[oracle]!)![0].split('\n');
  assert.ok(lines.length <= 20, 'twenty lines are enough');
  const load = { executor: 'constant-arrival-rate', rate: 20, duration: '2s', maxVUs: 4 };
  const project = new Project(t, {
    ...files,
    'profiles/short.json': {
      description: 'a test',
      scenarios: { 'agents-kept': load },
      thresholds: {},
      health: anyMachine,
    },
  });
  const judged = async (faults: string) => {
    const target = await testTarget(t, { databaseUrl: database.url, faults: parseFaults(faults) });
    const { status, oracles, reasons } = await localRun(project, 'short', target.url);
    return { status, reasons, kept: oracles.find(({ name }) => name === 'agents-kept')! };
  };
  const honest = await judged('');
  assert.deepEqual([honest.status, honest.kept.status], ['pass', 'ok'], JSON.stringify(honest));
  assert.ok(honest.kept.checked > 0);
  assert.equal(honest.kept.promise, 'An agent that was made is there until it is deleted.');
  const losing = await judged('agent-lost=0.5');
  assert.deepEqual([losing.status, losing.kept.status], ['fail', 'violated'], JSON.stringify(losing));
  assert.equal(losing.reasons[0]?.kind, 'oracle');
});
