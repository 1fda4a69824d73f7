// npx tandem import k6 <script>: a profile of a k6 script's options, and what is left to write.
import { existsSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { Misunderstood } from '../command.ts';
import { k6Script } from '../k6/script.ts';
import { translated } from '../k6/translation.ts';
import { made } from '../new-file.ts';
import { assertProject, slashes } from '../surroundings.ts';

/** What a script does once a run, by k6's name. */
const HOOKS = { setup: 'setupRun', teardown: 'teardownRun' };

export async function run([tool, script, ...more]: string[], root: string): Promise<void> {
  if (tool !== 'k6' || script === undefined || more.length > 0) throw new Misunderstood();
  if (!existsSync(script)) throw new Error(`There is no file ${script}; allowed is the path of a k6 script.`);
  assertProject(root);
  const name = nameFrom(script);
  const path = join(root, 'profiles', `${name}.json`);
  // As whoever called finds them.
  const from = (...file: string[]) => slashes(relative(process.cwd(), join(root, ...file)));
  const shown = from('profiles', `${name}.json`);
  const { options, functions, unread } = await k6Script(resolve(script), process.env);
  const { profile, left, toWrite } = translated(name, options);
  const text = `${JSON.stringify({ $schema: './profile.schema.json', ...profile }, undefined, 2)}\n`;
  if (!made(path, text)) throw new Error(`${shown} is there already; allowed is to move it away first.`);
  const loads = new Set(Object.entries(profile.scenarios).map(([key, { exec = key }]) => exec));
  const lines = [
    `${shown} has the scenarios and thresholds of ${script}.`,
    ...[...loads].map(
      (load) =>
        `To write: ${from('protocol', `${load}.load.ts`)} (npx tandem new load ${load}), or ${from('journeys', `${load}.journey.ts`)} where it uses a browser.`,
    ),
    ...Object.entries(HOOKS).flatMap(([own, hook]) =>
      functions.includes(own)
        ? [`To write: ${own}() becomes ${hook} of the load, and is done once for each scenario.`]
        : [],
    ),
    ...toWrite.map((sentence) => `To write: ${sentence}`),
    ...(functions.includes('handleSummary') ? ['Left out: handleSummary(): the files of each run say it.'] : []),
    ...unread.map((field) => `Left out: ${field}: k6 alone can read where it comes from.`),
    ...left.map((sentence) => `Left out: ${sentence}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Of the profile, and of the load that the script's default function becomes. */
export function nameFrom(script: string): string {
  const name = basename(script).replace(/\.\w+$/, '');
  return name.replace(/\W+/g, '-').replace(/^-+|-+$/g, '') || 'k6';
}
