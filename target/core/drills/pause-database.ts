import { type DrillKind, signalDatabase } from './drill.ts';

/** All processes of PostgreSQL stand still: connections stay, and nothing is answered. */
export const pauseDatabase: DrillKind = {
  name: 'pause-database',
  begin: (system) => signalDatabase(system, 'SIGSTOP'),
  end: (system) => signalDatabase(system, 'SIGCONT'),
};
