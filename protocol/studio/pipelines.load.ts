import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { pipelineChoice } from './choice.ts';
import { builder, INITIAL_RESOURCES, operations, peopleOptions, Studio, settle } from './studio.ts';

/** Builders at work on their pipelines, each in an organisation of their own; half of the updates are of the graph. */
load('pipelines', {
  metrics: studioMetrics,
  oracles: ['pipeline-lifecycle', 'sessions'],
  options: peopleOptions,
  setup: (slice) => Studio.open(slice, slice.options.thinkTime),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => builder(vu, studio, pipelineChoice, INITIAL_RESOURCES),
  operations,
  settle,
  evidence: ({ own, member }) => ({ 'pipeline-lifecycle': own.evidence(), sessions: member.evidence() }),
});
