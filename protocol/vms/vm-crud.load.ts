import { load } from '../../support/test.ts';
import { vmMetrics } from '../apis/vms/api.ts';
import { Fleets, fleetOptions, SETTLE_MS } from './fleets.ts';

/** Enough that there are some to start, stop, move and delete from the first iteration on. */
const INITIAL_VMS = 6;

/**
 * Tenants of a VM control plane at work: each VU has a few VMs that it makes, starts, stops, moves, looks at and deletes. The
 * weights are those of production; what has none is there for profiles.
 */
load('vm-crud', {
  metrics: vmMetrics,
  options: fleetOptions(INITIAL_VMS),
  oracles: ['vm-lifecycle'],
  setup: (slice) => Fleets.open(slice),
  teardown: (fleets) => fleets.close(),
  vu: (vu, fleets) => fleets.make(vu),
  operations: {
    list: { weight: 35, run: (fleet) => fleet.list() },
    create: { weight: 20, run: (fleet) => fleet.create() },
    start: { weight: 15, run: (fleet) => fleet.start() },
    stop: { weight: 15, run: (fleet) => fleet.stop() },
    delete: { weight: 10, run: (fleet) => fleet.delete() },
    migrate: { weight: 5, run: (fleet) => fleet.migrate() },
    detail: { weight: 0, run: (fleet) => fleet.detail() },
    update: { weight: 0, run: (fleet) => fleet.update() },
    search: { weight: 0, run: (fleet) => fleet.search() },
    metrics: { weight: 0, run: (fleet) => fleet.metrics() },
    aggregate: { weight: 0, run: (fleet) => fleet.aggregate() },
    batch: { weight: 0, run: (fleet) => fleet.batch() },
  },
  settle: (fleet) => fleet.settle(),
  timeLimitsMs: { settle: SETTLE_MS },
  evidence: (fleet) => fleet.evidence(),
});
