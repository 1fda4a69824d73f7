import { load } from '../../support/test.ts';
import { agentChoice } from './choice.ts';
import { leave, Studio } from './studio.ts';
import { session, visitingBuilder, workflowMetrics } from './workflow.ts';

/** Somebody comes, looks at how agents do, closer and closer, and leaves. */
load('monitoring-workflow', {
  metrics: workflowMetrics,
  oracles: ['sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => visitingBuilder(vu, studio, agentChoice),
  operations: {
    session: {
      weight: 1,
      run: ({ member, own }, vu) =>
        session(vu, member, {
          health: () => member.api.health(),
          summary: () => member.api.metrics('24h', '/summary'),
          agents: () => own.list(),
          'metrics-24h': () => member.api.metrics('24h'),
          'metrics-1h': () => member.api.metrics('1h'),
        }),
    },
  },
  settle: ({ member }) => leave(member),
  evidence: ({ member }) => ({ sessions: member.evidence() }),
});
