import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { pipelineChoice } from './choice.ts';
import { builder, Studio, settle } from './studio.ts';

/** Enough that there are some to change and delete from the first iteration on. */
const INITIAL_PIPELINES = 4;

/** Builders at work on their pipelines, each in an organisation of their own; half of the updates are of the graph. */
load('pipelines', {
  metrics: studioMetrics,
  oracles: ['pipeline-lifecycle', 'sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => builder(vu, studio, pipelineChoice, INITIAL_PIPELINES),
  operations: {
    create: { weight: 30, run: ({ own }) => own.create() },
    list: { weight: 40, run: ({ own }) => own.list() },
    update: { weight: 20, run: ({ own }) => own.update() },
    delete: { weight: 10, run: ({ own }) => own.delete() },
  },
  settle,
  evidence: ({ own, member }) => ({ 'pipeline-lifecycle': own.evidence(), sessions: member.evidence() }),
});
