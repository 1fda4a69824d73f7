/** Ends a run before its time when its process is told to, from wherever that comes, and keeps what was measured. */
import { thrown } from '../measure/failures.ts';

/** A keystroke comes up to three times (from the terminal, npm and its script), and Playwright too hears it once. */
const SAME_SIGNAL_MS = 1_000;
/**
 * Whoever sends SIGTERM sends SIGKILL some time later: `docker stop` after 10 s. A stopped slice delivers within 5 s; what
 * hangs longer is not waited for.
 */
const HURRY_AFTER_MS = 6_000;
const LAUNCHER_CHECK_MS = 1_000;

/** By this variable, its own process id, a launcher asks the program that it starts to end with it. */
export const launcherVariable = 'TANDEM_LAUNCHER';

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const SIGNALS: Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const NUMBERS: Record<Signal, number> = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

type Host = Pick<NodeJS.Process, 'on' | 'off' | 'emit' | 'exit' | 'ppid' | 'env'>;

/**
 * Playwright knows Ctrl-C alone: SIGTERM, SIGHUP (a closed terminal) and the death of the launcher are given to it as that.
 * The first stops the run; the second, or the first after a while, waits for no slice any more; the third for nothing.
 */
export class Interruption {
  /** What ended the run, in words; undefined when nothing did. */
  by: string | undefined;
  readonly #host: Host;
  readonly #killSlices: () => void;
  readonly #now: () => number;
  readonly #handlers: [Signal, () => void][];
  #count = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #hurryTimer: NodeJS.Timeout | undefined;
  #launcherTimer: NodeJS.Timeout | undefined;

  /**
   * @param killSlices ends the processes of the slices at once
   * @param now monotonic ms
   */
  constructor(killSlices: () => void, host: Host = process, now: () => number = () => performance.now()) {
    this.#killSlices = killSlices;
    this.#host = host;
    this.#now = now;
    this.#handlers = SIGNALS.map((signal) => [signal, () => this.#hear(signal)]);
  }

  /** From now on; until then, and after {@link end}, a signal ends the process as ever. */
  begin(): void {
    for (const [signal, handler] of this.#handlers) this.#host.on(signal, handler);
    const launcher = this.#host.ppid;
    if (this.#host.env[launcherVariable] !== String(launcher)) return;
    this.#launcherTimer = setInterval(() => {
      if (this.#host.ppid === launcher) return;
      clearInterval(this.#launcherTimer);
      this.#hear('SIGTERM', 'the end of the program that started it');
    }, LAUNCHER_CHECK_MS).unref();
  }

  end(): void {
    for (const [signal, handler] of this.#handlers) this.#host.off(signal, handler);
    clearTimeout(this.#hurryTimer);
    clearInterval(this.#launcherTimer);
  }

  #hear(signal: Signal, words = signal === 'SIGINT' ? 'Ctrl-C' : signal): void {
    const now = this.#now();
    if (now - this.#lastAt < SAME_SIGNAL_MS) return;
    this.#lastAt = now;
    this.#count += 1;
    this.by ??= words;
    if (this.#count === 1 && signal !== 'SIGINT') {
      this.#hurryTimer = setTimeout(() => this.#hear(signal), HURRY_AFTER_MS).unref();
    }
    if (this.#count === 2) this.#killSlices();
    if (this.#count > 2) this.#host.exit(128 + NUMBERS[signal]);
    if (signal !== 'SIGINT') this.#host.emit('SIGINT', 'SIGINT');
  }
}

/**
 * Hears of the end of this process before its run has come to one: `process.exit` in a file of the project's, such as an oracle. Its code
 * may be that of a pass, and is none any more.
 * @param tell is given the place, `path:line`, where one is known
 * @returns for when the run has ended
 */
export function watchExit(
  tell: (at: string | undefined) => void,
  host: Pick<NodeJS.Process, 'once' | 'off' | 'exitCode'> = process,
): () => void {
  const hear = () => {
    host.exitCode ||= 1;
    tell(thrown(new Error()).at);
  };
  host.once('exit', hear);
  return () => host.off('exit', hear);
}
