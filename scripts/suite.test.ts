import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../support/folder.fixture.ts';

const here = import.meta.dirname;
const own = Object.fromEntries(
  ['bundle.mjs', 'suite.mjs', 'suite-hook.mjs'].map((name) => [
    `scripts/${name}`,
    readFileSync(join(here, name), 'utf8'),
  ]),
);

const FIND = `
  import { readBundled } from './scripts/suite.mjs';
  await readBundled();
  try {
    const { place, words, shared, failure } = await import('./support/test.ts');
    const others = [await import('./support/run/reporter.ts'), await import('./protocol/deep/ping.load.ts')];
    const isOne = others.every((other) => other.shared === shared);
    const at = /\\w+\\.\\w+:\\d+/.exec(failure().stack)[0];
    console.log(JSON.stringify({ place, words, name: shared.name, isOne, at, list: process.env.TANDEM_SUITE }));
  } catch (error) {
    console.log(JSON.stringify(error.code));
  }`;

/** A suite of a few modules, and what a process that reads it finds. Node itself does not take enums, whatever its version. */
function smallSuite(t: TestContext) {
  const root = folderOf(t, {
    ...own,
    'package.json': { type: 'module', exports: { './test': { default: './dist/support/test.js' } } },
    'node_modules/none': '',
    'support/test.ts': [
      "import { shared } from './shared.ts';",
      'export const place: string = import.meta.dirname;',
      "export const words: string = 'tandemConfig(import.meta.dirname)';",
      'export { shared };',
      "export const later = () => import('./later.ts');",
      "export const failure = (): Error => { const none = 1; return new Error('of line 6'); };",
    ].join('\n'),
    'support/later.ts': 'export const late: boolean = true;',
    'support/run/reporter.ts': "export { shared } from '../shared.ts';",
    'protocol/deep/ping.load.ts': "export { shared } from '../../support/shared.ts';",
    'journeys/none': '',
    'find.mjs': FIND,
    'tandem.mjs': FIND,
  });
  for (const name of ['esbuild', '@jridgewell'])
    symlinkSync(join(here, '..', 'node_modules', name), join(root, 'node_modules', name));
  const name = (text: string) =>
    writeFileSync(
      join(root, 'support', 'shared.ts'),
      `enum Name { is = '${text}' }\nexport const shared = { name: Name.is };`,
    );
  name('one');
  const runner =
    (file: string) =>
    (env: Record<string, string> = {}, ...args: string[]) => {
      const command = [join(root, file), ...args];
      return JSON.parse(
        execFileSync(process.execPath, ['--enable-source-maps', ...command], {
          env: { PATH: process.env.PATH, ...env },
          encoding: 'utf8',
        }),
      );
    };
  const [find, asCommand] = [runner('find.mjs'), runner('tandem.mjs')];
  const builtAt = () => statSync(join(root, 'node_modules', '.cache', 'tandem', 'suite.json')).mtimeMs;
  return { root, name, find, asCommand, builtAt };
}

/** Of Node, of a module in TypeScript: everybody was sent to the modules themselves. */
const notBundled = /^ERR_(UNKNOWN_FILE_EXTENSION|(UNSUPPORTED|INVALID)_TYPESCRIPT_SYNTAX)$/;

test('each module is there once, knows where its source and each of its lines is, and is read anew when one has changed', (t) => {
  const { root, name, find, builtAt } = smallSuite(t);
  const { list, ...found } = find();
  const words = 'tandemConfig(import.meta.dirname)';
  assert.deepEqual(found, { place: join(root, 'support'), words, name: 'one', isOne: true, at: 'test.ts:6' });
  const before = builtAt();
  assert.deepEqual(find(), { ...found, list });
  assert.equal(builtAt(), before);
  name('two');
  assert.equal(find().name, 'two');
  writeFileSync(join(root, 'journeys', 'late.journey.ts'), '');
  assert.equal(Object.keys(JSON.parse(readFileSync(find().list, 'utf8'))).length, 4);

  const worker = { TEST_WORKER_INDEX: '0', TANDEM_SUITE: list };
  assert.equal(find(worker).name, 'one', 'a worker reads what its runner does');
  assert.match(find({ TEST_WORKER_INDEX: '0' }), notBundled);
});

test('modules with a mistake are read themselves, as are those that may change meanwhile, or that a command has read already', (t) => {
  const { name, find, asCommand } = smallSuite(t);
  assert.match(asCommand(), notBundled);
  assert.match(find({}, '--ui'), notBundled);
  name("' + ");
  assert.match(find(), notBundled);
});
