import { load } from '../../support/test.ts';
import { studioMetrics } from './api.ts';
import { peopleOptions, Studio } from './studio.ts';
import { Visitor } from './visitor.ts';

/** People who come to the studio, some for the first time, and leave again. */
load('auth', {
  metrics: studioMetrics,
  oracles: ['sessions'],
  options: peopleOptions,
  setup: (slice) => Studio.open(slice, slice.options.thinkTime),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => Visitor.of(vu, studio),
  operations: {
    register: { weight: 30, run: (visitor) => visitor.register() },
    login: { weight: 70, run: (visitor) => visitor.login() },
  },
  settle: (visitor) => visitor.settle(),
  evidence: ({ member }) => ({ sessions: member.evidence() }),
});
