import { duration, vus } from '../fields.ts';
import { looping, steady } from './executor.ts';

export const constantVus = looping('constant-vus', {
  fields: { vus, duration: duration.optional() },
  course: ({ vus, duration }) => steady(['vus', vus], ['duration', duration]),
  isSteerable: true,
});
