#!/usr/bin/env node
// npx tandem <command>: what there is to do beside running a load.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { transformSync } from 'esbuild';
import { register } from 'tsx/esm/api';

const source = new URL('commands.ts', import.meta.url);
const compiled = new URL('../dist/scripts/', import.meta.url);

/** A project's own files are TypeScript, and in the repository so are ours. */
async function readsModules() {
  if (existsSync(source)) return true;
  const { isModule } = await import(new URL('../support/import-file.js', compiled).href);
  return isModule(process.cwd());
}

// From Node 22 on it reads what is required as well, and as modules, which a CommonJS project's files are not.
if (await readsModules()) register();
// Those of a CommonJS project. What they require is ours as Node knows it, and not a copy, as tsx would make.
createRequire(import.meta.url).extensions['.ts'] = (module, filename) => {
  const options = /** @type {const} */ ({ loader: 'ts', format: 'cjs', target: 'node20', sourcefile: filename });
  const { code } = transformSync(readFileSync(filename, 'utf8'), options);
  /** @type {NodeJS.Module & { _compile(code: string, filename: string): void }} */ (module)._compile(code, filename);
};
const { tandem } = await import((existsSync(source) ? source : new URL('commands.js', compiled)).href);
await tandem(process.argv.slice(2), process.cwd());
