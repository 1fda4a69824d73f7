import type { CapacityStep, SearchEnd } from '../results.ts';
import { afterDoubts, undecidedText, WHOLE_RUN } from '../words/doubts.ts';
import { rate } from '../words/figures.ts';
import { multiple } from '../words/names.ts';
import { remedy } from '../words/signals.ts';
import type { Kind } from './kind.ts';

/** A capacity of which the upper bound is not known; `invalid` where there is no bound at all. */
export interface CapacityFinding {
  kind: 'capacity';
  severity: 'invalid' | 'warning';
  /** The highest load that held. */
  held?: Pick<CapacityStep, 'load' | 'perSecond'>;
  /** The step that could not be told. */
  at?: Pick<CapacityStep, 'load' | 'broke' | 'doubts'>;
  /** Of a search. */
  end?: SearchEnd;
}

export const capacity: Kind<CapacityFinding> = {
  kind: 'capacity',
  testCase: 'own',
  needsAllShards: true,
  followsFrom: ['nothing-measured'],
  sentence({ held, at, end }) {
    const bound = held
      ? `The capacity is at least ${multiple(held.load)} (${rate(held.perSecond)})`
      : 'The capacity cannot be told';
    const where = at ? `: how ${multiple(at.load)} went is not known` : '';
    const backlog = end === 'backlog' ? ' What had begun did not come to an end before the next step.' : '';
    const doubts = at?.doubts && at.doubts.length > 0 ? ` ${undecidedText(at.doubts)}` : '';
    return `${bound}${where}.${backlog}${doubts}`;
  },
  nextStep({ at, end }) {
    if (end === 'backlog') return 'Look at what hangs; bound how long an operation may take.';
    if (!at?.doubts?.length) return WHOLE_RUN;
    return afterDoubts(
      at.doubts,
      'Make the steps longer, or ask for a figure that fewer samples show.',
      (signal) => `For more than that the generator is too small. ${remedy(signal)}`,
    );
  },
};
