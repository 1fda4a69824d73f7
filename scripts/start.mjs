// npm start: sets up, then runs a profile (smoke, unless one is named) exactly as "npx playwright test" would.
import { join } from 'node:path';
import { runInForeground } from './child.mjs';
import { ROOT, setUpOrExit } from './setup.mjs';

const args = process.argv.slice(2);

// Without "--" npm keeps options for itself, and the wrong profile would run.
const swallowed = process.env.npm_config_project;
if (swallowed) {
  console.error(`npm kept --project for itself: write "npm start -- --project=${swallowed}".`);
  process.exit(1);
}

await setUpOrExit({ browser: true });

const isProjectNamed = args.some((arg) => arg === '--project' || arg.startsWith('--project='));
process.chdir(ROOT);
process.exitCode = await runInForeground(process.execPath, [
  join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js'),
  'test',
  ...(isProjectNamed ? [] : ['--project=smoke']),
  ...args,
]);
