import { ms } from '../words/figures.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** Somebody or something ended the run, after `atMs` of `ofMs`. */
export interface Interrupted {
  kind: 'interrupted';
  severity: 'invalid';
  by: string;
  atMs: number;
  ofMs: number;
}

export const interrupted: Kind<Interrupted> = {
  kind: 'interrupted',
  leavesNoFigures: true,
  sentence({ by, atMs, ofMs }) {
    // All of the load was there: what was under way, or a last look, was not.
    if (atMs >= ofMs)
      return `The run was interrupted (${quoted(by)}) when its ${ms(ofMs)} were over, and not yet what comes after them; required: to the end.`;
    return `The run was interrupted (${quoted(by)}) after ${ms(atMs)} of ${ms(ofMs)}; required: to the end.`;
  },
  nextStep: 'What was measured until then is kept; run it again for a verdict.',
};
