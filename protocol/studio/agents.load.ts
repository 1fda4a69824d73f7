import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { agentChoice } from './choice.ts';
import { builder, Studio, settle } from './studio.ts';

/** Enough that there are some to change and delete from the first iteration on. */
const INITIAL_AGENTS = 4;

/** Builders at work on their agents, each in an organisation of their own. */
load('agents', {
  metrics: studioMetrics,
  oracles: ['agent-lifecycle', 'sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => builder(vu, studio, agentChoice, INITIAL_AGENTS),
  operations: {
    create: { weight: 30, run: ({ own }) => own.create() },
    list: { weight: 40, run: ({ own }) => own.list() },
    update: { weight: 20, run: ({ own }) => own.update() },
    delete: { weight: 10, run: ({ own }) => own.delete() },
  },
  settle,
  evidence: ({ own, member }) => ({ 'agent-lifecycle': own.evidence(), sessions: member.evidence() }),
});
