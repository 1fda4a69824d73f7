import type { DrillKind } from './drill.ts';

const HOUR_MS = 3_600_000;

/** The clocks of the processes that serve the API are set an hour forward or back, and right again. PostgreSQL's is as it was. */
export const clockStep: DrillKind = {
  name: 'clock-step',
  values: ['forward', 'back'],
  begin: ({ setClocksAhead }, value = 'forward') => setClocksAhead(value === 'back' ? -HOUR_MS : HOUR_MS),
  end: ({ setClocksAhead }) => setClocksAhead(0),
};
