import type { DrillKind } from './drill.ts';

/** One of the processes that serve the API is killed. */
export const killApi: DrillKind = {
  name: 'kill-api',
  begin({ apiPids }) {
    const [pid] = apiPids();
    if (pid === undefined) throw new Error('No process serves the API.');
    process.kill(pid, 'SIGKILL');
  },
};
