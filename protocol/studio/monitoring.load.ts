import { load, type Vu } from '../../support/test.ts';
import { agents, studioMetrics } from './api.ts';
import type { Member } from './member.ts';
import { leave, Studio } from './studio.ts';

const TIME_RANGES = ['1h', '6h', '24h', '7d', '30d'];
const PAGE_SIZE = 20;

const range = ({ random }: Vu) => random.pick(TIME_RANGES);

/** A call of somebody who is signed in. */
const ask = (call: (member: Member, vu: Vu) => Promise<unknown>) => async (member: Member, vu: Vu) => {
  if (await member.isSignedIn()) await call(member, vu);
};

/** People who watch how agents do. */
load('monitoring', {
  metrics: studioMetrics,
  oracles: ['sessions'],
  setup: (slice) => Studio.open(slice),
  teardown: (studio) => studio.close(),
  vu: (vu, studio) => studio.member(vu),
  operations: {
    metrics: { weight: 40, run: ask(({ api }, vu) => api.metrics(range(vu))) },
    summary: { weight: 30, run: ask(({ api }, vu) => api.metrics(range(vu), '/summary')) },
    agents: {
      weight: 20,
      run: ask(async (member) => {
        const { value } = await member.api.list(agents, 1, PAGE_SIZE);
        if (value) member.own(value.rows, 'agent-list');
      }),
    },
    health: { weight: 10, run: ask(({ api }) => api.health()) },
  },
  settle: leave,
  evidence: (member) => ({ sessions: member.evidence() }),
});
