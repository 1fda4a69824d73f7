// npm start: sets up, then runs a profile (smoke, unless one is named) exactly as "npx playwright test" would.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runInForeground } from './child.mjs';
import { ROOT, setUpOrExit } from './setup.mjs';
import { checkTemporary } from './writable.mjs';

const args = process.argv.slice(2);

// Without "--" npm keeps options for itself, and something else would run.
const swallowed = ['project', 'grep', 'grep-invert', 'shard', 'workers', 'headed', 'list'].flatMap((name) => {
  const value = process.env[`npm_config_${name.replace('-', '_')}`];
  // Of a switch without a value.
  return value ? [value === 'true' ? `--${name}` : `--${name}=${value}`] : [];
});
if (swallowed.length > 0) {
  const names = swallowed.map((one) => one.replace(/=.*/s, '')).join(' and ');
  console.error(`npm kept ${names} for itself: write "npm start -- ${swallowed.join(' ')}".`);
  process.exit(1);
}

const isProjectNamed = args.some((arg) => arg === '--project' || arg.startsWith('--project='));
const mistake = mistakeIn(args);
if (mistake !== undefined) {
  console.error(mistake);
  process.exit(1);
}

await setUpOrExit({ browser: true });

process.chdir(ROOT);
process.exitCode = await runInForeground(process.execPath, [
  join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js'),
  'test',
  ...(isProjectNamed ? [] : ['--project=smoke']),
  ...args,
]);

/**
 * What Playwright would take for something else, or answer with a stack before it reads our configuration.
 *
 * @param {string[]} args
 * @returns {string | undefined} a sentence
 */
function mistakeIn(args) {
  const profile = args.find(
    (arg, i) =>
      /^[\w-]+$/.test(arg) && !args[i - 1]?.startsWith('-') && existsSync(join(ROOT, 'profiles', `${arg}.json`)),
  );
  if (profile !== undefined && !isProjectNamed) {
    return `"${profile}" is a profile, and alone it is a pattern of files: write "npm start -- --project=${profile}".`;
  }
  const at = args.findIndex((arg) => /^--shard(=|$)/.test(arg));
  const shard = at < 0 ? undefined : (args[at]?.split('=')[1] ?? args[at + 1] ?? '');
  const [, current, total] = /^(\d+)\/(\d+)$/.exec(shard ?? '') ?? [];
  if (shard !== undefined && !(Number(current) >= 1 && Number(current) <= Number(total))) {
    return `--shard is "${shard}"; allowed is <current>/<all>, such as 1/4, counted from 1.`;
  }
  try {
    checkTemporary();
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}
