import { type DrillKind, ownCluster } from './drill.ts';

/** All processes of PostgreSQL stand still: connections stay, and nothing is answered. */
export const pauseDatabase: DrillKind = {
  name: 'pause-database',
  begin: (system) => signalAll(ownCluster(system).pids(), 'SIGSTOP'),
  end: (system) => signalAll(ownCluster(system).pids(), 'SIGCONT'),
};

async function signalAll(pids: Promise<number[]>, signal: NodeJS.Signals): Promise<void> {
  for (const pid of await pids) {
    try {
      process.kill(pid, signal);
    } catch {} // one of a connection that has just ended
  }
}
