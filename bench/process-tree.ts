/** CPU time of a process and everything it started, from /proc: Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

const EVERY_MS = 100;
/** Of the times in /proc; fixed for user space. */
const TICKS_PER_SECOND = 100;

/** Who of the tree: Playwright's own process, its worker processes, and the browser's. */
export type Role = 'runner' | 'worker' | 'browser';

export interface CpuSample {
  /** ms since the epoch. */
  at: number;
  /** CPU-seconds so far, of processes that have ended as well. */
  seconds: Record<Role, number>;
}

interface Process {
  id: string;
  pid: number;
  parent: number;
  name: string;
  seconds: number;
}

/**
 * Looks at the tree below `rootPid` ten times a second until it is stopped. What a process does after the last look before
 * its end is missed.
 */
export class ProcessTree {
  readonly samples: CpuSample[] = [];
  readonly #rootPid: number;
  readonly #known = new Map<string, { role: Role; seconds: number }>();
  readonly #timer: NodeJS.Timeout;

  constructor(rootPid: number) {
    this.#rootPid = rootPid;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** CPU-seconds used from the first look at or after `from` (ms since the epoch) to the last. */
  secondsSince(from: number): Record<Role, number> {
    const first = this.samples.find(({ at }) => at >= from);
    const last = this.samples.at(-1);
    if (!first || !last) throw new Error('no process was looked at in that time');
    const used = (role: Role) => last.seconds[role] - first.seconds[role];
    return { runner: used('runner'), worker: used('worker'), browser: used('browser') };
  }

  #look(): void {
    const children = byParent(processes());
    const visit = (process: Process, role: Role) => {
      this.#known.set(process.id, { role, seconds: process.seconds });
      for (const child of children.get(process.pid) ?? []) visit(child, roleBelow(role, child));
    };
    const root = [...children.values()].flat().find(({ pid }) => pid === this.#rootPid);
    if (root) visit(root, 'runner');
    const seconds: Record<Role, number> = { runner: 0, worker: 0, browser: 0 };
    for (const one of this.#known.values()) seconds[one.role] += one.seconds;
    this.samples.push({ at: Date.now(), seconds });
  }
}

/** Playwright forks its workers, and only these start browsers. */
function roleBelow(role: Role, { name }: Process): Role {
  if (role === 'runner') return 'worker';
  return role === 'worker' && /node|MainThread/.test(name) ? 'worker' : 'browser';
}

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

/** `pid (name) state ppid …`: the name may hold spaces and parentheses. See proc_pid_stat(5). */
function parseStat(line: string): Process {
  const nameEnd = line.lastIndexOf(')');
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(nameEnd + 2).split(' ');
  const [parent, user, system, startedAt] = [fields[1], fields[11], fields[12], fields[19]];
  return {
    id: `${pid}/${startedAt}`, // numbers are used again
    pid,
    parent: Number(parent),
    name: line.slice(line.indexOf('(') + 1, nameEnd),
    seconds: (Number(user) + Number(system)) / TICKS_PER_SECOND,
  };
}

function byParent(all: Process[]): Map<number, Process[]> {
  const children = new Map<number, Process[]>();
  for (const process of all) {
    const siblings = children.get(process.parent);
    if (siblings) siblings.push(process);
    else children.set(process.parent, [process]);
  }
  return children;
}
