import { ratio } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** `LOAD_SCALE`, `LOAD_RATE` or `LOAD_DURATION` made the run smaller than its profile: what holds is known of that much alone. */
export interface LessAsked {
  kind: 'less-asked';
  severity: 'warning';
  /** Shares of the profile's rates and VUs, and of its time; 1 for all of it. */
  load: number;
  time: number;
}

export const lessAsked: Kind<LessAsked> = {
  kind: 'less-asked',
  sentence({ load, time }) {
    const parts = [
      ...(load < 1 ? [`${ratio(load)} of its load`] : []),
      ...(time < 1 ? [`${ratio(time)} of its time`] : []),
    ];
    return `Less ran than the profile asks for: ${parts.join(', ')}.`;
  },
  nextStep: 'Run the whole profile before a release.',
};
