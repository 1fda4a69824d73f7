import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

/** A target that is no more than two modules, of which the other one says something, and what it is started with. */
function smallTarget(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'tandem-start-'));
  t.after(() => rmSync(root, { recursive: true }));
  const target = join(root, 'target');
  mkdirSync(join(target, 'core'), { recursive: true });
  mkdirSync(join(root, 'scripts'));
  for (const path of ['target/start.mjs', 'scripts/bundle.mjs']) {
    copyFileSync(join(import.meta.dirname, '..', path), join(root, path));
  }
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(root, 'node_modules'));
  for (const name of ['@jridgewell', 'esbuild', 'tsx']) {
    symlinkSync(join(import.meta.dirname, '..', 'node_modules', name), join(root, 'node_modules', name));
  }
  writeFileSync(join(target, 'main.ts'), "import { said } from './core/said.ts';\nconsole.log(said);\n");
  const say = (text: string) =>
    writeFileSync(
      join(target, 'core', 'said.ts'),
      `import * as esbuild from 'esbuild';
       export const said: string = ['${text}', import.meta.dirname, typeof esbuild.build].join();`,
    );
  say('one');
  const start = () => execFileSync(process.execPath, [join(target, 'start.mjs')], { encoding: 'utf8' }).trim();
  return { root, cache: join(root, 'node_modules', '.cache'), core: join(target, 'core'), say, start };
}

test('its modules are put into one file, which is made anew when a source has changed, and only then', (t) => {
  const { cache, core, say, start } = smallTarget(t);
  assert.equal(start(), `one,${core},function`);
  const built = join(cache, 'tandem', 'target.json');
  const { mtimeMs } = statSync(built);
  assert.equal(start(), `one,${core},function`);
  assert.equal(statSync(built).mtimeMs, mtimeMs);
  say('two');
  assert.equal(start(), `two,${core},function`);
  writeFileSync(built, '{');
  assert.equal(start(), `two,${core},function`);
  assert.equal(readdirSync(join(cache, 'tandem')).length, 3, 'nothing half-written is left');
});

test('what nobody has begun with for longer than a run lasts is removed, and nothing else', (t) => {
  const { cache, core, say, start } = smallTarget(t);
  const folders = () => readdirSync(join(cache, 'tandem')).filter((name) => name !== 'target.json');
  const ages = (days: number) => {
    const at = new Date(Date.now() - days * 86_400_000);
    for (const name of folders()) utimesSync(join(cache, 'tandem', name), at, at);
  };
  start();
  ages(16);
  assert.equal(start(), `one,${core},function`, 'it is used again');
  say('two');
  start();
  assert.equal(folders().length, 2);
  ages(16);
  say('three');
  start();
  assert.equal(folders().length, 1);
});

test('in a folder that was copied it is made of what is there', (t) => {
  const one = smallTarget(t);
  one.start();
  const other = smallTarget(t);
  cpSync(one.cache, other.cache, { recursive: true });
  other.say('two');
  assert.equal(other.start(), `two,${other.core},function`);
});

test('where nothing can be written, its modules are read one by one', (t) => {
  const { cache, core, start } = smallTarget(t);
  writeFileSync(cache, '');
  assert.equal(start(), `one,${core},function`);
});
