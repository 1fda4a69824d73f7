/** Faults that are caused on purpose while a run lasts, each at its instant. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Act, DrillRun } from '../judge/drills.ts';
import { DEFAULT_RECOVERY_MS, type Drill } from '../profile/drills.ts';

/** What the guardian is told to carry out: a program with its arguments, or what the embedded target's socket takes. */
type Order = { command: string[] } | { socket: string; path: string };
type Report = { id: string; act: 'run' | 'undo'; ok: boolean; output: string };

/** Carries out and undoes what it is told. */
export interface Guardian {
  carryOut(id: string, act: 'run' | 'undo', run: Order, undo: Order | undefined, limitMs: number): Promise<Report>;
  /** Undoes what is left to be undone, and ends. */
  end(): Promise<void>;
}

/** A command has so long to be ended once its time is up, and to tell of it. */
const SLACK_MS = 10_000;
const GONE = 'the process that carries out drills is gone';

/** Begins each drill at its instant, and ends it, whatever becomes of the run. */
export class Drills {
  readonly #drills: Drill[];
  readonly #guardian: Guardian | undefined;
  readonly #now: () => number;
  readonly #print: (line: string) => void;
  readonly #socket: string;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #runs: DrillRun[] = [];
  /** Those that were begun and are to be undone. */
  readonly #open = new Map<DrillRun, () => Promise<void>>();
  readonly #underWay = new Set<Promise<unknown>>();
  #stopped = false;

  /**
   * @param guardian absent: they are another machine's to carry out, and all that is known here is when
   * @param now ms since the run's start; below 0 before
   * @param socket where the embedded target is told of its own
   */
  constructor(
    drills: Drill[],
    guardian: Guardian | undefined,
    now: () => number,
    print: (line: string) => void,
    socket = '',
  ) {
    this.#drills = drills;
    this.#guardian = guardian;
    this.#now = now;
    this.#print = print;
    this.#socket = socket;
  }

  /** What was done so far, in the order of time. */
  get runs(): DrillRun[] {
    return this.#runs.map((one) => ({ ...one }));
  }

  /** Until when a target may be away, ms since the run's start; before any drill 0. */
  get excusedUntilMs(): number {
    if (this.#open.size > 0) return Number.POSITIVE_INFINITY;
    const now = this.#now();
    return Math.max(
      0,
      ...this.#drills.flatMap((drill) =>
        drill.atMs.filter((atMs) => atMs <= now).map((atMs) => this.#overMs(drill, atMs) + patienceMs(drill)),
      ),
    );
  }

  /** At the run's start. */
  start(): void {
    // One moment for all: what is due at the same time begins in the profile's order.
    const now = this.#now();
    for (const drill of this.#drills) {
      drill.atMs.forEach((atMs, time) => {
        const delayMs = Math.max(0, atMs - now);
        this.#timers.push(setTimeout(() => this.#follow(this.#begin(drill, time)), delayMs));
      });
    }
  }

  /** Begins no more; what is to be undone is undone now. Again and again the same. */
  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopped = true;
      for (const timer of this.#timers) clearTimeout(timer);
      for (const undo of this.#open.values()) this.#follow(undo());
    }
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Nothing is left that was begun. */
  async close(): Promise<void> {
    await this.stop();
    await this.#guardian?.end();
  }

  #follow(work: Promise<unknown>): void {
    const followed = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  async #begin(drill: Drill, time: number): Promise<void> {
    const { name, limitMs, forMs, atMs } = drill;
    const id = nameOf(drill, time);
    if (!this.#guardian) {
      this.#print(`Drill ${id} is due: the first shard carries it out.`);
      return;
    }
    const guardian = this.#guardian;
    const order = this.#orderOf(drill, 'begin');
    const undoing = forMs === undefined ? undefined : this.#orderOf(drill, 'end');
    const run: DrillRun = {
      name,
      time,
      times: atMs.length,
      // A timer may be early by a millisecond, which would lie in the interval, or the phase, before.
      run: { atMs: Math.max(this.#now(), atMs[time]!) },
      isToBeUndone: forMs !== undefined,
    };
    this.#runs.push(run);
    this.#print(`Drill ${id} begins.`);
    const act = async (what: 'run' | 'undo') => {
      const { ok, output } = await guardian.carryOut(id, what, order, undoing, limitMs);
      Object.assign(run[what] as Act, { endMs: this.#now(), ok, output });
      if (!ok)
        this.#print(`Drill ${id}: ${what === 'run' ? 'it was not carried out' : 'it was not undone'}: ${output}`);
    };
    if (undoing) {
      let undone: Promise<void> | undefined;
      const undo = () => {
        undone ??= (async () => {
          run.undo = { atMs: this.#now() };
          await act('undo');
          this.#open.delete(run);
          this.#print(`Drill ${id} is over.`);
        })();
        return undone;
      };
      this.#open.set(run, undo);
      this.#timers.push(setTimeout(() => this.#follow(undo()), forMs!));
    }
    await act('run');
  }

  /** @param what of a drill of the embedded target, which has an end only where it lasts */
  #orderOf({ run, undo }: Drill, what: 'begin' | 'end'): Order {
    if (typeof run === 'string') return { socket: this.#socket, path: `/${what}/${run}` };
    return { command: what === 'begin' ? run : undo! };
  }

  #overMs({ name, forMs = 0 }: Drill, atMs: number): number {
    const run = this.#runs.findLast((one) => one.name === name);
    return Math.max(atMs + forMs, run?.undo?.endMs ?? run?.run.endMs ?? 0);
  }
}

/** How long a target may be away after it. */
function patienceMs({ expect: { recoveryMs = DEFAULT_RECOVERY_MS } }: Drill): number {
  return recoveryMs;
}

function nameOf({ name, atMs }: Drill, time: number): string {
  return atMs.length > 1 ? `${name} #${time + 1}` : name;
}

/** The program of `scripts/guardian.mjs`: it outlives this process, however that ends. */
export class GuardianProcess implements Guardian {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<string, (report: Report) => void>();
  #isGone = false;

  /** @param folder in which commands run */
  constructor(folder: string) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'scripts', 'guardian.mjs')], {
      cwd: folder,
      // A group of its own: a Ctrl-C is this process's to hear.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin!.on('error', () => {});
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const report = JSON.parse(line) as Report;
      this.#settle(`${report.id} ${report.act}`, report);
    });
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#isGone = true;
        resolve();
        for (const key of this.#waiting.keys()) this.#settle(key, GONE);
      };
      this.#child.on('exit', end).on('error', end);
    });
  }

  carryOut(id: string, act: 'run' | 'undo', run: Order, undo: Order | undefined, limitMs: number): Promise<Report> {
    const key = `${id} ${act}`;
    return new Promise((resolve) => {
      const late = `nothing was heard of it within ${(limitMs + SLACK_MS) / 1_000} s`;
      const timer = setTimeout(() => this.#settle(key, late), limitMs + SLACK_MS);
      this.#waiting.set(key, (report) => {
        clearTimeout(timer);
        resolve(report);
      });
      if (this.#isGone) this.#settle(key, GONE);
      else this.#child.stdin!.write(`${JSON.stringify({ id, act, run, undo, limitMs })}\n`);
    });
  }

  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }

  /** @param report or why there is none */
  #settle(key: string, report: Report | string): void {
    const [id = '', act] = key.split(/ (?=run$|undo$)/) as [string, 'run' | 'undo'];
    this.#waiting.get(key)?.(typeof report === 'string' ? { id, act, ok: false, output: report } : report);
    this.#waiting.delete(key);
  }
}
