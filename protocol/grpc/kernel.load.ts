import { load } from '../../support/test.ts';
import { grpcMetrics } from '../transports/grpc.ts';
import { Kernels, kernelService } from './kernel.ts';
import { checkService, grpcOptions } from './service.ts';

/** People at notebooks: each runs cells in a kernel of their own, and is told what happens there. */
load('kernel', {
  metrics: grpcMetrics,
  options: grpcOptions,
  oracles: ['executions', 'kernel-events'],
  preflight: (slice) => checkService(slice, kernelService),
  setup: (slice) => Kernels.open(slice),
  teardown: (kernels) => kernels.close(),
  vu: (vu, kernels) => kernels.join(vu),
  operations: {
    execute: { weight: 79, run: (kernel) => kernel.execute() },
    status: { weight: 20, run: (kernel) => kernel.status() },
    // It grows with every cell: at 500 calls a second for minutes, more of these would be most of what is sent.
    history: { weight: 1, run: (kernel) => kernel.history() },
  },
  settle: (kernel) => kernel.settle(),
  evidence: (kernel) => kernel.evidence(),
  sliceEvidence: (kernels) => kernels.evidence(),
});
