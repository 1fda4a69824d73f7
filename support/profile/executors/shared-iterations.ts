import { duration, iterations, vus } from '../fields.ts';
import { looping, steady } from './executor.ts';

export const sharedIterations = looping('shared-iterations', {
  fields: { vus, iterations, maxDuration: duration.optional().describe('Default 10m.') },
  course: ({ vus, iterations, maxDuration }) => ({
    ...steady(['vus', vus], ['maxDuration', maxDuration]),
    iterations: { shared: iterations },
  }),
});
