import { load } from '../../support/test.ts';
import { agentChoice } from './choice.ts';
import { Studio, settle } from './studio.ts';
import { buildingSession, visitingBuilder, workflowMetrics } from './workflow.ts';

/** Somebody comes, makes an agent, changes it, deletes it, and leaves. */
load('agent-workflow', {
  metrics: workflowMetrics,
  oracles: ['agent-lifecycle', 'sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => visitingBuilder(vu, studio, agentChoice),
  operations: { session: { weight: 1, run: buildingSession } },
  settle,
  evidence: ({ own, member }) => ({ 'agent-lifecycle': own.evidence(), sessions: member.evidence() }),
});
