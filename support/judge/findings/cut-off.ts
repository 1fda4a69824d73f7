import { counted } from '../words/figures.ts';
import { AFTER_CUT_OFF } from './failing.ts';
import type { Kind } from './kind.ts';

/** Iterations that still ran when `gracefulStop` or `gracefulRampDown` was over: they have failed, and their age is in the trends. */
export interface CutOff {
  kind: 'cut-off';
  severity: 'warning';
  scenario: string;
  interrupted: number;
}

export const cutOff: Kind<CutOff> = {
  kind: 'cut-off',
  sentence({ scenario, interrupted }) {
    return (
      `${counted(interrupted, 'iteration')} of ${scenario} still ran when gracefulStop or gracefulRampDown ` +
      'was over: counted as failed, with what they had taken until then.'
    );
  },
  nextStep: AFTER_CUT_OFF,
};
