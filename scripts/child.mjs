// The two ways in which these scripts run another program: in silence with a time limit, or in the user's terminal.
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';

/**
 * @typedef {object} Outcome
 * @property {boolean} ok whether it ended with exit code 0 in time
 * @property {string} output the end of what it printed, both streams; how it ended, if it printed nothing or its time was up
 */

/** More is not kept. */
const MOST_OUTPUT = 64_000;
/** For what it printed last. */
const AFTER_EXIT_MS = 100;

/**
 * Runs a program without a terminal and keeps what it prints. Never rejects.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv, group?: boolean, signal?: AbortSignal, isLow?: boolean }} options
 *   `group`: it gets a process group of its own, and what it has started ends with it when its time is up; `signal` ends it at once;
 *   `isLow`: it takes what others leave of the machine
 * @returns {Promise<Outcome>}
 */
export function runQuietly(command, args, { timeoutMs, cwd, env, group = false, signal, isLow = false }) {
  /** @type {Promise<Outcome>} */
  const outcome = new Promise((settle) => {
    const child = spawn(command, args, { cwd, env, detached: group, stdio: ['ignore', 'pipe', 'pipe'] });
    if (isLow && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    let output = '';
    let timedOut = false;
    /** @param {NodeJS.Signals} how */
    const kill = (how) => {
      if (!group || child.pid === undefined) return child.kill(how);
      try {
        process.kill(-child.pid, how);
      } catch {} // all of it has just ended
    };
    const deadline = setTimeout(() => {
      timedOut = true;
      kill('SIGTERM');
      setTimeout(() => kill('SIGKILL'), 5000).unref();
    }, timeoutMs);
    const abort = () => kill('SIGKILL');
    signal?.addEventListener('abort', abort);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-MOST_OUTPUT);
      });
    }
    /** @param {boolean} ok @param {string} [why] */
    const end = (ok, why) => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', abort);
      // A grandchild may hold the pipes open for longer than anybody wants to wait.
      child.stdout.destroy();
      child.stderr.destroy();
      settle({ ok, output: (!timedOut && output.trim()) || why || '' });
    };
    child.on('error', (error) => end(false, error.message));
    // What it has left at work may hold the pipes open as long as that lasts.
    if (group) child.on('exit', (code, by) => setTimeout(() => end(...ended(code, by)), AFTER_EXIT_MS));
    child.on('exit', () => timedOut && end(false, `${command} did not finish within ${timeoutMs / 1000} s`));
    child.on('close', (code, by) => end(...ended(code, by)));
    /** @param {number | null} code @param {NodeJS.Signals | null} by @returns {[boolean, string]} */
    const ended = (code, by) => [code === 0, code === 0 ? '' : `${command} ended with ${by ?? `exit code ${code}`}`];
  });
  // What cannot even be tried, such as a name with a null character.
  return outcome.catch((error) => ({ ok: false, output: error.message }));
}

/** npm and the terminal both deliver one Ctrl-C; a person's second one comes later than this. */
const SAME_KEYSTROKE_MS = 1000;

/**
 * Runs a program in the user's terminal and hands signals on to it.
 *
 * The program gets a process group of its own: otherwise one Ctrl-C would reach it up to three times (from the terminal,
 * from npm, from here), and Playwright takes the second for "stop at once, without results".
 *
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @param {'stdout' | 'stderr'} [out] where its standard output goes
 * @returns {Promise<number>} its exit code; 128 + the signal's number when a signal ended it
 */
export function runInForeground(command, args, env = process.env, out = 'stdout') {
  return new Promise((settle, fail) => {
    // By this variable it finds out that this process is gone, should that be killed.
    const child = spawn(command, args, {
      stdio: out === 'stdout' ? 'inherit' : ['inherit', process.stderr, 'inherit'],
      detached: true,
      env: { ...env, TANDEM_LAUNCHER: String(process.pid) },
    });
    let lastSentAt = Number.NEGATIVE_INFINITY;
    /** @param {NodeJS.Signals} signal */
    const forward = (signal) => {
      if (signal === 'SIGINT' && performance.now() - lastSentAt < SAME_KEYSTROKE_MS) return;
      if (signal === 'SIGINT') lastSentAt = performance.now();
      child.kill(signal);
    };
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGWINCH'];
    for (const signal of signals) process.on(signal, forward);
    const stopForwarding = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on('error', (error) => {
      stopForwarding();
      fail(error);
    });
    child.on('exit', (code, signal) => {
      stopForwarding();
      settle(signal ? 128 + constants.signals[signal] : (code ?? 1));
    });
  });
}
