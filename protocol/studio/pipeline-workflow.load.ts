import { load } from '../../support/test.ts';
import { pipelineChoice } from './choice.ts';
import { Studio, settle } from './studio.ts';
import { buildingSession, visitingBuilder, workflowMetrics } from './workflow.ts';

/** Somebody comes, makes a pipeline, changes it, deletes it, and leaves. */
load('pipeline-workflow', {
  metrics: workflowMetrics,
  oracles: ['pipeline-lifecycle', 'sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => visitingBuilder(vu, studio, pipelineChoice),
  operations: { session: { weight: 1, run: buildingSession } },
  settle,
  evidence: ({ own, member }) => ({ 'pipeline-lifecycle': own.evidence(), sessions: member.evidence() }),
});
