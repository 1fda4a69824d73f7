import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** A drill broke nothing, as its command failed: what is expected after it cannot be told. */
export interface DrillNotDone {
  kind: 'drill-not-done';
  severity: 'invalid';
  drill: string;
  why: string;
}

export const drillNotDone: Kind<DrillNotDone> = {
  kind: 'drill-not-done',
  testCase: 'own',
  sentence: ({ drill, why }) =>
    `The drill ${drill} was not carried out: ${quoted(why)}; required: that it is, or nobody knows what the target does then.`,
  nextStep: 'Run its command by hand, on the machine and in the folder that the run had.',
};
