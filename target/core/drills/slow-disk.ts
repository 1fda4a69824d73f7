import { setTimeout as sleep } from 'node:timers/promises';
import { type DrillKind, type System, signalDatabase } from './drill.ts';

const STALL_MS = 180;
const EVERY_MS = 200;

interface Stalling {
  over: AbortController;
  ended: Promise<void>;
}

const slow = new WeakMap<System, Stalling>();

/**
 * PostgreSQL gets on as on a disk that stalls: of every 200 ms it stands still for 180. The machine's disk itself is that of
 * everything else.
 */
export const slowDisk: DrillKind = {
  name: 'slow-disk',
  async begin(system) {
    // Whether it can be done at all.
    await signalDatabase(system, 'SIGCONT');
    await end(system);
    const over = new AbortController();
    slow.set(system, { over, ended: stall(system, over.signal) });
  },
  end,
};

async function end(system: System): Promise<void> {
  slow.get(system)?.over.abort();
  await slow.get(system)?.ended;
}

async function stall(system: System, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // While it is started again there is nothing to stop.
    await signalDatabase(system, 'SIGSTOP').catch(() => {});
    await sleep(STALL_MS, undefined, { signal }).catch(() => {});
    await signalDatabase(system, 'SIGCONT');
    await sleep(EVERY_MS - STALL_MS, undefined, { signal }).catch(() => {});
  }
}
