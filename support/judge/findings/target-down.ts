import { count, ms } from '../words/figures.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** The target, or the part of it that `variable` names, stopped answering and stayed away. `atMs` is since the run's start. */
export interface TargetDown {
  kind: 'target-down';
  severity: 'fail';
  url: string;
  variable?: string;
  atMs: number;
  forMs: number;
  tries: number;
  error: string;
}

export const targetDown: Kind<TargetDown> = {
  kind: 'target-down',
  testCase: 'the target answers',
  leavesNoFigures: true,
  certain: { headline: 'The target stopped answering.' },
  sentence({ url, variable, atMs, forMs, tries, error }) {
    return (
      `The target at ${url}${variable ? ` (${variable})` : ''} stopped answering ${ms(atMs)} into the run and stayed away for ` +
      `${ms(forMs)}: ${tries === 1 ? '1 try' : `${count(tries)} tries`} in vain, last error ${quoted(error)}; required: an answer.`
    );
  },
  nextStep: "Look at the target's log and memory at that moment.",
};
