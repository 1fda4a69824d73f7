/** Where a run came from: its command, the versions of what took part, and the machine. */
import { execFile, execFileSync } from 'node:child_process';
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
      commit: answer(...commitOf(root)) ?? env.GITHUB_SHA ?? null,
      node: process.version,
      playwright,
      browser: browser === undefined ? null : answer(...versionOf(browser, root)),
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

/** A program, its arguments, and where it is asked. */
type Question = [command: string, args: string[], cwd: string];

const commitOf = (root: string): Question => [
  'git',
  ['describe', '--always', '--dirty', '--exclude=*', '--abbrev=12'],
  root,
];
const versionOf = (browser: string, root: string): Question => [browser, ['--version'], root];

/** What was answered, by question: a run does not change it, and asks several times. Null where nothing was said. */
const answers = new Map<string, string | null>();

const LIMITS = { encoding: 'utf8', timeout: 5_000 } as const;

/** Asks what {@link originOf} will, while something else is waited for. */
export async function askOrigin(root: string, browser: string | undefined): Promise<void> {
  const questions = [commitOf(root), ...(browser === undefined ? [] : [versionOf(browser, root)])];
  await Promise.all(
    questions.map(async (question) => {
      const [command, args, cwd] = question;
      const said = promisify(execFile)(command, args, { ...LIMITS, cwd }).then(({ stdout }) => stdout.trim() || null);
      answers.set(JSON.stringify(question), await said.catch(() => null));
    }),
  );
}

function answer(...question: Question): string | null {
  const key = JSON.stringify(question);
  const known = answers.get(key);
  if (known !== undefined) return known;
  const text = outputOf(...question);
  answers.set(key, text);
  return text;
}

function outputOf(...[command, args, cwd]: Question): string | null {
  try {
    return execFileSync(command, args, { ...LIMITS, cwd, stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
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
