import type { Doubt } from '../doubt.ts';
import { statName } from '../expression.ts';
import type { Unit } from '../unit.ts';
import { afterDoubts, LARGER_WINDOWS, LONGER_RUN, undecidedText } from '../words/doubts.ts';
import { clock, count, figure, ms, perSecond, ratio } from '../words/figures.ts';
import type { Kind } from './kind.ts';

/** A threshold that held in too few of its windows. */
export interface WindowsFinding {
  kind: 'windows';
  severity: 'fail' | 'invalid';
  metric: string;
  expression: string;
  everyMs: number;
  held: number;
  unknown: number;
  of: number;
  /** Of them so many must hold. */
  share: number;
  unit: Unit;
  /** Of those that missed. */
  first?: { startMs: number; observed: number };
  worst?: { startMs: number; observed: number };
  doubts?: Doubt[];
}

export const windows: Kind<WindowsFinding> = {
  kind: 'windows',
  testCase: 'own',
  needsAllShards: true,
  sentence({ metric, expression, everyMs, held, unknown, of, share, unit, first, worst, doubts }) {
    const at = (window: { startMs: number; observed: number }) =>
      `${figure(window.observed, unit)}${perSecond(statName(expression), unit)} at ${clock(window.startMs)}`;
    const shown = first ? `, first ${at(first)}, worst ${at(worst!)}` : '';
    const open = unknown > 0 ? ` (${count(unknown)} unknown)` : '';
    const what = `${expression} of ${metric} held in ${count(held)} of ${count(of)} windows of ${ms(everyMs)}${open}; required ${ratio(share)}${shown}.`;
    return doubts && doubts.length > 0 ? `${what} ${undecidedText(doubts)}` : what;
  },
  nextStep: ({ severity, of, doubts }) =>
    of === 0
      ? LONGER_RUN
      : severity === 'fail'
        ? 'Look at the target at those times: its log, its CPU, jobs that run then.'
        : afterDoubts(doubts, LARGER_WINDOWS),
};
