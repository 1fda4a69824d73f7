#!/usr/bin/env node
// npx tandem <command>: what there is to do beside running a load.
import { register } from 'tsx/esm/api';

// A project's own files are TypeScript, and here so are ours.
register();
const { tandem } = await import('./commands.ts');
await tandem(process.argv.slice(2), process.cwd());
