import { load } from '../../support/test.ts';
import { Asker, Assistant, assistantMetrics, assistantService } from './assistant.ts';
import { checkService, grpcOptions } from './service.ts';

/** People who ask a language model, and wait for all of its answer or read it as it comes. */
load('ai', {
  metrics: assistantMetrics,
  options: grpcOptions,
  oracles: ['token-streams'],
  preflight: (slice) => checkService(slice, assistantService),
  setup: (slice) => Assistant.open(slice),
  teardown: (assistant) => assistant.close(),
  vu: (vu, assistant) => new Asker(assistant, vu),
  operations: {
    complete: { weight: 50, run: (asker) => asker.complete() },
    stream: { weight: 50, run: (asker) => asker.stream() },
  },
  evidence: (asker) => asker.evidence(),
});
