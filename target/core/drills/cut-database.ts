import type { DrillKind } from './drill.ts';

/** PostgreSQL ends every connection but the one that asks for it. */
export const cutDatabase: DrillKind = {
  name: 'cut-database',
  async begin({ pool }) {
    await pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()",
    );
  },
};
