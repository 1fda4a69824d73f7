import type { Family } from '../../core/family.ts';
import { migrationDataLoss } from './faults/migration-data-loss.ts';
import { migrationStuck } from './faults/migration-stuck.ts';
import { migrationWrongZone } from './faults/migration-wrong-zone.ts';
import { MigrationJobs, type MigrationParts, recoverVms } from './jobs.ts';
import { migrationFacts, migrationRoutes } from './routes.ts';
import { MIGRATION_SCHEMA } from './schema.ts';
import { DwcpStream } from './stream.ts';

/** Live migrations of VMs. */
export const migrations: Family<MigrationParts> = {
  name: 'migrations',
  api: ['/api/v1/dwcp/', '/dwcp/v3/stream'],
  schema: MIGRATION_SCHEMA,
  faults: [migrationDataLoss, migrationStuck, migrationWrongZone],
  recover: recoverVms,
  start({ pool, events, delivery, timeScale }) {
    const jobs = new MigrationJobs(pool, events, timeScale);
    return {
      parts: { migrations: jobs },
      sockets: [new DwcpStream({ events, delivery })],
      accountRoutes: (app) => migrationRoutes(app, pool, jobs),
      openRoutes: migrationFacts,
      stop: () => jobs.stop(),
    };
  },
};
