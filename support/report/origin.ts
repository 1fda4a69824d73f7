/** Where a run came from: its command, the versions of what took part, and the machine. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';

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
export async function originOf(
  root: string,
  playwright: string,
  browser: string | undefined,
  { argv, env }: Pick<NodeJS.Process, 'argv' | 'env'> = process,
): Promise<Origin> {
  const tandem = createRequire(import.meta.url)('tandem/package.json') as { version: string };
  const [commit, version] = await askOrigin(root, browser);
  return {
    command: commandOf(argv, env),
    versions: {
      tandem: tandem.version,
      commit: commit ?? env.GITHUB_SHA ?? null,
      node: process.version,
      playwright,
      browser: version,
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

/** What a program said, by where it was asked and how: a run does not change it, and asks several times. Null for nothing. */
const answers = new Map<string, Promise<string | null>>();

/** Asks what {@link originOf} will: whoever does it ahead need not wait then. */
export function askOrigin(
  root: string,
  browser: string | undefined,
): Promise<[commit: string | null, browser: string | null]> {
  const commit = answer(root, 'git', 'describe', '--always', '--dirty', '--exclude=*', '--abbrev=12');
  return Promise.all([commit, browser === undefined ? null : answer(root, browser, '--version')]);
}

function answer(cwd: string, command: string, ...args: string[]): Promise<string | null> {
  const key = JSON.stringify([cwd, command, args]);
  const said = answers.get(key) ?? outputOf(cwd, command, args);
  answers.set(key, said);
  return said;
}

async function outputOf(cwd: string, command: string, args: string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, encoding: 'utf8', timeout: 5_000 });
    return stdout.trim() || null;
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
