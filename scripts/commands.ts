// The commands of npx tandem: a file each in commands/, and one line here.
import { join } from 'node:path';
import { variables } from '../support/input/environment.ts';
import { allowed } from '../support/input/misspelling.ts';
import { profileNames } from '../support/profile.ts';
import { Misunderstood, type TandemCommand } from './command.ts';
import { configOption, projectFolder } from './surroundings.ts';
import { causeOf } from './writable.mjs';

interface Listed {
  /** What may stand behind the name. */
  usage: string;
  about: string;
  load(): Promise<TandemCommand>;
}

const commands: Record<string, Listed> = {
  init: {
    usage: '[folder]',
    about: 'adds what a repository needs for its first run, in load/',
    load: () => import('./commands/init.ts'),
  },
  new: {
    usage: 'journey | load | oracle | profile <name>',
    about: 'a file to begin with',
    load: () => import('./commands/new.ts'),
  },
  schema: {
    usage: '',
    about: 'makes editors complete profiles, the options of your loads included',
    load: () => import('./commands/schema.ts'),
  },
  doctor: {
    usage: '',
    about: 'what this machine lacks for a run, and the remedy',
    load: () => import('./commands/doctor.ts'),
  },
  attack: {
    usage: '-targets=<file> -rate=50 -duration=30s [-slo="p(99)<500" …]',
    about: 'the requests of a file at a rate, with Vegeta’s flags',
    load: () => import('./commands/attack.ts'),
  },
  report: {
    usage: '<run>',
    about: 'the verdict of a run whose process was killed',
    load: () => import('./commands/report.ts'),
  },
  compare: {
    usage: '<run> <run>',
    about: 'two runs side by side; a run is its id, its folder or "latest"',
    load: () => import('./commands/compare.ts'),
  },
  import: {
    usage: 'k6 <script>',
    about: 'a profile of the options of a k6 script, and what is left to write',
    load: () => import('./commands/import.ts'),
  },
  baseline: {
    usage: 'accept <run> | show',
    about: 'the runs that others are compared with',
    load: () => import('./commands/baseline.ts'),
  },
  rendezvous: {
    usage: '',
    about: 'where shards meet before they start, at HOST (127.0.0.1) and PORT (4100)',
    load: () => import('./commands/rendezvous.ts'),
  },
};

/** Sets the process's exit code where it does not succeed. */
export async function tandem([name = '--help', ...args]: string[], cwd: string): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read it has seen enough, as `head` has.
    if (error.code === 'EPIPE') return;
    console.error(`Standard output cannot be written to: ${causeOf(error)}.`);
    process.exitCode = 1;
  });
  const root = projectFolder(cwd);
  if (['--help', '-h', 'help'].includes(name)) {
    process.stdout.write(help(root, configOption(cwd, root)));
    return;
  }
  const command = Object.hasOwn(commands, name) ? commands[name]! : undefined;
  try {
    if (!command) throw new Error(`"npx tandem ${name}" is no command; ${allowed(name, Object.keys(commands))}.`);
    const { run } = await command.load();
    await run(args, root);
  } catch (error) {
    const { usage } = command ?? {};
    const given = ['npx tandem', name, ...args].join(' ');
    const misunderstood = `"${given}" is not understood; allowed: ${`npx tandem ${name} ${usage}`.trim()}.`;
    console.error(error instanceof Misunderstood ? misunderstood : (error as Error).message);
    process.exitCode = 1;
  }
}

function help(root: string, config: string): string {
  const rows = Object.entries(commands).map(
    ([name, { usage, about }]) => [`npx tandem ${name} ${usage}`.trim(), about] as const,
  );
  return [
    'A run:',
    `  npx playwright test${config} --project=<profile> [-g <scenario>] [--shard=<n>/<all>]`,
    '',
    'Beside it:',
    ...table(rows),
    '',
    `Profiles here: ${profilesIn(root)}`,
    '',
    'Variables that shape a run:',
    ...table(Object.entries(variables)),
    '',
    `Where the target is stands in .env, or .env.<TARGET>: npx playwright test${config} --list names all of its settings.`,
    '',
  ].join('\n');
}

function profilesIn(root: string): string {
  try {
    return profileNames(join(root, 'profiles'), root).join(', ');
  } catch {
    return 'none; npx tandem init makes the first.';
  }
}

function table(rows: (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
