import { clock, ms } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A threshold with `abortOnFail` was missed, and the run ended there; whether it is decided, the threshold itself says. */
export interface Aborted {
  kind: 'aborted';
  severity: 'invalid';
  metric: string;
  expression: string;
  atMs: number;
  ofMs: number;
}

export const aborted: Kind<Aborted> = {
  kind: 'aborted',
  leavesNoFigures: true,
  sentence: ({ metric, expression, atMs, ofMs }) =>
    `The run ended at ${clock(atMs)} of ${clock(ofMs)}, after ${ms(atMs)}: ${expression} of ${metric} was missed, and abortOnFail asks for that.`,
  nextStep: 'It is judged on what was measured until then.',
};
