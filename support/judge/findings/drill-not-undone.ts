import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** What a drill broke may still be broken. */
export interface DrillNotUndone {
  kind: 'drill-not-undone';
  severity: 'invalid';
  drill: string;
  /** What its command said; absent when nobody knows whether it was undone. */
  why?: string;
}

export const drillNotUndone: Kind<DrillNotUndone> = {
  kind: 'drill-not-undone',
  isFirst: true,
  testCase: 'own',
  sentence({ drill, why }) {
    return why === undefined
      ? `Nobody knows whether the drill ${drill} was undone: the run ended before; required: the target is left as it was found.`
      : `The drill ${drill} was not undone: ${quoted(why)}; required: the target is left as it was found.`;
  },
  nextStep: 'Look at the target first, and undo by hand what is left of it.',
};
