import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf } from '../folder.fixture.ts';
import { Inspection } from './inspection.ts';

const id = { scenario: 'ping', index: 0 };
const softFailures = join(import.meta.dirname, '..', 'worker', 'soft-failures.ts');

/** A slice's process as a worker is one, in the midst of an operation that runs `code`. */
async function slice(t: TestContext, code: string, limitMs?: number) {
  const root = folderOf(t, {
    'package.json': '{ "type": "module" }',
    'protocol/ping.load.ts': [
      `import { hearingSoftFailures } from '${softFailures}';`,
      "import { writeSync } from 'node:fs';",
      'process.debugPort = 0;',
      'export async function get(): Promise<void> {',
      '  await null;',
      "  writeSync(1, 'here');",
      code,
      '}',
      "void hearingSoftFailures(() => {}, () => 'operation get', get);",
      'setInterval(() => {}, 1_000);',
    ].join('\n'),
  });
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--import', 'tsx', join(root, 'protocol', 'ping.load.ts')],
    {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  const inspection = new Inspection(root, limitMs);
  const others: string[] = [];
  child.stderr
    .setEncoding('utf8')
    .on('data', (chunk: string) => others.push(inspection.hear([{ scenario: 'other', index: 0 }, id], chunk)));
  const ended = once(child, 'exit').then(() => assert.fail(others.join('')));
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => {}); // the test kills it
  return { child, placeOf: () => inspection.placeOf(id, child.pid!), said: () => others.join('') };
}

test('a process that does nothing else any more tells in which operation, function and line it is', async (t) => {
  const blocked = await slice(t, "function parse() { for (;;); }\nconsole.error('mine');\nparse();", 20_000);
  assert.equal(await blocked.placeOf(), 'operation get, in parse (protocol/ping.load.ts:7)');
  assert.equal(blocked.said(), 'mine\n');
});

test('one that was stopped does not tell', async (t) => {
  const { child, placeOf, said } = await slice(t, 'for (;;);', 300);
  child.kill('SIGSTOP');
  assert.equal(await placeOf(), undefined);
  assert.equal(said(), '');
});

test('what a slice writes is let through while nobody asks', () => {
  const text = 'Debugger listening on ws://127.0.0.1:1/x\n';
  assert.equal(new Inspection('/project').hear([id], text), text);
});
