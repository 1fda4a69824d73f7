import { counted } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A filter left scenarios out, and with them the thresholds about them. */
export interface LeftOut {
  kind: 'left-out';
  severity: 'warning';
  scenarios: string[];
  thresholds: number;
}

export const leftOut: Kind<LeftOut> = {
  kind: 'left-out',
  sentence({ scenarios, thresholds }) {
    return (
      `Only a part of the profile ran: the filter left out ${scenarios.join(', ')}, and with them ` +
      `${counted(thresholds, 'threshold')}.`
    );
  },
  nextStep: 'Run the whole profile before a release.',
};
