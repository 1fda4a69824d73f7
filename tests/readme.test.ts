/** What README tells an author to write is run as it stands there, against the embedded target. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { families } from '../protocol/families.ts';
import { tandemConfig } from '../support/config.ts';
import { type TestDatabase, testDatabase, testTarget } from '../target/core/target.fixture.ts';
import { parseFaults } from '../target/target.ts';
import { localRun } from './local-run.ts';
import { anyMachine, Project, repository } from './project.ts';

let database: TestDatabase;
before(async () => {
  database = await testDatabase();
});
after(() => database?.stop());

const readme = readFileSync(join(repository, 'README.md'), 'utf8');

/** Blocks of code that begin with the path of their file, with imports from where the repository is. */
function written(): Record<string, string> {
  const blocks = [...readme.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```$/gms)];
  return Object.fromEntries(
    blocks.map(([, path, code]) => {
      const here = (from: string) => JSON.stringify(new URL(from, `file://${repository}/${path}`).pathname);
      return [path!, code!.replace(/(?<=from )'(\..*?)'/g, (_, from: string) => here(from))];
    }),
  );
}

test('the load and the oracle of README find what is lost, and nothing where nothing is', async (t) => {
  const files = written();
  const oracle = Object.keys(files).find((path) => path.endsWith('.oracle.ts'))!;
  const [, ...code] = /^oracle\(.*/ms.exec(files[oracle]!)![0].split('\n');
  assert.ok(code.length <= 20, 'README says twenty lines');
  const load = { executor: 'constant-arrival-rate', rate: 20, duration: '2s', maxVUs: 4 };
  const project = new Project(t, {
    ...files,
    'profiles/short.json': {
      description: 'a test',
      scenarios: { 'agents-kept': load },
      thresholds: {},
      health: anyMachine,
    },
    'profiles/readme.json': /^```json\n(.*?)^```$/ms.exec(readme)![1]!,
  });
  // The profile that README shows is one, of this load and of README's journey.
  const { projects } = tandemConfig(project.folder, families, {}, [
    'node',
    'playwright',
    'test',
    '--project=readme',
    '--list',
  ]);
  assert.deepEqual(
    projects.find(({ name }) => name === 'readme')!.metadata.scenarios.map(({ name, kind }) => [name, kind]),
    [
      ['visit', 'journey'],
      ['agents-kept', 'load'],
    ],
  );
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
