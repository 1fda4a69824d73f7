import { load } from '../../support/test.ts';
import { vmMetrics } from '../apis/vms/api.ts';
import { Fleets, fleetOptions, SETTLE_MS } from './fleets.ts';

/** Many VMs created at the same moment, as `"arrivals": "bursts"` has it, and each read at once. */
load('vm-bursts', {
  metrics: vmMetrics,
  options: fleetOptions(0),
  oracles: ['vm-lifecycle'],
  setup: (slice) => Fleets.open(slice),
  teardown: (fleets) => fleets.close(),
  vu: (vu, fleets) => fleets.make(vu),
  operations: { create: { weight: 1, run: (fleet) => fleet.createAndRead() } },
  settle: (fleet) => fleet.settle(),
  timeLimitsMs: { settle: SETTLE_MS },
  evidence: (fleet) => fleet.evidence(),
});
