import { count, ms } from '../words/figures.ts';
import { isOfProxy, lookAtProxy } from '../words/names.ts';
import { quoted } from '../words/text.ts';
import type { Kind } from './kind.ts';

/** The target, or the part of it that `variable` names, stopped answering and stayed away. Instants are since the run's start. */
export interface TargetDown {
  kind: 'target-down';
  severity: 'fail';
  url: string;
  variable?: string;
  /** When it last answered whoever asks it now and then; absent where it never had. */
  answeredMs?: number;
  /** When it first did not. */
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
  sentence({ url, variable, answeredMs, atMs, forMs, tries, error }) {
    const when = answeredMs === undefined ? ms(atMs) : `between ${ms(answeredMs)} and ${ms(atMs)}`;
    return (
      `The target at ${url}${variable ? ` (${variable})` : ''} stopped answering ${when} into the run and stayed away for ` +
      `${ms(forMs)}: ${tries === 1 ? '1 try' : `${count(tries)} tries`} in vain, last error ${quoted(error)}; required: an answer.`
    );
  },
  nextStep: ({ error }) => (isOfProxy(error) ? lookAtProxy : "Look at the target's log and memory at that moment."),
};
