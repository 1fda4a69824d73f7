import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { agentChoice } from './choice.ts';
import { builder, INITIAL_RESOURCES, operations, peopleOptions, Studio, settle } from './studio.ts';

/** Builders at work on their agents, each in an organisation of their own. */
load('agents', {
  metrics: studioMetrics,
  oracles: ['agent-lifecycle', 'sessions'],
  options: peopleOptions,
  setup: (slice) => Studio.open(slice, slice.options.thinkTime),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => builder(vu, studio, agentChoice, INITIAL_RESOURCES),
  operations,
  settle,
  evidence: ({ own, member }) => ({ 'agent-lifecycle': own.evidence(), sessions: member.evidence() }),
});
