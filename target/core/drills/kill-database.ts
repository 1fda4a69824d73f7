import { type DrillKind, ownCluster } from './drill.ts';

/** All processes of PostgreSQL are killed; started again, it recovers from its log. */
export const killDatabase: DrillKind = {
  name: 'kill-database',
  async begin(system) {
    for (const pid of await ownCluster(system).pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // its server's end has ended it
    }
  },
};
