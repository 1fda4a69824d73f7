import { counted } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A filter left scenarios out, and with them the thresholds, objectives and limits of drift about them. */
export interface LeftOut {
  kind: 'left-out';
  severity: 'warning';
  scenarios: string[];
  thresholds: number;
  /** Absent for none. */
  objectives?: number;
}

export const leftOut: Kind<LeftOut> = {
  kind: 'left-out',
  sentence({ scenarios, thresholds, objectives = 0 }) {
    const more = objectives > 0 ? ` and ${counted(objectives, 'objective')}` : '';
    return (
      `Only a part of the profile ran: the filter left out ${scenarios.join(', ')}, and with them ` +
      `${counted(thresholds, 'threshold')}${more}.`
    );
  },
  nextStep: 'Run the whole profile before a release.',
};
