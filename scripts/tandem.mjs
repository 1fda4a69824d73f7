#!/usr/bin/env node
// npx tandem <command>: what there is to do beside running a load.
import { existsSync } from 'node:fs';
import { register as registerRequire } from 'tsx/cjs/api';
import { register } from 'tsx/esm/api';

// A project's own files are TypeScript, of either kind; in the repository ours are as well.
registerRequire();
register();
const source = new URL('commands.ts', import.meta.url);
const compiled = new URL('../dist/scripts/commands.js', import.meta.url);
const { tandem } = await import((existsSync(source) ? source : compiled).href);
await tandem(process.argv.slice(2), process.cwd());
