import { aboveZero, duration } from '../fields.ts';
import { arriving, rateHelp, steady } from './executor.ts';

export const constantArrivalRate = arriving('constant-arrival-rate', {
  fields: {
    rate: aboveZero.describe(rateHelp),
    duration: duration.optional().describe('Journeys: default the whole run.'),
  },
  course: ({ rate, duration }) => steady(['rate', rate], ['duration', duration]),
  isSteerable: true,
});
