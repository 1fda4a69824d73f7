import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import type { MigrationParts } from '../jobs.ts';

/** A share of the migrations loses data, and says so when it is completed. */
export const migrationDataLoss: FaultKind<MigrationParts> = {
  name: 'migration-data-loss',
  usage: 'migration-data-loss=<share>, as in migration-data-loss=0.05',
  parse(value) {
    const losing = share(value);
    return ({ migrations, active, random }) => {
      migrations.addRule((result) => {
        if (active() && random() < losing) result.dataLoss = true;
      });
    };
  },
};
