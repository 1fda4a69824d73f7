/** The embedded target's process: it starts with the configuration, while Playwright still reads tests, and ends with the run. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { addressesVariable, portVariable } from './target.ts';

const START_MS = 60_000;
/** It takes less than a second. */
const STOP_MS = 5_000;
/** The last line that it says when all of it listens. */
const LISTENING = /((?:^[A-Z_]+=\S+\n)*)^listening on http:\/\/127\.0\.0\.1:(\d+)\r?\n/m;

/** What is started. */
export interface TargetProgram {
  /** A module that Node runs, relative to the folder. */
  module: string;
  folder: string;
  /** Beside our own. */
  env: Record<string, string>;
}

export class EmbeddedTarget {
  /** Of the run of this process; none when it loads another target. */
  static current: EmbeddedTarget | undefined;

  readonly #child: ChildProcess;
  readonly #env: NodeJS.ProcessEnv;
  /** How it ended, when all that it said was read. */
  readonly #closed: Promise<string>;
  readonly #listening: Promise<void>;
  #stopping: Promise<void> | undefined;

  /** Starts that of this run. */
  static begin(program: TargetProgram, env: NodeJS.ProcessEnv = process.env): void {
    EmbeddedTarget.current = new EmbeddedTarget(program, env);
  }

  /** @param env where its addresses are made known: workers have the same */
  constructor({ module, folder, env: own }: TargetProgram, env: NodeJS.ProcessEnv, startMs = START_MS) {
    this.#env = env;
    this.#child = spawn(process.execPath, [module], {
      cwd: folder,
      // Its standard input is a pipe that ends with this process, however that does.
      env: { ...env, ...own, TARGET_STOP_WITH_STDIN: '1' },
      stdio: 'pipe',
      // Ctrl-C is for the run, which ends the target last.
      detached: process.platform !== 'win32',
    });
    this.#closed = new Promise((resolve) => {
      this.#child
        .on('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
        .on('error', ({ message }) => resolve(message));
    });
    this.#listening = this.#listen(startMs);
    // Whoever waits for it comes later.
    this.#listening.catch(() => {});
  }

  /** What it says of what goes wrong: read it, or it stops when nobody does. */
  get said(): Readable {
    return this.#child.stderr!.setEncoding('utf8');
  }

  /**
   * Resolves when it listens, and its addresses are known to this process and its workers.
   * @throws one sentence when it did not start
   */
  listening(): Promise<void> {
    return this.#listening;
  }

  /** Lets it answer what it was asked, and resolves when it is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #listen(startMs: number): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      const stdout = this.#child.stdout!.setEncoding('utf8');
      let output = '';
      const hear = (text: string) => {
        output += text;
        const [whole, addresses, port] = LISTENING.exec(output) ?? [];
        if (whole === undefined) return;
        stdout.off('data', hear).resume();
        this.#env[addressesVariable] = addresses;
        this.#env[portVariable] = port;
        resolve();
      };
      stdout.on('data', hear);
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, startMs, 'late');
    });
    const end = await Promise.race([heard, this.#closed, late]).finally(() => clearTimeout(timer));
    // A run that was ended meanwhile has its own reason, and asks for no addresses any more.
    if (this.#stopping) await new Promise(() => {});
    if (end === undefined) return;
    await this.stop();
    throw new Error(
      end === 'late'
        ? `The embedded target did not start within ${startMs / 1_000} s.`
        : `The embedded target did not start (${end}); what it said is above.`,
    );
  }

  async #stop(): Promise<void> {
    this.#kill('SIGTERM');
    const timer = setTimeout(() => this.#kill('SIGKILL'), STOP_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  /** With the processes that it has started, but for its database, which ends with it. */
  #kill(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    if (process.platform === 'win32') this.#child.kill(signal);
    else process.kill(-pid, signal);
  }
}
