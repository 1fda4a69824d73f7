import { z } from 'zod';
import { durationMs } from '../../support/test.ts';

const aQuery = 'a SELECT whose $1 is a list of ids, and which has a column id';
const query = (ofTheEmbeddedTarget: string) => z.string(aQuery).regex(/\$1/, aQuery).default(ofTheEmbeddedTarget);

const aBackup = '"pg_dump", "none", or a command as a list such as ["program", "argument"]';

/** What profiles may say of the load `integrity`. */
export const integrityOptions = z
  .strictObject({
    every: durationMs.describe('From one look to the next; there is one after each drill besides.').prefault('10s'),
    rows: z
      .strictObject({
        vms: query(
          'SELECT id, name, cpu_cores, memory_mb, disk_gb, image, zone, status, revision FROM tandem.vms WHERE id = ANY ($1::uuid[])',
        ),
        agents: query(
          'SELECT id, name, description, agent_type, status FROM tandem.agents WHERE id = ANY ($1::uuid[])',
        ),
        replicas: query('SELECT id, entity_id, device_id FROM tandem.changes WHERE id = ANY ($1)'),
      })
      .describe(
        'How the database is asked for what the API tells of: columns have the names of its fields. Default: tables of the embedded target.',
      )
      .prefault({}),
    backup: z
      .custom<'pg_dump' | 'none' | string[]>(isBackup, aBackup)
      .describe(
        'What copies the database BACKUP_FROM into the empty one BACKUP_TO, both URLs, as the snapshot BACKUP_SNAPSHOT has it.',
      )
      .default('pg_dump'),
  })
  .transform(({ every, ...options }) => ({ ...options, everyMs: every }));

export type IntegrityOptions = z.output<typeof integrityOptions>;

function isBackup(value: unknown): boolean {
  if (!Array.isArray(value)) return value === 'pg_dump' || value === 'none';
  return value.length > 0 && value.every((part) => typeof part === 'string' && part !== '');
}
