import { type DrillKind, signalDatabase } from './drill.ts';

/** All processes of PostgreSQL are killed; started again, it recovers from its log. */
export const killDatabase: DrillKind = {
  name: 'kill-database',
  begin: (system) => signalDatabase(system, 'SIGKILL'),
};
