import '../apis/event-delivery.oracle.ts';
import { load } from '../../support/test.ts';
import { vmMetrics } from '../apis/vms/api.ts';
import { dwcpMetrics } from './api.ts';
import { Fleet } from './fleet.ts';
import { migrationMetrics } from './migrating-vm.ts';
import { migrationOptions } from './options.ts';
import { dwcpStreamMetrics } from './stream.ts';

/** VMs that migrate from zone to zone: each VU has one of its own, and follows its migration by REST and by the stream. */
load('migrations', {
  metrics: { ...vmMetrics, ...dwcpMetrics, ...dwcpStreamMetrics, ...migrationMetrics },
  options: migrationOptions,
  oracles: ['migration-continuity', 'event-delivery'],
  setup: (slice) => Fleet.open(slice),
  teardown: (fleet) => fleet.close(),
  vu: (vu, fleet) => fleet.make(vu),
  operations: {
    migrate: { weight: 88, run: (vm) => vm.migrate() },
    'batch-status': { weight: 5, run: (vm) => vm.batchStatus() },
    stats: { weight: 5, run: (vm) => vm.stats() },
    'double-start': { weight: 2, run: (vm) => vm.doubleStart() },
  },
  settle: (vm) => vm.settle(),
  sliceEvidence: (fleet) => fleet.evidence(),
});
