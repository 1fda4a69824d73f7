/** A throw-away Tandem project, and whole runs of `npx playwright test` in it, as a user would start them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Finding, Reason, Verdict } from '../support/judge/verdict.ts';
import { oracleFiles, scenarioFiles } from '../support/scenario-files.ts';

/** The repository: projects import the suite's words from here. */
export const repository = dirname(import.meta.dirname);

/** Where the repository defines a scenario, as a path below {@link repository}. */
export function scenarioFile(name: string): string {
  const { load, journey } = scenarioFiles(repository);
  return relative(repository, (load.get(name) ?? journey.get(name))!);
}

/** Files for a project whose scenarios are the repository's: they bring evidence for the repository's oracles. */
export function oracleImports(): Record<string, string> {
  const files = oracleFiles(repository).map((path) => relative(repository, path));
  return Object.fromEntries(files.map((file) => [file, `import '${repository}/${file}';`]));
}

const PLAYWRIGHT = join(repository, 'node_modules', '@playwright', 'test', 'cli.js');

/** All that a run gets of our own environment: nothing that shapes a run, names a target or belongs to a CI. */
const KEPT_VARIABLES = [
  ...['PATH', 'HOME', 'USER', 'TMPDIR', 'LANG', 'LD_LIBRARY_PATH', 'XDG_CACHE_HOME'],
  ...['PLAYWRIGHT_BROWSERS_PATH', 'PLAYWRIGHT_CHROMIUM_EXECUTABLE'],
];

function keptVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(KEPT_VARIABLES.map((name) => [name, process.env[name]]));
}

/** Every process of a run inherits this variable: by it those that were left behind are found. */
const MARK = 'TANDEM_TEST_RUN';

export interface Outcome {
  /** Of Playwright. */
  pid: number;
  exitCode: number | null;
  /** Everything that was printed, without colours. */
  output: string;
  /** The folder of the results: `reports/latest`, or that of the run id that was given. */
  folder: string;
  /** Undefined when none was written. */
  verdict: Verdict | undefined;
}

/** A folder below `reports/`, where the packages of the repository are found and no tool looks. */
export class Project {
  readonly folder: string;
  readonly #test: TestContext;
  readonly #runs: Run[] = [];

  /** @param files by path; what is no text is written as JSON. Removed when the test is over. */
  constructor(test: TestContext, files: Record<string, unknown>) {
    const parent = join(repository, 'reports', '.tests');
    mkdirSync(parent, { recursive: true });
    this.#test = test;
    this.folder = mkdtempSync(join(parent, 'project-'));
    test.after(() => {
      for (const run of this.#runs) run.kill();
      rmSync(this.folder, { recursive: true, maxRetries: 10 });
    });
    this.write({
      'package.json': { type: 'module' },
      'playwright.config.ts':
        `import { readBundled } from '${repository}/scripts/suite.mjs';\n` +
        'await readBundled();\n' +
        `const { families } = await import('${repository}/protocol/families.ts');\n` +
        `const { tandemConfig } = await import('${repository}/support/config.ts');\n` +
        'export default tandemConfig(import.meta.dirname, families);\n',
      ...files,
    });
  }

  write(files: Record<string, unknown>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), typeof content === 'string' ? content : JSON.stringify(content));
    }
  }

  /** Starts `playwright test <args>`, or another command, with nothing but `env` to say what to run. */
  start(args: string[], env: Record<string, string> = {}, command = 'test'): Run {
    const run = new Run(this.#test, this.folder, args, env, command);
    this.#runs.push(run);
    return run;
  }

  run(args: string[], env: Record<string, string> = {}): Promise<Outcome> {
    return this.start(args, env).end();
  }

  /** `npx tandem <args>`. */
  tandem(...args: string[]): Pick<Outcome, 'exitCode' | 'output'> {
    const tandem = join(repository, 'scripts', 'tandem.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tandem, ...args], {
      cwd: this.folder,
      env: keptVariables(),
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { exitCode: status, output: stripVTControlCharacters(stdout + stderr) };
  }

  /** The same while the test's own process serves it, with this text as its standard input. */
  async pipedTandem(
    input: string,
    ...args: string[]
  ): Promise<{ exitCode: number | null; output: string; errors: string }> {
    const child = spawn(process.execPath, [join(repository, 'scripts', 'tandem.mjs'), ...args], {
      cwd: this.folder,
      env: keptVariables(),
      timeout: 120_000,
    });
    child.stdin.end(input);
    const [output, errors, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { exitCode: exitCode as number | null, output, errors: stripVTControlCharacters(errors) };
  }

  /** `playwright merge-reports` on a folder of blobs. */
  merge(blobs: string, env: Record<string, string> = {}): Promise<Outcome> {
    const args = ['--config=playwright.config.ts', blobs];
    return this.start(args, env, 'merge-reports').end();
  }
}

/** One `playwright test`, or another command of Playwright's, under way. */
export class Run {
  readonly #mark = randomBytes(8).toString('hex');
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #news = new EventEmitter();
  readonly #exit: Promise<unknown[]>;
  #output = '';

  /** @param folder the project, or the repository itself */
  constructor(test: TestContext, folder: string, args: string[], env: Record<string, string>, command = 'test') {
    this.#folder = join(folder, 'reports', env.LOAD_RUN_ID ?? 'latest');
    this.#child = spawn(process.execPath, [PLAYWRIGHT, command, ...args], {
      cwd: folder,
      env: { ...keptVariables(), ...env, [MARK]: this.#mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as a shell gives to every command: it is the group that a Ctrl-C reaches.
      detached: true,
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output += stripVTControlCharacters(chunk);
        this.#news.emit('news');
      });
    }
    this.#exit = once(this.#child, 'close');
    test.after(() => this.kill());
  }

  /** Waits for something that happens while the run lasts; rejects when the run ends before. */
  async until(event: Promise<unknown>): Promise<void> {
    const ended = this.#exit.then(() => {
      throw new Error(`the run ended too early:\n${this.#output}`);
    });
    await Promise.race([event, ended]);
  }

  /** Resolves with the match once the output has one. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match) return match;
      await this.until(once(this.#news, 'news'));
    }
  }

  /** What Ctrl-C does in a terminal: SIGINT to every process of the group. */
  pressCtrlC(): void {
    this.signalAll('SIGINT');
  }

  /** To every process of the group, as when a terminal is closed. */
  signalAll(signal: NodeJS.Signals): void {
    process.kill(-this.#child.pid!, signal);
  }

  /** To the process that was started, and to no other. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends every process of it that is left. */
  kill(): void {
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it has just ended by itself
    }
  }

  /** Waits until it is over. */
  async end(): Promise<Outcome> {
    const [exitCode] = (await this.#exit) as [number | null];
    const path = join(this.#folder, 'verdict.json');
    const verdict = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Verdict) : undefined;
    return { pid: this.#child.pid!, exitCode, output: this.#output, folder: this.#folder, verdict };
  }

  /** Those that live, of this run: itself, workers, browsers, target, database. Known on Linux only; else none. */
  processes(): Process[] {
    const all = readProcesses();
    const own = new Set(all.filter(({ environment }) => environment.includes(`${MARK}=${this.#mark}`)));
    // PostgreSQL is given an environment of its own, but is a child of one of the others. Parents come first in no order.
    for (let before = -1; before < own.size; ) {
      before = own.size;
      for (const one of all) if ([...own].some(({ pid }) => pid === one.parent)) own.add(one);
    }
    return [...own];
  }
}

export interface Process {
  pid: number;
  parent: number;
  command: string;
  environment: string;
}

function readProcesses(): Process[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => {
    try {
      if (!/^\d+$/.test(name)) return [];
      const read = (what: string) => readFileSync(`/proc/${name}/${what}`, 'utf8');
      const command = read('cmdline').replaceAll('\0', ' ').trim();
      const parent = Number(/\) \w (\d+)/.exec(read('stat'))?.[1]);
      // Without a command line it has ended and only waits for its parent to take note.
      return command ? [{ pid: Number(name), parent, command, environment: read('environ') }] : [];
    } catch {
      return []; // it ended meanwhile, or is somebody else's
    }
  });
}

/** Those of the given processes that still live. */
export function surviving(processes: Process[]): string[] {
  const alive = readProcesses();
  return processes
    .filter(({ pid, command }) => alive.some((one) => one.pid === pid && one.command === command))
    .map(({ command }) => command);
}

/** Resolves when none of these processes is left; what ends with another one does so a moment after it. Rejects with those that stay. */
export async function gone(processes: Process[]): Promise<void> {
  for (let look = 0; look < 400 && surviving(processes).length > 0; look++) await sleep(50);
  assert.deepEqual(surviving(processes), []);
}

/** The text of `protocol/<name>.load.ts`: an operation `get` that asks for `/item` and checks that it is there. */
export function getLoad(name = 'ping', operations = ''): string {
  return `
    import { load } from '${repository}/support/test.ts';
    import { Http } from '${repository}/protocol/transports/http.ts';

    load('${name}', {
      setup: (slice) => new Http(slice, slice.target.apiUrl),
      teardown: (http) => http.close(),
      vu: (_vu, http) => http,
      operations: {
        get: {
          weight: 1,
          async run(http, vu) {
            const answer = await http.request({ op: 'get', method: 'GET', path: '/item' });
            vu.check('status is 200', answer.status === 200);
          },
        },
        ${operations}
      },
    });`;
}

/** Limits on the generator so wide that a busy machine changes no outcome. */
export const anyMachine = {
  maxLateness: '1m',
  minDelivered: 0,
  maxStartSpread: '1m',
  maxEventLoopDelay: '1m',
  maxGcPause: '1m',
  maxGeneratorCpu: 1_000_000,
  maxMachineCpu: 1_000_000,
  maxSteal: 1_000_000,
  maxControlSlowdown: 1_000_000,
};

/** A profile of one load at a constant rate. */
export function pingProfile(changes: Record<string, unknown> = {}, scenario: Record<string, unknown> = {}) {
  return {
    description: 'a test',
    scenarios: { ping: { executor: 'constant-arrival-rate', rate: 50, duration: '1s', maxVUs: 10, ...scenario } },
    thresholds: { 'http_req_failed{scenario:ping}': ['rate<0.05'] },
    health: anyMachine,
    ...changes,
  };
}

/** The only reason of that kind, with its fields. */
export function reason<K extends Finding['kind']>(verdict: Verdict | undefined, kind: K) {
  return verdict?.reasons.find((one) => one.kind === kind) as (Extract<Finding, { kind: K }> & Reason) | undefined;
}

/** Every file below a folder, by path. */
export function filesIn(folder: string): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const entry of readdirSync(folder, { recursive: true }) as string[]) {
    const path = join(folder, entry);
    if (statSync(path).isFile()) files[entry] = readFileSync(path);
  }
  return files;
}
