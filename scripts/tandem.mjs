#!/usr/bin/env node
// npx tandem <command>: what there is to do beside running a load. It is TypeScript that tsx reads.
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';

register();

/** @type {Record<string, { usage: string, words: number, run(...words: string[]): Promise<void> }>} */
const COMMANDS = {
  report: {
    usage: 'report <run>',
    words: 1,
    async run(run = '') {
      const { report } = await import('./report.ts');
      await report(process.cwd(), run);
    },
  },
};

try {
  const [name = '', ...words] = positionals();
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command || command.words !== words.length) throw new Error(misunderstood());
  await command.run(...words);
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exitCode = 1;
}

/** @returns {string[]} */
function positionals() {
  try {
    return parseArgs({ allowPositionals: true }).positionals;
  } catch {
    throw new Error(misunderstood());
  }
}

function misunderstood() {
  const usages = Object.values(COMMANDS).map(({ usage }) => usage);
  return `"${['npx tandem', ...process.argv.slice(2)].join(' ')}" is not understood; allowed: ${usages.join(', ')}.`;
}
