import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { MigrationParts } from '../jobs.ts';

/** A share of the migrations never gets beyond stop-and-copy: its VM is migrating, and does not answer, for good. */
export const migrationStuck: FaultKind<MigrationParts> = {
  name: 'migration-stuck',
  usage: 'migration-stuck=<share>, as in migration-stuck=0.05',
  parse(value) {
    const stuck = share(value);
    return ({ migrations, active, random }) => {
      migrations.addRule((result) => {
        if (active() && random() < stuck) result.stuck = true;
      });
    };
  },
};
