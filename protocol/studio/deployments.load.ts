import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { agentChoice } from './choice.ts';
import { deploy } from './deploying.ts';
import { builder, Studio, settle } from './studio.ts';

/** Builders who deploy their agents. */
load('deployments', {
  metrics: studioMetrics,
  oracles: ['agent-lifecycle', 'sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => builder(vu, studio, agentChoice, 1),
  operations: { deploy: { weight: 1, run: deploy } },
  settle,
  evidence: ({ own, member }) => ({ 'agent-lifecycle': own.evidence(), sessions: member.evidence() }),
});
