/** Where a run came from: its command, the versions of what took part, and the machine. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';

export interface Origin {
  /** As it can be typed again, with the variables that shape a run. */
  command: string;
  /** `commit` is the project's, with `-dirty` when files were changed; null for what is not known. */
  versions: { tandem: string; commit: string | null; node: string; playwright: string; browser: string | null };
  /** The one that the load came from; null for merged shards, which had several. */
  machine: Machine | null;
}

export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  os: string;
}

/** @param browser the journeys' executable; undefined without journeys */
export function originOf(
  root: string,
  playwright: string,
  browser: string | undefined,
  { argv, env }: Pick<NodeJS.Process, 'argv' | 'env'> = process,
): Origin {
  const tandem = createRequire(import.meta.url)('tandem/package.json') as { version: string };
  return {
    command: commandOf(argv, env),
    versions: {
      tandem: tandem.version,
      commit:
        answer('git', ['describe', '--always', '--dirty', '--exclude=*', '--abbrev=12'], root) ??
        env.GITHUB_SHA ??
        null,
      node: process.version,
      playwright,
      browser: browser === undefined ? null : answer(browser, ['--version'], root),
    },
    machine: argv.includes('merge-reports') ? null : machine(),
  };
}

function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    os: `${type()} ${release()} ${arch()}`,
  };
}

/** What was answered, by question: a run does not change it, and asks several times. */
const answers = new Map<string, string | null>();

/** What a program says; null when it is not there or says nothing. */
function answer(command: string, args: string[], cwd: string): string | null {
  const question = JSON.stringify([command, args, cwd]);
  const known = answers.get(question);
  if (known !== undefined) return known;
  const text = outputOf(command, args, cwd);
  answers.set(question, text);
  return text;
}

function outputOf(command: string, args: string[], cwd: string): string | null {
  try {
    const text = execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      timeout: 5_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.trim() || null;
  } catch {
    return null;
  }
}

/** Without the run's id, with which a second run would take the place of the first, and without what only watches. */
function commandOf([, , ...args]: string[], env: NodeJS.ProcessEnv): string {
  const shaping = /^(LOAD_(?!(?:RUN_ID|DASHBOARD)$)\w+|TARGET|TARGET_FAULTS)$/;
  const variables = Object.keys(env).filter((name) => shaping.test(name) && env[name] !== '');
  return [
    ...variables.sort().map((name) => `${name}=${quoted(env[name]!)}`),
    'npx playwright',
    ...args.map(quoted),
  ].join(' ');
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
