// npm pack calls it: compiles into dist/ what another repository installs, and removes that again; the repository itself runs from its
// sources. Types are checked by npm test.
import { cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './child.mjs';
import { ROOT } from './setup.mjs';

const DIST = join(ROOT, 'dist');
/** What is read at run time and is no code. */
const ASSETS = /\.(css|proto|txt)$/;

rmSync(DIST, { recursive: true, force: true });
if (!process.argv.includes('--clean')) await build();

async function build() {
  const compiler = join(ROOT, 'node_modules', 'typescript-7', 'bin', 'tsc');
  const { ok, output } = await runQuietly(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck'], {
    timeoutMs: 120_000,
    cwd: ROOT,
  });
  for (const folder of ok ? ['support', 'protocol'] : []) {
    cpSync(join(ROOT, folder), join(DIST, folder), {
      recursive: true,
      filter: (path) => statSync(path).isDirectory() || ASSETS.test(path),
    });
  }
  if (ok) return;
  console.error(output);
  process.exitCode = 1;
}
