import { load } from '../../support/test.ts';
import { relayMetrics } from '../apis/relay/api.ts';
import { conflictMetrics } from './group.ts';
import { checkRelays, Groups } from './groups.ts';
import { conflictOptions } from './options.ts';

/**
 * Small groups of devices change the same things at the same time, and must agree in the end. A VU is a group; it speaks the
 * relay's HTTP or, in a Yjs room, WebSocket: as the option `dialect` says, or what the target is configured for, by turns.
 */
load('crdt-conflicts', {
  metrics: { ...relayMetrics, ...conflictMetrics },
  options: conflictOptions,
  oracles: ['acknowledged-writes', 'convergence'],
  preflight: checkRelays,
  setup: (slice) => Groups.open(slice),
  teardown: (groups) => groups.close(),
  vu: (vu, groups) => groups.make(vu),
  operations: {
    'concurrent-modification': { weight: 50, run: (group) => group.concurrentModification() },
    'divergent-vectors': { weight: 30, run: (group) => group.divergentVectors() },
    'rapid-sequential': { weight: 20, run: (group) => group.rapidSequential() },
  },
  settle: (group) => group.settle(),
  evidence: (group) => group.evidence(),
});
