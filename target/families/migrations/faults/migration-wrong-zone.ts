import type { FaultKind } from '../../../core/faults/fault.ts';
import { share } from '../../../core/faults/values.ts';
import { ZONES } from '../../vms/vm.ts';
import type { MigrationParts } from '../jobs.ts';

/** A share of the migrated VMs ends up in a zone that nobody asked for; the job names the one that was. */
export const migrationWrongZone: FaultKind<MigrationParts> = {
  name: 'migration-wrong-zone',
  usage: 'migration-wrong-zone=<share>, as in migration-wrong-zone=0.05',
  parse(value) {
    const wrong = share(value);
    return ({ migrations, active, random }) => {
      migrations.addRule((result) => {
        if (!active() || random() >= wrong) return;
        result.zone = ZONES.find((zone) => zone !== result.sourceZone && zone !== result.targetZone)!;
      });
    };
  },
};
