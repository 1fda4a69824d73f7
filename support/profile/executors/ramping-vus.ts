import { duration, most, stages, wholeNumber } from '../fields.ts';
import { looping, staged } from './executor.ts';

export const rampingVus = looping('ramping-vus', {
  fields: {
    startVUs: wholeNumber(0, most.vus).optional(),
    stages: stages(wholeNumber(0, most.vus)),
    gracefulRampDown: duration.optional().describe('Default 30s.'),
  },
  course: ({ startVUs = 1, stages, gracefulRampDown = '30s' }) => ({
    ...staged(['startVUs', startVUs], stages),
    gracefulRampDown,
  }),
});
