import { rate, stages } from '../fields.ts';
import { arriving, rateHelp, staged } from './executor.ts';

export const rampingArrivalRate = arriving('ramping-arrival-rate', {
  fields: { startRate: rate.optional().describe(rateHelp), stages: stages(rate) },
  course: ({ startRate = 0, stages }) => staged(['startRate', startRate], stages),
});
