import { readFileSync } from 'node:fs';
import type { SliceContext } from '../../support/test.ts';

/** A process has other files open than its connections. */
const OTHERS = 200;

/**
 * Whether a slice's process may have as many files open as it is to have connections, one a VU.
 * @param limit of this process, and so of those that it starts
 * @throws one sentence
 */
export function checkOpenFiles(
  { scenario, maxVUs, of, target }: SliceContext,
  limit = openFilesLimit(),
  { TARGET_PROCESSES: processes = '1' } = process.env,
): void {
  const most = Math.max(1, limit - OTHERS);
  const shown = (count: number) => count.toLocaleString('en');
  const connections = `scenarios.${scenario} has up to ${shown(maxVUs * of)} connections`;
  const limited = `a process may have ${shown(limit)} files open here (ulimit -n)`;
  if (maxVUs > most) {
    throw new Error(
      `${connections} in ${of === 1 ? '1 slice' : `${of} slices`}, and ${limited}; allowed is LOAD_SLICES=${Math.ceil((maxVUs * of) / most)} or more, or a smaller LOAD_SCALE.`,
    );
  }
  if (target.embedded && maxVUs * of > most * Number(processes)) {
    throw new Error(
      `${connections}, the embedded target has TARGET_PROCESSES=${processes}, and ${limited}; allowed is TARGET_PROCESSES=${Math.ceil((maxVUs * of) / most)} or more, or a smaller LOAD_SCALE.`,
    );
  }
}

/** Infinite where the system does not say; see proc_pid_limits(5). */
function openFilesLimit(): number {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(limit ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
